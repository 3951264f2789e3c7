"""Named faults of a simulated pair: each is one function that changes the state or behaviour of a cluster.

Adding a fault is adding a function here. A fault whose effect lives in another part of the simulator is a name in
`ClusterState.faults` that this part asks for; the function's docstring says which part.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from pytest_cucmtls.sim.interfaces.risport import RATE_PARAMETER
from pytest_cucmtls.sim.pairs import WEBDIALER_SERVICE
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, CallManagerPort, CallTicket, ClusterState, NodeState

Effect = Callable[[ClusterState], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault's name, first docstring line, and effect on one cluster."""

    name: str
    description: str
    effect: Effect


class UnknownFault(Exception):
    """No fault, or no cluster, of that name."""


FAULTS: dict[str, Fault] = {}


def fault(effect: Effect) -> Effect:
    """Register a function under its own name."""
    description = (effect.__doc__ or "").strip().splitlines()[0]
    FAULTS[effect.__name__] = Fault(effect.__name__, description, effect)
    return effect


@dataclass(frozen=True, slots=True)
class ChosenFault:
    """A fault and the cluster it goes into."""

    fault: Fault
    cluster: ClusterState


def choose_faults(names: Iterable[str], clusters: list[ClusterState]) -> list[ChosenFault]:
    """Resolve ``fault`` (in the first cluster) and ``fault@B`` (in cluster B). Raises: UnknownFault."""
    chosen = []
    for text in names:
        name, _, place = text.partition("@")
        cluster = next((cluster for cluster in clusters if cluster.name == (place or clusters[0].name)), None)
        if name not in FAULTS:
            raise UnknownFault(f"no fault named {name!r}; known: {', '.join(sorted(FAULTS))}")
        if cluster is None:
            raise UnknownFault(f"no cluster named {place!r} to inject {name!r} into")
        chosen.append(ChosenFault(FAULTS[name], cluster))
    return chosen


def inject(chosen: ChosenFault) -> None:
    """Put a fault into a running cluster; its name is in `ClusterState.faults` from then on."""
    chosen.cluster.faults.add(chosen.fault.name)
    chosen.fault.effect(chosen.cluster)


class RestartWithoutEffect:
    """A CallManager service whose restart reports success while the process goes on with what it had loaded."""

    def __init__(self, node: NodeState, inner: CallManagerPort) -> None:
        self._node, self._inner = node, inner

    async def start(self) -> None:
        """As the real one."""
        await self._inner.start()

    async def stop(self) -> None:
        """As the real one."""
        await self._inner.stop()

    async def restart(self) -> None:
        """Only the service's state says that something happened."""
        service = self._node.services[CALL_MANAGER_SERVICE]
        service.status, service.started_at = "Started", datetime.now(UTC)

    async def reset_trunk(self, name: str) -> None:
        """As the real one."""
        await self._inner.reset_trunk(name)

    async def make_call(self, device: str, line: str, destination: str) -> CallTicket:
        """As the real one."""
        return await self._inner.make_call(device, line, destination)

    async def end_call(self, device: str) -> bool:
        """As the real one."""
        return await self._inner.end_call(device)

    def trunk_status(self, name: str) -> tuple[str, int]:
        """As the real one."""
        return self._inner.trunk_status(name)

    def phone_status(self, name: str) -> tuple[str, int]:
        """As the real one."""
        return self._inner.phone_status(name)


@fault
def trust_missing(cluster: ClusterState) -> None:
    """CallManager-trust loses its certificates as soon as an identity was uploaded: the peer is not trusted."""

    def forget(node: NodeState, unit: str) -> None:
        for file_name in node.certificates.trust(unit):
            node.certificates.delete_trust(unit, file_name)

    for node in cluster.nodes:
        node.certificates.after_identity = partial(forget, node)


@fault
def identity_upload_lost(cluster: ClusterState) -> None:
    """An uploaded identity is accepted and replaced by a self-signed one right away."""
    for node in cluster.nodes:
        node.certificates.after_identity = node.certificates.regenerate


@fault
def old_certificate_still_served(cluster: ClusterState) -> None:
    """A restart of the CallManager service reports success but the process goes on with what it had loaded."""
    for node in cluster.nodes:
        if node.call_manager is not None:
            node.call_manager = RestartWithoutEffect(node, node.call_manager)


@fault
def client_certificate_not_requested(cluster: ClusterState) -> None:
    """The SIP listener asks no client for a certificate: one-way TLS (tls_contexts)."""


@fault
def tls_1_0_negotiated(cluster: ClusterState) -> None:
    """The SIP listener never goes above TLS 1.0 (tls_contexts)."""


@fault
def clock_ahead(cluster: ClusterState) -> None:
    """The nodes' clocks run six years ahead, beyond every certificate's end."""
    for node in cluster.nodes:
        node.clock_offset = timedelta(days=6 * 365)


@fault
def webdialer_not_activated(cluster: ClusterState) -> None:
    """WebDialer is not activated, as on a new installation."""
    for node in cluster.nodes:
        service = node.services[WEBDIALER_SERVICE]
        service.activated, service.status = False, "Stopped"


@fault
def device_queries_limited(cluster: ClusterState) -> None:
    """RISPort answers one request per minute."""
    cluster.enterprise_parameters[RATE_PARAMETER] = "1"
