"""The calls of a simulated node as other interfaces see them: who, over which trunk, how far."""

from dataclasses import dataclass

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.state import CallManagerPort, NodeState
from pytest_cucmtls.sim.stuck_service import RestartWithoutEffect


@dataclass(frozen=True, slots=True)
class CallView:
    """One call; `status` and `cause` (SIP, Q.850) are 0 while it is not over."""

    calling: str
    dialled: str
    device: str
    trunk: str
    answered_by: str
    over: bool
    answered: bool
    encrypted: bool
    """Media keys were agreed; False while that is not known."""
    status: int
    cause: int


def calls_of(node: NodeState) -> tuple[CallView, ...]:
    """Calls in progress, then the remembered finished ones, youngest first."""
    service = _really_running(node.call_manager)
    if service is None:
        return ()
    found = []
    for call in (*service.calls.active.values(), *reversed(service.calls.finished)):
        outcome = call.outcome
        found.append(
            CallView(
                call.calling,
                call.dialled,
                call.device,
                call.trunk,
                call.answered_by,
                over=outcome is not None,
                answered=outcome.answered if outcome else bool(call.answered_by or call.audio),
                encrypted=outcome is not None and outcome.agreement is not None and outcome.agreement.keys is not None,
                status=outcome.status if outcome else 0,
                cause=outcome.cause if outcome else 0,
            )
        )
    return tuple(found)


def _really_running(service: CallManagerPort | None) -> CallManager | None:
    """The service behind one that only pretends to restart."""
    if isinstance(service, RestartWithoutEffect):
        return _really_running(service.inner)
    return service if isinstance(service, CallManager) else None
