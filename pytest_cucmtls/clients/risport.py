"""RisPort70: what the cluster's real-time information service says about a trunk or a phone."""

from collections.abc import Sequence
from typing import Final

from lxml import etree

from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpAnswer, HttpsSession
from pytest_cucmtls.clients.soap_service import SoapService, ast_child, ast_element, is_rate_limited
from pytest_cucmtls.model.cucm import DeviceStatus
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.serviceability_answers import parse_device_status

INTERFACE: Final = "risport"
PATH: Final = "/realtimeservice2/services/RISService70"
PAUSES_SECONDS: Final = (5.0, 15.0, 30.0, 60.0)
"""The limit is 15 requests per minute by default, so a refused request succeeds within a minute."""


class RisPort:
    """Registration state of devices, as every node of the cluster sees it.

    Args:
        session: HTTPS to a node as a user with the role Standard CCM Super Users.
        back_off: pauses after "Exceeded allowed rate".

    Methods raise InterfaceRefused, UnexpectedAnswer, CredentialsRefused, ClusterUnreachable, PeerNotVerified, AnswerTimedOut.
    """

    def __init__(self, session: HttpsSession, *, back_off: BackOff | None = None) -> None:
        self._service = SoapService(session.with_own_cookies(), INTERFACE, PATH)
        self._back_off = back_off or BackOff(PAUSES_SECONDS)

    def read_trunk_status(self, name: str) -> Reading[tuple[DeviceStatus, ...]]:
        """One row per node that knows the SIP trunk; empty when none does.

        Without OPTIONS ping in its SIP profile a trunk has no useful state.
        """
        return self._select("SIPTrunk", (name,))

    def read_trunk_states(self, names: Sequence[str]) -> Reading[tuple[DeviceStatus, ...]]:
        """The same for several trunks with one question: a cluster allows 15 questions a minute."""
        return self._select("SIPTrunk", tuple(names))

    def read_phone_status(self, name: str) -> Reading[tuple[DeviceStatus, ...]]:
        """One row per node that knows the phone; empty when none does."""
        return self._select("Phone", (name,))

    def _select(self, device_class: str, names: tuple[str, ...]) -> Reading[tuple[DeviceStatus, ...]]:
        request = ast_element("selectCmDevice")
        ast_child(request, "StateInfo")
        criteria = ast_child(request, "CmSelectionCriteria")
        fields = (
            ("MaxReturnedDevices", str(max(200, min(1000, 10 * len(names))))),
            ("DeviceClass", device_class),
            ("Model", "255"),
            ("Status", "Any"),
            ("NodeName", ""),
            ("SelectBy", "Name"),
        )
        for field, text in fields:
            ast_child(criteria, field, text)
        items = ast_child(criteria, "SelectItems")
        for name in names:
            ast_child(ast_child(items, "item"), "Item", name)
        ast_child(criteria, "Protocol", "Any")
        ast_child(criteria, "DownloadStatus", "Any")
        answer, rows = self._back_off.ask(lambda: self._ask(request), is_rate_limited)
        return self._service.reading(rows, answer, f"selectCmDevice {device_class} {', '.join(names)}")

    def _ask(self, request: etree._Element) -> tuple[HttpAnswer, tuple[DeviceStatus, ...]]:
        answer = self._service.send("selectCmDevice", request)
        return answer, parse_device_status(answer.body)
