"""With a key log, what TLS hides becomes visible: certificates of TLS 1.3 and the SIP inside."""

import io
import ssl
import struct
from pathlib import Path

import pytest

from pytest_cucmtls.capture.files import read_capture
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.handshakes import CertificatesHidden, HandshakeOutcome
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.key_log import KeyLog
from tests.packet_writer import TcpConversation, block, enhanced, frames, interface, pcap, section_header
from tests.tls_pairs import TlsPair, identity

SIP_LINES = ["INVITE sip:9898@10.0.0.200:5061 SIP/2.0", "SIP/2.0 100 Trying"]


def decrypted_report(pair: TlsPair, folder: Path, *, mss: int = 700) -> CaptureReport:
    pair.key_log = folder / "keys.log"
    packets = TcpConversation(mss=mss).open().exchange(pair.flights()).close().packets
    return parse_capture(io.BytesIO(pcap(frames(packets))), key_log=pair.key_log.read_text())


@pytest.mark.parametrize("application_name", ["mutual", "only-server"])
def test_tls13_certificates_and_sip_become_visible(tmp_path: Path, application_name: str) -> None:
    mutual = application_name == "mutual"
    report = decrypted_report(TlsPair(version=ssl.TLSVersion.TLSv1_3, request_certificate=mutual), tmp_path)
    (handshake,) = report.handshakes
    assert handshake.decrypted is True
    assert handshake.certificates_hidden is None
    assert [certificate.sha256 for certificate in handshake.server_chain] == [identity("cucm10").sha256]
    assert handshake.client_certificate_requested is mutual
    assert handshake.mutual_authentication == ("yes" if mutual else "no")
    assert handshake.outcome is HandshakeOutcome.COMPLETE
    assert [seen.message.start_line for seen in report.sip] == SIP_LINES
    assert {seen.transport for seen in report.sip} == {"tls"}
    assert report.plaintext_sip is False


def test_tls13_refusals_show_their_reason(tmp_path: Path) -> None:
    pair = TlsPair(version=ssl.TLSVersion.TLSv1_3, server_trusts_client=False, application=False)
    (handshake,) = decrypted_report(pair, tmp_path).handshakes
    assert handshake.outcome is HandshakeOutcome.REFUSED
    assert [(alert.sender, alert.description) for alert in handshake.alerts] == [("server", "unknown_ca")]


@pytest.mark.parametrize(
    "ciphers",
    [
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "AES128-SHA",
        "AES256-SHA256",
        "ECDHE-RSA-AES256-SHA384",
        "AES128-CCM",
        "AES256-CCM8",
    ],
)
def test_sip_under_every_usual_tls12_suite_is_read(tmp_path: Path, ciphers: str) -> None:
    report = decrypted_report(TlsPair(ciphers=ciphers), tmp_path)
    assert [seen.message.start_line for seen in report.sip] == SIP_LINES
    (handshake,) = report.handshakes
    assert handshake.decrypted is True
    assert handshake.mutual_authentication == "yes"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_sip_under_old_versions_is_read(tmp_path: Path, version: ssl.TLSVersion) -> None:
    report = decrypted_report(TlsPair(version=version, ciphers="AES128-SHA"), tmp_path)
    assert [seen.message.start_line for seen in report.sip] == SIP_LINES


def test_secrets_inside_a_pcapng_file_are_used(tmp_path: Path) -> None:
    pair = TlsPair(version=ssl.TLSVersion.TLSv1_3, key_log=tmp_path / "keys.log")
    packets = TcpConversation().open().exchange(pair.flights()).close().packets
    text = (tmp_path / "keys.log").read_bytes()
    secrets = block(10, struct.pack("<II", 0x544C534B, len(text)) + text)
    file = section_header() + secrets + interface() + b"".join(enhanced(frame) for frame in frames(packets))
    report = parse_capture(io.BytesIO(file))
    assert report.handshakes[0].decrypted
    assert len(report.sip) == 2


def test_the_wrong_key_log_changes_nothing(tmp_path: Path) -> None:
    other = TlsPair(version=ssl.TLSVersion.TLSv1_3, key_log=tmp_path / "other.log")
    other.flights()
    packets = TcpConversation().open().exchange(TlsPair(version=ssl.TLSVersion.TLSv1_3).flights()).close().packets
    path = tmp_path / "packets.pcap"
    path.write_bytes(pcap(frames(packets)))
    assert read_capture(path, key_log=tmp_path / "other.log") == read_capture(path)
    assert read_capture(path).handshakes[0].certificates_hidden is CertificatesHidden.TLS13
    with pytest.raises(FileUnreadable):
        read_capture(path, key_log=tmp_path / "none.log")


def test_wrong_secrets_for_the_right_connection_decrypt_nothing(tmp_path: Path) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        pair = TlsPair(version=version, key_log=tmp_path / f"{version}.log")
        packets = TcpConversation().open().exchange(pair.flights()).close().packets
        lines = [line.split() for line in pair.key_log.read_text().splitlines() if not line.startswith("#")]
        text = "\n".join(f"{label} {random} {'00' * (len(secret) // 2)}" for label, random, secret in lines)
        report = parse_capture(io.BytesIO(pcap(frames(packets))), key_log=text)
        assert report.sip == ()
        assert report.handshakes[0].decrypted is False
        assert report.handshakes[0].outcome is HandshakeOutcome.COMPLETE


def test_a_key_log_passes_over_what_it_does_not_know_and_shows_nothing() -> None:
    secret = "ab" * 48
    log = KeyLog(f"# comment\nCLIENT_RANDOM zz {secret}\nRSA 00 11\nCLIENT_RANDOM {'00' * 32} {secret}\nhalf a line\n")
    assert len(log) == 1
    assert log.secret("CLIENT_RANDOM", bytes(32)) == bytes.fromhex(secret)
    assert secret not in repr(log)
