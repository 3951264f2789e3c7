"""Certificate management over REST (release 14 and later): reading stores, requesting, uploading.

The service name ``CallManager`` and the deletion path are ASSUMED: every public sample uses ``tomcat`` and none deletes.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpAnswer, HttpsSession
from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.readings import Reading, T
from pytest_cucmtls.wire.certificate_answers import (
    INTERFACE,
    parse_csr,
    parse_identity,
    parse_snapshot,
    parse_trust,
    refusal_of,
)

BASE: Final = "/platformcom/api/v1/certmgr/config"
CALL_MANAGER: Final = "CallManager"
_REMEDIES: Final = (
    (("trust-store", "trust store"), "Upload the issuing CA to the trust store of the same service first."),
    (("public key", ".csr", "san "), "Generate a new request on the node and have that one signed."),
)
"""Words of a refusal in lower case (platform facts §3.3), and what to do."""
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


class CertificateRestReader:
    """Reads the certificate stores of the node its session leads to (the API acts on one node, not on the cluster).

    Args:
        session: HTTPS to that node with the account of the OS administrator.
        back_off: pauses when the node answers 503.

    Methods raise InterfaceRefused with the HTTP status as code (400: the CA is missing from the trust store, 500 on
    upload: the request is stale), UnexpectedAnswer, and HttpsSession's errors.
    """

    def __init__(self, session: HttpsSession, *, back_off: BackOff | None = None) -> None:
        self._session = session.with_own_cookies()
        self._back_off = back_off or BackOff()

    def read_identity(self, service: str = CALL_MANAGER) -> Reading[NamedCertificate]:
        """The certificate the node's store holds for a service (not necessarily the one the running service serves)."""
        path = f"/identity/certificate?{urlencode({'service': service})}"
        answer = self._get(path)
        return self._reading(parse_identity(answer.body, service), answer, f"GET {path}")

    def read_trust(self, service: str = CALL_MANAGER) -> Reading[tuple[NamedCertificate, ...]]:
        """The trust store of a service."""
        path = f"/trust/certificate?{urlencode({'service': service})}"
        answer = self._get(path)
        return self._reading(parse_trust(answer.body, service), answer, f"GET {path}")

    def read_snapshot(self) -> Reading[tuple[NamedCertificate, ...]]:
        """Every identity and trusted certificate of the node."""
        answer = self._get("/snapshot/server")
        return self._reading(parse_snapshot(answer.body), answer, "GET /snapshot/server")

    def _get(self, path: str) -> HttpAnswer:
        operation = f"GET {path}"
        return self._back_off.ask(
            lambda: accepted(self._session.get(INTERFACE, operation, BASE + path), operation),
            lambda refusal: refusal.code == "503",
        )

    def _reading(self, value: T, answer: HttpAnswer, operation: str) -> Reading[T]:
        media_type = answer.content_type or "application/json"
        return Reading(value, answer.body, INTERFACE, operation, datetime.now(UTC), media_type)


class CertificateRestWriter(CertificateRestReader):
    """CertificateRestReader plus requesting, uploading and deleting."""

    def generate_request(
        self,
        common_name: str,
        *,
        service: str = CALL_MANAGER,
        distribution: str = "this-server",
        key_length: int = 2048,
        hash_algorithm: str = "sha256",
        alternative_names: tuple[str, ...] = (),
    ) -> Reading[bytes]:
        """Make the node create a key and a request; returns the request as PEM. An earlier pending one is overwritten."""
        asked: dict[str, Any] = {
            "service": service,
            "distribution": distribution,
            "commonName": common_name,
            "keyType": "rsa",
            "keyLength": key_length,
            "hashAlgorithm": hash_algorithm,
            "altNames": list(alternative_names),
        }
        answer = self._post("/csr", asked)
        return self._reading(parse_csr(answer.body), answer, "POST /csr")

    def upload_trust(
        self, certificates: tuple[str, ...], *, service: str = CALL_MANAGER, description: str = "Trust Certificate"
    ) -> Reading[str]:
        """Add CA certificates (PEM) to a service's trust store; returns the answer's text."""
        asked = {"service": [service], "certificates": list(certificates), "description": description}
        return self._said(self._post("/trust/certificates", asked), "POST /trust/certificates")

    def upload_identity(self, chain: tuple[str, ...], *, service: str = CALL_MANAGER) -> Reading[str]:
        """Install the signed certificate (PEM, leaf first, then its issuers); the service serves it after a restart."""
        asked = {"service": service, "certificates": list(chain)}
        return self._said(self._post("/identity/certificates", asked), "POST /identity/certificates")

    def delete_trust(self, file_name: str, *, service: str = CALL_MANAGER) -> Reading[str]:
        """Remove a certificate from a trust store by the file name its listing shows. ASSUMED path."""
        path = f"/trust/certificate?{urlencode({'service': service, 'filename': file_name})}"
        operation = f"DELETE {path}"
        return self._said(accepted(self._session.delete(INTERFACE, operation, BASE + path), operation), operation)

    def _post(self, path: str, asked: Mapping[str, Any]) -> HttpAnswer:
        operation = f"POST {path}"
        body = json.dumps(asked).encode()
        return accepted(self._session.post(INTERFACE, operation, BASE + path, body, _HEADERS), operation)

    def _said(self, answer: HttpAnswer, operation: str) -> Reading[str]:
        return self._reading(answer.body.decode("utf-8", "replace"), answer, operation)


def accepted(answer: HttpAnswer, operation: str) -> HttpAnswer:
    """The answer itself. Raises: InterfaceRefused when its status is a refusal."""
    if answer.status < 300:
        return answer
    said = refusal_of(answer.body)
    remedy = next((advice for words, advice in _REMEDIES if any(word in said.lower() for word in words)), "")
    raise InterfaceRefused(INTERFACE, operation, str(answer.status), said, remedy=remedy)
