"""WebDialer: lets a user's phone dial, in both generations of the service."""

import re
from typing import Final

from lxml import etree

from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.clients.soap_service import SoapService
from pytest_cucmtls.model.cucm import Release
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.serviceability_answers import parse_call_response
from pytest_cucmtls.wire.soap import SOAP_NAMESPACE, XSI_NAMESPACE, add_text

INTERFACE: Final = "webdialer"
OLD_PATH: Final = "/webdialer/services/WebdialerSoapService70"
NEW_PATH: Final = "/webdialer/services/webdialer"
OLD_NAMESPACE: Final = "urn:WD70"
NEW_NAMESPACE: Final = "http://webdialer.ccm.cisco.com"
SOAP_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
XSD_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema"
FIRST_NEW_BUILD: Final = (15, 0, 1, 15900)
"""15 SU5; ASSUMED from the way service updates are numbered (SU2 is 15.0.1.12900)."""


class WebDialer:
    """Places and ends calls as an end user whose phone it is.

    A result code of 0 only says that the phone went off hook: the number is not validated, so who was reached must be
    proven elsewhere.

    Args:
        session: HTTPS to a node with the service Cisco WebDialer Web Service; its own account plays no role here.
        release: decides the generation of the service: document/literal from 15 SU5, rpc/encoded before.

    Methods raise InterfaceRefused, UnexpectedAnswer and HttpsSession's errors. Passwords are masked in exchange logs.
    """

    def __init__(self, session: HttpsSession, release: Release) -> None:
        self._new = speaks_new_service(release)
        self._service = SoapService(session.with_own_cookies(), INTERFACE, NEW_PATH if self._new else OLD_PATH)

    def make_call(self, user: str, password: Secret, device: str, line: str, destination: str) -> Reading[tuple[int, str]]:
        """Let a device dial; returns (code, description).

        Args:
            user, password: the end user's; the user must own the device.
            device, line: device name and the directory number to call from.
            destination: digits to dial.
        """
        write = _new_make_call if self._new else _old_make_call
        return self._send("makeCallSoap", write(user, password, device, line, destination), password)

    def end_call(self, user: str, password: Secret, device: str, line: str) -> Reading[tuple[int, str]]:
        """Hang up the device's call; returns (code, description)."""
        write = _new_end_call if self._new else _old_end_call
        return self._send("endCallSoap", write(user, password, device, line), password)

    def read_profile(self, user: str, password: Secret) -> Reading[tuple[int, str]]:
        """Sign in as the end user without dialling; returns (code, description), 0 when the user may dial (developer pages)."""
        operation = "getProfileDetailSoap"
        request = (_new_request if self._new else _old_request)(operation, user, password)
        return self._send(operation, request, password)

    def _send(self, operation: str, request: etree._Element, password: Secret) -> Reading[tuple[int, str]]:
        answer = self._service.send(operation, request, action="", secrets=(password,))
        return self._service.reading(parse_call_response(answer.body), answer, operation)


def speaks_new_service(release: Release) -> bool:
    """Whether a release text names 15 SU5 or later; a text without a build number does not."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", release.text)[:4])
    return release.major > 15 or (release.major == 15 and numbers >= FIRST_NEW_BUILD)


def _old_make_call(user: str, password: Secret, device: str, line: str, destination: str) -> etree._Element:
    request = _old_request("makeCallSoap", user, password)
    _typed(request, "in1", "soapenc:string", destination)
    _old_profile(request, "in2", user, device, line)
    return request


def _old_end_call(user: str, password: Secret, device: str, line: str) -> etree._Element:
    request = _old_request("endCallSoap", user, password)
    _old_profile(request, "in1", user, device, line)
    return request


def _old_request(operation: str, user: str, password: Secret) -> etree._Element:
    prefixes = {"urn": OLD_NAMESPACE, "xsi": XSI_NAMESPACE, "xsd": XSD_NAMESPACE, "soapenc": SOAP_ENCODING}
    request = etree.Element(f"{{{OLD_NAMESPACE}}}{operation}", nsmap=prefixes)
    request.set(f"{{{SOAP_NAMESPACE}}}encodingStyle", SOAP_ENCODING)
    credential = _typed(request, "in0", "urn:Credential")
    _typed(credential, "userID", "xsd:string", user)
    _typed(credential, "password", "xsd:string", password.reveal())
    return request


def _old_profile(request: etree._Element, name: str, user: str, device: str, line: str) -> None:
    profile = _typed(request, name, "urn:UserProfile")
    for field, text in (("user", user), ("deviceName", device), ("lineNumber", line)):
        _typed(profile, field, "xsd:string", text)


def _typed(parent: etree._Element, name: str, kind: str, text: str = "") -> etree._Element:
    element = add_text(parent, name, text)
    element.set(f"{{{XSI_NAMESPACE}}}type", kind)
    return element


def _new_make_call(user: str, password: Secret, device: str, line: str, destination: str) -> etree._Element:
    request = _new_request("makeCallSoap", user, password)
    add_text(request, f"{{{NEW_NAMESPACE}}}args1", destination)
    _new_profile(request, "args2", user, device, line)
    return request


def _new_end_call(user: str, password: Secret, device: str, line: str) -> etree._Element:
    request = _new_request("endCallSoap", user, password)
    _new_profile(request, "args1", user, device, line)
    return request


def _new_request(operation: str, user: str, password: Secret) -> etree._Element:
    request = etree.Element(f"{{{NEW_NAMESPACE}}}{operation}", nsmap={"web": NEW_NAMESPACE})
    credential = add_text(request, f"{{{NEW_NAMESPACE}}}args0")
    add_text(credential, "userID", user)
    add_text(credential, "password", password.reveal())
    return request


def _new_profile(request: etree._Element, name: str, user: str, device: str, line: str) -> None:
    profile = add_text(request, f"{{{NEW_NAMESPACE}}}{name}")
    for field, text in (("user", user), ("deviceName", device), ("lineNumber", line)):
        add_text(profile, field, text)
