"""DTLS: a TLS handshake in datagrams, with a cookie exchange, fragments and datagrams out of order."""

import io

import pytest

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.wire.capture_report import parse_capture
from tests.packet_writer import frames, pcap, udp_datagram
from tests.tls_pairs import TlsPair, identity

CLIENT, SERVER = ("10.0.0.203", 41000), ("10.0.0.200", 5061)


def record(kind: int, body: bytes, *, epoch: int = 0) -> bytes:
    return bytes([kind]) + b"\xfe\xfd" + epoch.to_bytes(2, "big") + bytes(6) + len(body).to_bytes(2, "big") + body


def fragments(kind: int, number: int, body: bytes, size: int) -> list[bytes]:
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    head = bytes([kind]) + len(body).to_bytes(3, "big") + number.to_bytes(2, "big")
    return [
        record(22, head + (at * size).to_bytes(3, "big") + len(piece).to_bytes(3, "big") + piece)
        for at, piece in enumerate(pieces)
    ]


def messages_of(data: bytes) -> list[tuple[int, int, bytes]]:
    """(record type, handshake type, body) of a TLS flight whose handshake messages do not cross records."""
    found = []
    while data:
        kind, length = data[0], int.from_bytes(data[3:5], "big")
        body, data = data[5 : 5 + length], data[5 + length :]
        while kind == 22 and body and body[0] in (1, 2, 4, 11, 12, 13, 14, 15, 16):
            size = 4 + int.from_bytes(body[1:4], "big")
            found.append((22, body[0], body[4:size]))
            body = body[size:]
        if body:
            found.append((kind, -1, body))
    return found


def datagrams(pair: TlsPair, size: int) -> list[bytes]:
    """The flights of a TLS 1.2 handshake as DTLS: same messages, other records, and a cookie in the second ClientHello."""
    packets: list[bytes] = []
    numbers = {"client": 0, "server": 0}
    protected = {"client": 0, "server": 0}

    def send(sender: str, data: bytes) -> None:
        ends = (CLIENT, SERVER) if sender == "client" else (SERVER, CLIENT)
        packets.append(udp_datagram(*ends, data))

    def send_message(sender: str, kind: int, body: bytes) -> None:
        for fragment in fragments(kind, numbers[sender], body, size):
            send(sender, fragment)
        numbers[sender] += 1

    for sender, flight in pair.flights():
        for kind, message, body in messages_of(flight):
            if message == 1:
                session_end = 35 + body[34]
                hello = b"\xfe\xfd" + body[2:session_end]
                send_message("client", 1, hello + b"\0" + body[session_end:])
                send_message("server", 3, b"\xfe\xff\x04cook")
                send_message("client", 1, hello + b"\x04cook" + body[session_end:])
            elif message == 2:
                send_message("server", 2, b"\xfe\xfd" + body[2:])
            elif message > 0:
                send_message(sender, message, body)
            else:
                protected[sender] = protected[sender] or kind == 20
                send(sender, record(kind, body, epoch=1 if protected[sender] and kind != 20 else 0))
    return packets


def report_of(packets: list[bytes]) -> CaptureReport:
    return parse_capture(io.BytesIO(pcap(frames(packets))))


@pytest.mark.parametrize("size", [60000, 200])
def test_a_dtls_handshake_shows_what_a_tls_handshake_shows(size: int) -> None:
    (handshake,) = report_of(datagrams(TlsPair(), size)).handshakes
    assert (handshake.transport, handshake.version) == ("udp", "DTLSv1.2")
    assert handshake.cipher_suite.openssl == "ECDHE-RSA-AES128-GCM-SHA256"
    assert [certificate.sha256 for certificate in handshake.server_chain] == [identity("cucm10").sha256]
    assert [certificate.sha256 for certificate in handshake.client_chain] == [identity("cucma").sha256]
    assert handshake.outcome.value == "complete"
    assert (handshake.client.port, handshake.server.port) == (41000, 5061)
    assert handshake.notes == ()


def test_dtls_datagrams_may_come_twice_and_out_of_order() -> None:
    packets = datagrams(TlsPair(), 200)
    packets = packets[:4] + packets[5:9] + [packets[4]] + packets[5:]
    (handshake,) = report_of(packets).handshakes
    assert handshake.mutual_authentication == "yes"


def test_cut_dtls_never_makes_the_reader_raise() -> None:
    for packet in datagrams(TlsPair(), 60000):
        for length in range(1, len(packet), 7):
            report_of([packet[:length]])
