"""SIP parties that calls of a node can be extended to: its trunks, and phones that registered."""

from collections.abc import Callable

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.calls.parties import SipTarget
from pytest_cucmtls.sim.calls.trunks import RunningTrunks
from pytest_cucmtls.sim.cluster_nodes import other_running_nodes
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.sip.registrar import Registrar
from pytest_cucmtls.sim.sip.signalling import ConnectionFailed, SipSignalling
from pytest_cucmtls.sim.state import NodeState


class CallTargets:
    """Looks up targets by name."""

    def __init__(self, node: NodeState, signalling: SipSignalling, trunks: RunningTrunks, registrar: Registrar) -> None:
        self._node = node
        self._signalling = signalling
        self._trunks = trunks
        self._registrar = registrar

    def trunk(self, name: str, called: str) -> SipTarget | None:
        """A trunk, on this node if it runs here, else on another that serves it; None when no running node does."""
        return self.own_trunk(name, called) or self._elsewhere(lambda other: other.own_trunk(name, called))

    def phone(self, device: str, number: str) -> SipTarget | None:
        """A phone registered with any node of the cluster; None when it is not registered."""
        return self.own_phone(device, number) or self._elsewhere(lambda other: other.own_phone(device, number))

    def _elsewhere(self, look: Callable[["CallTargets"], SipTarget | None]) -> SipTarget | None:
        for other in other_running_nodes(self._node):
            found = look(other.call_control.targets) if other.call_control is not None else None
            if found is not None:
                return found
        return None

    def own_trunk(self, name: str, called: str) -> SipTarget | None:
        """A trunk that runs on this node."""
        trunk = self._trunks.find(name)
        if trunk is None:
            return None
        signalling = self._signalling
        return SipTarget(
            name=name,
            signalling=signalling,
            connect=lambda: signalling.connect(trunk),
            uri_of=lambda link: f"sip:{called}@{_place(link.peer)}",
            called=called,
            srtp_allowed=trunk.srtp_allowed,
            early_offer=trunk.early_offer,
            reliable=trunk.reliable_provisional,
            is_trunk=True,
            refreshes_by_update=trunk.refreshes_by_update,
            features=trunk,
            instance=trunk.instance,
        )

    def own_phone(self, device: str, number: str) -> SipTarget | None:
        """A phone registered with this node."""
        registration = self._registrar.find(device)
        if registration is None:
            return None

        async def connect() -> SipLink:
            if not registration.link.ready:
                raise ConnectionFailed(f"{device} is gone")
            return registration.link

        return SipTarget(
            name=device,
            signalling=self._signalling,
            connect=connect,
            uri_of=lambda _: registration.contact,
            called=number,
            srtp_allowed=registration.link.secure,
            early_offer=True,
            reliable=False,
            is_trunk=False,
        )


def _place(peer: Endpoint) -> str:
    return f"{peer.ip}:{peer.port}"
