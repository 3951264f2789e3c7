"""Frames of the simulated network as bytes and as lines of the screen."""

import re
import struct
from ipaddress import IPv4Address

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.packets.frames import ACK, PUSH, SYN, FrameView, TcpSegment, internet_checksum, read_frame, tcp_frame
from pytest_cucmtls.sim.packets.screen import ScreenLines

SEGMENTS = st.builds(
    TcpSegment,
    src=st.just(Endpoint("127.1.2.3", 40000)),
    dst=st.just(Endpoint("127.1.2.4", 5061)),
    sequence=st.integers(0, 2**33),
    acknowledgement=st.integers(0, 2**33),
    flags=st.sampled_from([SYN, SYN | ACK, ACK, ACK | PUSH]),
    timestamp=st.tuples(st.integers(0, 2**40), st.integers(0, 2**32 - 1)),
    payload=st.binary(max_size=1448),
)


@settings(max_examples=80)
@given(SEGMENTS, st.integers(0, 100_000))
def test_a_built_frame_has_correct_checksums_and_reads_back(segment: TcpSegment, identification: int) -> None:
    frame = tcp_frame(segment, identification)
    view = read_frame(frame)
    assert view is not None
    assert (view.src, view.dst, view.flags, view.payload_bytes) == (segment.src, segment.dst, segment.flags, len(segment.payload))
    assert view.sequence == segment.sequence & 0xFFFFFFFF
    assert ("timestamp", (segment.timestamp[0] & 0xFFFFFFFF, segment.timestamp[1])) in view.options
    assert (("mss", (1460,)) in view.options) is bool(segment.flags & SYN)
    addresses = b"".join(IPv4Address(end.ip).packed for end in (segment.src, segment.dst))
    assert internet_checksum(frame[14:34]) == 0
    assert internet_checksum(addresses + struct.pack(">BBH", 0, 6, len(frame) - 34) + frame[34:]) == 0


@settings(max_examples=100)
@given(st.binary(max_size=120), st.integers(0, 120))
def test_any_bytes_are_read_or_passed_over(noise: bytes, cut: int) -> None:
    read_frame(noise)
    read_frame(bytes(12) + b"\x08\x00" + noise)
    whole = tcp_frame(TcpSegment(Endpoint("127.0.0.1", 1), Endpoint("127.0.0.2", 2), 1, 1, ACK, (1, 1), b"x" * 40), 1)
    read_frame(whole[:cut])
    read_frame(whole[:54] + noise)


STAMP = (("nop", ()), ("nop", ()), ("timestamp", (2864697196, 5629758)))


def _view(src: Endpoint, dst: Endpoint, flags: int, sequence: int, acknowledgement: int, size: int) -> FrameView:
    return FrameView("tcp", src, dst, size, sequence, acknowledgement, flags, 182, STAMP)


def test_screen_lines_are_tcpdumps_of_the_time() -> None:
    client, server = Endpoint("10.106.95.203", 42387), Endpoint("10.106.95.200", 5061)
    packets = (
        _view(client, server, ACK | PUSH, 790302485, 3661485150, 1146),
        _view(server, client, ACK, 3661485150, 790303631, 0),
    )
    old = ScreenLines(old_style=True, names={"10.106.95.203": "CUCMA"})
    first, second = [old.line(1432391653410944000, view) for view in packets]
    assert first == (
        "14:34:13.410944 IP CUCMA.42387 > 10.106.95.200.sip-tls: P 790302485:790303631(1146) ack 3661485150 win 182 "
        "<nop,nop,timestamp 2864697196 5629758>"
    )
    assert second.split(": ", 1)[1].startswith(". ack 1146 win 182 <nop,nop,timestamp ")
    new = ScreenLines(old_style=False, names={})
    first, second = [new.line(0, view) for view in packets]
    assert "IP 10.106.95.203.42387 > 10.106.95.200.5061: Flags [P.], seq 790302485:790303631, ack 3661485150, win 182, " in first
    assert first.endswith("length 1146")
    assert re.search(r": Flags \[\.\], ack 1146, win 182, options \[nop,nop,TS val \d+ ecr \d+\], length 0$", second)


def test_other_protocols_have_a_screen_line_too() -> None:
    lines = ScreenLines(old_style=False, names={})
    ends = Endpoint("10.0.0.1", 53), Endpoint("10.0.0.2", 5353)
    assert lines.line(0, FrameView("udp", *ends, 12)).endswith("10.0.0.1.53 > 10.0.0.2.5353: UDP, length 12")
    assert lines.line(0, FrameView("ip", *ends, 12)).endswith("length 12")
