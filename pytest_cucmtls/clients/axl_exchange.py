"""Sends one AXL operation through zeep and keeps the bytes of the answer; busy clusters are asked again."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree
from zeep import Client
from zeep.exceptions import Error as ZeepError

from pytest_cucmtls.clients.axl_schema import BINDING, SETTINGS, document
from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpAnswer, HttpsSession
from pytest_cucmtls.model.errors import InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.axl_answers import INTERFACE
from pytest_cucmtls.wire.html_text import plain_text
from pytest_cucmtls.wire.soap import parse_answer

PATH: Final = "/axl/"
"""With the slash: without it Tomcat redirects and a POST becomes a GET."""
TOO_LARGE: Final = "Query request too large"
"""A fault -1 like "Maximum AXL Memory Allocation Consumed", but asking again cannot help."""

MAX_PAGES: Final = 1000
_make_client: Callable[..., Any] = Client


@dataclass(frozen=True, slots=True)
class AxlAnswer:
    """The bytes of a successful answer and when they came."""

    operation: str
    body: bytes
    at: datetime
    media_type: str

    def reading(self, value: Any) -> Reading[Any]:
        """A reading of these bytes."""
        return Reading(value, self.body, INTERFACE, self.operation, self.at, self.media_type)


class AxlAbsent(InterfaceRefused):
    """The object asked for does not exist (axlcode 5007); `answer` is the fault as received."""

    def __init__(self, refusal: InterfaceRefused, answer: AxlAnswer) -> None:
        super().__init__(refusal.interface, refusal.operation, refusal.code, refusal.detail)
        self.answer = answer


class AxlExchange:
    """One cluster's AXL service in one schema version."""

    def __init__(self, session: HttpsSession, version: str, back_off: BackOff | None = None) -> None:
        """Raises: ConfigurationInvalid for a version AXL never had."""
        self.version, self.session = version, session
        self._back_off = back_off or BackOff()
        client = _make_client(document(version), transport=_SessionTransport(session), settings=SETTINGS)
        self._service = client.create_service(BINDING, session.base_url + PATH)

    def send(self, operation: str, arguments: Mapping[str, Any]) -> AxlAnswer:
        """The answer to an operation that succeeded.

        Raises: AxlAbsent (5007), InterfaceRefused with axlcode or HTTP status as code, UnexpectedAnswer, and whatever
        HttpsSession.post raises. A 503 and a fault -1 are asked again as often as the back-off allows.
        """
        return self._back_off.ask(lambda: self._send_once(operation, arguments), is_busy)

    def _send_once(self, operation: str, arguments: Mapping[str, Any]) -> AxlAnswer:
        try:
            received: HttpAnswer = self._service[operation](**arguments)
        except ZeepError as error:
            raise InterfaceRefused(INTERFACE, operation, "", f"not sent, the request breaks the schema: {error}") from error
        if received.status != 200 and b"Envelope" not in received.body:
            page = plain_text(received.body)
            raise UnexpectedAnswer(INTERFACE, operation, page, f"HTTP {received.status} without a SOAP answer")
        answer = AxlAnswer(operation, received.body, datetime.now(UTC), received.content_type)
        try:
            parse_answer(received.body, interface=INTERFACE, operation=operation)
        except InterfaceRefused as refusal:
            if refusal.code == "5007":
                raise AxlAbsent(refusal, answer) from refusal
            raise
        return answer


def is_busy(refusal: InterfaceRefused) -> bool:
    """The cluster throttles: HTTP 503 (too many change notifications) or fault -1 (memory), but not an answer too large."""
    return refusal.code == "503" or (refusal.code == "-1" and TOO_LARGE not in refusal.detail)


def pages_advised(refusal: InterfaceRefused) -> tuple[int, int] | None:
    """(pages, rows per page) that get a list through which was refused as too large; None for any other refusal, and
    for more than MAX_PAGES pages.

    The fault says ``Total rows matched: 2816 rows. Suggestive Row Fetch: less than 844 rows`` (AXL Developer Guide).
    """
    advice = re.search(r"rows matched:\s*(\d{1,9})\b.*less than\s+(\d{1,9})\b", refusal.detail, re.DOTALL)
    if TOO_LARGE not in refusal.detail or advice is None:
        return None
    rows = max(1, int(advice.group(2)) - 1)
    pages = -(-int(advice.group(1)) // rows)
    return (pages, rows) if pages <= MAX_PAGES else None


class _SessionTransport:
    """zeep's way out: hands the envelope to our session and back its answer; the one method zeep needs of a transport."""

    def __init__(self, session: HttpsSession) -> None:
        self._https = session

    def post_xml(self, address: str, envelope: etree._Element, headers: Mapping[str, str]) -> HttpAnswer:
        """Called by zeep with the finished envelope."""
        del address
        operation = headers["SOAPAction"].strip('"').rpartition(" ")[2]
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return self._https.post(INTERFACE, operation, PATH, body, headers)
