"""Handshakes that real trunks rarely show: odd hellos, odd records, odd certificates."""

import io
import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.report.capture_json import capture_as_json
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.tls_registry import cipher_suite, is_grease, record_mac_bytes, version_name
from tests.packet_writer import TcpConversation, frames, pcap
from tests.tls_pairs import TlsPair, identity


def report_of(flights: list[tuple[str, bytes]]) -> CaptureReport:
    return parse_capture(io.BytesIO(pcap(frames(TcpConversation().open().exchange(flights).close().packets))))


def record(kind: int, body: bytes, version: bytes = b"\x03\x03") -> bytes:
    return bytes([kind]) + version + len(body).to_bytes(2, "big") + body


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def refragmented(flight: bytes, size: int) -> bytes:
    """The same records with every handshake record in clear split into records of `size` bytes."""
    output, encrypted = b"", False
    while flight:
        length = int.from_bytes(flight[3:5], "big")
        kind, version, body, flight = flight[0], flight[1:3], flight[5 : 5 + length], flight[5 + length :]
        encrypted = encrypted or kind == 20
        step = size if kind == 22 and not encrypted else len(body)
        output += b"".join(record(kind, body[at : at + step], version) for at in range(0, len(body), step))
    return output


@pytest.mark.parametrize("size", [1, 3, 50, 400])
def test_handshake_messages_may_be_split_over_records(size: int) -> None:
    flights = TlsPair().flights()
    (plain,) = report_of(flights).handshakes
    (split,) = report_of([(sender, refragmented(flight, size)) for sender, flight in flights]).handshakes
    assert [(m.sender, m.name) for m in plain.messages] == [(m.sender, m.name) for m in split.messages]
    assert split.mutual_authentication == "yes"


def test_a_hello_retry_request_is_named_and_the_second_hello_counts() -> None:
    pair = TlsPair(version=ssl.TLSVersion.TLSv1_3)
    server = pair._context("server")
    server.set_ecdh_curve("secp384r1")
    pair.contexts = (pair._context("client"), server)
    (handshake,) = report_of(pair.flights()).handshakes
    assert [(m.sender, m.name) for m in handshake.messages][:4] == [
        ("client", "client_hello"),
        ("server", "hello_retry_request"),
        ("server", "change_cipher_spec"),
        ("client", "change_cipher_spec"),
    ]
    assert handshake.group == "secp384r1"
    assert handshake.outcome.value == "complete"
    assert handshake.notes == ("the server asked for another ClientHello (HelloRetryRequest)",)


def test_anonymous_suites_hide_no_certificates_there_are_none() -> None:
    pair = TlsPair(ciphers="AECDH-AES128-SHA", request_certificate=False)
    client, server = pair._context("client"), pair._context("server")
    client.verify_mode = ssl.CERT_NONE
    pair.contexts = (client, server)
    (handshake,) = report_of(pair.flights()).handshakes
    assert handshake.outcome.value == "complete"
    assert (handshake.server_chain, handshake.certificates_hidden) == ((), None)
    assert handshake.cipher_suite.name == "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"


def test_an_sslv2_compatible_hello_and_sslv3_are_read() -> None:
    suites = b"\x00\x00\x2f\x00\x00\x05\x07\x00\xc0"
    hello = b"\x01\x03\x00" + len(suites).to_bytes(2, "big") + b"\0\0\0\x10" + suites + bytes(16)
    server_hello = message(2, b"\x03\x00" + bytes(32) + b"\0" + b"\x00\x2f" + b"\0") + message(14, b"")
    flights = [
        ("client", (0x8000 | len(hello)).to_bytes(2, "big") + hello),
        ("server", record(22, server_hello, b"\x03\x00")),
        ("client", record(21, b"\x02\x28", b"\x03\x00")),
    ]
    (handshake,) = report_of(flights).handshakes
    assert (handshake.version, handshake.offered_versions) == ("SSLv3", ("SSLv3",))
    assert [suite.openssl for suite in handshake.offered_suites] == ["AES128-SHA", "RC4-SHA"]
    assert [(alert.sender, alert.description) for alert in handshake.alerts] == [("client", "handshake_failure")]
    assert handshake.outcome.value == "refused"
    assert handshake.compression == 0
    assert handshake.extended_master_secret is False


