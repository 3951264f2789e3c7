"""What the native reader says about real TLS handshakes."""

import io
import ssl

import pytest

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.handshakes import CertificatesHidden, Handshake, HandshakeOutcome
from pytest_cucmtls.report.capture_json import capture_as_json
from pytest_cucmtls.wire.capture_report import parse_capture
from tests.packet_writer import TcpConversation, frames, pcap
from tests.tls_pairs import INVITE, TRYING, TlsPair, identity


def report_of(packets: list[bytes]) -> CaptureReport:
    return parse_capture(io.BytesIO(pcap(frames(packets))))


def only_handshake(pair: TlsPair, *, mss: int = 1448) -> Handshake:
    conversation = TcpConversation(mss=mss).open().exchange(pair.flights()).close()
    report = report_of(conversation.packets)
    assert report.problem is None
    (handshake,) = report.handshakes
    return handshake


def names(handshake: Handshake) -> list[tuple[str, str]]:
    return [(message.sender, message.name) for message in handshake.messages]


def test_a_mutual_tls12_handshake_is_read_in_full() -> None:
    handshake = only_handshake(TlsPair(server_name="cucm10.example"))
    assert handshake.outcome is HandshakeOutcome.COMPLETE
    assert (handshake.version, handshake.cipher_suite.openssl) == ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")
    assert handshake.cipher_suite.name == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert [certificate.sha256 for certificate in handshake.server_chain] == [identity("cucm10").sha256]
    assert [certificate.sha256 for certificate in handshake.client_chain] == [identity("cucma").sha256]
    assert handshake.server_name == "cucm10.example"
    assert handshake.group == "x25519"
    assert handshake.extended_master_secret is True
    assert handshake.encrypt_then_mac is False
    assert handshake.renegotiation_info is True
    assert handshake.resumed is False
    assert handshake.tcp_opened is True
    assert handshake.client_certificate_requested is True
    assert handshake.client_certificate_presented is True
    assert handshake.client_certificate_verified is True
    assert handshake.mutual_authentication == "yes"
    assert handshake.certificates_hidden is None
    assert handshake.application_bytes == (len(INVITE) + 24, len(TRYING) + 24)
    assert handshake.notes == ()


def test_messages_come_in_wire_order() -> None:
    assert names(only_handshake(TlsPair())) == [
        ("client", "client_hello"),
        ("server", "server_hello"),
        ("server", "certificate"),
        ("server", "server_key_exchange"),
        ("server", "certificate_request"),
        ("server", "server_hello_done"),
        ("client", "certificate"),
        ("client", "client_key_exchange"),
        ("client", "certificate_verify"),
        ("client", "change_cipher_spec"),
        ("client", "finished"),
        ("server", "new_session_ticket"),
        ("server", "change_cipher_spec"),
        ("server", "finished"),
        ("client", "application_data"),
        ("server", "application_data"),
    ]


@pytest.mark.parametrize("mss", [1, 7, 100, 536])
def test_small_segments_change_nothing(mss: int) -> None:
    pair = TlsPair()
    flights = pair.flights()
    whole, cut = (
        report_of(TcpConversation(mss=size).open().exchange(flights).close().packets).handshakes[0] for size in (60000, mss)
    )
    assert names(whole) == names(cut)
    assert (whole.server_chain, whole.client_chain) == (cut.server_chain, cut.client_chain)
    assert whole.application_bytes == cut.application_bytes


@pytest.mark.parametrize(
    ("version", "text"),
    [(ssl.TLSVersion.TLSv1, "TLSv1.0"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1"), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")],
)
def test_old_versions_with_the_suite_of_the_source_document(version: ssl.TLSVersion, text: str) -> None:
    handshake = only_handshake(TlsPair(version=version, ciphers="AES128-SHA"))
    assert (handshake.version, handshake.cipher_suite.openssl, handshake.outcome.value) == (text, "AES128-SHA", "complete")
    assert handshake.offered_versions == (text,)
    assert handshake.mutual_authentication == "yes"


def test_tls13_hides_the_certificates_and_says_so() -> None:
    handshake = only_handshake(TlsPair(version=ssl.TLSVersion.TLSv1_3))
    assert (handshake.version, handshake.outcome.value) == ("TLSv1.3", "complete")
    assert handshake.certificates_hidden is CertificatesHidden.TLS13
    assert handshake.mutual_authentication == "unknown"
    assert handshake.client_certificate_presented is None
    assert handshake.cipher_suite.name == "TLS_AES_256_GCM_SHA384"
    assert handshake.group == "x25519"


