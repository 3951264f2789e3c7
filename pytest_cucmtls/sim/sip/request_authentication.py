"""Whether a SIP request outside calls must prove who it comes from, and whether it does (RFC 3261 §22).

Phones: their security profile decides (*Enable Digest Authentication*); CUCM's standard profiles for third-party phones
have it off, a phone without a profile or with another one has it on. Trunks: the field `digestAuthentication` of their
profile; the realm is the enterprise parameter *Cluster ID* (Security Guide, "SIP trunk digest").
"""

import asyncio

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.dial_plan import text
from pytest_cucmtls.sim.calls.trunks import RunningTrunk
from pytest_cucmtls.sim.sip.digest import Digest, is_right
from pytest_cucmtls.sim.sip.registrar import Registration
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.sip_digest import digest_parameters

CLUSTER_ID_PARAMETER, DEFAULT_CLUSTER_ID = "Cluster ID", "StandAloneCluster"
_NEVER_ASKED = {"ACK", "CANCEL", "PRACK", "BYE"}

Headers = tuple[tuple[str, str], ...]


class RequestAuthentication:
    """The challenges of one node."""

    def __init__(self, node: NodeState) -> None:
        self._node = node
        self._phones = Digest(lambda: asyncio.get_running_loop().time())
        realm = node.cluster.enterprise_parameters.get(CLUSTER_ID_PARAMETER, DEFAULT_CLUSTER_ID)
        self._trunks = Digest(lambda: asyncio.get_running_loop().time(), realm)

    def challenge(self, party: RunningTrunk | Registration, request: SipMessage) -> Headers:
        """The header of a 401; empty when the request may pass."""
        if request.method in _NEVER_ASKED or not self._asks(party):
            return ()
        digest = self._trunks if isinstance(party, RunningTrunk) else self._phones
        given = digest_parameters(request.header("Authorization") or "")
        user = self._node.database.find("user", userid=given.get("username", "")) or {}
        password = text(user.get("digestCredentials"))
        known = bool(password) and self._may_speak_for(party, text(user.get("userid")))
        if not known or not is_right(given, request.method or "", password, digest.realm):
            return (("WWW-Authenticate", digest.challenge()),)
        return () if digest.is_current(given.get("nonce", "")) else (("WWW-Authenticate", digest.challenge(stale=True)),)

    def _asks(self, party: RunningTrunk | Registration) -> bool:
        if isinstance(party, RunningTrunk):
            return party.digest_authentication
        profile = text(self._phone(party).get("securityProfileName"))
        return not profile.endswith("Standard SIP Non-Secure Profile")

    def _may_speak_for(self, party: RunningTrunk | Registration, user: str) -> bool:
        return isinstance(party, RunningTrunk) or text(self._phone(party).get("digestUser")) == user

    def _phone(self, party: Registration) -> dict[str, object]:
        return self._node.database.find("phone", name=party.device) or {}
