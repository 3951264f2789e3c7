"""Capture files of every kind, whole, cut and damaged."""

import gzip
import hashlib
import io
import random
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.capture.files import read_capture
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.wire.capture_report import parse_capture
from tests.packet_writer import (
    BEGINNING,
    NULL,
    RAW,
    SLL,
    SLL2,
    Frame,
    TcpConversation,
    block,
    enhanced,
    frames,
    in_link,
    interface,
    ip_fragments,
    option,
    pcap,
    pcapng,
    section_header,
    tcp_segment,
    udp_datagram,
)
from tests.tls_pairs import INVITE, TlsPair, identity

ROOT = Path(__file__).resolve().parents[1]


def report_of(file: bytes) -> CaptureReport:
    return parse_capture(io.BytesIO(file))


@lru_cache(maxsize=1)
def flights() -> tuple[tuple[str, bytes], ...]:
    return tuple(TlsPair().flights())


@lru_cache(maxsize=1)
def packets() -> tuple[bytes, ...]:
    return tuple(TcpConversation(mss=536).open().exchange(flights()).close().packets)


def shows_both_certificates(report: CaptureReport) -> bool:
    chains = [(handshake.server_chain, handshake.client_chain) for handshake in report.handshakes]
    hashes = [[certificate.sha256 for chain in both for certificate in chain] for both in chains]
    return hashes == [[identity("cucm10").sha256, identity("cucma").sha256]]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_pcap_of_both_byte_orders_and_resolutions_is_read(order: str, nanoseconds: bool) -> None:
    report = report_of(pcap(frames(packets()), order=order, nanoseconds=nanoseconds))
    assert shows_both_certificates(report)
    assert (report.readable, report.problem, report.packets) == (True, None, len(packets()))
    assert report.first_at.isoformat() == "2015-05-23T13:16:11.313121+00:00"
    assert report.addresses == ("10.0.0.200", "10.0.0.203")


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_of_both_byte_orders_is_read_with_its_comment(order: str) -> None:
    report = report_of(pcapng(frames(packets()), order=order, comment="trunk reset at 13:16"))
    assert shows_both_certificates(report)
    assert report.comments == ("trunk reset at 13:16",)
    assert report.first_at.microsecond == 313121


def test_pcapng_sections_and_interfaces_each_have_their_own_link_type_and_clock() -> None:
    captured = frames(packets())
    half = len(captured) // 2
    cooked = [Frame(frame.at, in_link(packet, SLL)) for frame, packet in zip(captured[:half], packets(), strict=False)]
    file = section_header("<") + interface(1) + interface(SLL, resolution=9)
    file += b"".join(enhanced(frame, number=1, per_second=1_000_000_000) for frame in cooked)
    file += block(4, bytes(8)) + block(5, bytes(12)) + block(0x0BAD, b"custom")
    file += section_header(">") + interface(1, ">") + b"".join(enhanced(frame, ">") for frame in captured[half:])
    report = report_of(file)
    assert shows_both_certificates(report)
    assert report.first_at.microsecond == 313121


