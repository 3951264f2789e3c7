"""Collection keeps its limits: patience, pauses that are told, several nodes at once but not too many, the node's own zone."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.capture.fetching import fetch_by_sftp
from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.clusters import ClusterReader, ClusterWriter
from pytest_cucmtls.evidence.inventory_json import inventory_as_json, inventory_from_json
from pytest_cucmtls.inventory import Credentials, parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.access import Access, access_of
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE, DiskSpace
from pytest_cucmtls.model.errors import ConfigurationInvalid, InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.model.inventory import Mode, NodeAddress
from pytest_cucmtls.run.node_zones import node_time_zone
from pytest_cucmtls.run.side_by_side import side_by_side
from pytest_cucmtls.simulated_clusters import SimulatedPair
from pytest_cucmtls.wire.cli_text import parse_disk_space, parse_ntp_status, parse_version
from tests.procedure_runs import simulated_pair
from tests.simulated_cli_node import PASSWORD, USER, PacketCapture, SimulatedCliNode

STATUS = """
Host Name     : cucm-a
              Total            Free            Used
Disk/active         14154228K       1154428K       12853988K (92%)
Disk/inactive       14154228K       7154428K        6999800K (50%)
Disk/logging        47929224K      20423768K       27505456K (58%)
"""


def test_the_partitions_of_a_node_are_read_with_what_is_free() -> None:
    found = {one.name: one for one in parse_disk_space(STATUS)}
    assert sorted(found) == ["active", "inactive", "logging"]
    assert found["logging"].free_bytes == 20423768 * 1024
    assert found["logging"].used_percent == 57
    assert parse_disk_space("Host Name : x") == ()
    assert DiskSpace("logging", 0, 0).used_percent == 100


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_partitions_or_none(text: str) -> None:
    for one in parse_disk_space(text):
        assert one.total_bytes >= 0


@pytest.mark.parametrize(
    "version", ["15.0.1.12900-234.UNRST", "11.5.1.12900-21", "UCSInstall_UCOS_UNRST_12.5.1.10000-22", "14.0.1.12900-161.unrst"]
)
def test_the_version_is_kept_whole_with_its_mark(version: str) -> None:
    release = parse_version(f"Active Master Version: {version}\r\n")
    assert release.text == version
    assert release.major in (11, 12, 14, 15)


def test_a_version_without_a_number_is_no_version() -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_version("Active Master Version: UNRST\n")


NTP = "synchronised to NTP server (10.1.89.1) at stratum 3\n\nCurrent time in UTC is : Wed Jul 3 12:40:36 UTC 2019\n"


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("Current time in America/Mexico_City is : Wed Jul  3 07:40:36 CDT 2019", "America/Mexico_City"),
        ("Current time in Asia/Kolkata is : Wed Jul  3 18:10:36 IST 2019", "Asia/Kolkata"),
        ("", None),
    ],
)
def test_the_nodes_own_zone_is_read(line: str, zone: str | None) -> None:
    assert parse_ntp_status(NTP + line).time_zone == zone


DECLARED = '\n[clusters.A]\nrelease = "12.5"\n'


def with_lines(lines: str) -> str:
    assert DECLARED in TEMPLATE
    return TEMPLATE.replace(DECLARED, f"{DECLARED}{lines}\n")


def test_limits_and_ways_are_declared_per_cluster_and_survive_the_run_folder() -> None:
    inventory = parse_inventory(with_lines('answer_seconds = 120\nfile_transfer = ["sftp"]\nsftp_port = 2222'))
    assert inventory.cluster_a.access == Access(120.0, ("sftp",), 2222)
    assert inventory.cluster_b.access == Access(None, ("dime", "sftp"), 0)
    values = inventory_as_json(inventory)
    assert inventory_from_json(values) == inventory
    del values["cluster_a"]["access"]
    assert inventory_from_json(values).cluster_a.access == Access()


@pytest.mark.parametrize(
    "line",
    [
        "answer_seconds = 4.9",
        "answer_seconds = 3601",
        'answer_seconds = "60"',
        "answer_seconds = true",
        "answer_seconds = nan",
        "file_transfer = []",
        'file_transfer = ["ftp"]',
        'file_transfer = ["dime", "dime"]',
        'file_transfer = "dime"',
        "file_transfer = [1]",
        "sftp_port = -1",
        "sftp_port = 65536",
        'sftp_port = "22"',
    ],
)
def test_a_limit_that_makes_no_sense_is_named_with_its_key(line: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=line.split(" ")[0]):
        parse_inventory(with_lines(line))


@pytest.mark.parametrize("seconds", [5, 3600])
def test_the_limits_own_bounds_are_accepted(seconds: int) -> None:
    assert access_of({"answer_seconds": seconds}).answer_seconds == seconds


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    with simulated_pair(tmp_path_factory.mktemp("pair"), faults=("log_window_in_own_zone",)) as started:
        yield started


def test_every_client_of_a_cluster_keeps_the_declared_limit(pair: SimulatedPair) -> None:
    spec = replace(pair.inventory(Mode.VERIFY, None).cluster_a, access=Access(77.0))
    for kind in (ClusterReader, ClusterWriter):
        with closing(kind(spec, Credentials(pair.credentials_file))) as cluster:
            node = spec.publisher
            limits = {
                cluster._session(node, "axl", "axl").limit_seconds,
                cluster.cli(node)._session.limit_seconds,
                cluster.file_capture(node, peer_ip=None, file_name="x")._session.limit_seconds,
            }
    assert limits == {77.0}


def test_every_capture_has_a_name_of_its_own(pair: SimulatedPair) -> None:
    spec = pair.inventory(Mode.VERIFY, None).cluster_a
    with closing(ClusterReader(spec, Credentials(pair.credentials_file))) as cluster:
        names = {cluster.file_capture(spec.publisher, peer_ip=None, file_name="cucmtls").file_name for _ in range(20)}
    assert len(names) == 20


def test_a_log_window_taken_in_the_nodes_own_zone_is_met_by_naming_that_zone(pair: SimulatedPair) -> None:
    """Cluster A takes dates as its own, whatever the request says: a window in UTC would be hours off."""
    spec = pair.inventory(Mode.VERIFY, None).cluster_a
    with closing(ClusterReader(spec, Credentials(pair.credentials_file))) as cluster:
        zone = node_time_zone(cluster, spec.publisher)
        assert zone == "Asia/Kolkata"
        now = datetime.now(UTC)
        window = (now - timedelta(minutes=30), now + timedelta(minutes=1))
        logs = cluster.log_collection(spec.publisher)
        assert logs.list_files(CALL_MANAGER_SERVICE, *window, zone).value
        assert not logs.list_files(CALL_MANAGER_SERVICE, *window, "UTC").value


@dataclass
class Cluster:
    """Shows one zone, or fails."""

    shown: str | Exception | None

    def cli(self, _node: NodeAddress) -> Any:
        cluster = self

        class Cli:
            def read_ntp(self) -> Any:
                if isinstance(cluster.shown, Exception):
                    raise cluster.shown
                status = replace(parse_ntp_status(NTP), time_zone=cluster.shown)

                @dataclass
                class Reading:
                    value: Any

                return Reading(status)

        return Cli()


@pytest.mark.parametrize(
    ("shown", "zone"),
    [
        ("Asia/Kolkata", "Asia/Kolkata"),
        (None, "UTC"),
        ("Atlantis/Central", "UTC"),
        ("../../etc/passwd", "UTC"),
        (InterfaceRefused("cli", "utils ntp status", "", "no"), "UTC"),
    ],
)
def test_a_zone_nobody_knows_is_utc(shown: str | Exception | None, zone: str) -> None:
    cluster: Any = Cluster(shown)
    assert node_time_zone(cluster, NodeAddress("a", "127.0.0.1")) == zone


def test_every_pause_is_told_before_it_is_made() -> None:
    events: list[str] = []

    def busy() -> None:
        events.append("asked")
        raise InterfaceRefused("risport", "selectCmDevice", "503", "Exceeded allowed rate")

    patience = BackOff((5.0, 15.0), lambda seconds: events.append(f"waited {seconds:g}"), events.append)
    with pytest.raises(InterfaceRefused):
        patience.ask(busy, lambda _: True)
    told = [event for event in events if "busy" in event]
    assert [text.rpartition("in ")[2] for text in told] == ["5 s", "15 s"]
    assert events.index(told[0]) < events.index("waited 5")
    assert events.count("asked") == 3


def test_progress_of_a_cluster_reaches_its_clients(pair: SimulatedPair) -> None:
    told: list[str] = []
    spec = pair.inventory(Mode.VERIFY, None).cluster_a
    cluster = ClusterReader(spec, Credentials(pair.credentials_file), None, told.append)
    for client in (cluster.risport(), cluster.log_collection(spec.publisher), cluster.control_center(spec.publisher)):
        assert client._back_off.tell == told.append


def test_jobs_run_side_by_side_but_never_more_than_allowed() -> None:
    lock, together, most = threading.Lock(), 0, 0
    meeting = threading.Barrier(3)

    def job() -> None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        meeting.wait(20)
        with lock:
            together -= 1

    side_by_side([job] * 9, most=3)
    assert most == 3


def test_every_job_is_done_and_the_first_error_in_order_is_raised() -> None:
    done: list[int] = []

    def job(number: int) -> None:
        done.append(number)
        if number in (1, 3):
            raise ValueError(str(number))

    def jobs() -> list[Any]:
        return [lambda number=number: job(number) for number in range(5)]

    with pytest.raises(ValueError, match="1"):
        side_by_side(jobs())
    assert sorted(done) == [0, 1, 2, 3, 4]


def test_a_single_job_needs_no_thread() -> None:
    seen: list[threading.Thread] = []
    side_by_side([lambda: seen.append(threading.current_thread())])
    assert seen == [threading.current_thread()]
    side_by_side([])


def test_a_fixed_upload_port_is_used_by_one_node_at_a_time(tmp_path: Path) -> None:
    with SimulatedCliNode(tmp_path, "15") as node:
        node.state.packet_capture = PacketCapture()
        folder = node.state.active_log / "platform/cli"
        folder.mkdir(parents=True)
        (folder / "packets.cap").write_bytes(b"packets")
        port = _free_port()
        found: list[bytes] = []

        def fetch() -> None:
            with PlatformCliReader(node.address, USER, PASSWORD, limit_seconds=30) as cli:
                found.append(fetch_by_sftp(cli, node.address, "/var/log/active/platform/cli/packets.cap", port=port))

        side_by_side([fetch, fetch, fetch])
    assert found == [b"packets"] * 3


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
