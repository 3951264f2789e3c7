"""SIP parties that calls of a node can be extended to: its trunks, and phones that registered."""

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.call_parties import SipTarget
from pytest_cucmtls.sim.registrar import Registrar
from pytest_cucmtls.sim.sip_links import SipLink
from pytest_cucmtls.sim.sip_signalling import ConnectionFailed, SipSignalling
from pytest_cucmtls.sim.trunks import RunningTrunks


class CallTargets:
    """Looks up targets by name."""

    def __init__(self, signalling: SipSignalling, trunks: RunningTrunks, registrar: Registrar) -> None:
        self._signalling = signalling
        self._trunks = trunks
        self._registrar = registrar

    def trunk(self, name: str, called: str) -> SipTarget | None:
        """A trunk; None when there is none of that name."""
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
        )

    def phone(self, device: str, number: str) -> SipTarget | None:
        """A registered phone; None when it is not registered."""
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
            srtp_allowed=True,
            early_offer=True,
            reliable=False,
            is_trunk=False,
        )


def _place(peer: Endpoint) -> str:
    return f"{peer.ip}:{peer.port}"
