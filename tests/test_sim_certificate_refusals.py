"""Every refusal of the certificate library, through REST and CLI alike: the same words, and nothing changed."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_cucmtls.sim.certificates.store import CertificateStore
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.x509 import parse_certificate
from tests.cli_talk import PROMPT, Talk, talk
from tests.sim_certificate_stores import OTHER_KEY, issued, name, root, signed
from tests.sim_node_stand import RunningNodes, ask
from tests.simulated_cli_node import SimulatedCliNode

BASE = "/platformcom/api/v1/certmgr/config"
NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """What was done before, what is uploaded, and what is said."""

    upload: Callable[[bytes], bytes]
    """Makes the certificate from the pending request."""
    words: str
    status: int
    authority: bool = True
    request: bool = True


CASES = {
    "no authority": Case(
        lambda csr: signed(csr, not_before=SINCE), "CA certificate is not available in the trust-store", 400, authority=False
    ),
    "no request": Case(
        lambda _: issued(name("x"), OTHER_KEY.public_key(), name("CA"), not_before=SINCE),
        "File /usr/local/cm/.security/CallManager/keys/CallManager.csr does not exist",
        500,
        request=False,
    ),
    "another key": Case(
        lambda csr: signed(csr, public_key=OTHER_KEY.public_key(), not_before=SINCE),
        "CSR public key and Certificate public key do not match",
        500,
    ),
    "other names": Case(
        lambda csr: signed(csr, san=x509.SubjectAlternativeName([x509.DNSName("other")]), not_before=SINCE),
        "CSR SAN and Certificate SAN does not match",
        400,
    ),
    "expired": Case(lambda csr: signed(csr, not_before=NOW - timedelta(days=400)), "The certificate has expired", 400),
    "a wildcard": Case(
        lambda csr: signed(csr, subject=name("*.example"), not_before=SINCE), "Wildcard certificates are not supported", 400
    ),
    "unreadable": Case(lambda _: b"hello", "Error reading the certificate", 400),
}


def pem(der: bytes) -> str:
    if der == b"hello":
        return "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def prepared(store: CertificateStore, case: Case) -> str:
    """The PEM to upload after the case's preparations."""
    for file_name in store.trust("CallManager"):
        store.delete_trust("CallManager", file_name)
    if case.authority:
        store.import_trust("CallManager", root(not_before=SINCE))
    request = store.generate_request("CallManager", key_length=2048)
    if not case.request:
        store._requests.clear()
    return pem(case.upload(request))


def contents(store: CertificateStore) -> Sequence[object]:
    return store.own("CallManager"), store.request("CallManager"), store.trust("CallManager")


@pytest.fixture(scope="module")
def rest_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeState]:
    running = RunningNodes(tmp_path_factory.mktemp("rest"))
    yield running.node("14")
    running.close()


@pytest.fixture(scope="module")
def cli_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCliNode]:
    with SimulatedCliNode(tmp_path_factory.mktemp("cli"), "14") as running:
        yield running


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rest_refuses_with_the_librarys_words(rest_node: NodeState, case: Case) -> None:
    upload = prepared(rest_node.certificates, case)
    before = contents(rest_node.certificates)
    body = json.dumps({"service": "CallManager", "certificates": [upload]})
    answer = ask(rest_node, f"{BASE}/identity/certificates", body, role="platform")
    assert (answer.status, json.loads(answer.body)["message"]) == (case.status, case.words)
    assert contents(rest_node.certificates) == before


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_cli_refuses_with_the_same_words(cli_node: SimulatedCliNode, case: Case) -> None:
    upload = prepared(cli_node.state.certificates, case)
    before = contents(cli_node.state.certificates)

    async def script(talking: Talk) -> None:
        talking.type("set cert import own CallManager\n")
        await talking.until("Paste the Certificate and Hit Enter")
        talking.type(f"{upload}\n")
        await talking.until("Executed command unsuccessfully")
        await talking.until(PROMPT)

    assert case.words in talk(cli_node, script)
    assert contents(cli_node.state.certificates) == before


@pytest.mark.parametrize("release", ["11.5", "15"])
def test_the_ecdsa_identity_has_a_name_of_its_own_beside_the_rsa_one(release: str) -> None:
    store = CertificateStore(
        common_name="cucm.example",
        subject=(),
        release=RELEASES[release],
        units=("CallManager", "CallManager-ECDSA"),
        clock=lambda: NOW,
    )
    names = []
    for unit in store.units:
        identity = store.own(unit)
        assert identity is not None
        certificate = parse_certificate(identity.der)
        names.append((certificate.subject.common_name, certificate.key_type))
    assert [each[0] for each in names] == ["cucm.example", "cucm-EC.example"]
    assert names[0][1] != names[1][1]


def test_both_listings_have_rsa_and_ecdsa_identities_and_one_trust_store(rest_node: NodeState, tmp_path: Path) -> None:
    snapshot = json.loads(ask(rest_node, f"{BASE}/snapshot/server", role="platform").body)
    services = [entry["service"] for entry in snapshot["identities"]]
    assert {"CallManager", "CallManager-ECDSA", "tomcat", "tomcat-ECDSA"} <= set(services)
    assert [entry["service"] for entry in snapshot["trusts"] if "ECDSA" in entry["service"]] == []
    with SimulatedCliNode(tmp_path) as node:

        async def script(talking: Talk) -> None:
            await talking.answer("set cli pagination off")
            shown = await talking.answer("show cert list own")
            assert "CallManager-ECDSA/CallManager-ECDSA.pem: Self-signed certificate generated by system" in shown

        talk(node, script)
