"""Taking changes back, newest first, from what the journal recorded.

What cannot be taken back is said, never passed over: a replaced identity certificate is gone (its private key was
overwritten on the node), so the way back is a new self-signed one, which needs the caller's explicit yes.
"""

from collections.abc import Callable

from pytest_cucmtls.procedure.context import CALL_MANAGER, CALL_MANAGER_TRUST, Run
from pytest_cucmtls.procedure.journal import Entry


def undo(run: Run, *, replace_identities: bool = False) -> list[str]:
    """Undo every open change; returns one sentence per change: what was done, or why it was left.

    With `replace_identities` uploaded identities are replaced by new self-signed ones; otherwise they stay.
    """
    said = []
    for change in reversed(run.journal.open_changes()):
        action = change.undo.get("action", "")
        if not action:
            said.append(f"{change.target}: nothing to take back ({change.after})")
        elif action == "regenerate_identity" and not replace_identities:
            said.append(f"{change.target}: left as it is; the former certificate is gone and could only be replaced by a new one")
            continue
        else:
            said.append(f"{change.target}: {_ACTIONS[action](run, change.undo)}")
        run.journal.append(Entry("undone", change.step, target=change.target, before=change.after, after=change.before))
    return said


def _remove_route_pattern(run: Run, what: dict[str, str]) -> str:
    axl = run.writer(run.cluster(what["cluster"])).axl()
    if axl.read_route_pattern(what["pattern"], what["partition"]).value is None:
        return "was gone already"
    axl.remove_route_pattern(what["pattern"], what["partition"])
    return "removed"


def _remove_sip_trunk(run: Run, what: dict[str, str]) -> str:
    axl = run.writer(run.cluster(what["cluster"])).axl()
    if axl.read_sip_trunk(what["name"]).value is None:
        return "was gone already"
    axl.remove_sip_trunk(what["name"])
    return "removed"


def _remove_security_profile(run: Run, what: dict[str, str]) -> str:
    axl = run.writer(run.cluster(what["cluster"])).axl()
    if axl.read_security_profile(what["name"]).value is None:
        return "was gone already"
    axl.remove_security_profile(what["name"])
    return "removed"


def _delete_trust(run: Run, what: dict[str, str]) -> str:
    cluster = run.writer(run.cluster(what["cluster"]))
    node = next(node for node in cluster.spec.nodes if node.name == what["node"])
    cli = cluster.cli(node)
    for unit, file_name, _ in cli.read_certificate_list("trust").value:
        if unit == CALL_MANAGER_TRUST and cli.read_trust_certificate(unit, file_name).value.certificate.sha256 == what["sha256"]:
            cli.delete_trust(unit, file_name)
            return "deleted"
    return "was gone already"


def _regenerate_identity(run: Run, what: dict[str, str]) -> str:
    cluster = run.writer(run.cluster(what["cluster"]))
    node = next(node for node in cluster.spec.nodes if node.name == what["node"])
    cli = cluster.cli(node)
    if cli.read_own_certificate(CALL_MANAGER).value.certificate.sha256 != what["sha256"]:
        return "another identity is in place already"
    cli.regenerate(CALL_MANAGER)
    return "replaced by a new self-signed certificate; restart Cisco CallManager to serve it"


_ACTIONS: dict[str, Callable[[Run, dict[str, str]], str]] = {
    "remove_route_pattern": _remove_route_pattern,
    "remove_sip_trunk": _remove_sip_trunk,
    "remove_security_profile": _remove_security_profile,
    "delete_trust": _delete_trust,
    "regenerate_identity": _regenerate_identity,
}
