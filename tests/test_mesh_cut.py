"""One capture, trace or call log of a node, cut by peer: nothing of a trunk is lost, and nothing of another stays."""

import io
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.wire.capture_cut import cut_capture
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.trace_cut import PeerMarks, cut_call_log, cut_sdl_trace
from pytest_cucmtls.wire.traces import parse_trace
from tests.packet_writer import BEGINNING, Frame, frames, in_link, pcap, pcapng, tcp_segment, udp_datagram

OWN, PARIS, ROME, STRANGER = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9"
PEERS = {ip_address(PARIS).packed: "paris", ip_address(ROME).packed: "rome"}
US = frozenset({ip_address(OWN).packed})


def datagram(src: str, dst: str, text: bytes = b"x") -> bytes:
    return udp_datagram((src, 5061), (dst, 5061), text)


def cut(data: bytes) -> dict[str, bytes] | None:
    return cut_capture(io.BytesIO(data), US, PEERS)


def packets(data: bytes) -> int:
    report = parse_capture(io.BytesIO(data))
    assert report.readable
    assert report.problem is None
    return report.packets


def test_each_peer_gets_the_packets_to_and_from_it_and_no_others() -> None:
    sent = [datagram(OWN, PARIS), datagram(PARIS, OWN), datagram(OWN, ROME), datagram(OWN, STRANGER), datagram(PARIS, ROME)]
    found = cut(pcap(frames(sent)))
    assert found is not None
    assert {name: packets(piece) for name, piece in found.items()} == {"paris": 2, "rome": 1}


