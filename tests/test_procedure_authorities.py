"""The ten steps with authorities that take their time, say no or answer wrongly: nothing wrong is ever uploaded."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.ca.issuing import IssuingProfile
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.inventory import Credentials, read_inventory
from pytest_cucmtls.model.certificates import SERVER_AUTH, Certificate
from pytest_cucmtls.model.errors import CertificateAuthorityRefused
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.pending import pending_request
from pytest_cucmtls.procedure.runner import StepResult, observe, perform
from pytest_cucmtls.procedure.session import open_run
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.sim.certsrv.server import CertsrvServer
from pytest_cucmtls.simulated_clusters import SimulatedPair
from pytest_cucmtls.wire.x509 import parse_certificate, parse_request, pem_of
from tests.certificate_exports import export_pem, export_pkcs7_pem
from tests.certsrv_stand import PASSWORD, USER, running_certsrv, small_authority
from tests.procedure_runs import perform_all, run_on, simulated_pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    """One for all: each test has an authority and a run folder of its own and makes no assumption about what it finds."""
    with simulated_pair(tmp_path_factory.mktemp("pair")) as started:
        yield started


def with_authority(
    pair: SimulatedPair, folder: Path, table: dict[str, object], passwords: dict[str, str] | None = None
) -> SimulatedPair:
    """The same pair under an inventory with another ``[authority]`` table."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = pair.inventory_file.read_text().splitlines()
    begin = lines.index("[authority]")
    end = next(place for place in range(begin + 1, len(lines)) if lines[place].startswith("["))
    rows = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    inventory, credentials = folder / "clusters.toml", folder / "credentials.json"
    inventory.write_text("\n".join([*lines[:begin], "[authority]", *rows, "", *lines[end:]]))
    credentials.write_text(json.dumps(json.loads(pair.credentials_file.read_text()) | (passwords or {})))
    return replace(pair, inventory_file=inventory, credentials_file=credentials)


def with_certsrv(pair: SimulatedPair, folder: Path, server: CertsrvServer, template: str) -> SimulatedPair:
    table = {
        "kind": "certsrv",
        "url": server.url,
        "user": USER,
        "password_variable": "CUCMTLS_CA_USER_PASSWORD",
        "template": template,
        "ca_bundle": str(server.bundle_file),
    }
    return with_authority(pair, folder, table, {"CUCMTLS_CA_USER_PASSWORD": PASSWORD})


def steps_through(run: Run, last: int) -> StepResult:
    """Steps 1 to `last`, as far as they succeed; how the last one that was tried went."""
    for step in STEPS[:last]:
        result = perform(run, step)
        if result.outcome is not Outcome.PASS:
            break
    return result


def identities(run: Run) -> dict[str, Certificate]:
    return {node.name: cluster.cli(node).read_own_certificate("CallManager").value.certificate for cluster, node in run.nodes()}


def requested_keys(run: Run) -> dict[str, str]:
    found = {node.name: pending_request(cluster, node) for cluster, node in run.nodes()}
    return {name: reading.value.public_key_sha256 for name, reading in found.items() if reading is not None}


IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.procedure_runs import run_on
from tests.test_procedure_authorities import steps_through

with run_on(SimulatedPair.from_json(sys.argv[1]), Path(sys.argv[2])) as run:
    result = steps_through(run, 7)
    print(result.number, result.outcome.value)
    print(result.message)
