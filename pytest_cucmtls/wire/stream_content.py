"""Recognises what TCP streams carry by their content, on any port: TLS records or SIP."""

from collections.abc import Callable

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.sip_messages import SipFraming
from pytest_cucmtls.wire.tcp_streams import Connection, Consumer, Direction
from pytest_cucmtls.wire.tls_handshakes import HandshakeObserver
from pytest_cucmtls.wire.tls_records import RecordReader, looks_like_record

SipSink = Callable[[bytes, Direction, str, int, int], None]
"""Told each SIP message: its bytes, the direction, the transport word, frame, nanoseconds."""

_SHORTEST_SIP_LINE = 16
_LONGEST_START_LINE = 4096


def begins_sip(data: bytes, start: int, end: int) -> bool:
    """A SIP start line stands at `start` (RFC 3261 §7.1, §7.2); cheap enough to ask for every datagram."""
    if end - start < _SHORTEST_SIP_LINE:
        return False
    first = data[start]
    if not (65 <= first <= 90 or 97 <= first <= 122) or not data[start : start + 3].isalnum():
        return False
    if data[start : start + 8] == b"SIP/2.0 ":
        return data[start + 8 : start + 11].isdigit()
    line_end = data.find(b"\n", start, min(end, start + _LONGEST_START_LINE))
    if line_end < 0:
        return _names_sip_uri(data[start : min(end, start + 40)])
    return data[max(start, line_end - 9) : line_end].rstrip().upper().endswith(b" SIP/2.0")


def _names_sip_uri(beginning: bytes) -> bool:
    """A method and the beginning of a SIP URI: all that one sees of a start line longer than its segment."""
    method, _, uri = beginning.partition(b" ")
    return method.isalpha() and method.isupper() and uri[:5].lower().startswith((b"sip:", b"sips:"))


class SipStream:
    """Reads SIP messages out of one direction of a connection."""

    __slots__ = ("_direction", "_framing", "_sink", "_transport")

    def __init__(self, direction: Direction, transport: str, sink: SipSink) -> None:
        self._direction = direction
        self._transport = transport
        self._sink = sink
        self._framing = SipFraming()

    @property
    def held_bytes(self) -> int:
        """Bytes of the unfinished message."""
        return self._framing.waiting_bytes

    def feed(self, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        """The next bytes of the stream."""
        for message in self._framing.feed(data[start:end]):
            self._sink(message, self._direction, self._transport, frame, at)

    def gap(self, missing: int, cut: bool) -> None:
        """A message with a hole cannot be framed: reading goes on at the next start line."""
        del missing, cut
        self._framing = SipFraming()


class TlsContent:
    """What is kept per TLS connection: its observer, and readers of SIP when the suite does not encrypt."""

    def __init__(self, connection: Connection, sink: SipSink, key_log: KeyLog) -> None:
        self._connection = connection
        self._sink = sink
        self._sip: dict[int, SipStream] = {}
        self.readers: list[RecordReader] = []
        self.observer = HandshakeObserver(self._plaintext, self._reads_plaintext, key_log)

    def reader(self, direction: Direction) -> RecordReader:
        """The record reader of one direction."""
        reader = RecordReader(self.observer, direction.index)
        reader.reads_content = self.observer.reads_content
        self.readers.append(reader)
        return reader

    def _reads_plaintext(self) -> None:
        for reader in self.readers:
            reader.reads_content = True

    def _plaintext(self, index: int, content: bytes, frame: int, at: int) -> None:
        stream = self._sip.get(index)
        if stream is None:
            stream = self._sip[index] = SipStream(self._connection.directions[index], "tls", self._sink)
        stream.feed(content, 0, len(content), frame, at)


class ContentRecogniser:
    """Chooses the reader of a stream from its first bytes."""

    def __init__(self, sink: SipSink, key_log: KeyLog) -> None:
        self._sink = sink
        self._key_log = key_log

    def recognise(self, direction: Direction, data: bytes, start: int, end: int) -> Consumer | None:
        """The reader for a stream that shows ``data[start:end]``, or None."""
        if start >= end:
            return None
        if 20 <= data[start] <= 23:
            return self._tls(direction).reader(direction) if looks_like_record(data, start, end) else None
        if data[start] & 0x80 and _is_sslv2_hello(data, start, end):
            return _Sslv2Beginning(self._tls(direction), direction)
        if begins_sip(data, start, end):
            return SipStream(direction, "tcp", self._sink)
        return None

    def _tls(self, direction: Direction) -> TlsContent:
        connection = direction.connection
        if not isinstance(connection.content, TlsContent):
            connection.content = TlsContent(connection, self._sink, self._key_log)
        return connection.content


class _Sslv2Beginning:
    """Reads an SSLv2-compatible ClientHello (RFC 5246 appendix E.2), then leaves the stream to the record reader."""

    def __init__(self, content: TlsContent, direction: Direction) -> None:
        self._content = content
        self._direction = direction
        self._held = b""

    @property
    def held_bytes(self) -> int:
        """Bytes of the unfinished hello."""
        return len(self._held)

    def feed(self, data: bytes, start: int, end: int, frame: int, at: int) -> None:
        """The next bytes; the hello is at most 32 KiB."""
        self._held += data[start:end]
        size = 2 + ((self._held[0] & 0x7F) << 8 | self._held[1]) if len(self._held) > 1 else 2
        if len(self._held) < size:
            return
        hello, rest = self._held[2:size], self._held[size:]
        reader = self._content.reader(self._direction)
        self._direction.consumer = reader
        try:
            self._content.observer.sslv2_client_hello(self._direction.index, hello, frame, at)
        except UnexpectedAnswer as malformed:
            self._content.observer.notes.append(f"frame {frame}: {malformed.message}")
        reader.feed(rest, 0, len(rest), frame, at)

    def gap(self, missing: int, cut: bool) -> None:
        """The hello is not whole: the record reader waits for the next record."""
        reader = self._content.reader(self._direction)
        self._direction.consumer = reader
        reader.gap(missing, cut)


def _is_sslv2_hello(data: bytes, start: int, end: int) -> bool:
    if end - start < 11 or data[start + 2] != 1 or data[start + 3] != 3 or data[start + 4] > 4:
        return False
    lengths = [data[at] << 8 | data[at + 1] for at in (start, start + 5, start + 7, start + 9)]
    return (lengths[0] & 0x7FFF) == 9 + sum(lengths[1:]) and lengths[1] % 3 == 0 and 16 <= lengths[3] <= 32
