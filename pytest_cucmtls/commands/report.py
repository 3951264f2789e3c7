"""`cucmtls report`: the acceptance report again, from a run folder or a bundle, judged anew; as a page or as a PDF."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.verdicts import exit_code

if TYPE_CHECKING:
    from pytest_cucmtls.model.verdicts import Verdict


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the `cucmtls` parser; `run` of the parsed arguments returns the exit code."""
    report = commands.add_parser(
        "report",
        help="write the acceptance report again, as a page or a PDF, from a run folder or a bundle",
        description="Judges the evidence again and writes the report; the evidence itself is only read. Ends as `cucmtls judge`.",
    )
    report.add_argument("source", type=Path, metavar="RUNFOLDER|BUNDLE")
    report.add_argument("--html", type=Path, metavar="FILE", help="default, when no --pdf is asked for: <name>.html here")
    report.add_argument("--pdf", type=Path, metavar="FILE", help="printed by an installed Chromium or Chrome")
    report.add_argument("--browser", metavar="PROGRAM", help="what prints the PDF (default: looked for on PATH)")
    report.add_argument("--baseline", type=Path, metavar="RUN", help="show what changed since this run folder or bundle")
    report.add_argument("--lang", choices=("en", "fr"), default="en")
    report.add_argument("--policy", help="another policy than the run's own")
    report.set_defaults(run=_report)


_ELSEWHERE = "Name a place outside of it with --html or --pdf."


@dataclass(frozen=True, slots=True)
class _Page:
    """A report and what it rests on."""

    text: str
    verdicts: "tuple[Verdict, ...]"
    differences: Sequence[str]
    note: str | None


def _report(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.opened import opened_bundle
    from pytest_cucmtls.report.pdf import find_browser, write_pdf
    from pytest_cucmtls.whole_files import write_atomically

    page_file = parsed.html or (None if parsed.pdf else Path(f"{parsed.source.resolve().name}.html"))
    for target in filter(None, (page_file, parsed.pdf)):
        _refuse_inside_a_bundle(target, parsed.source)
    if parsed.pdf:
        find_browser(parsed.browser)
    with opened_bundle(parsed.source) as folder:
        page = _page(folder, parsed)
    for line in (*page.differences, *([page.note] if page.note else [])):
        print(line)
    if page_file:
        write_atomically(page_file, page.text.encode())
        print(f"{page_file} written")
    if parsed.pdf:
        write_pdf(parsed.pdf, page.text, parsed.browser)
        print(f"{parsed.pdf} written")
    return exit_code([verdict.outcome for verdict in page.verdicts])


def _page(folder: Path, parsed: argparse.Namespace) -> _Page:
    from pytest_cucmtls.evidence.bundles.opened import redaction_note
    from pytest_cucmtls.evidence.comparison.compare_runs import compare_runs
    from pytest_cucmtls.evidence.judge import judge
    from pytest_cucmtls.evidence.kept_policy import policy_in
    from pytest_cucmtls.evidence.load import load_evidence
    from pytest_cucmtls.evidence.rejudge import differences
    from pytest_cucmtls.evidence.run_folder import RunFolder
    from pytest_cucmtls.evidence.verdicts_json import read_verdicts
    from pytest_cucmtls.policies import load_policy
    from pytest_cucmtls.report.html.page import render_page

    evidence, policy_name = load_evidence(folder), parsed.policy
    name = evidence.inventory.policy
    policy = load_policy(policy_name or policy_in(folder, name))
    if policy_name:
        evidence = replace(evidence, inventory=replace(evidence.inventory, policy=policy_name))
    verdicts = tuple(judge(evidence, policy))
    about: dict[str, Any] = {"run": folder.name}
    recorded: Sequence[Verdict] = ()
    if (folder / "verdicts.json").exists():
        about, recorded = read_verdicts(folder / "verdicts.json")
    same_policy = about.get("policy") in (None, policy_name or name)
    found = [f"differs from the recorded verdicts: {one}" for one in differences(recorded, verdicts)] if same_policy else []
    index = RunFolder(folder).entries()
    comparison = compare_runs(parsed.baseline, folder, policy_name=policy_name) if parsed.baseline else None
    told = _told(about, folder, policy.name)
    text = render_page(verdicts, evidence, told, index, language=parsed.lang, policy=policy, comparison=comparison)
    return _Page(text, verdicts, found if recorded else (), redaction_note(folder))


def _told(about: Mapping[str, Any], folder: Path, policy: str) -> dict[str, Any]:
    """The run as recorded, when this page was made, and whether the evidence it was made from is signed."""
    from pytest_cucmtls.evidence.bundles.opened import is_sealed
    from pytest_cucmtls.evidence.bundles.verification import verify_bundle

    now = datetime.now(UTC)
    signed = "by nobody: the run folder was not sealed when this page was written"
    if is_sealed(folder):
        report = verify_bundle(folder, now)
        sealed_at = f"{report.manifest.sealed_at:%Y-%m-%d %H:%M:%S} UTC" if report.manifest else "?"
        signed = f"{sealed_at} with the {report.signer}; whose key that is, `cucmtls bundle verify --signer` checks"
    return dict(about) | {"policy": policy, "judged_again_at": now.isoformat(timespec="seconds"), "signed": signed}


def _refuse_inside_a_bundle(target: Path, source: Path) -> None:
    """A sealed bundle takes no further file. Raises: ConfigurationInvalid."""
    from pytest_cucmtls.evidence.bundles.opened import is_sealed

    if source.is_dir() and is_sealed(source) and target.resolve().is_relative_to(source.resolve()):
        raise ConfigurationInvalid(
            "report", str(target), "lies inside a sealed bundle, which takes no further file", remedy=_ELSEWHERE
        )
