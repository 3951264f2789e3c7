"""All object kinds by name."""

from pytest_cucmtls.sim.axl import kinds_line, kinds_phone, kinds_route, kinds_sip_profile, kinds_system, kinds_trunk
from pytest_cucmtls.sim.axl.kinds import ObjectKind

_MODULES = (kinds_trunk, kinds_route, kinds_sip_profile, kinds_line, kinds_phone, kinds_system)

OBJECT_KINDS: dict[str, ObjectKind] = {known.kind: known for module in _MODULES for known in module.KINDS}
