"""Appendix: every raw item with its SHA-256, how long each phase took, and what was not collected and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass

from pytest_cucmtls.evidence.run_folder import IndexLine
from pytest_cucmtls.model.evidence import Evidence, Sourced
from pytest_cucmtls.model.verdicts import EvidenceItem, Verdict
from pytest_cucmtls.report.html.shown import moment, size, span


@dataclass(frozen=True, slots=True)
class RawItem:
    """One raw file; fields the index would tell are "" without it."""

    path: str
    sha256: str
    size: str
    kind: str
    source: str
    at: str
    cited: int


@dataclass(frozen=True, slots=True)
class PhaseBar:
    """One phase of the run; `left` and `width` are per cent of the whole."""

    name: str
    seconds: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Appendix:
    """The end of the report."""

    files: tuple[RawItem, ...]
    phases: tuple[PhaseBar, ...]
    total: str
    reasons: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]


def appendix(
    verdicts: Sequence[Verdict], evidence: Evidence, about: Mapping[str, object], index: Sequence[IndexLine]
) -> Appendix:
    """`index` is the run folder's; without it the items are those that the evidence and the verdicts name."""
    cited: dict[str, int] = {}
    for verdict in verdicts:
        for path in {item.path for item in verdict.evidence}:
            cited[path] = cited.get(path, 0) + 1
    phases, total = _phases(about)
    known = {line.item.path for line in index}
    named = {item.path: item for item in (*_items(evidence), *(item for verdict in verdicts for item in verdict.evidence))}
    items = [_indexed(line, cited) for line in index]
    items += [RawItem(path, item.sha256, "", "", "", "", cited.get(path, 0)) for path, item in named.items() if path not in known]
    facts = tuple((key, str(value)) for key, value in about.items() if isinstance(value, str | int | float | bool))
    return Appendix(
        files=tuple(sorted(items, key=lambda item: item.path)),
        phases=phases,
        total=total,
        reasons=evidence.reasons,
        facts=facts,
    )


def _indexed(line: IndexLine, cited: Mapping[str, int]) -> RawItem:
    return RawItem(
        path=line.item.path,
        sha256=line.item.sha256,
        size=size(line.size_bytes),
        kind=line.kind,
        source=f"{line.interface}: {line.operation}" if line.operation else line.interface,
        at=moment(line.at),
        cited=cited.get(line.item.path, 0),
    )


def _items(value: object) -> list[EvidenceItem]:
    """Every raw item named anywhere in a frozen value; what an item says is not searched for further ones."""
    if isinstance(value, Sourced):
        return [value.item]
    if isinstance(value, EvidenceItem):
        return [value]
    if isinstance(value, tuple):
        return [item for part in value for item in _items(part)]
    if is_dataclass(value) and not isinstance(value, type):
        return [item for field in fields(value) for item in _items(getattr(value, field.name))]
    return []


def _phases(about: Mapping[str, object]) -> tuple[tuple[PhaseBar, ...], str]:
    """Phases one after the other, as they ran."""
    listed = about.get("phases")
    spans = [(str(phase["phase"]), float(phase["seconds"])) for phase in listed] if isinstance(listed, list) else []
    whole = sum(seconds for _, seconds in spans) or 1.0
    begun, bars = 0.0, []
    for name, seconds in spans:
        bars.append(PhaseBar(name, span(seconds), round(100 * begun / whole, 2), round(max(0.4, 100 * seconds / whole), 2)))
        begun += seconds
    return tuple(bars), span(begun)
