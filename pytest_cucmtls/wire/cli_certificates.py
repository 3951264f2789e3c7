"""Certificates and requests as the platform CLI shows them; where the PEM is there it decides, not the printed dump."""

import re

from pytest_cucmtls.model.certificates import Certificate, CertificateRequest
from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.errors import FileUnreadable, UnexpectedAnswer
from pytest_cucmtls.wire.cli_certificate_print import parse_printed_certificate
from pytest_cucmtls.wire.cli_terminal import plain
from pytest_cucmtls.wire.x509 import parse_certificate, parse_request

_LIST_ROW = re.compile(
    r"^[ \t]*(?P<unit>[A-Za-z0-9_-]{1,64})/(?P<file>[^\n/]{1,255}?\.(?:pem|der)):[ \t]*(?P<description>[^\n]{0,500}?)[ \t]*$",
    re.MULTILINE,
)
_REQUEST_ROW = re.compile(r"^[ \t]*(?P<unit>[A-Za-z0-9_-]{1,64})/(?P<file>[^\n/:\s]{1,255}\.csr)\b", re.MULTILINE)
_REQUEST_ARMOUR = re.compile(r"-----BEGIN (?:NEW )?CERTIFICATE (?:SIGN )?REQUEST-----")
_CERTIFICATE_ARMOUR = "-----BEGIN CERTIFICATE-----"


def parse_show_cert(text: str, unit: str, file_name: str) -> NamedCertificate:
    """``show cert own`` or ``show cert trust``: both print styles, with or without the PEM (platform.md §3.3).

    With a PEM every field comes from it. A dump alone gives what it prints: `der` and `sha256` are empty and `problem`
    says so. Raises: UnexpectedAnswer when neither is there.
    """
    text = plain(text)
    certificate = _armoured(text) or parse_printed_certificate(text)
    if certificate is None:
        raise UnexpectedAnswer("cli", f"show cert {unit}/{file_name}", text, "neither a PEM certificate nor a certificate dump")
    return NamedCertificate(unit, file_name, certificate)


def parse_certificate_list(text: str) -> tuple[tuple[str, str, str], ...]:
    """``show cert list own|trust``: (unit, file name, description) in the order shown; an empty list is a legal answer."""
    text = plain(text)
    return tuple((row["unit"], row["file"], row["description"]) for row in _LIST_ROW.finditer(text))


def parse_request_list(text: str) -> tuple[tuple[str, str], ...]:
    """``show csr list own``: (unit, file name) in the order shown."""
    text = plain(text)
    return tuple((row["unit"], row["file"]) for row in _REQUEST_ROW.finditer(text))


def parse_csr_text(text: str) -> CertificateRequest:
    """``show csr own``: the PEM under any of the three armour labels. Raises: UnexpectedAnswer."""
    text = plain(text)
    start = _REQUEST_ARMOUR.search(text)
    if start is None:
        raise UnexpectedAnswer("cli", "show csr own", text, "no certificate request in PEM")
    try:
        return parse_request(text[start.start() :].encode())
    except FileUnreadable as problem:
        raise UnexpectedAnswer("cli", "show csr own", text[start.start() :], problem.detail) from problem


def _armoured(text: str) -> Certificate | None:
    start = text.find(_CERTIFICATE_ARMOUR)
    if start < 0:
        return None
    try:
        return parse_certificate(text[start:].encode())
    except FileUnreadable:
        return None
