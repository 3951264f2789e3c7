"""The platform CLI beyond certificates and files: trust lists, security mode, SQL, web security, restarts, and its faults."""

import asyncio
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from pytest_cucmtls.sim.addresses import reserve_subnet
from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.certificates.store import CertificateStore
from pytest_cucmtls.sim.certificates.trust_lists import current_ctl, current_itl, is_mixed_mode
from pytest_cucmtls.sim.configured import configure
from pytest_cucmtls.sim.faults import FAULTS
from pytest_cucmtls.sim.initial_rows import add_built_in_objects
from pytest_cucmtls.sim.interfaces.axl import WRITES_BEFORE_LOSS
from pytest_cucmtls.sim.pairs import MODERN, build_cluster
from pytest_cucmtls.sim.reboot import reboot
from pytest_cucmtls.sim.releases import RELEASES
from pytest_cucmtls.sim.server import start_pair
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE
from pytest_cucmtls.wire.x509 import parse_request
from tests.cli_talk import PROMPT, Talk, answers, talk
from tests.sim_node_stand import RunningNodes, ask, soap
from tests.simulated_cli_node import SimulatedCliNode

FAILURE = "Executed command unsuccessfully"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[SimulatedCliNode]:
    with SimulatedCliNode(tmp_path, "12.5") as running:
        add_built_in_objects(running.state.cluster.database, ("Default",))
        yield running


def confirmed(node: SimulatedCliNode, command: str, question: str, *typed: str) -> str:
    """Type a command and answers to its question; what was shown."""

    async def script(talking: Talk) -> None:
        talking.type(f"{command}\n")
        await talking.until(question)
        for answer in typed[:-1]:
            talking.type(f"{answer}\n")
            await talking.until("Please answer 'y' for <yes> or 'n' for <no>:")
        talking.type(f"{typed[-1]}\n")
        await talking.until(PROMPT)

    return talk(node, script)


def test_without_mixed_mode_there_is_no_ctl(node: SimulatedCliNode) -> None:
    shown = answers(node, "show ctl")[0]
    assert "Length of CTL file: 0" in shown
    assert FAILURE in shown


def test_mixed_mode_makes_a_ctl_that_keeps_the_certificates_of_its_time(node: SimulatedCliNode) -> None:
    assert "Cluster set to Mixed Mode" in confirmed(node, "utils ctl set-cluster mixed-mode", "(y/n):", "y")
    assert is_mixed_mode(node.state.cluster)
    before = answers(node, "show ctl")[0]
    node.state.certificates.regenerate("CallManager")
    assert answers(node, "show ctl")[0] == before
    assert "CTL file Updated" in confirmed(node, "utils ctl update CTLFile", "(y/n):", "y")
    assert answers(node, "show ctl")[0] != before
    confirmed(node, "utils ctl set-cluster non-secure-mode", "(y/n):", "y")
    assert current_ctl(node.state.cluster) is None


def test_an_unclear_answer_is_asked_again_and_no_changes_nothing(node: SimulatedCliNode) -> None:
    confirmed(node, "utils ctl set-cluster mixed-mode", "(y/n):", "perhaps", "", "n")
    assert not is_mixed_mode(node.state.cluster)


@pytest.mark.parametrize(("release", "unit"), [("11.5", "CallManager"), ("12.5", "ITLRecovery")])
def test_the_itl_is_signed_by_the_key_of_its_release(tmp_path: Path, release: str, unit: str) -> None:
    async def check() -> None:
        plan = dataclasses.replace(MODERN.clusters[0], release=RELEASES[release])
        subnet = reserve_subnet([plan.host], ())
        cluster = build_cluster(plan, subnet, tmp_path)
        subnet.release()
        identity = cluster.publisher.certificates.own(unit)
        assert identity is not None
        trust = current_itl(cluster.publisher)
        assert trust.signer == identity.der
        assert [record.role for record in trust.records] == ["CCM+TFTP", "CAPF", "TVS"]

    asyncio.run(check())


def test_the_itl_is_shown_with_a_record_per_certificate(node: SimulatedCliNode) -> None:
    shown = answers(node, "show itl")[0]
    assert "ITL Record #:1" in shown
    assert "FUNCTION       CCM+TFTP" in shown
    assert "The ITL file was verified successfully." in shown


def test_ctl_commands_are_the_publishers_and_no_old_releases(tmp_path: Path) -> None:
    with SimulatedCliNode(tmp_path / "old", "9.1") as old:
        assert FAILURE in answers(old, "utils ctl set-cluster mixed-mode")[0]
    with SimulatedCliNode(tmp_path / "sub", "14") as subscriber:
        subscriber.state.role = "subscriber"
        assert "publisher only" in answers(subscriber, "utils ctl set-cluster mixed-mode")[0]
        subscriber.state.role = "publisher"
        assert "not in Mixed Mode" in answers(subscriber, "utils ctl update CTLFile")[0]


def test_a_query_is_shown_as_a_table(node: SimulatedCliNode) -> None:
    lines = answers(node, "run sql select name from devicepool")[0].splitlines()
    assert [line.rstrip() for line in lines[:3]] == ["name", "=======", "Default"]
    assert answers(node, "run sql select name from devicepool where name = 'x'")[0].splitlines() == ["name", "===="]


