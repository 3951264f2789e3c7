"""The inventory as JSON and back, so that a run folder can be judged without the user's clusters.toml (no secrets inside)."""

import json
from dataclasses import asdict
from typing import Any

from pytest_cucmtls.model.access import access_from_json
from pytest_cucmtls.model.call_setup import call_setup_from_json
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.inventory import Account, AuthoritySpec, ClusterSpec, Inventory, Mode, NodeAddress
from pytest_cucmtls.model.maintenance import Maintenance
from pytest_cucmtls.model.waivers import Waiver


def inventory_as_json(inventory: Inventory) -> dict[str, Any]:
    """Every field, enumerations by value; passwords are not in an inventory, only the names of their variables."""
    found: dict[str, Any] = json.loads(json.dumps({**asdict(inventory), "mode": inventory.mode.value}))
    return found


def inventory_from_json(values: dict[str, Any], *, path: str = "run.json") -> Inventory:
    """The inventory written by `inventory_as_json`. Raises: FileUnreadable."""
    try:
        return Inventory(
            cluster_a=_cluster(values["cluster_a"]),
            cluster_b=_cluster(values["cluster_b"]),
            authority=_authority(values["authority"]),
            policy=values["policy"],
            mode=Mode(values["mode"]),
            place_calls=values["place_calls"],
            reset_trunks=values.get("reset_trunks", False),
            simulated=values["simulated"],
            source=values["source"],
            waivers=tuple(Waiver(**waiver) for waiver in values.get("waivers", ())),
            approved_anchors=tuple(values.get("approved_anchors", ())),
            probe=values.get("probe"),
            probe_pause_seconds=float(values.get("probe_pause_seconds", 1.0)),
            maintenance=_maintenance(values.get("maintenance")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FileUnreadable(path, f"holds no usable inventory: {problem!r}") from problem


def _maintenance(values: dict[str, Any] | None) -> Maintenance | None:
    return None if values is None else Maintenance(**{**values, "weekdays": tuple(values["weekdays"])})


def _cluster(values: dict[str, Any]) -> ClusterSpec:
    nodes = tuple(NodeAddress(**node) for node in values["nodes"])
    subject = tuple((key, value) for key, value in values["subject"])
    names = tuple(values["x509_subject_names"])
    calling = call_setup_from_json(values.get("calling"))
    built = {"nodes": nodes, "subject": subject, "x509_subject_names": names, "calling": calling}
    built["access"] = access_from_json(values.get("access"))
    accounts = {name: _account(values[name]) for name in ("axl", "platform", "call")}
    complete: dict[str, Any] = {**values, **built, **accounts}
    return ClusterSpec(**complete)


def _authority(values: dict[str, Any]) -> AuthoritySpec:
    account = values.get("account")
    return AuthoritySpec(**{**values, "account": None if account is None else _account(account)})


def _account(values: dict[str, Any]) -> Account:
    complete: dict[str, Any] = {**values, "password_command": tuple(values.get("password_command", ()))}
    return Account(**complete)
