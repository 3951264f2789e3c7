"""The one-file HTML acceptance report: renders the sections of a run and writes the page."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from pytest_cucmtls.evidence.comparison.compare_runs import Comparison
from pytest_cucmtls.evidence.kept_policy import policy_in
from pytest_cucmtls.evidence.run_folder import IndexLine, RunFolder
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.html.sections.appendix import appendix
from pytest_cucmtls.report.html.sections.calls import calls
from pytest_cucmtls.report.html.sections.certificates import FIELDS, comparisons
from pytest_cucmtls.report.html.sections.changes import changes
from pytest_cucmtls.report.html.sections.clauses import standards
from pytest_cucmtls.report.html.sections.connections import matrix, wire_directions
from pytest_cucmtls.report.html.sections.expiry import forecast
from pytest_cucmtls.report.html.sections.findings import findings, next_of, place_of
from pytest_cucmtls.report.html.sections.listeners import listeners
from pytest_cucmtls.report.html.sections.requirements import tiles
from pytest_cucmtls.report.html.sections.steps import applied, steps
from pytest_cucmtls.report.html.sections.streams import streams
from pytest_cucmtls.report.html.sections.summary import summary
from pytest_cucmtls.report.html.shown import visible
from pytest_cucmtls.report.html.words import Words, claimed, remedy, words_of
from pytest_cucmtls.report.sentences import reason
from pytest_cucmtls.whole_files import write_atomically


def write_html_report(
    path: Path,
    verdicts: Sequence[Verdict],
    evidence: Evidence,
    about: Mapping[str, object],
    *,
    language: str = "en",
    comparison: Comparison | None = None,
) -> None:
    """Write the page in one piece; a reader sees the old or the new one.

    `path` is usually ``report.html`` in the run folder: then the appendix lists every raw item of the folder's index.
    `about` is the ``run`` object of verdicts.json; `language` is ``en`` or ``fr``. Raises: ConfigurationInvalid for another.
    """
    policy = _policy(evidence, path.parent)
    index = RunFolder(path.parent).entries()
    text = render_page(verdicts, evidence, about, index, language=language, policy=policy, comparison=comparison)
    write_atomically(path, text.encode())


def render_page(
    verdicts: Sequence[Verdict],
    evidence: Evidence,
    about: Mapping[str, object],
    index: Sequence[IndexLine] = (),
    *,
    language: str = "en",
    policy: Policy | None = None,
    comparison: Comparison | None = None,
) -> str:
    """The page as text; the same arguments give the same text. Without `policy` it is the one the inventory names, if known."""
    words, found = words_of(language), findings(verdicts)
    return (
        environment()
        .get_template("page.html")
        .render(
            t=words,
            language=language,
            style=style(),
            claimed=_titles(words),
            remedy=_remedies(words),
            reason=lambda answer: reason(words, answer, evidence.inventory.policy),
            summary=summary(verdicts, evidence, about),
            steps=steps(verdicts, evidence, about),
            applied=applied(evidence),
            findings=found,
            place=lambda answer: place_of(found, answer.lead),
            next_of=next_of,
            certificate_fields=FIELDS,
            comparisons=comparisons(evidence),
            matrix=matrix(evidence),
            wire=wire_directions(evidence),
            calls=calls(evidence),
            listeners=listeners(evidence),
            tiles=tiles(verdicts),
            streams=streams(evidence),
            forecast=forecast(evidence, policy or _policy(evidence)),
            standards=standards(verdicts),
            changes=changes(comparison),
            verdicts=verdicts,
            appendix=appendix(verdicts, evidence, about, index),
            contradictions=[source.value for source in evidence.contradictions],
        )
    )


def _policy(evidence: Evidence, folder: Path | None = None) -> Policy | None:
    """The policy of the run, its own file in the folder first; None when it is not known here."""
    name = evidence.inventory.policy
    try:
        return load_policy(policy_in(folder, name) if folder is not None else name)
    except CucmTlsError:
        return None


def _titles(words: Words) -> object:
    return lambda verdict: claimed(words, verdict.check, verdict.title)


def _remedies(words: Words) -> object:
    return lambda code: remedy(words, code)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Everything a template prints is escaped; an unknown name is an error, not an empty place."""
    environment = Environment(
        loader=PackageLoader("pytest_cucmtls.report.html"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["claim_word"] = _claim_word
    return environment


def _claim_word(name: str, words: Words, form: str) -> str:
    return words[f"{form}_{name}"]


@lru_cache(maxsize=1)
def style() -> Markup:
    """The style sheet, our own text."""
    loaded, _, _ = PackageLoader("pytest_cucmtls.report.html").get_source(environment(), "style.css")
    return Markup(loaded)
