"""The certificate management REST interface, release 14 and later, with OS administrator credentials.

Status codes: 400 for a refused certificate, 500 for a stale request, 403 for a
cluster that must not be changed.
"""

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_cucmtls.sim.authentication import Unauthorized, authenticated, challenge
from pytest_cucmtls.sim.certificates.identities import certificate_pem
from pytest_cucmtls.sim.certificates.store import CertificateRefused, read_certificates
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.state import NodeState, WriteForbidden

BEHAVIOURS = (
    Behaviour(
        "certificate REST",
        "paths, bodies and success codes of csr, identity and trust, snapshot",
        Provenance.SPECIFIED,
        "published clients",
    ),
    Behaviour(
        "certificate REST",
        "401 with CMPlatform Realm, operating system administrator only",
        Provenance.SPECIFIED,
        "published clients",
    ),
    Behaviour(
        "certificate REST",
        "400 without the authority in trust, 500 for a stale request",
        Provenance.SPECIFIED,
        "notes of published clients",
    ),
    Behaviour("certificate REST", "DELETE of a trusted certificate with its query parameters", Provenance.ASSUMED, "none found"),
    Behaviour("certificate REST", "distribution multi-server", Provenance.ASSUMED, "only this-server was seen"),
    Behaviour("certificate REST", "service name CallManager; bodies of errors", Provenance.ASSUMED, "none found"),
)

_BASE = "/platformcom/api/v1/certmgr/config"
_REALM = "CMPlatform Realm"
_STALE_CODES = {"key-mismatch", "no-request"}

Handler = Callable[[web.Request], Awaitable[web.Response]]


class _BadRequest(Exception):
    """The body is not what the operation needs."""


def routes(node: NodeState) -> list[web.RouteDef]:
    """No routes before release 14: those answer 404."""
    if not node.cluster.release.certificate_rest:
        return []
    return [
        web.post(f"{_BASE}/csr", _handler(node, _generate_request)),
        web.post(f"{_BASE}/identity/certificates", _handler(node, _upload_identity)),
        web.get(f"{_BASE}/identity/certificate", _handler(node, _read_identity)),
        web.post(f"{_BASE}/trust/certificates", _handler(node, _upload_trust)),
        web.get(f"{_BASE}/trust/certificate", _handler(node, _read_trust)),
        web.delete(f"{_BASE}/trust/certificate", _handler(node, _delete_trust)),
        web.get(f"{_BASE}/snapshot/server", _handler(node, _snapshot)),
    ]


def _handler(node: NodeState, operation: Callable[[NodeState, web.Request], Awaitable[web.Response]]) -> Handler:
    """Credentials first; every refusal as JSON."""

    async def handle(request: web.Request) -> web.Response:
        try:
            authenticated(request, node.cluster, "platform")
            return await operation(node, request)
        except Unauthorized as refusal:
            return challenge(refusal, _REALM)
        except _BadRequest as problem:
            return _error(400, str(problem))
        except CertificateRefused as refusal:
            return _error(500 if refusal.code in _STALE_CODES else 400, refusal.message)
        except WriteForbidden as refusal:
            return _error(403, str(refusal))

    return handle


async def _generate_request(node: NodeState, request: web.Request) -> web.Response:
    body = await _body(request)
    unit = _text(body, "service")
    multi_server = _is_multi_server(_text(body, "distribution"))
    common_name = _text(body, "commonName")
    key_length, hash_name = body.get("keyLength"), body.get("hashAlgorithm")
    if key_length is not None and (not isinstance(key_length, int) or isinstance(key_length, bool)):
        raise _BadRequest("keyLength must be a number")
    if hash_name is not None and not isinstance(hash_name, str):
        raise _BadRequest("hashAlgorithm must be a text")
    alt_names = _texts(body.get("altNames", []), "altNames")
    if multi_server:
        common_name, alt_names = _multi_server_name(common_name), [*_node_names(node), *alt_names]
    node.cluster.record_write("certificate-rest", f"POST csr {unit}")
    der = node.certificates.generate_request(
        unit,
        key_length=key_length,
        hash_name=hash_name.lower().replace("-", "") if hash_name else None,
        common_name=common_name,
        alt_names=alt_names,
        multi_server=multi_server,
    )
    return web.json_response({"csr": _request_pem(der)})


def _is_multi_server(distribution: str) -> bool:
    """``this-server`` (seen) or ``multi-server`` (ASSUMED word for the form's *Multi-server(SAN)*). Raises: _BadRequest."""
    if distribution not in ("this-server", "multi-server"):
        raise _BadRequest("distribution must be this-server or multi-server")
    return distribution == "multi-server"


