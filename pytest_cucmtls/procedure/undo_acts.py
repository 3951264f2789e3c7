"""How each kind of change is taken back: looks first, removes only what this run wrote and nobody changed since."""

from collections.abc import Callable

from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.intended import differing_fields
from pytest_cucmtls.procedure.context import CALL_MANAGER, CALL_MANAGER_TRUST, Run
from pytest_cucmtls.procedure.object_values import (
    CucmObject,
    remembered_pattern,
    remembered_profile,
    remembered_trunk,
)

GONE = "was gone already"


class LeftAlone(CucmTlsError):
    """The object is not as this run left it: whoever changed it decides what becomes of it."""


def _remove_route_pattern(run: Run, what: dict[str, str]) -> str:
    axl = run.writer(run.cluster(what["cluster"])).axl()
    found = axl.read_route_pattern(what["pattern"], what["partition"]).value
    if found is None:
        return GONE
    _refuse_changed(found, remembered_pattern(what["written"]) if "written" in what else None)
    axl.remove_route_pattern(what["pattern"], what["partition"])
    return "removed"


def _remove_sip_trunk(run: Run, what: dict[str, str]) -> str:
    axl = run.writer(run.cluster(what["cluster"])).axl()
    found = axl.read_sip_trunk(what["name"]).value
    if found is None:
        return GONE
    _refuse_changed(found, remembered_trunk(what["written"]) if "written" in what else None)
    axl.remove_sip_trunk(what["name"])
    return "removed"


def _remove_security_profile(run: Run, what: dict[str, str]) -> str:
    axl = run.writer(run.cluster(what["cluster"])).axl()
    found = axl.read_security_profile(what["name"]).value
    if found is None:
        return GONE
    _refuse_changed(found, remembered_profile(what["written"]) if "written" in what else None)
    axl.remove_security_profile(what["name"])
    return "removed"


def _refuse_changed(found: CucmObject, written: CucmObject | None) -> None:
    """Raises: LeftAlone, field by field."""
    unequal = differing_fields(written, found) if written is not None else []
    if unequal:
        table = "; ".join(f"{field}: this run wrote {wrote!r}, it is {has!r}" for field, wrote, has in unequal)
        raise LeftAlone(f"somebody changed it since ({table})", remedy="Remove it by hand if nobody needs it.")


def _delete_trust(run: Run, what: dict[str, str]) -> str:
    cluster = run.writer(run.cluster(what["cluster"]))
    node = next(node for node in cluster.spec.nodes if node.name == what["node"])
    cli = cluster.cli(node)
    said, trusted = GONE, set()
    for unit, file_name, _ in cli.read_certificate_list("trust").value:
        if unit != CALL_MANAGER_TRUST:
            continue
        digest = cli.read_trust_certificate(unit, file_name).value.certificate.sha256
        if digest == what["sha256"]:
            cli.delete_trust(unit, file_name)
            said = "deleted"
        else:
            trusted.add(digest)
    if "former" in what and what["former_sha256"] not in trusted:
        cli.import_trust(CALL_MANAGER, what["former"])
        return f"{said}; the one of the same name that it had replaced is back"
    return said


def _regenerate_identity(run: Run, what: dict[str, str]) -> str:
    cluster = run.writer(run.cluster(what["cluster"]))
    node = next(node for node in cluster.spec.nodes if node.name == what["node"])
    cli = cluster.cli(node)
    if cli.read_own_certificate(CALL_MANAGER).value.certificate.sha256 != what["sha256"]:
        return "another identity is in place already"
    cli.regenerate(CALL_MANAGER)
    return "replaced by a new self-signed certificate"


ACTS: dict[str, Callable[[Run, dict[str, str]], str]] = {
    "remove_route_pattern": _remove_route_pattern,
    "remove_sip_trunk": _remove_sip_trunk,
    "remove_security_profile": _remove_security_profile,
    "delete_trust": _delete_trust,
    "regenerate_identity": _regenerate_identity,
}
"""By the ``action`` of a journal entry; each returns what it did. Raises: LeftAlone."""
