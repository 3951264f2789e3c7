"""Objects of steps 8, 9 and 10 as texts: field by field for people, as JSON for the journal, without what changes by itself."""

import json
from dataclasses import asdict
from typing import Any

from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk, SipTrunkSecurityProfile, TrunkDestination

CucmObject = SipTrunkSecurityProfile | SipTrunk | RoutePattern

VOLATILE = ("uuid", "version_stamp")
"""Fields the cluster sets anew by itself; they say nothing about what was configured."""


def stated_values(found: CucmObject) -> dict[str, Any]:
    """Every field the object states, volatile ones left out; destinations as ``address:port`` in order."""
    values = {name: value for name, value in asdict(found).items() if value is not None and name not in VOLATILE}
    if isinstance(found, SipTrunk):
        values["destinations"] = destinations_of(asdict(found))
    return values


def destinations_of(values: dict[str, Any]) -> list[str]:
    """``address:port`` of a trunk's destinations in their order, from its fields."""
    rows = sorted(values["destinations"], key=lambda row: int(row["sort_order"]))
    return [f"{row['address']}:{row['port']}" for row in rows]


def canonical(found: CucmObject | None) -> str:
    """One line that is the same for the same configuration; ``absent`` for no object."""
    return "absent" if found is None else json.dumps(stated_values(found), sort_keys=True, ensure_ascii=False)


def differing(before: CucmObject | None, after: CucmObject) -> tuple[tuple[str, str, str], ...]:
    """(field, before, after) of every field that `after` states and `before` has otherwise."""
    former = {} if before is None else stated_values(before)
    return tuple(
        (name, _text(former.get(name)), _text(value)) for name, value in stated_values(after).items() if former.get(name) != value
    )


def recorded(wanted: CucmObject) -> str:
    """For the journal: what was written, so that undoing can tell whether somebody changed it since."""
    return json.dumps({name: value for name, value in asdict(wanted).items() if value is not None}, ensure_ascii=False)


def remembered_profile(text: str) -> SipTrunkSecurityProfile:
    """Inverse of `recorded`. Raises: ValueError, TypeError."""
    return SipTrunkSecurityProfile(**json.loads(text))


def remembered_trunk(text: str) -> SipTrunk:
    """Inverse of `recorded`. Raises: ValueError, TypeError, KeyError."""
    values = json.loads(text)
    return SipTrunk(**{**values, "destinations": tuple(TrunkDestination(**row) for row in values["destinations"])})


def remembered_pattern(text: str) -> RoutePattern:
    """Inverse of `recorded`. Raises: ValueError, TypeError."""
    return RoutePattern(**json.loads(text))


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
