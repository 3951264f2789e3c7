"""DTLS associations in UDP flows, up to version 1.2: the same handshake facts as over TCP (RFC 6347)."""

from collections.abc import Callable
from dataclasses import replace

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.tcp_streams import reverse_key, source_of
from pytest_cucmtls.wire.tls_conclusions import ConnectionFacts, conclude
from pytest_cucmtls.wire.tls_handshakes import HandshakeObserver
from pytest_cucmtls.wire.tls_records import HANDSHAKE

_RECORD_HEADER, _MESSAGE_HEADER = 13, 12
_VERSIONS = (b"\xfe\xff", b"\xfe\xfd")
_CLIENT_HELLO, _HELLO_VERIFY_REQUEST = 1, 3
_LARGEST_MESSAGE = 1 << 17
_MOST_ASSOCIATIONS = 10_000
_MOST_UNFINISHED = 32
_MOST_BYTES = 1 << 24
"""Unfinished messages of all associations together: a fragment of a few bytes may announce a message of 128 KiB."""


class _Message:
    """One handshake message being put together from fragments."""

    def __init__(self, kind: int, length: int) -> None:
        self.kind = kind
        self.body = bytearray(length)
        self._absent = bytearray(b"\1" * length)
        self.missing = length

    def add(self, offset: int, piece: bytes) -> None:
        """Fragments may be repeated, also with other boundaries: only bytes not seen before count."""
        end = offset + len(piece)
        self.missing -= self._absent[offset:end].count(1)
        self._absent[offset:end] = bytes(len(piece))
        self.body[offset:end] = piece


class _Association:
    """Both directions between two endpoints."""

    def __init__(self) -> None:
        self.observer = HandshakeObserver(_not_readable, _never, KeyLog())
        self.expected = [0, 0]
        self.fragments: tuple[dict[int, _Message], dict[int, _Message]] = ({}, {})


class DtlsFlows:
    """Collects DTLS records of UDP flows."""

    def __init__(self) -> None:
        self._associations: dict[bytes, tuple[_Association, int]] = {}
        self._unfinished_bytes = 0

    def datagram(self, key: bytes, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        """The records of one datagram; anything that is not DTLS is passed over."""
        while end - start >= _RECORD_HEADER and data[start + 1 : start + 3] in _VERSIONS:
            length = data[start + 11] << 8 | data[start + 12]
            body = data[start + _RECORD_HEADER : min(end, start + _RECORD_HEADER + length)]
            association, direction = self._association(key)
            if association is None or len(body) < length:
                return
            epoch = data[start + 3] << 8 | data[start + 4]
            self._record(association, direction, data[start], epoch, body, frame, at)
            start += _RECORD_HEADER + length

    def handshakes(self, certificate_of: Callable[[bytes], Certificate]) -> list[Handshake]:
        """One value per association, transport ``udp``."""
        found: list[Handshake] = []
        for key, (association, direction) in self._associations.items():
            if direction == 0 and association.observer.first_frame:
                ends = (source_of(key), source_of(reverse_key(key)))
                facts = ConnectionFacts(ends, None, association.observer.first_frame, association.observer.first_at)
                found.append(replace(conclude(association.observer, facts, certificate_of), transport="udp"))
        return found

    def _association(self, key: bytes) -> tuple[_Association | None, int]:
        known = self._associations.get(key)
        if known is not None:
            return known
        if len(self._associations) >= 2 * _MOST_ASSOCIATIONS:
            return None, 0
        association = _Association()
        self._associations[reverse_key(key)] = (association, 1)
        self._associations[key] = (association, 0)
        return association, 0

    def _record(self, association: _Association, direction: int, kind: int, epoch: int, body: bytes, frame: int, at: int) -> None:
        if kind != HANDSHAKE or epoch:
            association.observer.record(direction, kind, 0, body, (), frame, at)
            return
        while len(body) >= _MESSAGE_HEADER:
            size = _MESSAGE_HEADER + int.from_bytes(body[9:12], "big")
            self._unfinished_bytes += _fragment(
                association, direction, body[:size], frame, at, _MOST_BYTES - self._unfinished_bytes
            )
            body = body[size:]


def _fragment(association: _Association, direction: int, data: bytes, frame: int, at: int, room: int) -> int:
    """One fragment of a handshake message; messages are passed on in the order of their sequence numbers.

    Returns by how many bytes the unfinished messages grew; one that needs more than `room` is not begun.
    """
    grown = 0
    length, number = int.from_bytes(data[1:4], "big"), data[4] << 8 | data[5]
    offset, piece = int.from_bytes(data[6:9], "big"), data[_MESSAGE_HEADER:]
    waiting = association.fragments[direction]
    if length > _LARGEST_MESSAGE or offset + len(piece) > length or number < association.expected[direction]:
        return grown
    message = waiting.get(number)
    if message is None:
        if len(waiting) >= _MOST_UNFINISHED or length > room:
            return grown
        message = waiting[number] = _Message(data[0], length)
        grown += length
    if len(message.body) == length:
        message.add(offset, piece)
    while (ready := waiting.get(association.expected[direction])) is not None and ready.missing <= 0:
        del waiting[association.expected[direction]]
        association.expected[direction] += 1
        grown -= len(ready.body)
        _pass_on(association.observer, direction, ready, frame, at)
    return grown


def _pass_on(observer: HandshakeObserver, direction: int, message: _Message, frame: int, at: int) -> None:
    body = bytes(message.body)
    if message.kind == _HELLO_VERIFY_REQUEST:
        observer.retry_hello = True
    if message.kind == _CLIENT_HELLO:
        body = _without_cookie(body)
    as_in_tls = bytes([message.kind]) + len(body).to_bytes(3, "big") + body
    observer.record(direction, HANDSHAKE, 0, as_in_tls, (), frame, at)


def _without_cookie(hello: bytes) -> bytes:
    """A DTLS ClientHello in the form of TLS: the cookie stands between session id and cipher suites (RFC 6347 §4.2.1)."""
    cookie = 35 + (hello[34] if len(hello) > 34 else 0)
    if cookie >= len(hello):
        return hello
    return hello[:cookie] + hello[cookie + 1 + hello[cookie] :]


def _not_readable(direction: int, content: bytes, frame: int, at: int) -> None:
    """Application data of DTLS is not SIP: nobody wants it."""
    del direction, content, frame, at


def _never() -> None:
    """There is no record reader to tell."""
