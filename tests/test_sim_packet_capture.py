"""Packet captures of the simulated nodes: sniffed on loopback, or rebuilt from what the sockets carried."""

import asyncio
import shutil
import socket
import struct
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.calls.placed import CallLength
from pytest_cucmtls.sim.packets.capture import packet_socket
from pytest_cucmtls.sim.sip.options_ping import TrunkService
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.screen_capture import parse_screen_capture
from tests.simulated_nodes import Authority, manager, pair, run
from tests.test_sim_call_features import finish, paused, talking, until


def can_sniff() -> bool:
    """This process may open packet sockets."""
    try:
        packet_socket().close()
    except (AttributeError, PermissionError):
        return False
    return True


needs_sniffing = pytest.mark.skipif(not can_sniff(), reason="needs the right to sniff")
SOURCES = [pytest.param(True, marks=needs_sniffing), False]


def read(path: Path) -> CaptureReport:
    """The file, parsed."""
    with path.open("rb") as stream:
        report = parse_capture(stream)
    assert report.readable
    assert report.problem is None
    return report


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("sniff", SOURCES)
@pytest.mark.parametrize("transport", ["TCP", "UDP"])
def test_tshark_reads_a_call_with_ping_prack_hold_and_keys_without_a_malformed_frame(
    tmp_path: Path, sniff: bool, transport: str
) -> None:
    path = tmp_path / "packets.cap"

    async def work() -> None:
        both = pair(tmp_path, mode="Non Secure", sniff=sniff, length=CallLength(packets=100_000, interval_seconds=0.005))
        for node in (both.a, both.b):
            profile = {"name": "P", "enableOutboundOptionsPing": "true", "sipRe11XxEnabled": "Send PRACK for all 1xx Messages"}
            node.cluster.database.add("sipProfile", profile)
            node.cluster.database.rows("sipTrunk")[0]["sipProfileName"] = "P"
            node.cluster.database.rows("sipTrunkSecurityProfile")[0]["outgoingTransport"] = transport
        assert both.a.packet_capture is not None
        capture = both.a.packet_capture.start_file(path, count=100_000, snap_length=None, host=both.b.ip, port=None)
        await manager(both.b).start()
        await manager(both.a).start()
        async with asyncio.timeout(20):
            await manager(both.a).pings.wait_for("to-CUCM10", lambda seen: seen.service is TrunkService.FULL)
        call, _ = await talking(both)
        call.hold()
        await until(lambda: paused(call))
        call.resume()
        await until(lambda: not paused(call))
        await finish(both)
        await both.stop()
        capture.stop()

    run(work())
    for expression, present in (
        ("_ws.malformed", False),
        ("sip.Method == OPTIONS", True),
        ("sip.Method == PRACK", True),
        ('sdp.media_attr == "inactive"', True),
        ("sip.Method == BYE && sip.Reason", True),
        ("udp && sip", transport == "UDP"),
    ):
        command = ["tshark", "-n", "-r", str(path), "-Y", expression]
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert bool(found.stdout.splitlines()) is present, (expression, found.stdout[:500])


@pytest.mark.parametrize("sniff", SOURCES)
def test_a_capture_holds_the_whole_handshake_and_only_once(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.a.packet_capture is not None
            path = tmp_path / "platform" / "cli" / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=100_000, snap_length=None, host=both.b.ip, port=None)
            await both.call()
            packets = capture.stop()
            assert capture.stop() == packets
            report = read(path)
            assert report.packets == packets
            [handshake] = report.handshakes
            assert (handshake.client.ip, str(handshake.server)) == (both.a.ip, f"{both.b.ip}:5061")
            assert handshake.tcp_opened
            assert handshake.mutual_authentication == "yes"
            assert report.addresses == tuple(sorted((both.a.ip, both.b.ip)))
            assert ("recorded at the sockets" in capture.comment) is not sniff
            assert [("recorded at the sockets" in comment) for comment in report.comments] == ([] if sniff else [True])

    run(work())