"""


def performed_by_another_process(pair: SimulatedPair, folder: Path) -> tuple[str, str]:
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, pair.as_json(), str(folder)]
    ended = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    first, _, message = ended.stdout.partition("\n")
    return first, message


def test_a_hand_over_takes_several_processes_and_each_node_gets_the_certificate_of_its_own_key(
    pair: SimulatedPair, tmp_path: Path
) -> None:
    hand, folder = tmp_path / "hand over", tmp_path / "run"
    elsewhere = EmbeddedAuthority(tmp_path / "elsewhere", key_length=1024, with_intermediate=True)
    hand.mkdir()
    (hand / "the CA.p7b").write_bytes(export_pkcs7_pem(elsewhere.chain()))
    declared = with_authority(pair, tmp_path / "declared", {"kind": "folder", "folder": str(hand)})

    ended, message = performed_by_another_process(declared, folder)
    assert ended == "4 BLOCKED", message
    assert "waiting for 2 certificates of hand-over folder hand over: A/cucm-a" in message
    resume = shlex.split(message.partition("Then continue with ")[2].strip("`.\n"))
    assert resume[0] == "pytest"
    assert resume[1] == "--pyargs" or (Path(resume[1]) / "test_step_01_authority.py").exists()
    assert resume[resume.index("--cucm-run") + 1] == str(folder)
    assert resume[resume.index("--cucm-inventory") + 1] == str(declared.inventory_file)
    with run_on(declared, folder) as run:
        assert steps_through(run, 7).message == message.rstrip("\n")
    requests = sorted(hand.glob("*.csr"))
    assert [path.name for path in requests] == ["2-A-cucm-a.alpha.example.csr", "3-B-cucm-b.beta.example.csr"]

    for path, other in zip(requests, reversed(requests), strict=True):
        number = elsewhere.submit(path.read_bytes(), label=path.name)
        elsewhere.issue(number)
        (hand / f"{other.stem}.cer").write_bytes(elsewhere.retrieve(number))
    ended, message = performed_by_another_process(declared, folder)
    assert ended == "7 PASS", message

    with run_on(declared, folder) as run:
        wanted = {path.stem.split("-", 2)[2]: parse_request(path.read_bytes()).public_key_sha256 for path in requests}
        served = identities(run)
        assert {name: certificate.public_key_sha256 for name, certificate in served.items()} == wanted
        assert all(name == certificate.subject.common_name for name, certificate in served.items())
        compared = [json.loads(run.folder.read(entry)) for entry in run.folder.entries("certificate_comparison")]
    assert len(compared) == 2
    assert {row["name"] for row in compared[0]["attributes"]} >= {"public key", "extended key usage", "validity", "issuer"}
    evidence = load_evidence(folder)
    assert evidence.unusable == ()
    assert [source.value.der for source in evidence.authority_chain] == list(elsewhere.chain())


def test_a_certificate_without_client_auth_is_never_uploaded_and_the_right_one_is_taken_later(
    pair: SimulatedPair, tmp_path: Path
) -> None:
    hand = tmp_path / "hand"
    declared = with_authority(pair, tmp_path / "declared", {"kind": "folder", "folder": str(hand)})
    profile = IssuingProfile(extended_key_usage=(SERVER_AUTH,))
    crippled = EmbeddedAuthority(tmp_path / "ca", key_length=1024, profile=profile)
    hand.mkdir()
    (hand / "root.pem").write_bytes(export_pem(crippled.chain()))
    said: list[str] = []
    with run_on(declared, tmp_path / "run", said.append) as run:
        before = identities(run)
        assert steps_through(run, 7).number == 4
        for path in hand.glob("*.csr"):
            number = crippled.submit(path.read_bytes(), label="x")
            crippled.issue(number)
            (hand / f"{number}.pem").write_bytes(crippled.retrieve(number))
    with run_on(declared, tmp_path / "run", said.append) as run:
        result = steps_through(run, 7)
        assert (result.number, result.outcome) == (4, Outcome.BLOCKED)
        assert "clientAuth was asked for and not issued" in result.message
        assert any("extended key usage: asked" in text and "refused" in text for text in said)
        assert any("public key: asked" in text and "as asked" in text for text in said)
        assert perform(run, STEPS[6]).outcome is Outcome.BLOCKED
        assert identities(run) == before
        healed = EmbeddedAuthority(tmp_path / "ca", key_length=1024)
        for path in hand.glob("*.csr"):
            number = healed.submit(path.read_bytes(), label="x")
            healed.issue(number)
            (hand / f"later-{number}.pem").write_bytes(healed.retrieve(number))
    with run_on(declared, tmp_path / "run") as run:
        result = steps_through(run, 4)
        assert result.outcome is Outcome.PASS, result.message
        assert len(list(hand.glob("*.csr"))) == 2
        plan = STEPS[6].plan(run)
        assert "compared with the request: as asked" in plan[0].after
        assert identities(run) == before


def test_the_certificates_of_the_authority_may_come_last(pair: SimulatedPair, tmp_path: Path) -> None:
    """Nobody knows the authority when the requests are handed over; the nodes' certificates alone are not enough."""
    hand = tmp_path / "hand"
    declared = with_authority(pair, tmp_path / "declared", {"kind": "folder", "folder": str(hand)})
    own = EmbeddedAuthority(tmp_path / "ca", key_length=1024, with_intermediate=True)
    with run_on(declared, tmp_path / "run") as run:
        result = steps_through(run, 4)
        assert (result.number, result.outcome) == (4, Outcome.BLOCKED), result.message
        assert (
            "Put the certificates of the CA, root included, there as well: no CA certificate is in the folder" in result.message
        )
        for path in hand.glob("*.csr"):
            number = own.submit(path.read_bytes(), label="x")
            own.issue(number)
            (hand / f"{number}.pem").write_bytes(own.retrieve(number))
    issuing, root = own.chain()
    for der, missing in ((b"", "no CA certificate"), (issuing, "the certificate of DC=CA,CN=CA is missing")):
        (hand / "authority.cer").write_bytes(der)
        with run_on(declared, tmp_path / "run") as run:
            result = steps_through(run, 4)
            assert (result.number, result.outcome) == (4, Outcome.BLOCKED)
            assert "waiting for 2 certificates" in result.message
            assert missing in result.message
            assert ".csr in" not in result.message
    (hand / "root.cer").write_bytes(root)
    with run_on(declared, tmp_path / "run") as run:
        result = steps_through(run, 6)
        assert result.outcome is Outcome.PASS, result.message
    assert [source.value.der for source in load_evidence(tmp_path / "run").authority_chain] == [issuing, root]


