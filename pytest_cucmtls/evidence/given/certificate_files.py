"""Certificates out of a file a person exported, whatever its form."""

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import FileUnreadable, UnexpectedAnswer
from pytest_cucmtls.wire.cli_text import parse_show_cert
from pytest_cucmtls.wire.x509 import parse_certificates


def certificates_in(data: bytes, name: str) -> tuple[Certificate, ...]:
    """PEM, DER, PKCS#7 or the text of ``show cert``, at least one. Raises: FileUnreadable, naming the file."""
    try:
        return parse_certificates(data)
    except FileUnreadable as problem:
        try:
            return (parse_show_cert(data.decode("utf-8", "replace"), "CallManager", name).certificate,)
        except UnexpectedAnswer:
            raise FileUnreadable(name, problem.detail) from problem
