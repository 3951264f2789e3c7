"""The certificate REST clients over HTTPS: paths, bodies, and what becomes of refusals."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.certificate_rest import CertificateRestReader, CertificateRestWriter
from pytest_cucmtls.model.errors import CredentialsRefused, InterfaceRefused
from tests.https_stand_in import HttpsStandIn, Prepared, make_certificate
from tests.test_certificate_answers import CSR, PEM, written

BASE = "/platformcom/api/v1/certmgr/config"
JSON = "application/json"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate("cucm-a").write(tmp_path_factory.mktemp("rest"), "tomcat")


@pytest.fixture
def node(identity: tuple[Path, Path]) -> Iterator[HttpsStandIn]:
    with HttpsStandIn(identity[0]) as stand_in:
        yield stand_in


@pytest.fixture
def rest(node: HttpsStandIn, identity: tuple[Path, Path]) -> CertificateRestWriter:
    return CertificateRestWriter(node.session(identity[1]), back_off=BackOff((1.0,), not_waiting))


def not_waiting(seconds: float) -> None:
    assert seconds > 0


def says(node: HttpsStandIn, value: object, status: int = 200) -> None:
    node.answers[:] = [Prepared(written(value), status, JSON)]


def test_stores_are_read_by_service_and_kept_as_received(node: HttpsStandIn, rest: CertificateRestWriter) -> None:
    says(node, {"service": "CallManager", "certificate": PEM})
    reading = rest.read_identity()
    assert (node.asked[-1].method, node.asked[-1].path) == ("GET", f"{BASE}/identity/certificate?service=CallManager")
    assert (reading.value.unit, reading.raw, reading.media_type) == ("CallManager", node.answers[0].body, JSON)
    assert (reading.interface, reading.operation) == ("certificate-rest", "GET /identity/certificate?service=CallManager")
    says(node, {"certificates": [{"filename": "CA1.pem", "certificate": PEM}]})
    assert [row.file_name for row in rest.read_trust("tomcat").value] == ["CA1.pem"]
    assert node.asked[-1].path == f"{BASE}/trust/certificate?service=tomcat"
    says(node, {"identities": [{"service": "tomcat", "certificate": PEM}], "trusts": []})
    assert [row.unit for row in rest.read_snapshot().value] == ["tomcat"]
    assert node.asked[-1].path == f"{BASE}/snapshot/server"


def test_a_request_is_asked_with_every_attribute(node: HttpsStandIn, rest: CertificateRestWriter) -> None:
    says(node, {"csr": CSR})
    reading = rest.generate_request(
        "cucm-a", key_length=3072, hash_algorithm="sha384", alternative_names=("cucm-a.alpha.example",)
    )
    assert reading.value == CSR.encode()
    assert (node.asked[0].method, node.asked[0].path) == ("POST", f"{BASE}/csr")
    assert node.asked[0].headers["content-type"] == JSON
    assert json.loads(node.asked[0].body) == {
        "service": "CallManager",
        "distribution": "this-server",
        "commonName": "cucm-a",
        "keyType": "rsa",
        "keyLength": 3072,
        "hashAlgorithm": "sha384",
        "altNames": ["cucm-a.alpha.example"],
    }


def test_uploads_name_the_service_as_a_list_for_trust_and_as_a_text_for_an_identity(
    node: HttpsStandIn, rest: CertificateRestWriter
) -> None:
    says(node, {"message": "Certificate uploaded successfully"}, 201)
    assert "uploaded" in rest.upload_trust((PEM,)).value
    assert json.loads(node.asked[-1].body) == {
        "service": ["CallManager"],
        "certificates": [PEM],
        "description": "Trust Certificate",
    }
    rest.upload_identity((PEM, PEM))
    assert node.asked[-1].path == f"{BASE}/identity/certificates"
    assert json.loads(node.asked[-1].body) == {"service": "CallManager", "certificates": [PEM, PEM]}


def test_a_trusted_certificate_is_deleted_by_service_and_file_name(node: HttpsStandIn, rest: CertificateRestWriter) -> None:
    says(node, {})
    rest.delete_trust("Old CA&1.pem")
    assert (node.asked[0].method, node.asked[0].path) == (
        "DELETE",
        f"{BASE}/trust/certificate?service=CallManager&filename=Old+CA%261.pem",
    )


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [
        (400, "CA certificate is not available in the trust-store", "issuing CA"),
        (500, "CSR public key and Certificate public key do not match", "new request"),
        (500, "CSR SAN and Certificate SAN does not match", "new request"),
        (400, "Error reading the certificate", ""),
    ],
)
@pytest.mark.parametrize(
    "act",
    [lambda rest: rest.upload_identity((PEM,)), lambda rest: rest.upload_trust((PEM,)), lambda rest: rest.delete_trust("x")],
)
def test_a_refusal_keeps_the_status_and_the_servers_words(
    node: HttpsStandIn, rest: CertificateRestWriter, status: int, said: str, remedy: str, act: Callable[[Any], object]
) -> None:
    says(node, {"messages": [said]}, status)
    with pytest.raises(InterfaceRefused, match=said) as refused:
        act(rest)
    assert refused.value.code == str(status)
    assert remedy in refused.value.remedy
    assert bool(refused.value.remedy) is bool(remedy)


def test_a_busy_node_is_asked_again_when_reading(node: HttpsStandIn, rest: CertificateRestWriter) -> None:
    node.answers[:] = [Prepared(b"", 503), Prepared(written({"certificate": PEM}), 200, JSON)]
    assert rest.read_identity().value.unit == "CallManager"


def test_a_release_without_the_interface_says_404(node: HttpsStandIn, rest: CertificateRestWriter) -> None:
    node.answers[:] = [Prepared(b"<html>HTTP Status 404</html>", 404, "text/html")]
    with pytest.raises(InterfaceRefused) as refused:
        rest.read_snapshot()
    assert refused.value.code == "404"


def test_the_os_administrators_password_is_asked_for(node: HttpsStandIn, rest: CertificateRestWriter) -> None:
    challenge = (("WWW-Authenticate", 'Basic realm="CMPlatform Realm"'),)
    node.answers[:] = [Prepared(b"", 401, headers=challenge)]
    with pytest.raises(CredentialsRefused):
        rest.read_identity()


def test_a_reader_has_no_writing_method() -> None:
    assert not [name for name in dir(CertificateRestReader) if name.startswith(("generate_", "upload_", "delete_"))]
