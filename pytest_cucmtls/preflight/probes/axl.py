"""AXL on each publisher: whether it answers, whether the account may also write, how much CallManager traces."""

from pytest_cucmtls.clients.axl_roles import FULL_ROLE, READING_ROLE, roles_of_account
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.preflight.register import of_publisher
from pytest_cucmtls.preflight.results import Answer, cannot_say, not_applicable, ok, problem
from pytest_cucmtls.preflight.views import NodeView

DETAILED_TRACE = 127
"""Sum of the level bits Error 1 … Detailed 64 (platform facts §5.4)."""
_GRANT = f"Put the application user into an access group with the role {FULL_ROLE}, or run in mode verify."
_BY_HAND = "Look at the account's roles in User Management; only the first write would prove it from here."
_TRACE_LEVELS = (
    "select p.name as node, s.tracelevel from processnodeservice s inner join processnode p on s.fkprocessnode = p.pkid "
    f"inner join typeservice t on s.tkservice = t.enum where t.name = '{CALL_MANAGER_SERVICE}'"
)


@of_publisher("AXL answers", order=50, needs=("passwords", "https_trusted"), account="axl")
def axl_reads(view: NodeView) -> Answer:
    """The account is accepted, the service runs, and it knows the schema version of the release."""
    with_axl = view.axl()
    return ok(f"schema {with_axl.version}, release {with_axl.read_version().value.text}")


@of_publisher("AXL may write", order=51, needs=("axl_reads",), account="axl")
def axl_writes(view: NodeView) -> Answer:
    """Found in the tables of roles, without writing."""
    applies = view.cluster.inventory.mode is Mode.APPLY
    roles = roles_of_account(view.axl(), view.spec.axl.user)
    if roles is None or not roles & {FULL_ROLE, READING_ROLE}:
        if not applies:
            return not_applicable("mode verify only reads")
        return cannot_say("not decidable without writing: no standard AXL role is found for the account", _BY_HAND)
    if FULL_ROLE in roles:
        return ok(FULL_ROLE + ("" if applies else f": more than mode verify needs ({READING_ROLE} from 11.5 on)"))
    return problem(f"{READING_ROLE} only", _GRANT) if applies else ok(f"{READING_ROLE}: enough for mode verify")


@of_publisher("trace level of CallManager", order=52, needs=("axl_reads",), account="axl")
def trace_level(view: NodeView) -> Answer:
    """Only at level Detailed do the SDL traces show SIP messages and digit analysis."""
    repair = "Set the trace level of Cisco CallManager to Detailed on every node (Serviceability > Trace > Configuration)."
    try:
        rows = view.axl().query(_TRACE_LEVELS).value
    except InterfaceRefused as refusal:
        if refusal.code in ("503", "-1"):
            raise
        return cannot_say(f"the table of trace levels cannot be asked: {refusal.detail}", repair)
    levels = {row.get("node", ""): row.get("tracelevel", "") for row in rows}
    if not levels:
        return cannot_say("no node has a trace level of its own", repair)
    low = [f"{node}: {level}" for node, level in sorted(levels.items()) if not _is_detailed(level)]
    return (
        problem(f"below Detailed ({DETAILED_TRACE}): {', '.join(low)}", repair)
        if low
        else ok(f"Detailed on {len(levels)} node(s)")
    )


def _is_detailed(level: str) -> bool:
    return level.isdigit() and int(level) & DETAILED_TRACE == DETAILED_TRACE
