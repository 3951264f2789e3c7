"""All object kinds by name."""

from pytest_cucmtls.sim.axl import kinds_device, kinds_line, kinds_route, kinds_system, kinds_trunk
from pytest_cucmtls.sim.axl.kinds import ObjectKind

OBJECT_KINDS: dict[str, ObjectKind] = {
    known.kind: known for module in (kinds_trunk, kinds_route, kinds_line, kinds_device, kinds_system) for known in module.KINDS
}
