"""The certificate REST interface of a simulated node, asked with plain HTTP."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pytest_cucmtls.sim.state import NodeState
from tests.sim_node_stand import Answer, RunningNodes, ask

BASE = "/platformcom/api/v1/certmgr/config"
ROOT_KEY = rsa.generate_private_key(65537, 2048)
ROOT_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
POSTS = ("csr", "identity/certificates", "trust/certificates")
GETS = ("identity/certificate?service=CallManager", "trust/certificate?service=CallManager", "snapshot/server")


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    return nodes.node("14")


def signed(subject: x509.Name, public_key: rsa.RSAPublicKey, san: x509.SubjectAlternativeName | None = None) -> str:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(ROOT_NAME, subject, public_key, x509.random_serial_number(), now, now + timedelta(days=9))
    if san is not None:
        builder = builder.add_extension(san, critical=False)
    return builder.sign(ROOT_KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def answer_to(request_pem: str) -> str:
    """The certificate an honest authority gives."""
    request = x509.load_pem_x509_csr(request_pem.encode())
    public_key = request.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    san = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return signed(request.subject, public_key, san)


ROOT = signed(ROOT_NAME, ROOT_KEY.public_key())


def post(node: NodeState, path: str, body: object) -> Answer:
    return ask(node, f"{BASE}/{path}", json.dumps(body), role="platform", headers={"Content-Type": "application/json"})


def get(node: NodeState, path: str) -> Any:
    answer = ask(node, f"{BASE}/{path}", role="platform")
    assert answer.status == 200
    return json.loads(answer.body)


def message(answer: Answer) -> str:
    return str(json.loads(answer.body)["message"])


def trust(node: NodeState, pem: str = ROOT) -> Answer:
    return post(node, "trust/certificates", {"service": ["CallManager"], "certificates": [pem], "description": "our root"})


def request(node: NodeState, **more: object) -> Answer:
    return post(node, "csr", {"service": "CallManager", "distribution": "this-server", "commonName": node.name, **more})


def test_request_trust_and_upload_install_the_signed_certificate(node: NodeState) -> None:
    asked = request(node, keyType="rsa", keyLength=3072, hashAlgorithm="sha384", altNames=["also.example"])
    csr = x509.load_pem_x509_csr(json.loads(asked.body)["csr"].encode())
    key = csr.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert (key.key_size, csr.signature_hash_algorithm.name if csr.signature_hash_algorithm else "") == (3072, "sha384")
    assert trust(node).status == 201
    leaf = answer_to(json.loads(asked.body)["csr"])
    uploaded = post(node, "identity/certificates", {"service": "CallManager", "certificates": [leaf, ROOT]})
    assert uploaded.status == 201
    assert get(node, "identity/certificate?service=CallManager")["certificate"] == leaf
    assert get(node, "trust/certificate?service=CallManager")["certificates"] == [
        {"filename": "CA.pem", "certificate": ROOT, "description": "our root"}
    ]
    assert [write.operation.split()[1] for write in node.cluster.writes] == [
        "csr",
        "trust/certificates",
        "identity/certificates",
    ]


def test_the_snapshot_shows_identities_requests_and_trust(node: NodeState) -> None:
    request(node)
    trust(node)
    snapshot = get(node, "snapshot/server")
    entry = next(entry for entry in snapshot["identities"] if entry["service"] == "CallManager")
    assert "BEGIN CERTIFICATE REQUEST" in entry["csr"]
    assert "BEGIN CERTIFICATE-" in entry["certificate"]
    trusted = next(entry for entry in snapshot["trusts"] if entry["service"] == "CallManager-trust")
    assert [data["filename"] for data in trusted["certificate_data"]] == ["CA.pem"]
    assert snapshot["server"] == node.name


def test_a_deleted_authority_is_gone_and_not_there_twice(node: NodeState) -> None:
    trust(node)
    path = f"{BASE}/trust/certificate?service=CallManager&filename=CA.pem"
    assert ask(node, path, role="platform", method="DELETE").status == 200
    assert get(node, "trust/certificate?service=CallManager") == {"certificates": []}
    assert ask(node, path, role="platform", method="DELETE").status == 400


def test_without_the_authority_in_trust_an_upload_is_refused_with_400(node: NodeState) -> None:
    leaf = answer_to(json.loads(request(node).body)["csr"])
    refused = post(node, "identity/certificates", {"service": "CallManager", "certificates": [leaf, ROOT]})
    assert refused.status == 400
    assert message(refused) == "CA certificate is not available in the trust-store"


def test_a_certificate_for_an_overwritten_request_is_refused_with_500(node: NodeState) -> None:
    trust(node)
    leaf = answer_to(json.loads(request(node).body)["csr"])
    request(node)
    refused = post(node, "identity/certificates", {"service": "CallManager", "certificates": [leaf]})
    assert refused.status == 500
    assert message(refused) == "CSR public key and Certificate public key do not match"


@pytest.mark.parametrize(("release", "status"), [("12.5", 404), ("14", 200), ("15", 200)])
def test_the_interface_exists_since_release_14(nodes: RunningNodes, release: str, status: int) -> None:
    assert ask(nodes.node(release), f"{BASE}/snapshot/server", role="platform").status == status


@pytest.mark.parametrize("path", GETS)
def test_it_wants_the_os_administrator(nodes: RunningNodes, path: str) -> None:
    refused = ask(nodes.shared, f"{BASE}/{path}", role=None)
    assert refused.status == 401
    assert "CMPlatform Realm" in refused.headers["WWW-Authenticate"]
    assert ask(nodes.shared, f"{BASE}/{path}", role="axl").status == 403


BODIES = {
    "empty": b"",
    "not JSON": b"<a/>",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "nothing in it": b"{}",
    "deep": b"[" * 100_000,
    "not UTF-8": b'{"service": "\xff"}',
    "surrogates": b'{"service": "\\ud800", "certificates": ["\\ud800"], "distribution": "this-server", "commonName": "\\ud800"}',
    "wrong types": b'{"service": 1, "certificates": {"a": 1}, "distribution": [], "commonName": null}',
    "wrong items": b'{"service": "CallManager", "certificates": [1, null]}',
    "no certificate": b'{"service": ["CallManager"], "certificates": ["hello"]}',
    "no such service": b'{"service": "Nothing", "certificates": [], "distribution": "this-server", "commonName": "a"}',
    "another distribution": b'{"service": "CallManager", "distribution": "every-server", "commonName": "a"}',
    "a boolean length": b'{"service": "CallManager", "distribution": "this-server", "commonName": "a", "keyLength": true}',
    "an odd length": b'{"service": "CallManager", "distribution": "this-server", "commonName": "a", "keyLength": 12345}',
    "a list of hashes": b'{"service": "CallManager", "distribution": "this-server", "commonName": "a", "hashAlgorithm": ["x"]}',
    "an unknown hash": b'{"service": "CallManager", "distribution": "this-server", "commonName": "a", "hashAlgorithm": "x"}',
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", BODIES)
def test_a_malformed_body_is_refused_and_changes_nothing(nodes: RunningNodes, path: str, body: str) -> None:
    node = nodes.shared
    answer = ask(node, f"{BASE}/{path}", BODIES[body], role="platform")
    assert answer.status == 400
    assert message(answer)
    assert node.certificates.request("CallManager") is None
    assert node.certificates.trust("CallManager") == {}


@pytest.mark.parametrize("path", ["identity/certificate", "identity/certificate?service=x", "trust/certificate?service=x"])
def test_an_unknown_service_has_nothing_to_read(nodes: RunningNodes, path: str) -> None:
    assert ask(nodes.shared, f"{BASE}/{path}", role="platform").status == 400


def test_a_read_only_cluster_refuses_every_write_and_remembers_the_attempts(nodes: RunningNodes) -> None:
    node = nodes.node("14", read_only=True)
    answers = [
        request(node),
        trust(node),
        post(node, "identity/certificates", {"service": "CallManager", "certificates": [ROOT]}),
        ask(node, f"{BASE}/trust/certificate?service=CallManager&filename=CA.pem", role="platform", method="DELETE"),
    ]
    assert {answer.status for answer in answers} == {403}
    assert [write.interface for write in node.cluster.writes] == ["certificate-rest"] * 4
    assert node.certificates.request("CallManager") is None
    assert node.certificates.trust("CallManager") == {}
    assert get(node, "snapshot/server")["server"] == node.name
