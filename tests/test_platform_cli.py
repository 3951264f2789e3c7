"""The platform CLI reader against a simulated node, over real SSH."""

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.clients.sftp_sink import SftpSink
from pytest_cucmtls.model.errors import (
    ClusterUnreachable,
    ConfigurationInvalid,
    CredentialsRefused,
    InterfaceRefused,
    PeerNotVerified,
)
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret
from tests.simulated_cli_node import PASSWORD, USER, SimulatedCliNode


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCliNode]:
    with SimulatedCliNode(tmp_path_factory.mktemp("active")) as running:
        yield running


@pytest.fixture
def cli(node: SimulatedCliNode) -> Iterator[PlatformCliReader]:
    with PlatformCliReader(node.address, USER, PASSWORD, limit_seconds=20) as reader:
        yield reader


def test_the_version_is_read(cli: PlatformCliReader) -> None:
    reading = cli.read_version()
    assert (reading.value.major, reading.value.minor) == (15, 0)
    assert reading.interface == "cli"
    assert reading.operation == "show version active"
    assert b"Active Master Version: 15.0.1" in reading.raw


@pytest.mark.parametrize("release", ["9.1", "10.5", "11.5", "12.5", "14"])
def test_every_release_is_understood(release: str, tmp_path: Path) -> None:
    legacy = int(release.split(".")[0]) <= 11
    with (
        SimulatedCliNode(tmp_path, release) as old,
        PlatformCliReader(old.address, USER, PASSWORD, legacy_algorithms=legacy, limit_seconds=20) as cli,
    ):
        assert cli.read_version().value.major == int(release.split(".")[0])
        own = cli.read_own_certificate("CallManager").value
        stored = old.state.certificates.own("CallManager")
        assert stored is not None
        assert own.certificate.der == stored.der
        assert own.certificate.problem is None


def test_an_old_node_without_modern_algorithms_is_reported_with_the_way_out(tmp_path: Path) -> None:
    with (
        SimulatedCliNode(tmp_path, "9.1") as old,
        PlatformCliReader(old.address, USER, PASSWORD) as cli,
        pytest.raises(ClusterUnreachable, match="legacy algorithms"),
    ):
        cli.read_version()


def test_clock_services_members_and_tls_floor_are_read(cli: PlatformCliReader, node: SimulatedCliNode) -> None:
    assert cli.read_ntp().value.synchronised
    services = {service.name: service.status for service in cli.read_services().value}
    assert services["Cisco CallManager"] == "Started"
    assert [member.name for member in cli.read_cluster_members().value] == ["cucm-a"]
    assert cli.read_tls_minimum().value == "1.2"
    assert node.state.cluster.writes == []


def test_certificates_are_listed_and_read_one_by_one(cli: PlatformCliReader, node: SimulatedCliNode) -> None:
    identity = node.state.certificates.own("CallManager-ECDSA")
    assert identity is not None
    name = node.state.certificates.import_trust("CallManager", identity.der)
    own = cli.read_certificate_list("own").value
    assert [row[:2] for row in own] == [("CallManager-ECDSA", "CallManager-ECDSA.pem"), ("CallManager", "CallManager.pem")]
    assert cli.read_certificate_list("trust").value == (("CallManager-trust", name, "Trust Certificate"),)
    trusted = cli.read_trust_certificate("CallManager-trust", name).value
    assert trusted.certificate.der == identity.der
    assert trusted.certificate.key_type == "EC"


def test_what_is_not_there_is_refused_with_the_nodes_words(cli: PlatformCliReader) -> None:
    with pytest.raises(InterfaceRefused, match="does not exist") as refusal:
        cli.read_own_certificate("tomcat")
    assert refusal.value.operation == "show cert own tomcat"
    with pytest.raises(InterfaceRefused) as refusal:
        cli.read_request("CallManager")
    assert refusal.value.code == "no_csr"
    assert cli.read_version().value.major == 15


def test_files_are_listed_with_their_paths(cli: PlatformCliReader, node: SimulatedCliNode) -> None:
    folder = node.state.active_log / "cm/trace"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SDL001_100_000001.txt.gz").write_bytes(bytes(385_759))
    (folder / "SDL001_100.index").write_bytes(b"x")
    listed = cli.list_files("cm/trace").value
    assert [(file.path, file.size_bytes) for file in listed] == [
        ("cm/trace/SDL001_100.index", 1),
        ("cm/trace/SDL001_100_000001.txt.gz", 385_759),
    ]
    assert [file.path for file in cli.list_files("cm/trace/*.gz").value] == ["cm/trace/SDL001_100_000001.txt.gz"]


