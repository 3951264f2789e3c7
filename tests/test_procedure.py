"""The ten steps on a simulated pair: done, read back, repeated without effect, undone, interrupted and continued."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.capture.fetching import fetch_by_sftp, fetch_file
from pytest_cucmtls.model.cucm import SipTrunkSecurityProfile
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.runner import perform
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.procedure.undo import undo
from pytest_cucmtls.simulated_clusters import SimulatedPair
from pytest_cucmtls.wire.x509 import parse_distinguished_name, pem_of
from tests.procedure_runs import perform_all, planned_targets, run_on, simulated_pair


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[SimulatedPair]:
    with simulated_pair(tmp_path / "simulator") as started:
        yield started


def test_the_ten_steps_configure_both_clusters_and_a_second_time_change_nothing(pair: SimulatedPair, tmp_path: Path) -> None:
    with run_on(pair, tmp_path / "run") as run:
        first = perform_all(run)
        assert [result.outcome for result in first] == [Outcome.PASS] * 10, [result.message for result in first]
        changed = {result.number for result in first if result.changes}
        assert changed == {3, 4, 6, 7, 8, 9, 10}
        assert planned_targets(run) == []
    with run_on(pair, tmp_path / "run") as run:
        assert [result.changes for result in perform_all(run)] == [()] * 10


def test_undo_returns_to_the_former_state_and_says_what_it_cannot(pair: SimulatedPair, tmp_path: Path) -> None:
    with run_on(pair, tmp_path / "run") as run:
        perform_all(run)
        said = undo(run).sentences
        for cluster in run.clusters:
            spec = cluster.spec
            assert cluster.axl().read_sip_trunk(spec.trunk).value is None
            assert cluster.axl().read_security_profile(spec.security_profile).value is None
            assert cluster.axl().read_route_pattern(run.inventory.peer_of(spec.name).extension).value is None
        assert sum("left as it is" in sentence for sentence in said) == 2
        kept = [change.target for change in run.journal.open_changes()]
        assert kept == [f"{cluster.name}/{node.name} CallManager identity" for cluster, node in run.nodes()]


def test_a_profile_of_somebody_else_is_not_overwritten(pair: SimulatedPair, tmp_path: Path) -> None:
    with run_on(pair, tmp_path / "run") as run:
        name = run.clusters[0].spec.security_profile
        foreign = SipTrunkSecurityProfile(
            name,
            security_mode="Non Secure",
            incoming_transport="TCP+UDP",
            outgoing_transport="TCP",
            incoming_port=5060,
            sip_v150_outbound_sdp_offer_filtering="Use Default Filter",
        )
        run.writer(run.clusters[0]).axl().add_security_profile(foreign)
        result = perform(run, STEPS[7])
        assert result.outcome is Outcome.BLOCKED
        assert "security_mode: is 'Non Secure', wanted 'Encrypted'" in result.message
        found = run.clusters[0].axl().read_security_profile(name).value
        assert found is not None
        assert found.security_mode == "Non Secure"
        assert run.clusters[1].axl().read_security_profile(name).value is None


KILL_AFTER_NEW_LINES = """
import os, sys
from pathlib import Path
from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.capture.fetching import fetch_by_sftp, fetch_file
from pytest_cucmtls.simulated_clusters import SimulatedPair
from pytest_cucmtls.procedure.journal import Journal
from pytest_cucmtls.wire.x509 import parse_distinguished_name, pem_of
from tests.procedure_runs import perform_all, run_on

left = int(sys.argv[3])
append = Journal.append
def counted(self, entry):
    global left
    append(self, entry)
    left -= entry.event == "change_begun"
    if left < 0:
        os.kill(os.getpid(), 9)
Journal.append = counted
with run_on(SimulatedPair.from_json(sys.argv[1]), Path(sys.argv[2])) as run:
    print(all(result.outcome.value == "PASS" for result in perform_all(run)))
"""


def test_a_run_killed_at_every_other_change_is_continued_to_the_same_end(pair: SimulatedPair, tmp_path: Path) -> None:
    """Each process is killed right after announcing its second change; the next one continues in the same folder."""
    folder = tmp_path / "run"
    root = Path(__file__).parents[1]
    for _ in range(30):
        command = [sys.executable, "-c", KILL_AFTER_NEW_LINES, pair.as_json(), str(folder), "1"]
        ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            break
        assert ended.returncode == -9, ended.stderr
    assert ended.stdout.strip() == "True", ended.stdout + ended.stderr
    with run_on(pair, folder) as run:
        assert planned_targets(run) == []
        for cluster in run.clusters:
            assert [trunk.name for trunk in cluster.axl().read_sip_trunks().value] == [cluster.spec.trunk]
            own = cluster.cli(cluster.spec.publisher).read_own_certificate("CallManager").value.certificate
            assert not own.names_itself_as_issuer


def test_a_file_comes_by_sftp_as_it_comes_by_dime(pair: SimulatedPair, tmp_path: Path) -> None:
    with run_on(pair, tmp_path / "run") as run:
        cluster, node = run.nodes()[0]
        peer = run.nodes()[1][1]
        with cluster.file_capture(node, peer_ip=peer.address, file_name="both_ways") as capture:
            path = capture.stop()
        by_dime, way = fetch_file(cluster, node, path)
        assert way == "dime"
        assert by_dime[:4] == b"\xd4\xc3\xb2\xa1"
        assert fetch_by_sftp(cluster.cli(node), node, path) == by_dime


def test_certificates_can_be_signed_by_the_users_own_key_files(pair: SimulatedPair, tmp_path: Path) -> None:
    own = EmbeddedAuthority(tmp_path / "own", subject=parse_distinguished_name("CN=Company CA,O=Company"))
    (tmp_path / "ca.pem").write_text(pem_of(own.chain()[0]))
    key = next(file for file in (tmp_path / "own").rglob("key.pem"))
    inventory = pair.inventory_file.read_text()
    files = f'kind = "files"\ncertificate_file = "{tmp_path / "ca.pem"}"\nkey_file = "{key}"'
    pair.inventory_file.write_text(inventory.replace('kind = "embedded"', files))
    with run_on(pair, tmp_path / "run") as run:
        assert [result.outcome for result in perform_all(run)] == [Outcome.PASS] * 10
        for cluster, node in run.nodes():
            found = cluster.cli(node).read_own_certificate("CallManager").value.certificate
            assert found.issuer.common_name == "Company CA"