def _multi_server_name(asked: str) -> str:
    """The common name with ``-ms`` behind its host part, unless it was asked for like this."""
    host, dot, domain = asked.partition(".")
    return asked if host.endswith("-ms") else f"{host}-ms{dot}{domain}"


def _node_names(node: NodeState) -> list[str]:
    return [member.name for member in node.cluster.nodes]


async def _upload_identity(node: NodeState, request: web.Request) -> web.Response:
    body = await _body(request)
    unit = _text(body, "service")
    chain = [der for pem in _texts(body.get("certificates"), "certificates") for der in read_certificates(pem.encode())]
    node.cluster.record_write("certificate-rest", f"POST identity/certificates {unit}")
    node.certificates.import_identity(unit, chain)
    message = "Certificate uploaded successfully. Restart the services that use it for the new certificate to become active."
    return web.json_response({"message": message}, status=201)


async def _upload_trust(node: NodeState, request: web.Request) -> web.Response:
    body = await _body(request)
    units = _texts(body.get("service"), "service")
    ders = [der for pem in _texts(body.get("certificates"), "certificates") for der in read_certificates(pem.encode())]
    description = body.get("description", "")
    if not isinstance(description, str):
        raise _BadRequest("description must be a text")
    node.cluster.record_write("certificate-rest", f"POST trust/certificates {', '.join(units)}")
    for unit in units:
        for der in ders:
            node.certificates.import_trust(unit, der, description=description)
    return web.json_response({"message": "Certificate uploaded successfully"}, status=201)


async def _delete_trust(node: NodeState, request: web.Request) -> web.Response:
    unit, file_name = request.query.get("service", ""), request.query.get("filename", "")
    node.cluster.record_write("certificate-rest", f"DELETE trust/certificate {unit} {file_name}")
    node.certificates.delete_trust(unit, file_name)
    return web.json_response({"message": "Certificate deleted successfully"})


async def _read_identity(node: NodeState, request: web.Request) -> web.Response:
    unit = request.query.get("service", "")
    identity = node.certificates.own(unit)
    if identity is None:
        raise CertificateRefused(f"Invalid certificate name: {unit}", "unknown-unit")
    return web.json_response({"service": unit, "certificate": _pem(identity.der)})


async def _read_trust(node: NodeState, request: web.Request) -> web.Response:
    unit = request.query.get("service", "")
    if unit not in node.certificates.units:
        raise CertificateRefused(f"Invalid certificate name: {unit}", "unknown-unit")
    return web.json_response({"certificates": _trusted(node, unit)})


async def _snapshot(node: NodeState, _request: web.Request) -> web.Response:
    units = node.certificates.units
    return web.json_response(
        {
            "trackingId": secrets.token_hex(8),
            "server": node.name,
            "identities": [_identity_entry(node, unit) for unit in units],
            "trusts": [
                {"service": f"{unit}-trust", "certificate_data": _trusted(node, unit)} for unit in node.certificates.trust_units
            ],
            "revokedCertificates": [],
        }
    )


def _identity_entry(node: NodeState, unit: str) -> dict[str, str]:
    identity, pending = node.certificates.own(unit), node.certificates.request(unit)
    return {
        "service": unit,
        "certificate": _pem(identity.der) if identity else "",
        "csr": _request_pem(pending.der) if pending else "",
    }


def _trusted(node: NodeState, unit: str) -> list[dict[str, str]]:
    entries = node.certificates.trust(unit).items()
    return [{"filename": name, "certificate": _pem(entry.der), "description": entry.description} for name, entry in entries]


async def _body(request: web.Request) -> dict[str, Any]:
    """The JSON object sent. Raises: _BadRequest."""
    try:
        body = json.loads(await request.read())
        # Half a surrogate pair is legal JSON and no text; nothing behind this border expects one.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise _BadRequest("the body is not JSON") from None
    if not isinstance(body, dict):
        raise _BadRequest("the body is not a JSON object")
    return body


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise _BadRequest(f"{key} is missing or not a text")
    return value


def _texts(value: object, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _BadRequest(f"{key} must be a list of texts")
    return value


def _pem(der: bytes) -> str:
    return certificate_pem(der).decode("ascii")


def _request_pem(der: bytes) -> str:
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM).decode("ascii")


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"message": message, "messages": [message]}, status=status)