@pytest.mark.parametrize("write", [pcap, pcapng])
def test_times_to_the_nanosecond_lengths_and_bytes_are_kept(write: object) -> None:
    frame = Frame(BEGINNING, in_link(datagram(OWN, PARIS, bytes(200)))).cut(100)
    found = cut(write([frame]))  # type: ignore[operator]
    assert found is not None
    report = parse_capture(io.BytesIO(found["paris"]))
    assert (report.packets, report.cut_packets) == (1, 1)
    assert report.first_at == datetime.fromtimestamp(BEGINNING // 1_000_000_000, UTC) + timedelta(microseconds=313_121)


def test_a_peer_nobody_spoke_with_has_a_capture_without_packets() -> None:
    found = cut(pcap(frames([datagram(OWN, PARIS)])))
    assert found is not None
    assert packets(found["rome"]) == 0


def test_addresses_of_version_6_are_told_apart_too() -> None:
    own, peer = "2001:db8::1", "2001:db8::2"
    data = pcap(frames([tcp_segment((own, 1), (peer, 2), 0, 0, 2), tcp_segment((own, 1), ("2001:db8::3", 2), 0, 0, 2)]))
    found = cut_capture(io.BytesIO(data), frozenset({ip_address(own).packed}), {ip_address(peer).packed: "paris"})
    assert found is not None
    assert packets(found["paris"]) == 1


@pytest.mark.parametrize("spoil", [slice(None, -3), slice(0), slice(8, None), slice(20)])
def test_what_would_lose_its_damage_is_not_cut(spoil: slice) -> None:
    assert cut(pcap(frames([datagram(OWN, PARIS)]))[spoil]) is None


@given(st.binary(max_size=400))
@settings(max_examples=80)
def test_any_bytes_are_cut_or_left_alone(data: bytes) -> None:
    assert cut(data) is None or set(cut(data) or ()) == {"paris", "rome"}
    assert cut_sdl_trace(data, [marks("paris", PARIS)]) is None or True
    assert set(cut_call_log(data, [marks("paris", PARIS)])) == {"paris"}


DAY = datetime(2026, 11, 23, tzinfo=UTC)
HEAD = "00000001.000 |{time} |FileHead |UTC:{zone},Date: 2026/11/23, AppName: CCM, AppNodeId: 1, HostIPAddress: 192.0.2.1\n"


def marks(name: str, address: str, *times: tuple[float, float], numbers: tuple[tuple[str, str], ...] = ()) -> PeerMarks:
    """`times` are seconds since 10:00 UTC."""
    ten = DAY + timedelta(hours=10)
    spans = tuple((ten + timedelta(seconds=begin), ten + timedelta(seconds=end)) for begin, end in times)
    return PeerMarks(name, spans, (address,), numbers)


def trace(*records: tuple[str, str], zone: str = "+00:00", begin: str = "09:59:00.000") -> bytes:
    rows = [f"{number:08d}.000 |{time} |AppInfo  |{text}\n" for number, (time, text) in enumerate(records, 2)]
    return (HEAD.format(time=begin, zone=zone) + "".join(rows)).encode()


def texts(piece: bytes) -> list[str]:
    return [line.split("|", 3)[3] for line in piece.decode().splitlines() if "|AppInfo" in line]


def test_records_of_the_calls_time_are_kept_ends_included() -> None:
    data = trace(("10:00:00.999", "before"), ("10:00:01.000", "first"), ("10:00:02.000", "last"), ("10:00:02.001", "after"))
    found = cut_sdl_trace(data, [marks("paris", PARIS, (1, 2))])
    assert found is not None
    assert texts(found["paris"]) == ["first", "last"]
    assert parse_trace(io.BytesIO(found["paris"])).header is not None


def test_a_record_that_names_the_peer_is_kept_whatever_its_time() -> None:
    data = trace(
        ("09:59:10.000", "connection to 192.0.2.2:5061"),
        ("09:59:11.000", "connection to 192.0.2.20:5061"),
        ("09:59:12.000", "addr=192.0.2.2, port=5061"),
        ("09:59:13.000", "1192.0.2.2"),
        ("09:59:14.000", "goes to 192.0.2.2."),
    )
    found = cut_sdl_trace(data, [marks("paris", PARIS)])
    assert found is not None
    assert texts(found["paris"]) == ["connection to 192.0.2.2:5061", "addr=192.0.2.2, port=5061", "goes to 192.0.2.2."]


def test_a_record_keeps_the_lines_that_continue_it() -> None:
    data = trace(("10:00:01.000", "Outgoing SIP message\nINVITE sip:1@192.0.2.2 SIP/2.0\nVia: x\n"), ("10:05:00.000", "other"))
    found = cut_sdl_trace(data, [marks("paris", PARIS)])
    assert found is not None
    assert b"INVITE sip:1@192.0.2.2 SIP/2.0\nVia: x\n" in found["paris"]
    assert b"other" not in found["paris"]


def test_calls_at_different_times_are_told_apart_and_a_shared_record_stands_in_both() -> None:
    data = trace(("10:00:01.000", "one"), ("10:00:05.000", "between"), ("10:00:09.000", "two"))
    found = cut_sdl_trace(data, [marks("paris", PARIS, (0, 5)), marks("rome", ROME, (5, 10))])
    assert found is not None
    assert (texts(found["paris"]), texts(found["rome"])) == (["one", "between"], ["between", "two"])


def test_the_nodes_zone_and_midnight_are_minded() -> None:
    data = trace(("23:59:59.000", "old day"), ("00:00:01.000", "new day"), zone="+01:00", begin="23:59:00.000")
    late = marks("paris", PARIS, (12 * 3600 + 3600 - 10, 13 * 3600 + 10))
    found = cut_sdl_trace(data, [late])
    assert found is not None
    assert texts(found["paris"]) == ["old day", "new day"]


@pytest.mark.parametrize("data", [b"", b"no trace", b"00000002.000 |10:00:00.000 |AppInfo  |no head\n"])
def test_a_trace_without_a_date_is_not_cut(data: bytes) -> None:
    assert cut_sdl_trace(data, [marks("paris", PARIS, (0, 1))]) is None


LOG = b"""2026/11/23 10:00:01.000|CC|SETUP|11|12|4001|4002|4002
2026/11/23 10:00:01.100|SIPT|11|TCP|OUT|192.0.2.1|5061|to-paris|192.0.2.2|5061|t|1|call@192.0.2.1|INVITE
2026/11/23 10:00:02.000|CC|SETUP|21|22|4001|4003|4003
2026/11/23 10:00:02.100|SIPT|21|TCP|OUT|192.0.2.1|5061|to-rome|192.0.2.3|5061|t|1|other@192.0.2.1|INVITE
2026/11/23 10:00:03.000|CC|RELEASE|11|12|16
not a line
"""


def test_a_call_log_is_cut_by_the_legs_of_the_peers_calls() -> None:
    found = cut_call_log(LOG, [marks("paris", PARIS, numbers=(("4001", "4002"),)), marks("rome", ROME)])
    assert [line.split(b"|")[2:4] for line in found["paris"].splitlines()] == [
        [b"SETUP", b"11"], [b"11", b"TCP"], [b"RELEASE", b"11"],
    ]  # fmt: skip
    assert b"|21|" in found["rome"]
    assert b"|11|" not in found["rome"]


def test_a_peer_without_calls_has_an_empty_log() -> None:
    assert cut_call_log(LOG, [marks("oslo", "192.0.2.7", numbers=(("4001", "4009"),))]) == {"oslo": b""}


def test_a_record_in_a_calls_time_that_names_another_peer_only_is_left_out() -> None:
    data = trace(("10:00:01.000", "to 192.0.2.3"), ("10:00:01.500", "to 192.0.2.2 and 192.0.2.3"), ("10:00:02.000", "to nobody"))
    found = cut_sdl_trace(data, [marks("paris", PARIS, (0, 9)), marks("rome", ROME)])
    assert found is not None
    assert texts(found["paris"]) == ["to 192.0.2.2 and 192.0.2.3", "to nobody"]
    assert texts(found["rome"]) == ["to 192.0.2.3", "to 192.0.2.2 and 192.0.2.3"]
