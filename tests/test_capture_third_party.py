"""Captures made by OpenSSL, stunnel, Kamailio, SIPp and baresip (tests/captures/README.md), and Wireshark's agreement."""

import dataclasses
import gzip
import io
import shutil
from pathlib import Path

import pytest

from pytest_cucmtls.capture.files import read_capture
from pytest_cucmtls.capture.measured_media import measure_media
from pytest_cucmtls.capture.pyshark_reader import read_with_pyshark
from pytest_cucmtls.capture.witnesses import compare
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.report.ladder_text import call_seen, call_text
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.pcap import PacketFile
from tests.packet_writer import Frame, enhanced, interface, pcap, pcapng, section_header

FOLDER = Path(__file__).parent / "captures"
FILES = sorted(path.name for path in FOLDER.glob("*.gz"))
with_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed: no dissectors to compare with")

REPEATED = "openssl-tls13-secrets-inside.pcapng.gz"
"""The packets of openssl-tls13-psk, with their secrets."""
RSA_CBC, ECDHE_GCM, TLS13 = "AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384"

CONCLUSIONS = {
    "openssl-tls12-ticket": [
        ("TLSv1.2", ECDHE_GCM, "complete", "yes", False, None),
        ("TLSv1.2", ECDHE_GCM, "complete", "unknown", True, "resumed"),
    ],
    "openssl-tls12-session-id": [
        ("TLSv1.2", ECDHE_GCM, "complete", "yes", False, None),
        ("TLSv1.2", ECDHE_GCM, "complete", "unknown", True, "resumed"),
    ],
    "openssl-tls13-psk": [
        ("TLSv1.3", TLS13, "complete", "unknown", False, "tls13"),
        ("TLSv1.3", TLS13, "complete", "unknown", True, "resumed"),
    ],
    "openssl-tls13-secrets-inside": [
        ("TLSv1.3", TLS13, "complete", "yes", False, None),
        ("TLSv1.3", TLS13, "complete", "unknown", True, "resumed"),
    ],
    "openssl-tls13-hrr": [("TLSv1.3", TLS13, "complete", "unknown", False, "tls13")],
    "openssl-tls10-1024": [("TLSv1.0", RSA_CBC, "complete", "yes", False, None)],
    "openssl-null": [("TLSv1.2", "NULL-SHA", "complete", "yes", False, None)],
    "openssl-client-without-cert-refused": [
        ("TLSv1.2", ECDHE_GCM, "refused", "no", False, None),
        ("TLSv1.3", TLS13, "refused", "unknown", False, "tls13"),
    ],
    "openssl-unknown-ca": [
        ("TLSv1.2", ECDHE_GCM, "refused", "yes", False, None),
        ("TLSv1.3", TLS13, "refused", "unknown", False, "tls13"),
    ],
    "openssl-client-refuses": [
        ("TLSv1.2", ECDHE_GCM, "refused", "unknown", False, None),
        ("TLSv1.3", TLS13, "refused", "unknown", False, "tls13"),
    ],
    "openssl-no-common-version": [(None, None, "refused", "unknown", None, None)],
    "openssl-renegotiation": [("TLSv1.2", RSA_CBC, "complete", "no", False, None)],
    "openssl-small-mtu": [("TLSv1.2", ECDHE_GCM, "complete", "yes", False, None)],
    "openssl-any": [("TLSv1.2", ECDHE_GCM, "complete", "yes", False, None)],
    "openssl-sll": [("TLSv1.2", ECDHE_GCM, "complete", "yes", False, None)],
    "openssl-snap": [("TLSv1.2", ECDHE_GCM, "complete", "unknown", False, "packets_cut")],
    "openssl-adh": [("TLSv1.2", "ADH-AES128-SHA256", "complete", "no", False, None)],
    "openssl-psk": [("TLSv1.2", "PSK-AES128-CBC-SHA256", "complete", "no", False, None)],
    "openssl-ec": [("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", "complete", "no", False, None)],
    "openssl-sni-alpn": [("TLSv1.2", ECDHE_GCM, "complete", "no", False, None)],
    "openssl-ipv6": [("TLSv1.2", ECDHE_GCM, "complete", "yes", False, None)],
    "openssl-dtls": [("DTLSv1.2", ECDHE_GCM, "complete", "yes", False, None)],
    "stunnel-starttls": [("TLSv1.2", ECDHE_GCM, "complete", "yes", False, None)],
    "stunnel-sipp": [("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "complete", "yes", False, None)],
    "kamailio-sipp-call": [("TLSv1.2", "AES128-SHA256", "complete", "yes", False, None)],
    "sipp-fragments": [],
    "baresip-srtp": [],
    "baresip-tls": [("TLSv1.3", TLS13, "complete", "unknown", False, "tls13")],
}
"""Version, suite, outcome, mutual authentication, resumed, why certificates are hidden, for each handshake in order."""


def name_of(file: str) -> str:
    return file.split(".")[0]


def key_log_of(file: str) -> Path | None:
    path = FOLDER / f"{name_of(file)}.keys"
    return path if path.exists() else None


def report_of(name: str, *, decrypted: bool = False) -> CaptureReport:
    (path,) = FOLDER.glob(f"{name}.pcap*")
    return read_capture(path, key_log=key_log_of(path.name) if decrypted else None)


def conclusion(seen: Handshake) -> tuple[object, ...]:
    suite = seen.cipher_suite.openssl if seen.cipher_suite else None
    hidden = seen.certificates_hidden.value if seen.certificates_hidden else None
    return seen.version, suite, seen.outcome.value, seen.mutual_authentication, seen.resumed, hidden


def test_every_capture_has_a_conclusion() -> None:
    assert {name_of(file) for file in FILES} == set(CONCLUSIONS)


@pytest.mark.parametrize("name", CONCLUSIONS)
def test_the_conclusion_is_right(name: str) -> None:
    report = report_of(name)
    assert report.problem is None
    assert [conclusion(seen) for seen in report.handshakes] == CONCLUSIONS[name]


def write_all(path: Path) -> None:
    """The packets of every capture in one file, once each: Wireshark's start is most of what it costs to ask."""
    links: dict[int, int] = {}
    body = b""
    for file in sorted(set(FILES) - {REPEATED}):
        with gzip.open(FOLDER / file) as stream:
            for at, link, data, start, end, original in PacketFile(stream).packets():
                if link not in links:
                    body += interface(link)
                number = links.setdefault(link, len(links))
                body += enhanced(Frame(at, data[start:end], original), number=number)
    path.write_bytes(section_header() + body)


@with_tshark
@pytest.mark.parametrize("decrypted", [False, True])
def test_wireshark_sees_the_same_handshakes_with_and_without_secrets(decrypted: bool, tmp_path: Path) -> None:
    path, secrets = tmp_path / "all.pcapng", tmp_path / "all.keys"
    write_all(path)
    secrets.write_text("".join(log.read_text() for log in FOLDER.glob("*.keys")))
    native = read_capture(path, key_log=secrets if decrypted else None)
    assert len(native.handshakes) == sum(len(seen) for name, seen in CONCLUSIONS.items() if name != name_of(REPEATED))
    ports = {seen.server.port for seen in native.handshakes}
    assert compare(native, read_with_pyshark(path, ports, key_log=secrets if decrypted else None)) == ()


@with_tshark
def test_wireshark_is_given_the_secrets_that_a_file_holds() -> None:
    path = FOLDER / REPEATED
    assert compare(read_capture(path), read_with_pyshark(path, [5061])) == ()


@pytest.mark.parametrize("name", CONCLUSIONS)
def test_the_format_of_the_file_makes_no_difference(name: str) -> None:
    """pcap of both byte orders is walked in one loop of its own, everything else packet by packet."""
    (path,) = FOLDER.glob(f"{name}.pcap*")
    with gzip.open(path) as stream:
        packets = [(link, Frame(at, data[start:end], size)) for at, link, data, start, end, size in PacketFile(stream).packets()]
    link, captured = packets[0][0], [frame for _, frame in packets]
    files = [pcap(captured, order=order, nanoseconds=ns, link=link) for order in "<>" for ns in (False, True)]
    files += [pcapng(captured, order=order, link=link) for order in "<>"]
    first, *others = (dataclasses.replace(parse_capture(io.BytesIO(file)), sha256="", comments=()) for file in files)
    assert first.packets == len(captured)
    for other in others:
        assert other == first


@pytest.mark.parametrize("name", ["openssl-tls13-psk", "openssl-tls13-hrr", "kamailio-sipp-call"])
def test_secrets_make_the_sip_inside_and_the_certificates_visible(name: str) -> None:
    assert not [seen for seen in report_of(name).sip if seen.transport == "tls"]
    report = report_of(name, decrypted=True)
    assert next(seen.message.method for seen in report.sip if seen.transport == "tls") == "INVITE"
    assert report.handshakes[0].decrypted
    assert report.handshakes[0].mutual_authentication == "yes"


def test_records_after_a_renegotiation_are_decrypted_with_the_second_secret() -> None:
    closed = [alert.description for alert in report_of("openssl-renegotiation", decrypted=True).handshakes[0].alerts]
    assert closed == ["close_notify", "close_notify"]
    (without,) = report_of("openssl-renegotiation").handshakes
    assert without.alerts == ()
    assert any("renegotiated" in note for note in without.notes)


def test_null_encryption_shows_the_sip_inside() -> None:
    report = report_of("openssl-null")
    assert [(seen.message.method, seen.transport) for seen in report.sip] == [("INVITE", "tls")]
    assert report.handshakes[0].cipher_suite is not None
    assert not report.handshakes[0].cipher_suite.encrypts


@pytest.mark.parametrize(
    ("name", "alerts"),
    [
        ("openssl-unknown-ca", [("server", "fatal", "unknown_ca")]),
        ("openssl-client-refuses", [("client", "fatal", "unknown_ca")]),
        ("openssl-client-without-cert-refused", [("server", "fatal", "handshake_failure")]),
        ("openssl-no-common-version", [("server", "fatal", "protocol_version")]),
    ],
)
def test_alerts_name_their_sender(name: str, alerts: list[tuple[str, str, str]]) -> None:
    seen = report_of(name).handshakes[0]
    assert [(alert.sender, alert.level, alert.description) for alert in seen.alerts] == alerts


def test_names_in_the_hello_are_read() -> None:
    (seen,) = report_of("openssl-sni-alpn").handshakes
    assert (seen.server_name, seen.alpn) == ("cucm10.example", "sip/2")


def test_fragments_of_a_real_kernel_are_put_together() -> None:
    report = report_of("sipp-fragments")
    assert [seen.message.method or seen.message.status_code for seen in report.sip] == ["INVITE", 180, 200, "ACK", "BYE", 200]
    assert len(report.sip[0].message.header("X-Padding") or "") == 1800


def test_a_call_through_two_proxies_is_one_ladder() -> None:
    report = report_of("kamailio-sipp-call", decrypted=True)
    call = call_seen(report, report.sip[0].message.call_id or "")
    assert call is not None
    lines = call_text(call)
    assert "20 messages between 127.0.0.1, 127.0.0.3, 127.0.0.2, 127.0.0.4" in lines[0]
    assert sum(1 for line in lines if line.endswith("  tls")) == 7


def test_the_srtp_of_baresip_is_proven_with_the_keys_of_its_call() -> None:
    (path,) = FOLDER.glob("baresip-srtp.*")
    report = measure_media(path, read_capture(path))
    assert len(report.streams) == 2
    for stream in report.streams:
        assert (stream.kind, stream.agreed_profile, stream.one_way, stream.findings) == ("srtp", "RTP/SAVP", False, ())
        assert stream.protection is not None
        assert stream.protection.authenticated == stream.packets > 50


def test_srtp_whose_keys_are_hidden_is_told_by_its_size_only() -> None:
    (path,) = FOLDER.glob("baresip-tls.*")
    for stream in measure_media(path, read_capture(path)).streams:
        assert stream.kind == "srtp"
        assert stream.protection is not None
        assert (stream.protection.keys_tried, stream.protection.authenticated) == (0, 0)
        assert stream.one_way is not True
