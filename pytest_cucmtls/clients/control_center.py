"""Control Center: the state of a node's services, and restarting one until it runs again."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.clients.soap_service import SoapService, ast_child, ast_element, is_rate_limited
from pytest_cucmtls.model.cucm import ServiceStatus
from pytest_cucmtls.model.errors import AnswerTimedOut, ClusterUnreachable, InterfaceRefused
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.serviceability_answers import parse_service_status

INTERFACE: Final = "control-center"
PATH: Final = "/controlcenterservice2/services/ControlCenterServices"


class ControlCenterReader:
    """Reads service states of the node its session leads to (a request acts on one node only).

    Args:
        session: HTTPS to that node as a user with the role Standard CCM Super Users.
        back_off: pauses when the node throttles.
        wait: called with seconds between two polls.

    Methods raise InterfaceRefused, UnexpectedAnswer, CredentialsRefused, ClusterUnreachable, PeerNotVerified, AnswerTimedOut.
    """

    def __init__(
        self, session: HttpsSession, *, back_off: BackOff | None = None, wait: Callable[[float], object] | None = None
    ) -> None:
        self._service = SoapService(session.with_own_cookies(), INTERFACE, PATH)
        self._back_off = back_off or BackOff()
        self._wait = wait or threading.Event().wait

    def read_services(self, node_name: str, names: Iterable[str]) -> Reading[tuple[ServiceStatus, ...]]:
        """States of the named services (``Cisco CallManager`` …); no names: of all.

        The operation names no node: `node_name` only goes into the reading's operation, so that evidence shows whose
        state it is.
        """
        request = ast_element("soapGetServiceStatus")
        asked = list(names)
        status = ast_child(request, "ServiceStatus")
        for name in asked:
            ast_child(status, "item", name)
        answer = self._back_off.ask(lambda: self._service.send("soapGetServiceStatus", request), is_rate_limited)
        rows = tuple(row for row in parse_service_status(answer.body) if not asked or row.name in asked)
        return self._service.reading(rows, answer, f"soapGetServiceStatus {node_name}")

    def read_service(self, node_name: str, service: str) -> Reading[ServiceStatus]:
        """State of one service. Raises: also InterfaceRefused when the answer does not mention it."""
        reading = self.read_services(node_name, [service])
        found = next((row for row in reading.value if row.name == service), None)
        if found is None:
            raise InterfaceRefused(INTERFACE, "soapGetServiceStatus", "", f"{node_name} lists no service {service!r}")
        return Reading(found, reading.raw, reading.interface, reading.operation, reading.at, reading.media_type)


class ControlCenterWriter(ControlCenterReader):
    """ControlCenterReader plus restarting."""

    def restart(self, node_name: str, service: str) -> Reading[tuple[ServiceStatus, ...]]:
        """Ask for a restart; the answer comes before the service is up again (see `wait_until_started`)."""
        request = ast_element("soapDoControlServices")
        control = ast_child(request, "ControlServiceRequest")
        ast_child(control, "NodeName", node_name)
        ast_child(control, "ControlType", "Restart")
        ast_child(ast_child(control, "ServiceList"), "item", service)
        answer = self._back_off.ask(lambda: self._service.send("soapDoControlServices", request), is_rate_limited)
        return self._service.reading(parse_service_status(answer.body), answer, f"soapDoControlServices {node_name} {service}")

    def wait_until_started(
        self, node_name: str, service: str, before: ServiceStatus, *, limit_seconds: float = 600, poll_seconds: float = 5
    ) -> Reading[ServiceStatus]:
        """The first state that is Started and belongs to a later start than `before`: its start time differs, its up
        time is shorter, or the service was seen in another state in between.

        While a node restarts services its web server may refuse connections: such polls count but do not end the wait.

        Raises: AnswerTimedOut after limit_seconds / poll_seconds polls, or after limit_seconds of polls that are slow to fail.
        """
        stopped, begun = False, time.monotonic()
        for _ in range(max(1, round(limit_seconds / poll_seconds))):
            if time.monotonic() - begun > limit_seconds:
                break
            self._wait(poll_seconds)
            try:
                reading = self.read_service(node_name, service)
            except (ClusterUnreachable, AnswerTimedOut):
                continue
            if reading.value.status != "Started":
                stopped = True
            elif stopped or is_later_start(before, reading.value):
                return reading
        raise AnswerTimedOut(
            INTERFACE,
            f"restart of {service} on {node_name}",
            limit_seconds,
            remedy="Look at Control Center on the node; start the service by hand before calls are placed.",
        )

    def restart_and_wait(
        self, node_name: str, service: str, *, limit_seconds: float = 600, poll_seconds: float = 5
    ) -> Reading[ServiceStatus]:
        """Restart a service and wait until it has started anew. Raises: as `restart` and `wait_until_started`."""
        before = self.read_service(node_name, service).value
        self.restart(node_name, service)
        return self.wait_until_started(node_name, service, before, limit_seconds=limit_seconds, poll_seconds=poll_seconds)


def is_later_start(before: ServiceStatus, now: ServiceStatus) -> bool:
    """The process was started after `before` was read: another start time, or less up time."""
    if before.start_time is not None and now.start_time is not None:
        return before.start_time != now.start_time
    if before.up_time_seconds is not None and now.up_time_seconds is not None:
        return now.up_time_seconds < before.up_time_seconds
    return before.status != "Started"
