"""What lies between the simulated clusters and goes wrong: a middlebox that ends TLS, lost media, clocks, a disk, SRV targets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.handshakes import HandshakeOutcome
from pytest_cucmtls.sim.calls.placed import Call, CallLength
from pytest_cucmtls.sim.configured import configure
from pytest_cucmtls.sim.database import repeated
from pytest_cucmtls.sim.faults import choose_faults
from pytest_cucmtls.sim.packets.files import LittleRoom
from pytest_cucmtls.sim.server import RunningPair, start_pair
from pytest_cucmtls.sim.sip.middlebox import AUTHORITY_NAME
from pytest_cucmtls.sim.sip.options_ping import TrunkService
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.capture_report import parse_capture
from tests.simulated_nodes import manager, pair, run, sdl_text


@asynccontextmanager
async def configured(folder: Path, plan: str = "modern") -> AsyncIterator[RunningPair]:
    """A pair that was configured before it started."""
    running = await start_pair(plan, folder, prepare=configure)
    try:
        yield running
    finally:
        await running.close()


async def broken(running: RunningPair, *names: str) -> None:
    """Inject faults and reset the trunks."""
    for chosen in choose_faults(names, running.clusters):
        await chosen.inject_and_reset()


async def captured(running: RunningPair, folder: Path, source: str = "A") -> tuple[Call, CaptureReport]:
    """A call, and what the caller's node captured of it."""
    node, other = running.cluster(source).publisher, running.cluster("B" if source == "A" else "A").publisher
    phone = node.cluster.database.rows("phone")[0]
    assert node.packet_capture is not None
    path = folder / "middle.cap"
    capture = node.packet_capture.start_file(path, count=10_000, snap_length=None, host=other.ip, port=None)
    number = {"A": "1018", "B": "9898"}
    await manager(node).make_call(phone["name"], number[source], number["B" if source == "A" else "A"])
    await manager(node).wait_until_idle()
    await manager(other).wait_until_idle()
    capture.stop()
    with path.open("rb") as stream:
        return manager(node).calls.finished[-1], parse_capture(stream)


def status_of(call: Call) -> int:
    assert call.outcome is not None
    return call.outcome.status


@pytest.mark.parametrize("source", ["A", "B"])
def test_a_trusted_middlebox_lets_the_call_pass_with_certificates_nobody_uploaded(tmp_path: Path, source: str) -> None:
    async def work() -> None:
        async with configured(tmp_path) as running:
            await broken(running, "middlebox_terminates_tls@A", "middlebox_terminates_tls@B")
            call, report = await captured(running, tmp_path, source)
            assert status_of(call) == 200
            assert call.outcome is not None
            assert call.outcome.agreement is not None
            assert call.outcome.agreement.keys is not None
            server = running.cluster("B" if source == "A" else "A").publisher
            shown = next(each for each in report.handshakes if each.outcome is HandshakeOutcome.COMPLETE)
            assert (shown.server.ip, shown.server.port) == (server.ip, server.sip_port)
            leaf = shown.server_chain[0]
            assert leaf.subject.common_name == server.name
            assert leaf.issuer.common_name == AUTHORITY_NAME
            assert server.loaded is not None
            assert leaf.der != server.loaded.identity.der
            assert f"--remoteIP={server.ip.rpartition('.')[0]}.253" in sdl_text(server)

    asyncio.run(work())


def test_a_middlebox_only_one_side_trusts_is_refused_by_the_other(tmp_path: Path) -> None:
    async def work() -> None:
        async with configured(tmp_path) as running:
            await broken(running, "middlebox_terminates_tls@B")
            call, report = await captured(running, tmp_path)
            assert status_of(call) == 503
            alerts = [(alert.sender, alert.description) for each in report.handshakes for alert in each.alerts]
            assert ("client", "unknown_ca") in alerts

    asyncio.run(work())


async def talk(folder: Path, fault: str) -> tuple[Call, Call]:
    """A call from A to B with a fault on A: (A's view, B's view)."""
    both = pair(folder, length=CallLength(packets=50, interval_seconds=0.002))
    both.a.cluster.faults.add(fault)
    async with both:
        await both.call()
        return manager(both.a).calls.finished[-1], manager(both.b).calls.finished[-1]


def heard(call: Call) -> int:
    assert call.audio is not None
    return call.audio.received


def test_blocked_media_is_heard_in_one_direction_only_although_keys_were_agreed(tmp_path: Path) -> None:
    async def work() -> None:
        caller, called = await talk(tmp_path, "media_blocked")
        assert status_of(caller) == 200
        assert caller.outcome is not None
        assert caller.outcome.agreement is not None
        assert caller.outcome.agreement.keys is not None
        assert (heard(caller), heard(called)) == (50, 0)

    run(work())


