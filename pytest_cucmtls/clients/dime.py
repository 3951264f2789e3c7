"""DIME: fetches one file of a node by its absolute path."""

from typing import Final

from lxml import etree

from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpAnswer, HttpsSession
from pytest_cucmtls.clients.soap_service import SoapService, is_rate_limited
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.serviceability_answers import parse_get_one_file
from pytest_cucmtls.wire.soap import SOAP_NAMESPACE, XSI_NAMESPACE, add_text

INTERFACE: Final = "dime"
PATH: Final = "/logcollectionservice/services/DimeGetFileService"
ACTION: Final = "http://schemas.cisco.com/ast/soap/action/#LogCollectionPort#GetOneFile"
SOAP_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
NAMESPACE: Final = "http://schemas.cisco.com/ast/soap/"
FILE_NAME_NAMESPACE: Final = "http://cisco.com/ccm/serviceability/soap/LogCollection/GetFile/"
MAX_FILE_BYTES: Final = 512 * 1024 * 1024
PAUSES_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
"""A file just written may stay unknown to the service for a few seconds."""


class Dime:
    """Fetches files of the node its session leads to.

    Args:
        session: HTTPS to that node as a user with the role Standard CCM Super Users.
        back_off: pauses while the node says that the file does not exist.
        limit_bytes: a larger file is refused.
    """

    def __init__(self, session: HttpsSession, *, back_off: BackOff | None = None, limit_bytes: int = MAX_FILE_BYTES) -> None:
        self._service = SoapService(session.with_own_cookies(), INTERFACE, PATH)
        self._back_off = back_off or BackOff(PAUSES_SECONDS)
        self._limit_bytes = limit_bytes

    def read_file(self, path: str) -> Reading[bytes]:
        """The bytes of a file, as they are on the node (``.gz`` stays compressed).

        The reading's value and raw are both the file; the envelope around it is not kept.

        Raises: InterfaceRefused when the file still does not exist after the last attempt; UnexpectedAnswer;
        HttpsSession's errors.
        """
        request = _request(path)
        answer, content = self._back_off.ask(lambda: self._ask(request), is_missing_or_busy)
        whole = HttpAnswer(answer.status, "application/octet-stream", content)
        return self._service.reading(content, whole, f"GetOneFile {path}")

    def _ask(self, request: etree._Element) -> tuple[HttpAnswer, bytes]:
        answer = self._service.send("GetOneFile", request, action=ACTION, limit_bytes=self._limit_bytes)
        return answer, parse_get_one_file(answer.body, answer.content_type)


def is_missing_or_busy(refusal: InterfaceRefused) -> bool:
    """The fault for a file the service does not know (yet), or a throttled node."""
    return "do not exist" in refusal.detail or "does not exist" in refusal.detail or is_rate_limited(refusal)


def _request(path: str) -> etree._Element:
    prefixes = {"soap": NAMESPACE, "xsi": XSI_NAMESPACE, "get": FILE_NAME_NAMESPACE}
    request = etree.Element(f"{{{NAMESPACE}}}GetOneFile", nsmap=prefixes)
    request.set(f"{{{SOAP_NAMESPACE}}}encodingStyle", SOAP_ENCODING)
    file_name = add_text(request, "FileName", path)
    file_name.set(f"{{{XSI_NAMESPACE}}}type", "get:FileName")
    return request