def test_certificates_of_foreign_keys_are_named_and_nothing_is_taken(pair: SimulatedPair, tmp_path: Path) -> None:
    """Same common name, another key: somebody signed an old request."""
    hand = tmp_path / "hand"
    declared = with_authority(pair, tmp_path / "declared", {"kind": "folder", "folder": str(hand)})
    own = EmbeddedAuthority(tmp_path / "ca", key_length=1024)
    hand.mkdir()
    (hand / "root.cer").write_bytes(export_pem(own.chain()))
    (hand / "minutes.txt").write_text("of the meeting")
    with run_on(declared, tmp_path / "run") as run:
        (hand / "old self-signed.pem").write_text(pem_of(identities(run)["cucm-a.alpha.example"].der))
        result = steps_through(run, 4)
        assert result.outcome is Outcome.BLOCKED
        assert "waiting for 2 certificates" in result.message
        assert "minutes.txt holds no certificate" in result.message
        assert "old self-signed.pem is for" in result.message


def test_ad_cs_with_approval_by_hand_is_continued_by_another_process(pair: SimulatedPair, tmp_path: Path) -> None:
    with running_certsrv(tmp_path / "ca") as server:
        declared = with_certsrv(pair, tmp_path / "declared", server, "CUCMApproved")
        ended, message = performed_by_another_process(declared, tmp_path / "run")
        assert ended == "4 BLOCKED"
        assert "certutil -resubmit 2" in message
        server.authority.issue(3)
        with run_on(declared, tmp_path / "run") as run:
            message = steps_through(run, 7).message
        assert "waiting for 1 certificate of AD CS 127.0.0.1: A/cucm-a.alpha.example (request 2)" in message
        server.authority.issue(2)
        ended, message = performed_by_another_process(declared, tmp_path / "run")
        assert ended == "7 PASS", message
        assert sorted(server.authority.requests) == [2, 3]
        with run_on(declared, tmp_path / "run") as run:
            assert {parse_certificate(one.certificate).sha256 for one in server.authority.requests.values()} == {
                certificate.sha256 for certificate in identities(run).values()
            }
            perform_all(run)
            assert [step.plan(run) for step in STEPS] == [[]] * 10
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())


def test_a_template_without_client_auth_is_noticed_before_any_upload(pair: SimulatedPair, tmp_path: Path) -> None:
    with running_certsrv(tmp_path / "ca") as server:
        declared = with_certsrv(pair, tmp_path / "declared", server, "WebServer")
        with run_on(declared, tmp_path / "run") as run:
            before = identities(run)
            result = steps_through(run, 7)
            assert (result.number, result.outcome) == (4, Outcome.BLOCKED)
            assert "clientAuth was asked for and not issued" in result.message
            assert identities(run) == before
        corrected = with_certsrv(pair, tmp_path / "corrected", server, "CUCMTrunk")
        with run_on(corrected, tmp_path / "run") as run:
            result = steps_through(run, 4)
            assert result.outcome is Outcome.PASS, result.message
            assert "compared with the request" in STEPS[6].plan(run)[0].after


