"""Whether a part of the clusters' state differs from the plan's because of what this run's journal says it did."""

import json
from typing import Any

from pytest_cucmtls.procedure.journal import Entry, Journal
from pytest_cucmtls.procedure.object_values import destinations_of
from pytest_cucmtls.procedure.restarting import is_trust_of


def is_own_doing(journal: Journal, part: str, before: str, after: str) -> bool:
    """The difference between the state `before` (as planned) and `after` (as it is) is this run's and nobody else's.

    `part` is a name of `cluster_state`. A change that was begun may or may not have reached the cluster.
    """
    owner, _, what = part.partition(" ")
    entries = list(journal.entries())
    if what == "CallManager request":
        return any(
            entry.event == "change_begun" and entry.target in (part, f"{owner} CallManager identity", f"{owner} certificate")
            for entry in entries
        )
    if what == "CallManager-trust":
        about = [entry for entry in entries if is_trust_of(owner.partition("/")[0], entry.target)]
        return _only_ours_came_or_went(about, before, after)
    about = [entry for entry in entries if entry.target == part and entry.event != "note"]
    if what == "CallManager identity":
        taken_back = any(entry.event in {"undo_begun", "undone"} for entry in about)
        return taken_back or any(digest in after for entry in about if (digest := entry.undo.get("sha256")))
    return _is_what_was_written(about, after)


def _only_ours_came_or_went(about: list[Entry], before: str, after: str) -> bool:
    """Trusted certificates, listed with their SHA-256: every one that came or went is one of ours, or was replaced by one."""
    ours = [entry.undo[key] for entry in about for key in ("sha256", "former_sha256") if key in entry.undo]
    then, now = ({text for text in listed.split("; ") if text != "none"} for listed in (before, after))
    return bool(ours) and all(any(digest in text for digest in ours) for text in then ^ now)


def _is_what_was_written(about: list[Entry], after: str) -> bool:
    """An object: as the last change wrote it; or absent, when nothing says that the addition was completed."""
    if not about:
        return False
    if after == "absent":
        done = [entry.event for entry in about if entry.event in {"change_done", "undone", "undo_begun"}]
        return not done or done[-1] != "change_done"
    written = [entry.undo["written"] for entry in about if "written" in entry.undo]
    return any(_holds(json.loads(after), json.loads(text)) for text in written)


def _holds(found: dict[str, Any], written: dict[str, Any]) -> bool:
    """Every field that was written is there as it was written; what this release does not have is not compared."""
    plain = {**written, "destinations": destinations_of(written)} if "destinations" in written else written
    return all(found[name] == value for name, value in plain.items() if name in found)