@pytest.mark.parametrize("query", ["name from nothing", "", "from from", "nothing from devicepool", "1; drop table device"])
def test_a_query_that_cannot_be_run_fails(node: SimulatedCliNode, query: str) -> None:
    assert FAILURE in answers(node, f"run sql select {query}")[0]


def test_writing_queries_are_no_command(node: SimulatedCliNode) -> None:
    assert FAILURE in answers(node, "run sql update device set name = 'x'")[0]


def test_web_security_sets_subject_and_names_of_later_requests(node: SimulatedCliNode) -> None:
    node.state.certificates = CertificateStore(
        common_name="cucm-a.alpha.example",
        subject=(("C", "IN"), ("O", "cisco")),
        release=RELEASES["12.5"],
        units=("tomcat", "CallManager"),
        clock=node.state.now,
    )
    command = "set web-security Voice Example Paris IDF IN cucm.example"
    assert "regenerated" in confirmed(node, command, "Continue (y/n)? ", "y")
    request = parse_request(node.state.certificates.generate_request("CallManager"))
    assert str(request.subject) == "C=IN,ST=IDF,L=Paris,O=Example,OU=Voice,CN=cucm-a.alpha.example"
    assert "DNS:cucm.example" in request.subject_alternative_names


@pytest.mark.parametrize("arguments", ["", "a b c", "a b c d FR", '"" b c d', f"{'x' * 65} b c d"])
def test_web_security_refuses_missing_or_impossible_values(node: SimulatedCliNode, arguments: str) -> None:
    before = node.state.certificates.subject
    assert FAILURE in answers(node, f"set web-security {arguments}")[0]
    assert node.state.certificates.subject == before


def test_a_restart_of_the_system_needs_a_yes(node: SimulatedCliNode) -> None:
    before = node.state.services[CALL_MANAGER_SERVICE].started_at
    confirmed(node, "utils system restart", "Enter (yes/no)? ", "no")
    assert node.state.services[CALL_MANAGER_SERVICE].started_at == before
    confirmed(node, "utils system restart", "Enter (yes/no)? ", "yes")
    assert node.state.services[CALL_MANAGER_SERVICE].started_at > before


def test_a_tls_minimum_is_in_force_after_the_reboot(tmp_path: Path) -> None:
    async def check() -> None:
        pair = await start_pair("source-document", tmp_path, prepare=configure)
        try:
            node = pair.cluster("B").publisher
            node.tls_minimum = "1.2"
            await reboot(node)
            assert node.loaded is not None
            assert node.loaded.tls_minimum == "TLSv1.2"
            caller = pair.cluster("A").publisher.call_manager
            assert isinstance(caller, CallManager)
            await caller.make_call("SEP001122334418", "1018", "9898")
            await caller.wait_until_idle()
            outcome = caller.calls.finished[-1].outcome
            assert outcome is not None
            assert not outcome.answered
        finally:
            await pair.close()

    asyncio.run(check())


def test_replication_that_is_held_is_seen(node: SimulatedCliNode) -> None:
    assert "(2) Setup Completed" in answers(node, "utils dbreplication runtimestate")[0]
    node.state.cluster.replication.hold()
    assert "(3) Bad" in answers(node, "utils dbreplication runtimestate")[0]


def test_an_unsynchronised_clock_that_is_right(node: SimulatedCliNode) -> None:
    node.state.cluster.faults.add("ntp_unsynchronised")
    assert "\r\nunsynchronised\r\n" in answers(node, "utils ntp status")[0]


def test_a_full_disk_begins_no_capture_file(node: SimulatedCliNode) -> None:
    node.state.cluster.faults.add("disk_full")
    assert FAILURE in answers(node, "utils network capture eth0 file packets count 10 size all")[0]


def test_a_dropped_session_ends_after_three_commands(node: SimulatedCliNode) -> None:
    node.state.cluster.faults.add("cli_session_dropped")

    async def script(talking: Talk) -> None:
        for _ in range(2):
            await talking.answer("show version active")
        talking.type("show version active\n")
        await talking.end()
        talking.seen += "ended"

    assert talk(node, script).endswith("ended")


def test_export_unrestricted_software_is_seen_in_the_version(node: SimulatedCliNode) -> None:
    FAULTS["export_unrestricted_software"].effect(node.state.cluster)
    assert "UNRST" in answers(node, "show version active")[0]


def test_a_changed_host_key_is_not_the_one_announced(node: SimulatedCliNode) -> None:
    real = asyncssh.import_private_key(node.state.ssh_host_key_pem).get_fingerprint("sha256")
    assert node.state.ssh_host_key_fingerprint == real
    FAULTS["ssh_host_key_changed"].effect(node.state.cluster)
    assert node.state.ssh_host_key_fingerprint != real


def test_axl_is_cut_off_at_the_third_write(tmp_path: Path) -> None:
    nodes = RunningNodes(tmp_path)
    try:
        node = nodes.node()
        node.cluster.faults.add("axl_connection_lost")
        body = soap('<ns:removeSipTrunk xmlns:ns="http://www.cisco.com/AXL/API/14.0"><name>none</name></ns:removeSipTrunk>')
        for _ in range(WRITES_BEFORE_LOSS):
            assert ask(node, "/axl/", body, headers={"Content-Type": "text/xml"}).status == 500
        with pytest.raises(OSError):
            ask(node, "/axl/", body, headers={"Content-Type": "text/xml"})
        assert len(node.cluster.writes) == WRITES_BEFORE_LOSS
    finally:
        nodes.close()