def test_lost_media_packets_are_missing_at_the_other_end(tmp_path: Path) -> None:
    async def work() -> None:
        caller, called = await talk(tmp_path, "media_packets_lost")
        assert heard(caller) == 50
        assert heard(called) == 45

    run(work())


@pytest.mark.parametrize(("fault", "status"), [("clock_five_seconds_ahead", 200), ("clock_behind", 503), ("clock_ahead", 503)])
def test_a_wrong_clock_matters_to_certificates_only_when_it_is_far_off(tmp_path: Path, fault: str, status: int) -> None:
    async def work() -> None:
        async with configured(tmp_path) as running:
            await broken(running, f"{fault}@B")
            call, _ = await captured(running, tmp_path)
            assert status_of(call) == status

    asyncio.run(work())


@pytest.mark.parametrize("sniff", [True, False])
def test_a_disk_that_fills_leaves_a_capture_that_ends_in_the_middle_of_a_packet(tmp_path: Path, sniff: bool) -> None:
    async def work() -> None:
        both = pair(tmp_path, sniff=sniff)
        both.a.cluster.faults.add("disk_fills_during_capture")
        async with both:
            assert both.a.packet_capture is not None
            path = tmp_path / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=both.b.ip, port=None)
            await both.call()
            assert capture.stop() > 10
            assert path.stat().st_size == 3000
            with path.open("rb") as stream:
                assert parse_capture(stream).problem is not None

    run(work())


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (1, 1), (9, 9), (10, 10), (11, 10)])
def test_a_full_disk_keeps_exactly_what_fits(tmp_path: Path, room: int, kept: int) -> None:
    file = LittleRoom(tmp_path / "file", room)
    for _ in range(5):
        file.write(b"xy")
    file.close()
    assert (tmp_path / "file").stat().st_size == kept


def use_service_record(running: RunningPair) -> NodeState:
    """Cluster A's trunk leads to the SRV name of B's domain."""
    trunk = running.cluster("A").database.rows("sipTrunk")[0]
    first, *_ = repeated(trunk, "destinations")
    trunk["destAddrIsSrv"] = True
    trunk["destinations"] = {"destination": [{**first, "addressIpv4": "beta.example", "port": 0}]}
    return running.cluster("A").publisher


def test_a_trunk_to_an_srv_name_reaches_every_target_and_one_may_serve_an_old_certificate(tmp_path: Path) -> None:
    async def work() -> None:
        async with configured(tmp_path, "two-nodes") as running:
            node = use_service_record(running)
            await broken(running, "old_certificate_served_by_a_subscriber@B")
            targets = running.cluster("B").nodes
            for target in targets:
                target.certificates.regenerate("CallManager")
                assert target.call_manager is not None
                await target.call_manager.restart()
            assert node.packet_capture is not None
            path = tmp_path / "srv.cap"
            capture = node.packet_capture.start_file(path, count=10_000, snap_length=None, host=None, port=None)
            await manager(node).reset_trunk("to-cluster-b")
            async with asyncio.timeout(20):
                state = await manager(node).pings.wait_for("to-cluster-b", lambda found: found.service is TrunkService.PARTIAL)
            capture.stop()
            assert state.reasons == ((f"{targets[0].name}:5061", "Local=2"),)
            with path.open("rb") as stream:
                report = parse_capture(stream)
            mine = {each.server.ip: each.server_chain[0] for each in report.handshakes if each.client.ip == node.ip}
            assert mine[targets[0].ip].issuer == mine[targets[0].ip].subject
            assert mine[targets[1].ip].issuer.common_name == "Simulated CA"

    asyncio.run(work())


@pytest.mark.parametrize(
    "noise", [b"", b"\x16\x03\x01", b"GET / HTTP/1.0\r\n\r\n", bytes(range(256)) * 20, b"\x15\x03\x03\x00\x02\x02\x28"]
)
def test_noise_at_the_middlebox_leaves_nothing_behind(tmp_path: Path, noise: bytes) -> None:
    async def work() -> None:
        async with configured(tmp_path) as running:
            await broken(running, "middlebox_terminates_tls@A", "middlebox_terminates_tls@B")
            node = running.cluster("B").publisher
            for _ in range(3):
                reader, writer = await asyncio.open_connection(node.ip, node.sip_port)
                writer.write(noise)
                writer.write_eof()
                async with asyncio.timeout(5):
                    await reader.read()
                writer.close()
                await writer.wait_closed()
            call, _ = await captured(running, tmp_path)
            assert status_of(call) == 200
            await manager(node).stop()
            assert manager(node)._signalling._connections == []

    asyncio.run(work())
