"""Requests that belong to no call yet: registrations, pings, first INVITEs, and strangers."""

from collections.abc import Callable

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.trunks import RunningTrunk, RunningTrunks
from pytest_cucmtls.sim.sip.headers import ALLOW, SUPPORTED, UNDERSTOOD, option_tags, response_message, sip_date
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.sip.registrar import Registrar, Registration
from pytest_cucmtls.sim.sip.request_authentication import RequestAuthentication
from pytest_cucmtls.sim.sip.session_timer import SessionTimer
from pytest_cucmtls.sim.sip.signalling import SipSignalling
from pytest_cucmtls.sim.state import NodeState

InviteTaker = Callable[[SipLink, RunningTrunk | Registration, SipMessage], None]

Headers = tuple[tuple[str, str], ...]


class OutsideRequests:
    """Answers them on one node, or hands an INVITE on to the calls."""

    def __init__(self, node: NodeState, trunks: RunningTrunks, registrar: Registrar, take_invite: InviteTaker) -> None:
        self.signalling: SipSignalling | None = None
        """Set once, when both are made: each needs the other."""
        self._node = node
        self._trunks = trunks
        self._registrar = registrar
        self._take_invite = take_invite
        self._authentication = RequestAuthentication(node)

    def link_lost(self, link: SipLink) -> None:
        """Phones behind the link are gone."""
        self._registrar.link_lost(link)

    def take_request(self, link: SipLink, request: SipMessage) -> None:
        """Answer a request outside any known call."""
        unknown = option_tags(request, "Require") - UNDERSTOOD
        if request.method == "REGISTER":
            self._answer(link, request, *self._registrar.take(link, request))
            return
        party = self._party(link, request)
        if party is None:
            peer = f"{link.peer.ip}, port {link.peer.port}"
            words = f'"Unable to find a device handler for the request received on port {link.local.port} from {peer}"'
            self._answer(link, request, 503, (("Warning", f"399 {self._node.name} {words}"),))
        elif challenge := self._authentication.challenge(party, request):
            self._answer(link, request, 401, challenge)
        elif unknown:
            self._answer(link, request, 420, (("Unsupported", ",".join(sorted(unknown))),))
        elif request.method == "INVITE" and (timer := SessionTimer(self._node.cluster, "")).refuses(request):
            self._answer(link, request, 422, timer.asked()[:1])
        elif request.method == "INVITE" and ";tag=" not in (request.header("To") or ""):
            self._take_invite(link, party, request)
        elif request.method == "OPTIONS":
            capabilities = (
                ("Allow", ALLOW),
                ("Accept", "application/sdp"),
                ("Supported", SUPPORTED),
                ("Allow-Events", "presence"),
            )
            self._answer(link, request, 200, capabilities)
        elif request.method in ("SUBSCRIBE", "NOTIFY", "REFER") and isinstance(party, RunningTrunk):
            self._answer(link, request, _status_of_service(party, request.method))
        elif request.method in ("PUBLISH", "MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER"):
            self._answer(link, request, 405, (("Allow", ALLOW),))
        else:
            self._answer(link, request, 481)

    def _party(self, link: SipLink, request: SipMessage) -> RunningTrunk | Registration | None:
        """Asked again for every request: the trunk may have been configured after the peer connected."""
        trunk = self._trunks.find(link.trunk) if link.trunk else None
        assert self.signalling is not None
        if trunk is None and not link.outgoing:
            trunk = self.signalling.peers.inbound_trunk(link)
            link.trunk = trunk.name if trunk else ""
        return trunk or self._registrar.behind(link, request)

    def _answer(self, link: SipLink, request: SipMessage, status: int, extra: Headers = ()) -> None:
        assert self.signalling is not None
        to = request.header("To") or ""
        headers = (
            ("To", to if ";tag=" in to else f"{to};tag={link.index}"),
            ("CSeq", request.header("CSeq") or ""),
            ("Server", f"Cisco-CUCM{self._node.cluster.release.sip_version}"),
            *extra,
        )
        self.signalling.send_outside(link, response_message(request, status, headers, sip_date(self._node)))


def _status_of_service(trunk: RunningTrunk, method: str) -> int:
    """403 for what the trunk's security profile does not accept, 501 for what it accepts and this simulator does not do."""
    accepted = {"REFER": trunk.accepts_refer, "SUBSCRIBE": trunk.accepts_presence, "NOTIFY": trunk.accepts_notification}
    return 501 if accepted[method] else 403
