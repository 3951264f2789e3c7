"""A call between simulated nodes and the handshake it leaves on the wire."""

from pathlib import Path

from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.sim.calls.placed import Call
from pytest_cucmtls.wire.capture_report import parse_capture
from tests.simulated_nodes import SimulatedPair


async def captured_call(both: SimulatedPair, folder: Path, source: str = "A") -> tuple[Call, Handshake]:
    """One call, and the first handshake on the wire."""
    assert both.a.packet_capture is not None
    path = folder / "packets.cap"
    capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=both.b.ip, port=None)
    call = await both.call(source)
    capture.stop()
    with path.open("rb") as stream:
        report = parse_capture(stream)
    assert report.readable
    assert report.problem is None
    return call, report.handshakes[0]


def alerts_of(handshake: Handshake) -> list[tuple[str, str]]:
    """(sender, description)."""
    return [(alert.sender, alert.description) for alert in handshake.alerts]
