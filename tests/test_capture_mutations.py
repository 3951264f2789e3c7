"""Damaged captures never crash the reader, the media measurement, the copy for the second witness, or what is printed of them."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.capture.witness_packets import BeginningsWriter
from pytest_cucmtls.report.capture_json import capture_as_json
from pytest_cucmtls.report.capture_text import capture_lines
from pytest_cucmtls.report.ladder_text import call_seen, call_svg, call_text, handshake_text
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.media_report import with_measured_media
from tests.packet_writer import BEGINNING, Frame, in_link, pcap
from tests.test_capture_media_proof import AES_80, srtp_call

FOLDER = Path(__file__).parent / "captures"
NAMES = ("openssl-tls13-psk", "openssl-null", "openssl-dtls", "sipp-fragments", "openssl-sll", "kamailio-sipp-call")


def call() -> bytes:
    return pcap([Frame(BEGINNING + n * 10_000_000, in_link(packet)) for n, packet in enumerate(srtp_call(AES_80)[:20])])


SOURCES = [gzip.decompress((FOLDER / f"{name}.pcap.gz").read_bytes()) for name in NAMES] + [call()]
SECRETS = "".join(path.read_text() for path in sorted(FOLDER.glob("*.keys")))
DAMAGE = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=0, max_size=6), st.integers(0, 12)), max_size=8)


def damaged(source: bytes, damage: list[tuple[float, bytes, int]]) -> bytes:
    """At each place (a share of the length) so many bytes are replaced by others."""
    for place, written, removed in damage:
        at = int(place * len(source))
        source = source[:at] + written + source[at + removed :]
    return source


@pytest.mark.parametrize("source", range(len(SOURCES)))
@settings(max_examples=25, deadline=None)
@given(damage=DAMAGE)
def test_damage_is_reported_not_raised(source: int, damage: list[tuple[float, bytes, int]]) -> None:
    file = damaged(SOURCES[source], damage)
    report = with_measured_media(parse_capture(io.BytesIO(file), key_log=SECRETS), io.BytesIO(file))
    assert report.readable or report.problem
    json.dumps(capture_as_json(report, "f"))
    assert all(line.isprintable() for line in capture_lines(report, "f"))
    for seen in report.sip[:2]:
        found = call_seen(report, seen.message.call_id or "")
        if found is not None:
            assert call_text(found)
            assert call_svg(found).startswith("<svg")
    for handshake in report.handshakes[:2]:
        assert handshake_text(handshake)
    BeginningsWriter(io.BytesIO()).copy(io.BytesIO(file), KeyLog())