def test_a_denied_request_says_why_and_is_submitted_again_by_the_next_attempt(pair: SimulatedPair, tmp_path: Path) -> None:
    with running_certsrv(tmp_path / "ca") as server:
        declared = with_certsrv(pair, tmp_path / "declared", server, "CUCMApproved")
        with run_on(declared, tmp_path / "run") as run:
            assert steps_through(run, 4).outcome is Outcome.BLOCKED
        server.authority.deny(2, "CORP\\chief")
        with run_on(declared, tmp_path / "run") as run:
            result = steps_through(run, 4)
            assert result.outcome is Outcome.ERROR
            assert "request 2: denied: Denied by CORP\\chief" in result.message
            assert sorted(server.authority.requests) == [2, 3]
            assert steps_through(run, 4).outcome is Outcome.BLOCKED
            assert sorted(server.authority.requests) == [2, 3, 4]


def test_an_authority_that_issues_for_another_key_is_refused(pair: SimulatedPair, tmp_path: Path) -> None:
    """The certificate of A handed out for the request of B: both carry names that fit nobody else."""
    authority = small_authority()
    with running_certsrv(tmp_path / "ca", authority) as server:
        declared = with_certsrv(pair, tmp_path / "declared", server, "CUCMApproved")
        with run_on(declared, tmp_path / "run") as run:
            before = identities(run)
            steps_through(run, 4)
            authority.issue(2)
            authority.issue(3)
            first, second = authority.requests[2], authority.requests[3]
            first.certificate, second.certificate = second.certificate, first.certificate
            result = steps_through(run, 7)
            assert (result.number, result.outcome) == (4, Outcome.BLOCKED)
            assert "public key: the request has SHA-256" in result.message
            assert "CN: asked for 'cucm-a.alpha.example', issued 'cucm-b.beta.example'" in result.message
            assert identities(run) == before


def test_a_run_waits_as_long_as_the_inventory_says(pair: SimulatedPair, tmp_path: Path) -> None:
    """The person drops the certificates while the run waits; here the run's own progress makes them appear."""
    hand = tmp_path / "hand"
    hand.mkdir()
    table = {"kind": "folder", "folder": str(hand), "wait_seconds": 60}
    declared = with_authority(pair, tmp_path / "declared", table)
    own = EmbeddedAuthority(tmp_path / "ca", key_length=1024)
    (hand / "root.cer").write_bytes(export_pem(own.chain()))

    def sign_while_it_waits(text: str) -> None:
        for path in hand.glob("*.csr") if "waiting for" in text else ():
            number = own.submit(path.read_bytes(), label="x")
            own.issue(number)
            (hand / f"{number}.pem").write_bytes(own.retrieve(number))

    with run_on(declared, tmp_path / "run", sign_while_it_waits) as run:
        result = steps_through(run, 4)
        assert result.outcome is Outcome.PASS, result.message


def test_existing_certificates_are_verified_and_none_is_made(pair: SimulatedPair, tmp_path: Path) -> None:
    with run_on(pair, tmp_path / "before") as run:
        perform_all(run)
        chain = run.signer().chain()
        served, requested = identities(run), requested_keys(run)
    (tmp_path / "chain.pem").write_bytes(export_pem(chain))
    declared = with_authority(pair, tmp_path / "declared", {"kind": "existing", "chain_file": str(tmp_path / "chain.pem")})
    with run_on(declared, tmp_path / "run") as run:
        results = perform_all(run)
        assert [result.outcome for result in results] == [Outcome.PASS] * 10, [result.message for result in results]
        assert [result.changes for result in results[2:7]] == [()] * 5
        assert identities(run) == served
        assert requested_keys(run) == requested
        with pytest.raises(CertificateAuthorityRefused, match="cannot be signed"):
            run.signer().submit(b"", label="A")

    verify = replace(read_inventory(declared.inventory_file), mode=Mode.VERIFY)
    with open_run(verify, tmp_path / "verify", Credentials(declared.credentials_file), lambda _: None) as run:
        assert observe(run, STEPS[0]).outcome is Outcome.PASS
        assert [run.folder.read(entry) for entry in run.folder.entries("authority_certificate")] == list(chain)

    stranger = EmbeddedAuthority(tmp_path / "stranger", key_length=1024)
    (tmp_path / "chain.pem").write_bytes(export_pem(stranger.chain()))
    with run_on(declared, tmp_path / "wrong chain") as run:
        result = steps_through(run, 7)
        assert (result.number, result.outcome) == (3, Outcome.BLOCKED)
        assert "A/cucm-a.alpha.example" in result.message
        assert "B/cucm-b.beta.example" in result.message
        assert identities(run) == served
