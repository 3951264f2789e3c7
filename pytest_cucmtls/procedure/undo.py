"""Taking changes back, newest first, from what the journal recorded; each act is announced before it is made.

What cannot be taken back is said, never passed over: a replaced identity certificate is gone (its private key was
overwritten on the node), so the way back is a new self-signed one, which needs the caller's explicit yes. What somebody
changed since is left as it is. Doing it twice is safe, and so is undoing a run that was killed anywhere.
"""

from dataclasses import dataclass

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.interruption import finishing_first
from pytest_cucmtls.procedure.journal import Entry
from pytest_cucmtls.procedure.restarting import restart, restart_is_due
from pytest_cucmtls.procedure.runner import make_change
from pytest_cucmtls.procedure.undo_acts import ACTS, LeftAlone

_IDENTITY = "regenerate_identity"


@dataclass(frozen=True, slots=True)
class TakenBack:
    """One sentence per change: what was done, or why it was left; `refused` are those somebody has to look at."""

    sentences: tuple[str, ...]
    refused: tuple[str, ...]


def foretell(run: Run, *, replace_identities: bool) -> list[str]:
    """What `undo` will do, in its order, and what it cannot; changes nothing."""
    found = []
    for change in _to_undo(run):
        action = change.undo.get("action", "")
        if action == _IDENTITY:
            chosen = "a new self-signed one will be made" if replace_identities else "it stays, unless you agree to replace it"
            found.append(f"{change.target}: the former one cannot come back ({change.before}); {chosen}{_backup(run, change)}")
        elif action:
            found.append(f"{change.target}: {change.after} → {change.before}")
    return found or ["nothing to undo"]


def undo(run: Run, *, replace_identities: bool = False) -> TakenBack:
    """Undo every open change.

    With `replace_identities` uploaded identities are replaced by new self-signed ones and the services restarted, one
    node at a time; otherwise they stay. Raises: UnsafeToAct outside the maintenance window; what the interfaces raise,
    except refusals, which are reported.
    """
    said, refused = [], []
    for change in _to_undo(run):
        action = change.undo.get("action", "")
        if action == _IDENTITY and not replace_identities:
            said.append(f"{change.target}: left as it is; the former certificate is gone and could only be replaced by a new one")
            continue
        try:
            said.append(f"{change.target}: {_take_back(run, change)}")
        except (LeftAlone, InterfaceRefused) as problem:
            refused.append(f"{change.target}: left as it is: {problem}")
            said.append(refused[-1])
    for cluster, node in run.nodes():
        if restart_is_due(run, cluster, node):
            said.append(_load_what_is_left(run, cluster, node, restarts=replace_identities))
    return TakenBack(tuple(said), tuple(refused))


def _to_undo(run: Run) -> list[Entry]:
    """Open changes, newest first, the last word on each."""
    newest: dict[tuple[int, str], Entry] = {}
    for change in reversed(run.journal.open_changes()):
        newest.setdefault((change.step, change.target), change)
    return list(newest.values())


def _take_back(run: Run, change: Entry) -> str:
    action = change.undo.get("action", "")
    closed = Entry("undone", change.step, change.target, before=change.after, after=change.before)
    if not action:
        run.journal.append(closed)
        return f"nothing to take back ({change.after})"
    for gate in run.gates:
        gate(change.step, Change(change.target, change.after, change.before, change.interface, lambda: None))
    with finishing_first(run.progress):
        run.journal.append(Entry("undo_begun", change.step, change.target, change.after, change.before, change.interface))
        done = ACTS[action](run, change.undo)
        run.journal.append(closed)
    return done


def _load_what_is_left(run: Run, cluster: ClusterReader, node: NodeAddress, *, restarts: bool) -> str:
    """A service goes on with the certificates it loaded at its last start."""
    change = restart(run, cluster, node)
    if not restarts:
        return f"{change.target}: still has loaded what was taken back; restart it at a convenient time"
    make_change(run, 7, change)
    run.journal.append(Entry("undone", 7, change.target, before=change.after, after=change.before))
    return f"{change.target}: restarted, so that it serves what is in its stores now"


def _backup(run: Run, change: Entry) -> str:
    """Where the former certificate was kept; its key never leaves a node."""
    where = (change.undo.get("cluster"), change.undo.get("node"))
    kept = [line.item.path for line in run.folder.entries("own_certificate_before") if (line.cluster, line.node) == where]
    return f"; the former certificate, without its key, is kept in {run.folder.path / kept[0]}" if kept else ""
