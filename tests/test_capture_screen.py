"""Packets printed on the screen by the CLI's packet capture."""

from datetime import date, time

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.wire.screen_capture import parse_screen_capture

OLD = """admin:utils network capture host ip 10.106.95.200
Executing command with options:
 interface=eth0
 ip=10.106.95.200
19:04:13.410944 IP CUCMA.42387 > 10.106.95.200.sip-tls: P 790302485:790303631(1146) ack 3661485150 win 182 <nop,nop,timestamp 2 5>
19:04:13.450507 IP 10.106.95.200.sip-tls > CUCMA.42387: . ack 1146 win 249 <nop,nop,timestamp 6072188 2864697196>
19:04:13.465388 IP 10.106.95.200.sip-tls > CUCMA.42387: P 1:427(426) ack 1146 win 249 <nop,nop,timestamp 6072201 2864697196>
"""
NEW = (
    "19:04:13.465388 IP 10.106.95.200.5061 > cucma.alpha.example.42387: Flags [P.], seq 1:427, ack 1, win 249, "
    "options [nop,nop,TS val 1 ecr 2], length 426\r\n"
)


def test_the_old_style_of_the_source_document_is_read() -> None:
    first, second, third = parse_screen_capture(OLD)
    assert (first.src_host, first.src_port, first.dst_host, first.dst_port) == ("CUCMA", 42387, "10.106.95.200", 5061)
    assert (first.at, first.flags, first.payload_bytes, first.protocol) == (time(19, 4, 13, 410944), "P.", 1146, "tcp")
    assert (first.sequence, first.acknowledgment, first.line) == (790302485, 3661485150, 5)
    assert (second.flags, second.payload_bytes, second.src_port) == (".", 0, 5061)
    assert (third.payload_bytes, third.sequence) == (426, 1)


def test_the_newer_style_is_read() -> None:
    (packet,) = parse_screen_capture(NEW)
    assert (packet.src_host, packet.dst_host, packet.dst_port) == ("10.106.95.200", "cucma.alpha.example", 42387)
    assert (packet.flags, packet.payload_bytes, packet.sequence, packet.acknowledgment) == ("P.", 426, 1, 1)


def test_handshake_and_end_of_connections_are_told_in_both_styles() -> None:
    lines = {
        "S": "10:00:00.000001 IP a.1 > b.5061: S 12:12(0) win 5840 <mss 1460>",
        "S.": "10:00:00.000001 IP b.5061 > a.1: S 99:99(0) ack 13 win 14480",
        "F.": "10:00:00.000001 IP a.1 > b.5061: F 5:5(0) ack 9 win 1",
        "R": "10:00:00.000001 IP a.1 > b.5061: R 5:5(0) win 0",
    }
    newer = {
        "S": "10:00:00.000001 IP a.1 > b.5061: Flags [S], seq 12, win 5840, options [mss 1460], length 0",
        "S.": "10:00:00.000001 IP b.5061 > a.1: Flags [S.], seq 99, ack 13, win 14480, length 0",
        "F.": "10:00:00.000001 IP a.1 > b.5061: Flags [F.], seq 5, ack 9, win 1, length 0",
        "R": "10:00:00.000001 IP a.1 > b.5061: Flags [R], seq 5, win 0, length 0",
    }
    for style in (lines, newer):
        for flags, line in style.items():
            (packet,) = parse_screen_capture(line)
            assert (packet.flags, packet.payload_bytes) == (flags, 0)


def test_ipv6_udp_dates_and_cut_packets_are_read() -> None:
    text = (
        "2015-05-23 19:04:13.465388 IP6 2001:db8::200.5061 > 2001:db8::203.42387: Flags [.], ack 1, win 249, length 0\n"
        "19:04:13.465388 IP truncated-ip - 1018 bytes missing! 10.0.0.1.16384 > 10.0.0.2.24578: UDP, length 172\n"
    )
    six, udp = parse_screen_capture(text)
    assert (six.src_host, six.src_port, six.on) == ("2001:db8::200", 5061, date(2015, 5, 23))
    assert (udp.protocol, udp.src_host, udp.src_port, udp.payload_bytes) == ("udp", "10.0.0.1", 16384, 172)


def test_addresses_without_ports_and_unknown_names_keep_the_host() -> None:
    (icmp,) = parse_screen_capture("10:00:00.1 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64")
    assert (icmp.src_host, icmp.src_port, icmp.protocol) == ("10.0.0.1", None, "")
    (named,) = parse_screen_capture("10:00:00.1 IP host.alpha.example > b.22: . ack 1 win 2")
    assert (named.src_host, named.src_port) == ("host.alpha.example", None)


def test_impossible_times_are_no_packets() -> None:
    assert parse_screen_capture("25:00:00.1 IP a.1 > b.2: . ack 1") == ()


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    parse_screen_capture(text)
    parse_screen_capture(f"10:00:00.1 IP a.1 > b.2: {text}")
    parse_screen_capture(f"10:00:00.1 IP {text} > b.2: Flags [{text}], seq {text}, length {text}")