def test_pcapng_interface_options_may_shift_the_clock() -> None:
    moved = block(1, b"\x01\x00\x00\x00\x00\x00\x04\x00" + option(14, (3600).to_bytes(8, "little")) + option(0, b""))
    report = report_of(section_header() + moved + enhanced(frames(packets())[0]))
    assert (report.first_at.timestamp() - BEGINNING // 1_000_000_000) // 1 == 3600


def test_simple_packet_blocks_have_no_time_but_are_read() -> None:
    simple = b"".join(block(3, len(f.data).to_bytes(4, "little") + f.data) for f in frames(packets()))
    report = report_of(section_header() + interface() + simple)
    assert shows_both_certificates(report)
    assert report.first_at is None


@pytest.mark.parametrize("link", [1, NULL, RAW, 12, 14, 228, SLL, SLL2])
def test_every_link_type_is_read(link: int) -> None:
    assert shows_both_certificates(report_of(pcap(frames(packets(), link), link=link)))


@pytest.mark.parametrize("tags", [(0x8100,), (0x88A8, 0x8100), (0x9100, 0x8100)])
def test_vlan_tags_are_stepped_over(tags: tuple[int, ...]) -> None:
    assert shows_both_certificates(report_of(pcap(frames(packets(), tags=tags))))


@pytest.mark.parametrize("link", [1, NULL, RAW, SLL, SLL2])
def test_ipv6_is_read(link: int) -> None:
    conversation = TcpConversation(("2001:db8::203", 33135), ("2001:db8::200", 5061)).open().exchange(flights()).close()
    report = report_of(pcap(frames(conversation.packets, link), link=link))
    assert shows_both_certificates(report)
    assert report.handshakes[0].client.ip == "2001:db8::203"


def test_ipv6_extension_headers_are_stepped_over() -> None:
    conversation = TcpConversation(("2001:db8::203", 33135), ("2001:db8::200", 5061)).open().exchange(flights()).close()
    options = b"\x3c\x00" + bytes(6) + b"\x06\x00" + bytes(6)
    longer = [p[:4] + (len(p) - 40 + 16).to_bytes(2, "big") + b"\x00" + p[7:40] + options + p[40:] for p in conversation.packets]
    assert shows_both_certificates(report_of(pcap(frames(longer))))


def test_an_unknown_link_type_is_named() -> None:
    report = report_of(pcap(frames(packets()), link=105))
    assert report.readable
    assert report.notes == ("packets of link type 105 cannot be read",)


@pytest.mark.parametrize("keep_order", [True, False])
def test_ip_fragments_are_put_together(keep_order: bool) -> None:
    invite = INVITE.replace(b"Content-Length", b"X-Long: " + b"x" * 3000 + b"\r\nContent-Length")
    source, destination = ("10.0.0.1", 5060), ("10.0.0.2", 5060)
    whole = udp_datagram(source, destination, invite)
    pieces = ip_fragments(17, source[0], destination[0], whole[20:], 1024)
    assert len(pieces) > 2
    report = report_of(pcap(frames(pieces if keep_order else pieces[::-1])))
    assert [seen.message.method for seen in report.sip] == ["INVITE"]
    assert report.plaintext_sip


def test_gzip_is_recognised_by_content_and_hashed_as_stored() -> None:
    packed = gzip.compress(pcap(frames(packets())))
    report = report_of(packed)
    assert shows_both_certificates(report)

    assert report.sha256 == hashlib.sha256(packed).hexdigest()


def test_a_cut_gzip_shows_what_was_there() -> None:
    packed = gzip.compress(pcap(frames(packets())), compresslevel=0)
    report = report_of(packed[:-1000])
    assert report.readable
    assert report.packets > 3
    assert "cut" in report.problem


def test_retransmissions_reordering_and_overlap_change_nothing() -> None:
    original = list(packets())
    shuffled = random.Random(4)
    for _ in range(30):
        changed = original[:3] + original[3:]
        for position in range(4, len(changed) - 5, 3):
            if shuffled.random() < 0.5:
                changed[position], changed[position + 1] = changed[position + 1], changed[position]
            if shuffled.random() < 0.3:
                changed.insert(position + 2, changed[position])
        assert shows_both_certificates(report_of(pcap(frames(changed))))


def test_overlapping_retransmissions_add_only_what_is_new() -> None:
    conversation = TcpConversation(mss=300).open().exchange(flights()).close()
    joined: list[bytes] = []
    for before, packet in zip([b"", *conversation.packets], conversation.packets, strict=False):
        joined.append(packet)
        if len(before) > 200 and len(packet) > 200 and before[12:20] == packet[12:20]:
            seq, ack = int.from_bytes(before[24:28], "big"), int.from_bytes(before[28:32], "big")
            ends = [
                (".".join(map(str, before[at : at + 4])), int.from_bytes(before[port : port + 2], "big"))
                for at, port in ((12, 20), (16, 22))
            ]
            joined.append(tcp_segment(ends[0], ends[1], seq, ack, 16, before[40:] + packet[40:]))
    assert len(joined) > len(conversation.packets)
    assert shows_both_certificates(report_of(pcap(frames(joined))))


def test_sequence_numbers_may_wrap() -> None:
    conversation = TcpConversation(first=(1 << 32) - 700).open().exchange(flights()).close()
    assert shows_both_certificates(report_of(pcap(frames(conversation.packets))))


def test_ports_used_again_are_two_connections() -> None:
    first = TcpConversation().open().exchange(flights()).close()
    second = TcpConversation(first=900_000).open().exchange(flights()).close()
    report = report_of(pcap(frames(first.packets + second.packets)))
    assert len(report.handshakes) == 2
    assert [handshake.mutual_authentication for handshake in report.handshakes] == ["yes", "yes"]
    assert len(report.connections) == 2


def test_tls_after_a_clear_beginning_is_found() -> None:
    conversation = TcpConversation().open()
    conversation.send("server", b"220 mail\r\n").send("client", b"STARTTLS\r\n").send("server", b"220 go\r\n")
    assert shows_both_certificates(report_of(pcap(frames(conversation.exchange(flights()).close().packets))))


def test_a_reset_answer_to_a_syn_is_a_refused_connection() -> None:
    conversation = TcpConversation()
    conversation._add("client", 2)
    report = report_of(pcap(frames(conversation.reset("server").packets)))
    (connection,) = report.connections
    assert (connection.opened, connection.refused, connection.server.port) == (False, True, 5061)


def test_a_server_that_hangs_up_in_the_handshake_is_noted() -> None:
    conversation = TcpConversation().open().exchange(flights()[:1]).reset("server")
    (handshake,) = report_of(pcap(frames(conversation.packets))).handshakes
    assert handshake.outcome.value == "incomplete"
    assert handshake.notes == ("the server reset the TCP connection before the handshake was complete",)


def test_sip_over_tcp_is_read_across_segments() -> None:
    conversation = TcpConversation(("10.0.0.1", 50000), ("10.0.0.2", 5060), mss=37).open()
    conversation.send("client", INVITE + INVITE).close()
    report = report_of(pcap(frames(conversation.packets)))
    assert [(seen.transport, seen.message.call_id) for seen in report.sip] == [("tcp", "77-1@10.0.0.203")] * 2
    assert report.handshakes == ()


@pytest.mark.parametrize("written", [pcap, pcapng])
def test_a_file_cut_at_any_byte_is_read_up_to_there(written) -> None:
    conversation = TcpConversation(mss=90).open().send("client", INVITE[:200])
    whole = written(frames(conversation.packets))
    seen = []
    for length in range(len(whole)):
        report = report_of(whole[:length])
        assert report.readable or report.problem
        assert report.packets <= len(conversation.packets)
        seen.append(report.packets)
        if report.problem is None:
            assert report_of(whole[:length]).packets == report.packets
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xd4", "ends inside"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "ends inside"),
        (b"BZh91AY&SY", "bzip2"),
        (b"this is a text file, not a capture", "not a pcap or pcapng file"),
        (b"\0" * 1000, "not a pcap or pcapng file"),
    ],
)
def test_what_is_no_capture_is_said(content: bytes, problem: str) -> None:
    report = report_of(content)
    assert report.readable is False
    assert problem in report.problem