def test_a_client_without_certificate_is_seen_as_such() -> None:
    handshake = only_handshake(TlsPair(client_certificate=False, require_certificate=False))
    assert handshake.outcome is HandshakeOutcome.COMPLETE
    assert handshake.client_certificate_requested is True
    assert handshake.client_certificate_presented is False
    assert handshake.mutual_authentication == "no"


def test_a_server_that_does_not_ask_is_seen_as_such() -> None:
    handshake = only_handshake(TlsPair(request_certificate=False))
    assert handshake.client_certificate_requested is False
    assert handshake.client_certificate_presented is False
    assert handshake.mutual_authentication == "no"


def test_a_refused_client_certificate_shows_the_servers_alert() -> None:
    handshake = only_handshake(TlsPair(server_trusts_client=False))
    assert handshake.outcome is HandshakeOutcome.REFUSED
    assert [(alert.sender, alert.level, alert.description) for alert in handshake.alerts] == [("server", "fatal", "unknown_ca")]
    assert handshake.client_certificate_presented is True


def test_a_refused_server_certificate_shows_the_clients_alert() -> None:
    handshake = only_handshake(TlsPair(client_trusts_server=False))
    assert [(alert.sender, alert.description) for alert in handshake.alerts] == [("client", "unknown_ca")]
    assert handshake.client_certificate_presented is None
    assert handshake.mutual_authentication == "unknown"


def test_a_missing_but_required_client_certificate_is_refused() -> None:
    handshake = only_handshake(TlsPair(client_certificate=False))
    assert handshake.outcome is HandshakeOutcome.REFUSED
    assert [(alert.sender, alert.description) for alert in handshake.alerts] == [("server", "handshake_failure")]
    assert handshake.mutual_authentication == "no"


def test_a_tls13_server_that_refuses_the_client_is_told_by_the_size_of_its_encrypted_alert() -> None:
    handshake = only_handshake(TlsPair(version=ssl.TLSVersion.TLSv1_3, application=False, server_trusts_client=False))
    assert handshake.outcome is HandshakeOutcome.REFUSED
    assert "alert's size" in handshake.notes[0]


def test_a_tls13_client_that_refuses_the_server_says_so_in_clear() -> None:
    handshake = only_handshake(TlsPair(version=ssl.TLSVersion.TLSv1_3, application=False, client_trusts_server=False))
    assert handshake.outcome is HandshakeOutcome.REFUSED
    assert [(alert.sender, alert.description) for alert in handshake.alerts] == [("client", "unknown_ca")]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_handshake_is_told_from_one_without_certificates(version: ssl.TLSVersion) -> None:
    first = TlsPair(version=version)
    first.flights()
    assert first.session is not None
    handshake = only_handshake(TlsPair(version=version, contexts=first.contexts, session=first.session))
    assert handshake.resumed is True
    assert handshake.certificates_hidden is CertificatesHidden.RESUMED
    assert handshake.outcome is HandshakeOutcome.COMPLETE
    assert handshake.mutual_authentication == "unknown"


@pytest.mark.parametrize("ciphers", ["NULL-SHA", "NULL-MD5", "NULL-SHA256", "ECDHE-RSA-NULL-SHA"])
def test_sip_inside_an_unencrypted_suite_is_read(ciphers: str) -> None:
    report = report_of(TcpConversation().open().exchange(TlsPair(ciphers=ciphers).flights()).close().packets)
    (handshake,) = report.handshakes
    assert handshake.cipher_suite.encrypts is False
    assert handshake.outcome is HandshakeOutcome.COMPLETE
    assert [seen.message.start_line for seen in report.sip] == [
        "INVITE sip:9898@10.0.0.200:5061 SIP/2.0",
        "SIP/2.0 100 Trying",
    ]
    assert {seen.transport for seen in report.sip} == {"tls"}
    assert report.plaintext_sip is False


