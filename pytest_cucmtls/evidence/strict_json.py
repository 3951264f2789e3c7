"""JSON from strangers: bounded, UTF-8, each key once, no numbers that JSON does not have."""

import json
from typing import Any, NoReturn

from pytest_cucmtls.model.errors import FileUnreadable

MOST_BYTES = 64 * 1024 * 1024
"""Of one document: a manifest of a hundred thousand files is smaller."""


def parse_json(data: bytes, path: str) -> Any:
    """The value of a document; `path` names it in errors.

    Raises: FileUnreadable for anything but one JSON value in UTF-8 (RFC 8259; duplicate names are refused, RFC 7493 §2.3).
    """
    if len(data) > MOST_BYTES:
        raise FileUnreadable(path, f"is larger than {MOST_BYTES} bytes")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError as problem:
        raise FileUnreadable(path, "is nested too deeply") from problem
    except ValueError as problem:
        raise FileUnreadable(path, f"is not JSON: {problem}") from problem


def parse_object(data: bytes, path: str) -> dict[str, Any]:
    """As `parse_json`, and the value is an object. Raises: FileUnreadable."""
    found = parse_json(data, path)
    if not isinstance(found, dict):
        raise FileUnreadable(path, "is no JSON object")
    return found


def json_bytes(value: Any) -> bytes:
    """One spelling for one value: sorted keys, indented, UTF-8, a line end last."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:80]!r} occurs twice in one object")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")