def test_a_pcap_header_alone_is_an_empty_capture() -> None:
    report = report_of(pcap([]))
    assert (report.readable, report.problem, report.packets, report.first_at) == (True, None, 0, None)


def test_a_packet_of_impossible_size_ends_the_reading() -> None:
    report = report_of(pcap(frames(packets())) + b"\xff" * 16)
    assert report.packets == len(packets())
    assert "claims 4294967295 bytes" in report.problem


def test_a_stream_that_gives_one_byte_at_a_time_is_read() -> None:
    class Drops(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(1 if size else 0)

    assert shows_both_certificates(parse_capture(Drops(pcap(frames(packets())))))


def test_a_capture_without_certificates_is_read_without_the_cryptography_library(tmp_path: Path) -> None:
    path = tmp_path / "sip.pcap"
    path.write_bytes(pcap(frames([udp_datagram(("10.0.0.1", 5060), ("10.0.0.2", 5060), INVITE)])))
    program = (
        "import sys; from pytest_cucmtls.capture.files import read_capture; report = read_capture(sys.argv[1]); "
        "print(len(report.sip), 'cryptography' in sys.modules, 'pyshark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["1", "False", "False"]


def test_a_missing_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="No such file"):
        read_capture(tmp_path / "none.pcap")


def test_read_capture_reads_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "packets.cap"
    path.write_bytes(pcap(frames(packets())))
    assert shows_both_certificates(read_capture(path))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_raise(content: bytes) -> None:
    for file in (content, pcap([]) + content, section_header() + interface() + content):
        report = report_of(file)
        assert report.readable or report.problem


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=30), st.booleans())
def test_no_mutation_of_a_real_file_makes_the_reader_raise(changes: list[tuple[int, int]], newer: bool) -> None:
    file = bytearray(pcapng(frames(packets())) if newer else pcap(frames(packets())))
    for position, value in changes:
        file[position % len(file)] = value
    report = report_of(bytes(file))
    assert report.readable or report.problem


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=120), max_size=12), st.sampled_from([1, 0, 101, 113, 276, 9, 50, 104]))
def test_no_packet_makes_the_reader_raise(payloads: list[bytes], link: int) -> None:
    captured = [Frame(BEGINNING, payload) for payload in payloads]
    ethernet = [Frame(BEGINNING, bytes(12) + b"\x08\x00" + payload) for payload in payloads]
    assert report_of(pcap(captured, link=link)).packets == len(payloads)
    assert report_of(pcap(ethernet)).packets == len(payloads)


def test_random_bytes_that_look_like_one_record_are_no_tls_connection() -> None:
    conversation = TcpConversation(("10.0.0.1", 50000), ("10.0.0.2", 8080))
    chance = random.Random(3)
    for _ in range(5):
        conversation.send("client", b"Z" + chance.randbytes(1000))
    conversation.send("client", b"\x17\x03\x03\x02\x00" + chance.randbytes(600))
    for _ in range(5):
        conversation.send("client", b"Z" + chance.randbytes(1000))
    report = report_of(pcap(frames(conversation.packets)))
    assert report.handshakes == ()
    assert len(report.connections) == 1


def test_a_new_connection_on_closed_ports_is_seen_even_when_its_syn_is_missing() -> None:
    first = TcpConversation().open().exchange(flights()).close()
    for start in (900_000_000, 4_000_000_000):
        second = TcpConversation(first=start).exchange(flights()).close()
        report = report_of(pcap(frames(first.packets + second.packets)))
        assert [handshake.mutual_authentication for handshake in report.handshakes] == ["yes", "yes"]


def test_the_first_segments_may_come_in_any_order_when_the_syn_is_missing() -> None:
    packets_ = TcpConversation(mss=60).exchange(flights()).close().packets
    packets_[0], packets_[1] = packets_[1], packets_[0]
    assert shows_both_certificates(report_of(pcap(frames(packets_))))
