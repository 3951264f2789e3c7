"""Reads the JSON of the certificate management REST API (release 14 and later) into certificates and requests.

The public samples show two shapes for lists and three for refusals; all are read. Raises: UnexpectedAnswer for
anything else; nothing here follows the JSON deeper than those shapes need.
"""

import json
from typing import Any

from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.errors import FileUnreadable, UnexpectedAnswer
from pytest_cucmtls.wire.soap import excerpt_of
from pytest_cucmtls.wire.x509 import parse_certificate

INTERFACE = "certificate-rest"
MAX_CERTIFICATES = 10_000


def parse_json(body: bytes, operation: str) -> Any:
    """The JSON value of a body. Raises: UnexpectedAnswer, also for nesting too deep to read."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnexpectedAnswer(INTERFACE, operation, excerpt_of(body), "not JSON") from error


def parse_identity(body: bytes, service: str) -> NamedCertificate:
    """The answer to GET ``/identity/certificate``: the leaf the node holds for a service. Raises: UnexpectedAnswer."""
    found = _named(parse_json(body, "identity"), service, "identity")
    if not found:
        raise UnexpectedAnswer(INTERFACE, "identity", excerpt_of(body), "it holds no certificate")
    return found[0]


def parse_trust(body: bytes, service: str) -> tuple[NamedCertificate, ...]:
    """The answer to GET ``/trust/certificate``: the unit is the service's trust store, ``CallManager-trust``."""
    return _named(parse_json(body, "trust"), trust_unit(service), "trust")


def parse_snapshot(body: bytes) -> tuple[NamedCertificate, ...]:
    """The answer to GET ``/snapshot/server``: identities of all services, then all trust stores. Raises: UnexpectedAnswer."""
    snapshot = parse_json(body, "snapshot")
    if not isinstance(snapshot, dict):
        raise UnexpectedAnswer(INTERFACE, "snapshot", excerpt_of(body), "not an object")
    found: list[NamedCertificate] = []
    for identity in _objects(snapshot.get("identities")):
        if isinstance(identity.get("certificate"), str) and identity["certificate"].strip():
            found.extend(_named(identity, _text(identity, "service"), "snapshot"))
    for trust in _objects(snapshot.get("trusts")):
        found.extend(_named(trust.get("certificate_data"), trust_unit(_text(trust, "service")), "snapshot"))
    return tuple(found)


def parse_csr(body: bytes) -> bytes:
    """The PEM of the request in the answer to POST ``/csr``. Raises: UnexpectedAnswer."""
    answer = parse_json(body, "csr")
    text = answer.get("csr") if isinstance(answer, dict) else None
    if not isinstance(text, str) or "-----BEGIN" not in text:
        raise UnexpectedAnswer(INTERFACE, "csr", excerpt_of(body), "it holds no certificate request")
    return text.encode()


def refusal_of(body: bytes) -> str:
    """What a refusal says: ``message``, the first of ``messages``, or ``error``; else the body's beginning."""
    try:
        answer = parse_json(body, "refusal")
    except UnexpectedAnswer:
        return excerpt_of(body)
    if isinstance(answer, dict):
        messages = answer.get("messages")
        for said in (
            answer.get("message"),
            messages[0] if isinstance(messages, list) and messages else None,
            answer.get("error"),
        ):
            text = said.get("message") if isinstance(said, dict) else said
            if isinstance(text, str) and text.strip():
                return text.strip()[:500]
    return excerpt_of(body)


def trust_unit(service: str) -> str:
    """Name of a service's trust store as CLI and web page show it."""
    return service if service.endswith("-trust") or not service else f"{service}-trust"


def _named(value: Any, unit: str, operation: str) -> tuple[NamedCertificate, ...]:
    """Certificates of a list, of an object with ``certificates`` or of one object with ``certificate``."""
    if isinstance(value, dict) and isinstance(value.get("certificates"), list):
        value = value["certificates"]
    rows = value if isinstance(value, list) else [value]
    if len(rows) > MAX_CERTIFICATES:
        raise UnexpectedAnswer(INTERFACE, operation, f"{len(rows)} certificates", f"more than {MAX_CERTIFICATES}")
    return tuple(_certificate(row, unit, operation) for row in rows if row is not None)


def _certificate(row: Any, unit: str, operation: str) -> NamedCertificate:
    text = row.get("certificate") if isinstance(row, dict) else row
    if not isinstance(text, str):
        raise UnexpectedAnswer(INTERFACE, operation, repr(row)[:200], "a certificate is expected here")
    fields = row if isinstance(row, dict) else {}
    try:
        certificate = parse_certificate(text.encode())
    except FileUnreadable as error:
        raise UnexpectedAnswer(INTERFACE, operation, text[:200], "no certificate can be read") from error
    name = _text(fields, "filename") or _text(fields, "fileName") or f"{certificate.subject.common_name or unit}.pem"
    return NamedCertificate(unit, name, certificate, _text(fields, "description") or None)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return value.strip() if isinstance(value, str) else ""