def test_without_the_right_to_sniff_packets_are_recorded_at_the_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden() -> socket.socket:
        raise PermissionError

    monkeypatch.setattr("pytest_cucmtls.sim.packets.capture.packet_socket", forbidden)

    async def work() -> None:
        async with pair(tmp_path) as both:
            assert both.a.packet_capture is not None
            path = tmp_path / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=both.b.ip, port=None)
            assert "recorded at the sockets" in capture.comment
            await both.call()
            assert capture.stop() > 0
            assert len(read(path).handshakes) == 1

    run(work())


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("sniff", SOURCES)
def test_tshark_finds_nothing_malformed(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.b.packet_capture is not None
            capture = both.b.packet_capture.start_file(
                tmp_path / "packets.cap", count=1000, snap_length=None, host=both.a.ip, port=5061
            )
            await both.call()
            await both.stop()
            capture.stop()

    run(work())
    strict = [] if sniff else ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    problems = "_ws.malformed || tcp.analysis.lost_segment || tcp.analysis.retransmission || tcp.analysis.out_of_order"
    bad = " || tcp.checksum.status == 0 || ip.checksum.status == 0" if strict else ""
    path = str(tmp_path / "packets.cap")
    for expression, expected in ((problems + bad, 0), ("tls.handshake.type == 11", 2), ("tcp.flags.syn == 1", 2)):
        found = subprocess.run(
            ["tshark", "-n", "-r", path, *strict, "-Y", expression], capture_output=True, text=True, check=True, timeout=60
        )
        assert len(found.stdout.splitlines()) == expected, expression


@pytest.mark.parametrize("sniff", SOURCES)
def test_no_segment_is_longer_than_on_a_lan(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.a.packet_capture is not None
            lines: list[str] = []
            capture = both.a.packet_capture.start_screen(lines.append, count=1000, numeric=True, host=None, port=None)
            await both.call()
            assert capture.stop() == len(lines)
            sizes = [int(line.rpartition("length ")[2]) for line in lines]
            assert max(sizes) == 1448

    run(work())


@pytest.mark.parametrize("sniff", SOURCES)
def test_a_snap_length_cuts_packets_and_keeps_their_original_length(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.a.packet_capture is not None
            path = tmp_path / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=128, host=both.b.ip, port=None)
            await both.call()
            capture.stop()
            report = read(path)
            assert 0 < report.cut_packets < report.packets

    run(work())


@pytest.mark.parametrize("sniff", SOURCES)
@pytest.mark.parametrize(
    ("host", "port", "kept"), [(None, None, True), ("peer", 5061, True), ("peer", 5060, False), ("other", None, False)]
)
def test_filters_keep_what_they_name(tmp_path: Path, sniff: bool, host: str | None, port: int | None, kept: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.a.packet_capture is not None
            address = {"peer": both.b.ip, "other": "127.0.0.1"}.get(host or "")
            capture = both.a.packet_capture.start_file(
                tmp_path / "packets.cap", count=1000, snap_length=None, host=address, port=port
            )
            await both.call()
            assert (capture.stop() > 0) is kept
            size = (tmp_path / "packets.cap").stat().st_size
            assert (size == 24) is (sniff and not kept)

    run(work())


@pytest.mark.parametrize("sniff", SOURCES)
def test_a_capture_stops_at_its_count(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.a.packet_capture is not None
            capture = both.a.packet_capture.start_file(tmp_path / "packets.cap", count=4, snap_length=None, host=None, port=None)
            await both.call()
            assert capture.stop() == 4
            assert read(tmp_path / "packets.cap").packets == 4

    run(work())


@pytest.mark.parametrize("sniff", SOURCES)
def test_media_flows_from_phone_to_phone_and_not_through_the_node(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.a.packet_capture is not None
            path = tmp_path / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=None, port=None)
            await both.call()
            capture.stop()
            assert read(path).streams == ()

    run(work())


@pytest.mark.parametrize("sniff", SOURCES)
def test_a_capture_started_late_shows_no_beginning(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        async with pair(tmp_path, sniff=sniff) as both:
            assert both.a.packet_capture is not None
            await both.call()
            path = tmp_path / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=both.b.ip, port=None)
            await both.call()
            assert capture.stop() > 0
            assert all(not handshake.tcp_opened and not handshake.server_chain for handshake in read(path).handshakes)

    run(work())


@pytest.mark.parametrize("sniff", SOURCES)
def test_packets_are_stamped_with_the_nodes_clock(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        both = pair(tmp_path, sniff=sniff)
        both.a.clock_offset = timedelta(hours=2)
        async with both:
            assert both.a.packet_capture is not None
            path = tmp_path / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=None, port=None)
            await both.call()
            capture.stop()
            first_at = read(path).first_at
            assert first_at is not None
            assert abs(first_at - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)

    run(work())


@needs_sniffing
def test_everything_sent_before_the_stop_is_in_the_file(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        assert both.a.packet_capture is not None
        path = tmp_path / "packets.cap"
        capture = both.a.packet_capture.start_file(path, count=100_000, snap_length=None, host=both.b.ip, port=None)
        with socket.socket(type=socket.SOCK_DGRAM) as sender, socket.socket(type=socket.SOCK_DGRAM) as receiver:
            sender.bind((both.a.ip, 0))
            receiver.bind((both.b.ip, 0))
            for number in range(500):
                sender.sendto(struct.pack(">I", number), receiver.getsockname())
            assert capture.stop() == 500
        assert read(path).packets == 500

    run(work())


@pytest.mark.parametrize("release", ["9.1", "15"])
@pytest.mark.parametrize("numeric", [True, False])
def test_every_screen_line_is_understood_by_our_own_reader(tmp_path: Path, release: str, numeric: bool) -> None:
    async def work() -> None:
        authority = Authority(1024, sha1=True)
        async with pair(tmp_path, releases=(release, "10.5" if release == "9.1" else "14"), authority=authority) as both:
            lines: list[str] = []
            assert both.a.packet_capture is not None
            capture = both.a.packet_capture.start_screen(lines.append, count=1000, numeric=numeric, host=both.b.ip, port=None)
            await both.call()
            capture.stop()
            packets = parse_screen_capture("\r\n".join(lines))
            assert len(packets) == len(lines)
            assert packets[0].flags == "S"
            assert packets[0].src_host == (both.a.ip if numeric else "CUCMA")
            assert (packets[0].dst_host, packets[0].dst_port) == (both.b.ip, 5061)
            assert "mss 1460,sackOK,T" in lines[0] or "mss 1460,sackOK,timestamp" in lines[0]

    run(work())


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("releases", [("15", "14"), ("10.5", "9.1")])
def test_a_key_log_decrypts_the_signalling_in_tshark(tmp_path: Path, releases: tuple[str, str]) -> None:
    log, path = tmp_path / "keys.log", tmp_path / "packets.cap"

    async def work() -> None:
        both = pair(tmp_path, releases=releases, authority=Authority(1024, sha1=True))
        both.a.call_manager = CallManager(both.a, length=CallLength(packets=2, interval_seconds=0.002), key_log=log)
        async with both:
            assert both.a.packet_capture is not None
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=both.b.ip, port=None)
            await both.call()
            capture.stop()

    run(work())
    assert log.stat().st_mode & 0o777 == 0o600
    arguments = ["-n", "-r", str(path), "-o", f"tls.keylog_file:{log}", "-Y", "sip.Method", "-T", "fields", "-e", "sip.Method"]
    shown = subprocess.run(["tshark", *arguments], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.split() == ["INVITE", "ACK", "BYE"]
