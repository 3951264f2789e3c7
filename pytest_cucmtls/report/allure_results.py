"""Everything this package knows of Allure: where results go, how a verdict is described, what is attached once.

Attachments are what the verdict rests on. A raw file is attached to the first test that cites it, whichever worker runs
it; later tests name it. When that very test is tried again the file goes with the last attempt as well, because Allure puts
the earlier ones aside; so does everything when a run is continued. Only verdict texts, file names and evidence reach Allure:
no fixture values, no step arguments.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import allure
import allure_commons
import pytest
from allure_commons.logger import AllureFileLogger
from allure_pytest.listener import AllureListener

from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import EvidenceItem, Outcome, Verdict
from pytest_cucmtls.report.allure_history import keep_history
from pytest_cucmtls.report.ladder import ladders_for

ATTACHMENT_LIMIT_BYTES = 4_000_000
_EXCERPT_LINES = 25
_TYPES = {
    ".pem": allure.attachment_type.TEXT,
    ".txt": allure.attachment_type.TEXT,
    ".json": allure.attachment_type.JSON,
    ".xml": allure.attachment_type.TEXT,
    ".pcap": allure.attachment_type.PCAP,
}
CATEGORIES = (
    ("Finding about the trunk", ["failed"], ".*fail: .*"),
    ("Cannot be decided: evidence missing", ["broken"], ".*(INCONCLUSIVE|inconclusive).*"),
    ("Blocked: acting would have been unsafe", ["broken"], ".*(BLOCKED|blocked).*"),
    ("Tool, access or environment", ["broken"], ".*(ERROR|error).*"),
    ("Does not apply", ["skipped"], ".*"),
)
"""(name, Allure statuses, message pattern), first match wins."""


def write_results_into(folder: Path, config: pytest.Config) -> None:
    """Let allure-pytest write its results into a folder, unless the user chose one with ``--alluredir``."""
    if config.option.allure_report_dir or config.pluginmanager.has_plugin("allure_listener"):
        return
    listener, logger = AllureListener(config), AllureFileLogger(str(folder), False)
    config.pluginmanager.register(listener, "allure_listener")
    for plugin in (listener, logger):
        allure_commons.plugin_manager.register(plugin)
        config.add_cleanup(_unregister(plugin))


def _unregister(plugin: object) -> Callable[[], None]:
    def clean_up() -> None:
        allure_commons.plugin_manager.unregister(plugin=plugin)

    return clean_up


def describe_verdict(verdict: Verdict, folder: Path, evidence: Evidence, session: str = "") -> None:
    """Name the running test after the verdict and attach what it rests on; `session` names the pytest invocation."""
    book = AttachmentBook(folder, session, *_running_test())
    first, second = evidence.clusters
    number = verdict.step if verdict.step.isdigit() else {"V1": "capture", "V2": "traces"}.get(verdict.step, verdict.step)
    allure.dynamic.epic(f"SIP TLS trunk between {first.name} and {second.name}")
    allure.dynamic.feature(f"Step {int(number):02d}" if number.isdigit() else f"Proof from {number}")
    allure.dynamic.story(verdict.title)
    allure.dynamic.title(f"{verdict.title} ({verdict.subject})")
    labels = {"direction" if "->" in verdict.subject else "cluster": verdict.subject, "policy": evidence.inventory.policy}
    labels |= {"check": verdict.check, "subject": verdict.subject}
    labels |= {"outcome": verdict.outcome.value, "layer": verdict.phase, "release": _releases(evidence)}
    for name, value in labels.items():
        allure.dynamic.label(name, value)
    with allure.step(f"{verdict.outcome.value}: {verdict.title} ({verdict.subject})"):
        allure.attach(_table(verdict), "verdict", allure.attachment_type.TEXT)
        if verdict.outcome is not Outcome.NOT_APPLICABLE:
            for item in verdict.evidence:
                _attach_item(item, book)
            if verdict.check.startswith("step_"):
                _attach_records(book, int(verdict.step))
            for name, picture in ladders_for(verdict, evidence):
                book.attach(f"{name}{picture}".encode(), name, picture, allure.attachment_type.SVG)


def write_surroundings(results: Path, about: dict[str, object], releases: str) -> None:
    """``environment.properties``, ``categories.json``, the executor and the history beside the results, for Allure 2 and 3."""
    import json

    if not results.is_dir():
        return
    shown = {key: value for key, value in about.items() if isinstance(value, str | bool | int)} | {"releases": releases}
    lines = [f"{key}={str(value).replace(chr(10), ' ')}" for key, value in sorted(shown.items())]
    (results / "environment.properties").write_text("\n".join(lines) + "\n", encoding="utf-8")
    categories = [{"name": name, "matchedStatuses": on, "messageRegex": f"(?s){text}"} for name, on, text in CATEGORIES]
    (results / "categories.json").write_text(json.dumps(categories, indent=1), encoding="utf-8")
    keep_history(results, str(about.get("host") or "cucmtls"))


def _releases(evidence: Evidence) -> str:
    found = [node.release.value.text for cluster in evidence.clusters for node in cluster.nodes if node.release]
    return " / ".join(dict.fromkeys(found)) or "unknown"


def _table(verdict: Verdict) -> str:
    rows = [
        ("check", verdict.check),
        ("subject", verdict.subject),
        ("outcome", verdict.outcome.value),
        ("diagnosis", verdict.diagnosis),
        ("expected", verdict.expected),
        ("observed", verdict.observed),
        ("remedy", ", ".join(verdict.remedies) or "none"),
        ("source", "; ".join(f"{clause.standard} {clause.clause} [{clause.mark}]" for clause in verdict.clauses) or "none"),
    ]
    rows += [("evidence", f"{item.path} {item.location or ''} SHA-256 {item.sha256}") for item in verdict.evidence]
    return "\n".join(f"{name:<10} {value}" for name, value in rows)


def _attach_item(item: EvidenceItem, book: "AttachmentBook") -> None:
    """The whole file when it is small, the lines around the place when it is a long text; named only when attached before."""
    file = book.folder / item.path
    try:
        data = file.read_bytes()
    except OSError:
        return
    kind = _TYPES.get(file.suffix, allure.attachment_type.TEXT)
    if item.location is not None and item.location.unit == "line":
        lines = data.decode("utf-8", "replace").splitlines()
        first = max(0, item.location.number - 3)
        excerpt = "\n".join(lines[first : first + _EXCERPT_LINES])
        book.attach(excerpt.encode(), f"{file.name}, from line {first + 1}", excerpt, allure.attachment_type.TEXT)
    elif len(data) <= ATTACHMENT_LIMIT_BYTES:
        content = data if kind is allure.attachment_type.PCAP else data.decode("utf-8", "replace")
        book.attach(data + item.path.encode(), f"{item.path}", content, kind)


def _attach_records(book: "AttachmentBook", step: int) -> None:
    """What was said on the wire during a step: the SOAP exchanges and the CLI transcripts, each as one text."""
    kept = RunFolder(book.folder)
    for kind, name in (("soap_exchange", "SOAP exchanges"), ("cli_transcript", "CLI transcript")):
        lines = [line for line in kept.entries(kind) if line.attributes.get("step") == step]
        parts = [
            f"--- {line.interface} {line.operation} ({line.item.path})\n" + kept.read(line).decode("utf-8", "replace")
            for line in lines
        ]
        if parts:
            text = "\n".join(parts)[:ATTACHMENT_LIMIT_BYTES]
            book.attach(f"{name} {step}".encode(), f"{name} of step {step}", text, allure.attachment_type.TEXT)


class AttachmentBook:
    """Which attachment belongs to which test of a pytest invocation, kept in files so that all its workers agree."""

    def __init__(self, folder: Path, session: str, test: str, attempt: str) -> None:
        self.folder = folder
        self._marks = folder / "private" / "attached" / (session or "one")
        self._test, self._attempt = test, attempt

    def attach(self, identity: bytes, name: str, content: str | bytes, kind: object) -> None:
        """Attach what no other test, and this attempt of this one, has attached yet."""
        mark = self._marks / hashlib.sha256(identity).hexdigest()
        if self._owns(mark):
            allure.attach(content, name, kind)

    def _owns(self, mark: Path) -> bool:
        """The first test to ask owns the attachment; a later attempt of that test takes it over from the earlier one."""
        self._marks.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self._marks, prefix=".")
        draft = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{self._test}\n{self._attempt}\n")
        try:
            os.link(draft, mark)  # complete or not at all, and one worker only
        except FileExistsError:
            owner, _, attempt = mark.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")
            if owner != self._test or attempt == self._attempt:
                return False
            draft.replace(mark)
            return True
        finally:
            draft.unlink(missing_ok=True)
        return True


def _running_test() -> tuple[str, str]:
    """(name of the test that is running, identity of this attempt), as Allure knows them; "" outside of a test."""
    for plugin in allure_commons.plugin_manager.get_plugins():
        if isinstance(plugin, AllureListener):
            result = plugin.allure_logger.get_test(None)
            if result is not None:
                values = ", ".join(f"{one.name}={one.value}" for one in result.parameters)
                return f"{result.fullName}[{values}]", str(result.uuid)
    return "", ""