def test_a_certificate_that_cannot_be_read_is_shown_with_its_reason() -> None:
    rubbish = b"\x30\x03\x02\x01\xff"
    chain = len(rubbish).to_bytes(3, "big") + rubbish
    hello = message(2, b"\x03\x03" + bytes(32) + b"\0" + b"\x00\x2f" + b"\0")
    body = hello + message(11, len(chain).to_bytes(3, "big") + chain) + message(14, b"")
    client_hello = TlsPair().flights()[0]
    report = report_of([client_hello, ("server", record(22, body))])
    (certificate,) = report.handshakes[0].server_chain
    assert certificate.der == rubbish
    assert certificate.problem
    (shown,) = capture_as_json(report, "x")["handshakes"][0]["server_certificates"]
    assert shown["problem"] == certificate.problem


def test_a_message_that_claims_more_than_it_has_is_noted() -> None:
    client_hello = TlsPair().flights()[0]
    broken = message(2, b"\x03\x03" + bytes(32) + b"\xff" + b"\x00\x2f")
    (handshake,) = report_of([client_hello, ("server", record(22, broken))]).handshakes
    assert handshake.notes[0].endswith("server_hello cannot be read: the message is shorter than it claims")
    assert handshake.cipher_suite is None


def test_numbers_have_their_registered_names() -> None:
    assert (cipher_suite(0x002F).name, cipher_suite(0x002F).openssl) == ("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA")
    assert cipher_suite(0x1301).openssl == "TLS_AES_128_GCM_SHA256"
    assert cipher_suite(0x0A0A).name == "GREASE_0x0A0A"
    assert is_grease(0xFAFA)
    assert not is_grease(0xFAEA)
    assert cipher_suite(0xFFFE).name == "unregistered_0xFFFE"
    assert [version_name(number) for number in (0x0300, 0x0304, 0xFEFD, 0x7F1C, 0x0999)] == [
        "SSLv3", "TLSv1.3", "DTLSv1.2", "TLSv1.3-draft-28", "0x0999",
    ]  # fmt: skip
    assert [record_mac_bytes(number) for number in (0x0001, 0x0002, 0x003B, 0x002F, 0xC010)] == [16, 20, 32, None, 20]


def test_the_registry_agrees_with_this_machines_openssl() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    listed = {cipher["id"] & 0xFFFF: cipher["name"] for cipher in context.get_ciphers()}
    assert len(listed) > 50
    assert {number: cipher_suite(number).openssl for number in listed} == listed


def test_certificates_of_both_sides_are_one_value_each() -> None:
    report = report_of(TlsPair().flights())
    assert report.handshakes[0].server_chain[0].sha256 == identity("cucm10").sha256


def test_a_damaged_certificate_gives_no_python_warning() -> None:
    """pytest turns warnings into errors here: a country of six letters makes the cryptography library warn."""
    damaged = _certificate_with_long_country()
    chain = len(damaged).to_bytes(3, "big") + damaged
    hello = message(2, b"\x03\x03" + bytes(32) + b"\0" + b"\x00\x2f" + b"\0")
    body = hello + message(11, len(chain).to_bytes(3, "big") + chain) + message(14, b"")
    report = report_of([TlsPair().flights()[0], ("server", record(22, body))])
    assert report.handshakes[0].server_chain[0].der == damaged


def _certificate_with_long_country() -> bytes:
    """A real certificate whose common name (OID 2.5.4.3) is relabelled as a country (OID 2.5.4.6)."""
    der = identity("cucm10").certificate.public_bytes(serialization.Encoding.DER)
    return der.replace(b"\x55\x04\x03", b"\x55\x04\x06")


def test_a_renegotiation_under_encryption_is_noted() -> None:
    flights = [*TlsPair().flights(), ("client", record(22, b"\x5a" * 64))]
    (handshake,) = report_of(flights).handshakes
    assert handshake.notes == ("renegotiated under encryption: the values are those of the first handshake",)
    assert handshake.messages[-1].name == "encrypted_handshake_message"
    assert handshake.mutual_authentication == "yes"