def test_a_version_the_server_refuses_is_a_refusal() -> None:
    with_tls12 = TlsPair(version=ssl.TLSVersion.TLSv1_2)
    with_tls10 = TlsPair(version=ssl.TLSVersion.TLSv1, ciphers="AES128-SHA")
    mixed = TlsPair(contexts=(with_tls10._context("client"), with_tls12._context("server")))
    handshake = only_handshake(mixed)
    assert handshake.outcome is HandshakeOutcome.REFUSED
    assert [(alert.sender, alert.description) for alert in handshake.alerts] == [("server", "protocol_version")]
    assert handshake.offered_versions == ("TLSv1.0",)
    assert handshake.version is None
    assert handshake.cipher_suite is None


def test_a_capture_begun_late_says_so() -> None:
    flights = TlsPair().flights()
    report = report_of(TcpConversation().exchange(flights[-2:]).close().packets)
    (handshake,) = report.handshakes
    assert handshake.certificates_hidden is CertificatesHidden.CAPTURE_STARTED_LATE
    assert (handshake.version, handshake.cipher_suite, handshake.tcp_opened) == (None, None, False)
    assert handshake.client.port == 33135


def test_a_capture_begun_after_the_client_hello_still_shows_certificates() -> None:
    flights = TlsPair().flights()
    (handshake,) = report_of(TcpConversation().exchange(flights[1:]).close().packets).handshakes
    assert handshake.mutual_authentication == "yes"
    assert handshake.client.port == 33135
    assert handshake.offered_suites == ()


def test_a_lost_segment_of_the_servers_certificate_is_named_as_the_cause() -> None:
    conversation = TcpConversation(mss=400).open().exchange(TlsPair().flights()).close()
    lost = conversation.packets.pop(5)
    assert len(lost) > 400
    (handshake,) = report_of(conversation.packets).handshakes
    assert handshake.server_chain == ()
    assert handshake.certificates_hidden is CertificatesHidden.PACKETS_MISSING
    assert handshake.outcome is HandshakeOutcome.COMPLETE


def test_a_snap_length_that_cuts_certificates_is_named_as_the_cause() -> None:
    conversation = TcpConversation().open().exchange(TlsPair().flights()).close()
    captured = [frame.cut(200) for frame in frames(conversation.packets)]
    report = parse_capture(io.BytesIO(pcap(captured)))
    (handshake,) = report.handshakes
    assert report.cut_packets > 0
    assert (handshake.version, handshake.cipher_suite.openssl) == ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")
    assert handshake.server_chain == ()
    assert handshake.certificates_hidden is CertificatesHidden.PACKETS_CUT
    assert handshake.client_certificate_presented is None
    assert handshake.outcome is HandshakeOutcome.COMPLETE


def test_the_json_of_a_handshake_follows_the_contract() -> None:
    report = report_of(TcpConversation().open().exchange(TlsPair(ciphers="AES128-SHA").flights()).close().packets)
    (handshake,) = capture_as_json(report, "packets.cap")["handshakes"]
    assert handshake["client"] == {"ip": "10.0.0.203", "port": 33135}
    assert handshake["cipher_suite"] == {"id": "0x002F", "iana": "TLS_RSA_WITH_AES_128_CBC_SHA", "openssl": "AES128-SHA"}
    expected = {
        "transport": "tcp",
        "first_frame": 1,
        "version": "TLSv1.2",
        "encrypted": True,
        "sni": None,
        "resumed": False,
        "outcome": "complete",
        "alerts": [],
        "client_cert_requested": True,
        "client_cert_presented": True,
        "mutual_auth": "yes",
        "certificates_hidden": None,
    }
    assert {key: handshake[key] for key in expected} == expected
    (certificate,) = handshake["server_certificates"]
    assert certificate["sha256"] == identity("cucm10").sha256
    assert certificate["subject"] == "CN=cucm10"
    assert int(certificate["serial"], 16) == identity("cucm10").certificate.serial_number
    assert certificate["frame"] == 5
    assert certificate["not_before"].endswith("Z")


@pytest.mark.parametrize(
    ("pair", "encrypted"),
    [
        (TlsPair(), True),
        (TlsPair(ciphers="NULL-SHA"), False),
        (TlsPair(server_trusts_client=False), None),
        (TlsPair(server_trusts_client=False, ciphers="NULL-SHA"), False),
    ],
)
def test_encrypted_is_true_only_for_a_completed_handshake_with_a_suite_that_encrypts(
    pair: TlsPair, encrypted: bool | None
) -> None:
    report = report_of(TcpConversation().open().exchange(pair.flights()).close().packets)
    assert capture_as_json(report, "x")["handshakes"][0]["encrypted"] is encrypted