def test_a_file_is_fetched_through_our_own_sftp_server(cli: PlatformCliReader, node: SimulatedCliNode, tmp_path: Path) -> None:
    folder = node.state.active_log / "platform/cli"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "packets.cap").write_bytes(bytes(range(256)) * 4000)
    with SftpSink(tmp_path) as sink:
        landed = cli.fetch_file("platform/cli/packets.cap", sink)
        assert landed.read_bytes() == bytes(range(256)) * 4000
        assert landed.is_relative_to(tmp_path)
        assert sink.password.reveal() not in cli.transcript


def test_a_file_that_is_not_there_cannot_be_fetched(cli: PlatformCliReader, tmp_path: Path) -> None:
    with SftpSink(tmp_path) as sink, pytest.raises(InterfaceRefused):
        cli.fetch_file("platform/cli/nothing.cap", sink)


def test_passwords_never_stand_in_the_transcript(cli: PlatformCliReader) -> None:
    cli.read_version()
    assert "Welcome to the Platform Command Line Interface" in cli.transcript
    assert "show version active" in cli.transcript
    assert PASSWORD.reveal() not in cli.transcript


def test_a_wrong_password_is_refused_and_not_shown(node: SimulatedCliNode) -> None:
    with (
        PlatformCliReader(node.address, USER, Secret("wrong-one"), limit_seconds=20) as cli,
        pytest.raises(CredentialsRefused) as refusal,
    ):
        cli.read_version()
    assert refusal.value.user == USER
    assert "wrong-one" not in str(refusal.value)


def test_an_application_user_is_not_a_platform_administrator(node: SimulatedCliNode) -> None:
    with PlatformCliReader(node.address, "axluser", PASSWORD) as cli, pytest.raises(CredentialsRefused):
        cli.read_version()


def test_a_host_key_that_nobody_vouched_for_is_not_accepted(node: SimulatedCliNode) -> None:
    unknown = NodeAddress("cucm-a", "127.0.0.1", ssh_port=node.state.ssh_port)
    with PlatformCliReader(unknown, USER, PASSWORD) as cli, pytest.raises(PeerNotVerified) as refusal:
        cli.read_version()
    assert refusal.value.fingerprint == node.state.ssh_host_key_fingerprint


def test_a_closed_port_is_unreachable() -> None:
    nowhere = NodeAddress("cucm-a", "127.0.0.1", ssh_port=1, ssh_host_key="SHA256:" + "A" * 43)
    with PlatformCliReader(nowhere, USER, PASSWORD) as cli, pytest.raises(ClusterUnreachable) as failure:
        cli.read_version()
    assert failure.value.port == 1


@pytest.mark.parametrize("argument", ["Call Manager", "CallManager\nset cert regen CallManager", "", "a\x03", "x" * 513])
def test_an_argument_that_would_change_the_command_is_not_typed(argument: str, cli: PlatformCliReader) -> None:
    with pytest.raises(ConfigurationInvalid):
        cli.read_own_certificate(argument)


def test_a_list_of_another_kind_is_not_asked_for(cli: PlatformCliReader) -> None:
    with pytest.raises(ConfigurationInvalid):
        cli.read_certificate_list("all")


def test_the_reader_has_no_method_that_writes() -> None:
    verbs = ("generate", "import", "delete", "restart", "set", "regenerate", "remove", "update", "add")
    public = [name for name in dir(PlatformCliReader) if not name.startswith("_")]
    assert not [name for name in public if name.startswith(verbs)]


def test_leaving_the_reader_leaves_no_thread_behind(node: SimulatedCliNode) -> None:
    before = set(threading.enumerate())
    with PlatformCliReader(node.address, USER, PASSWORD, limit_seconds=20) as cli:
        cli.read_version()
        assert set(threading.enumerate()) != before
    gc.collect()
    assert set(threading.enumerate()) == before


def test_a_closed_reader_logs_in_again_when_asked(node: SimulatedCliNode) -> None:
    with PlatformCliReader(node.address, USER, PASSWORD, limit_seconds=20) as cli:
        first = cli.read_version().value
        cli.close()
        assert cli.read_version().value == first
