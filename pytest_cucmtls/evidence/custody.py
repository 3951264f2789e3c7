"""The custody log: one line per act, each holding the SHA-256 of the line before; continued by every hand-over of a bundle.

Lines written from the seal on also carry their own digest (`line_sha256`), so that even the last one cannot change unnoticed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_cucmtls.evidence.strict_json import parse_object
from pytest_cucmtls.model.errors import FileUnreadable

NO_CHAIN = "0" * 64
"""`previous` of the first line."""
CLOCK_STEP = timedelta(seconds=5)
"""A clock that is corrected may step back this much between two lines."""
_OWN_DIGEST = "line_sha256"


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One act: who did what to which item, when and why."""

    number: int
    """1-based."""
    digest: str
    """SHA-256 of the line without its line end."""
    at: datetime
    actor: str
    action: str
    item: str
    sha256: str
    previous: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class CustodyAct:
    """What is to be added to a log."""

    action: str
    item: str
    sha256: str
    actor: str
    at: datetime
    purpose: str = ""


def read_custody(data: bytes) -> tuple[tuple[CustodyLine, ...], tuple[str, ...]]:
    """(readable lines, one sentence per broken link, unreadable line, or clock that runs backwards)."""
    lines: list[CustodyLine] = []
    problems: list[str] = []
    previous = NO_CHAIN
    if data and not data.endswith(b"\n"):
        problems.append("the last line is cut off")
    for number, text in enumerate(_texts(data), 1):
        digest = hashlib.sha256(text).hexdigest()
        try:
            line = _line(number, text, digest)
        except (FileUnreadable, KeyError, TypeError, ValueError) as problem:
            problems.append(f"line {number} cannot be read ({_short(problem)})")
        else:
            if line.previous != previous:
                problems.append(
                    f"line {number} ({line.action} {line.item}) does not continue line {number - 1}"
                    if number > 1
                    else f"line 1 ({line.action} {line.item}) is not the beginning of the log"
                )
            if lines and line.at < lines[-1].at - CLOCK_STEP:
                problems.append(f"line {number} is dated {line.at:%Y-%m-%d %H:%M:%S} UTC, before line {lines[-1].number}")
            lines.append(line)
        previous = digest
    return tuple(lines), tuple(problems)


def continued(data: bytes, acts: Sequence[CustodyAct]) -> bytes:
    """The log with lines for these acts added."""
    for act in acts:
        data += _encoded(act, head_of(data)) + b"\n"
    return data


def head_of(data: bytes) -> str:
    """SHA-256 of the last line; of an empty log, 64 zeros."""
    texts = _texts(data)
    return hashlib.sha256(texts[-1]).hexdigest() if texts else NO_CHAIN


def _texts(data: bytes) -> list[bytes]:
    """The lines without their ends."""
    return data.removesuffix(b"\n").split(b"\n") if data else []


def _encoded(act: CustodyAct, previous: str) -> bytes:
    values = {
        "at": act.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": act.actor,
        "action": act.action,
        "item": act.item,
        "sha256": act.sha256,
        "previous": previous,
        "purpose": act.purpose,
    }
    return _spelled(values | {_OWN_DIGEST: _own_digest(values)})


def _own_digest(values: dict[str, Any]) -> str:
    return hashlib.sha256(_spelled({key: value for key, value in values.items() if key != _OWN_DIGEST})).hexdigest()


def _spelled(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, ensure_ascii=False).encode("utf-8")


def _line(number: int, text: bytes, digest: str) -> CustodyLine:
    values = parse_object(text, f"line {number}")
    if _OWN_DIGEST in values and (values[_OWN_DIGEST] != _own_digest(values) or _spelled(values) != text):
        raise ValueError("it was changed after it was written")
    at = datetime.fromisoformat(values["at"])
    return CustodyLine(
        number=number,
        digest=digest,
        at=at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC),
        actor=str(values["actor"]),
        action=str(values["action"]),
        item=str(values["item"]),
        sha256=str(values["sha256"]),
        previous=str(values["previous"]),
        purpose=str(values.get("purpose", "")),
    )


def _short(problem: Exception) -> str:
    return f"{problem.args[0]!r} is missing" if isinstance(problem, KeyError) else str(problem)[:200]
