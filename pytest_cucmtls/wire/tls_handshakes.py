"""Watches the records of one TLS connection and keeps what they show of its handshake."""

from collections.abc import Callable

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.tls_assembly import AssembledMessage, HandshakeAssembler
from pytest_cucmtls.wire.tls_messages import (
    HELLO_RETRY_RANDOM,
    Hello,
    chosen_version,
    parse_certificate_list,
    parse_certificate_list_tls13,
    parse_client_hello,
    parse_key_exchange_group,
    parse_server_hello,
    parse_sslv2_client_hello,
)
from pytest_cucmtls.wire.tls_openers import (
    CLIENT,
    SERVER,
    RecordOpener,
    UnencryptedOpener,
    opener_tls13,
    opener_without_encryption,
    openers_tls12,
)
from pytest_cucmtls.wire.tls_records import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, Holes
from pytest_cucmtls.wire.tls_registry import HANDSHAKE_NAMES, cipher_suite

TLS_1_3 = 0x0304
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST = 1, 2, 11, 12, 13
HELLO_REQUEST, NEW_SESSION_TICKET, SERVER_HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE, FINISHED = 0, 4, 14, 15, 16, 20
KEY_UPDATE = 24
_FROM_CLIENT = {CLIENT_HELLO, CLIENT_KEY_EXCHANGE, CERTIFICATE_VERIFY}
_FROM_SERVER = {SERVER_HELLO, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE, HELLO_REQUEST, NEW_SESSION_TICKET}
_MOST_MESSAGES = 400
_MOST_ALERTS = 64
_LONGEST_TRANSCRIPT = 1 << 20
_MOST_NOTES = 32

Plaintext = Callable[[int, bytes, int, int], None]
"""Told the content of readable application records: direction, bytes, frame, nanoseconds."""


class Side:
    """What one direction of the connection has shown."""

    __slots__ = (
        "application_bytes",
        "assembler",
        "certificate_frame",
        "certificates",
        "changed_cipher",
        "cut",
        "finished",
        "missing",
        "opaque_lengths",
        "opener",
        "seen",
    )

    def __init__(self) -> None:
        self.assembler = HandshakeAssembler()
        self.changed_cipher = False
        self.finished = False
        self.certificates: tuple[bytes, ...] | None = None
        self.certificate_frame: int | None = None
        self.seen: set[int] = set()
        """Types of handshake messages seen."""
        self.cut = False
        self.missing = False
        """Handshake bytes are gone: `cut` by the snap length, `missing` for any other reason."""
        self.application_bytes = 0
        self.opaque_lengths: list[int] = []
        """Lengths of the first application records since the ServerHello."""
        self.opener: RecordOpener | None = None
        """Opens this direction's protected records, when they can be opened."""


class HandshakeObserver:
    """Collects the facts of one TLS connection. Directions are 0 and 1; who is the client is learnt from the messages."""

    def __init__(self, plaintext: Plaintext, readable: Callable[[], None], key_log: KeyLog) -> None:
        self._plaintext = plaintext
        self._key_log = key_log
        self._readable = readable
        """Called when application records turn out to be readable."""
        self.sides = (Side(), Side())
        self.client_direction: int | None = None
        self.client_hello: Hello | None = None
        self.server_hello: Hello | None = None
        self.retry_hello = False
        self._latest_client: Hello | None = None
        self._latest_server: Hello | None = None
        """The hellos that the keys come from: with a renegotiation not those that are reported."""
        self._transcript: bytearray | None = None if key_log.rsa_keys is None else bytearray()
        """Handshake messages up to the key exchange, kept when a private key may open it."""
        self.version: int | None = None
        self._is_old = False
        """A version before TLS 1.3 was negotiated."""
        self._wire_version = 0
        self.group: str | None = None
        self.messages: list[tuple[int, int, str, int]] = []
        """(frame, direction, name, nanoseconds) in order of arrival."""
        self.alerts: list[tuple[int, int, int, int, int]] = []
        """(frame, direction, level, description, nanoseconds)."""
        self.notes: list[str] = []
        self.first_server_answer: int | None = None
        """TLS 1.3: length of the server's first record after the client's first encrypted one."""
        self.server_answers = 0
        self.opaque_records = 0
        self.times_lost = 0
        self.reads_content = False
        """Application records can be opened: their content is wanted."""
        self.decrypted = False
        """At least one record was decrypted with a secret of the key log."""
        self.first_frame = 0
        self.first_at = 0
        self.last_at = 0

    @property
    def is_tls13(self) -> bool:
        """TLS 1.3 or one of its drafts was negotiated."""
        return self.version is not None and (self.version == TLS_1_3 or self.version >> 8 == 0x7F)

    @property
    def is_credible(self) -> bool:
        """This was TLS: random bytes may look like the header of one application record, but not like several in a row."""
        if any(name != "application_data" for _, _, name, _ in self.messages) or self.alerts:
            return True
        return self.opaque_records > 2 * self.times_lost

    def held_bytes(self, direction: int) -> int:
        """Bytes of the unfinished message of a direction; see RecordListener."""
        return self.sides[direction].assembler.held_bytes

    def record(self, direction: int, kind: int, version: int, body: bytes, holes: Holes, frame: int, at: int) -> None:
        """One record whose content is here; see RecordListener."""
        self._touch(frame, at)
        self._wire_version = version
        side = self.sides[direction]
        if kind != CHANGE_CIPHER_SPEC and (side.changed_cipher or (kind == APPLICATION_DATA and side.opener is not None)):
            self._protected_record(direction, kind, body, holes, frame, at)
        elif kind == HANDSHAKE:
            self._handshake_record(direction, body, holes, frame, at)
        elif kind == CHANGE_CIPHER_SPEC:
            self._change_cipher_spec(direction, frame, at)
        elif kind == ALERT:
            self._alert(direction, body, frame, at)
        else:
            self.opaque(direction, len(body), frame, at)

    def opaque(self, direction: int, length: int, frame: int, at: int) -> None:
        """An application record, content not looked at."""
        self.opaque_records += 1
        if at > self.last_at:
            self.last_at = at
        side = self.sides[direction]
        if side.application_bytes:
            side.application_bytes += length
            if self._is_old or len(side.opaque_lengths) >= 8 or not self.is_tls13:
                return
        else:
            self._touch(frame, at)
            self._note_message(direction, "application_data", frame, at)
            side.application_bytes = length
        if not self.is_tls13:
            return
        if len(side.opaque_lengths) < 8:
            side.opaque_lengths.append(length)
        client = self.client_direction
        if client is not None and direction != client and self.sides[client].opaque_lengths:
            self.server_answers += 1
            if self.first_server_answer is None:
                self.first_server_answer = length

    def lost(self, direction: int, cut: bool) -> None:
        """Bytes of unknown meaning are missing in this direction."""
        side = self.sides[direction]
        self.times_lost += 1
        side.assembler.reset()
        if not side.changed_cipher and not (side.finished or side.application_bytes):
            side.cut, side.missing = side.cut or cut, side.missing or not cut

    def damaged(self, direction: int, cut: bool) -> None:
        """Bytes inside a record are missing in this direction."""
        side = self.sides[direction]
        if not side.changed_cipher:
            side.cut, side.missing = side.cut or cut, side.missing or not cut

    def sslv2_client_hello(self, direction: int, body: bytes, frame: int, at: int) -> None:
        """A hello in SSLv2 form, without its two length bytes."""
        self._touch(frame, at)
        self.client_direction = direction
        self._note_message(direction, "client_hello", frame, at)
        self.notes.append("the ClientHello has the SSLv2-compatible form")
        self.client_hello = parse_sslv2_client_hello(body)

    def _touch(self, frame: int, at: int) -> None:
        if not self.first_frame or frame < self.first_frame:
            self.first_frame, self.first_at = frame, at
        self.last_at = max(self.last_at, at)

    def _note(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < _MOST_NOTES:
            self.notes.append(text)

    def _note_message(self, direction: int, name: str, frame: int, at: int) -> None:
        if len(self.messages) < _MOST_MESSAGES:
            self.messages.append((frame, direction, name, at))

    def _handshake_record(self, direction: int, body: bytes, holes: Holes, frame: int, at: int) -> None:
        side = self.sides[direction]
        assembled = side.assembler.feed(body, holes)
        if assembled is None:
            side.changed_cipher = True
            self._encrypted_handshake(direction, frame, at)
            return
        for message in assembled:
            self._message(direction, message, frame, at)

    def _message(self, direction: int, message: AssembledMessage, frame: int, at: int) -> None:
        side = self.sides[direction]
        side.seen.add(message.kind)
        if self.client_direction is None:
            if message.kind in _FROM_CLIENT:
                self.client_direction = direction
            elif message.kind in _FROM_SERVER:
                self.client_direction = 1 - direction
        self._note_message(direction, HANDSHAKE_NAMES[message.kind], frame, at)
        if not message.whole:
            return
        if self._transcript is not None:
            self._keep_for_key_exchange(self._transcript, message)
        try:
            self._read_message(direction, side, message, frame)
        except UnexpectedAnswer as malformed:
            self._note(f"frame {frame}: {malformed.operation} cannot be read: {malformed.detail}")

    def _read_message(self, direction: int, side: Side, message: AssembledMessage, frame: int) -> None:
        if message.kind == CLIENT_HELLO:
            self._client_hello(direction, message.body)
        elif message.kind == SERVER_HELLO:
            self._server_hello(message.body)
        elif message.kind == CERTIFICATE and side.certificates is None:
            side.certificate_frame = frame
            parse = parse_certificate_list_tls13 if self.is_tls13 else parse_certificate_list
            side.certificates = parse(message.body)
        elif message.kind == SERVER_KEY_EXCHANGE and self.server_hello is not None:
            suite = cipher_suite(self.server_hello.suites[0]).name
            self.group = self.group or parse_key_exchange_group(message.body, suite)
        elif message.kind == NEW_SESSION_TICKET and not self.is_tls13 and self._latest_client is not None:
            self._key_log.remember_session(message.body[6:], self._latest_client.random)
        elif message.kind == HELLO_REQUEST:
            self._note("the server asked for renegotiation")
        elif message.kind == FINISHED:
            side.finished = True
            if self.is_tls13:
                side.opener = self._opener_tls13(direction, handshake=False)
        elif message.kind == KEY_UPDATE and side.opener is not None:
            side.opener.update()

    def _keep_for_key_exchange(self, transcript: bytearray, message: AssembledMessage) -> None:
        """Up to ClientKeyExchange; then the master secret may become known (RFC 5246 §8.1.1, RFC 7627 §3)."""
        if message.kind == CLIENT_HELLO:
            transcript.clear()
        if message.kind != HELLO_REQUEST and len(transcript) < _LONGEST_TRANSCRIPT:
            transcript += bytes([message.kind]) + len(message.body).to_bytes(3, "big") + message.body
        if message.kind == CLIENT_KEY_EXCHANGE:
            keys, client, server = self._key_log.rsa_keys, self._latest_client, self._latest_server
            if keys is not None and client is not None and server is not None:
                secret = keys.master_secret(client, server, message.body, bytes(transcript))
                if secret is not None:
                    self._key_log.learn_master_secret(client.random, secret)
            transcript.clear()

    def _client_hello(self, direction: int, body: bytes) -> None:
        self._latest_client = hello = parse_client_hello(body)
        if self.client_hello is not None and not self.retry_hello:
            self._note("renegotiated: the values are those of the first handshake")
            return
        self.client_hello = hello
        self.client_direction = direction

    def _server_hello(self, body: bytes) -> None:
        hello = parse_server_hello(body)
        if hello.random == HELLO_RETRY_RANDOM:
            self.retry_hello = True
            self._note("the server asked for another ClientHello (HelloRetryRequest)")
            frame, direction, _, at = self.messages[-1]
            self.messages[-1] = (frame, direction, "hello_retry_request", at)
            return
        self._latest_server = hello
        if self.server_hello is not None:
            return
        self.server_hello = hello
        self.version = chosen_version(hello)
        self._is_old = not self.is_tls13
        for side in self.sides:
            side.opaque_lengths.clear()
        if self.is_tls13 and self.client_hello is not None and self._key_log.is_useful:
            for direction, side in enumerate(self.sides):
                side.opener = self._opener_tls13(direction, handshake=True)
            self._read_content(self.sides[0].opener or self.sides[1].opener)

    def _opener_tls13(self, direction: int, *, handshake: bool) -> RecordOpener | None:
        if self.client_hello is None or self.server_hello is None:
            return None
        end = CLIENT if direction == self.client_direction else SERVER
        return opener_tls13(self.client_hello, self.server_hello, self._key_log, end, handshake=handshake)

    def _read_content(self, opener: RecordOpener | None) -> None:
        if opener is not None and not self.reads_content:
            self.reads_content = True
            self._readable()

    def _change_cipher_spec(self, direction: int, frame: int, at: int) -> None:
        self._note_message(direction, "change_cipher_spec", frame, at)
        if self.is_tls13 or (self.server_hello is None and self.client_hello is not None and not self._server_is_lost()):
            return
        side = self.sides[direction]
        side.changed_cipher = True
        side.assembler.reset()
        side.opener = self._opener(direction)
        if side.opener is not None:
            side.assembler.uncertain = False
            self._read_content(side.opener)

    def _opener(self, direction: int) -> RecordOpener | None:
        """How records after ChangeCipherSpec of this direction can be opened, up to TLS 1.2."""
        if self._latest_server is None:
            return None
        unencrypted = opener_without_encryption(self._latest_server)
        if unencrypted is not None or self._latest_client is None or not self._key_log.is_useful:
            return unencrypted
        both = openers_tls12(self._latest_client, self._latest_server, self._key_log)
        return None if both is None else both[CLIENT if direction == self.client_direction else SERVER]

    def _server_is_lost(self) -> bool:
        return any(side.cut or side.missing for side in self.sides)

    def _protected_record(self, direction: int, kind: int, body: bytes, holes: Holes, frame: int, at: int) -> None:
        """A protected record: read when it can be opened, else only counted."""
        opener = self.sides[direction].opener
        opened = None if opener is None or holes else opener.decrypt(kind, self._wire_version, body)
        if opened is None:
            if kind == HANDSHAKE:
                self._encrypted_handshake(direction, frame, at)
            elif kind != ALERT:
                self.opaque(direction, len(body), frame, at)
            return
        inner, content = opened
        self.decrypted = self.decrypted or not isinstance(opener, UnencryptedOpener)
        if inner == HANDSHAKE:
            self._handshake_record(direction, content, (), frame, at)
        elif inner == ALERT:
            self._alert(direction, content, frame, at)
        else:
            self.opaque(direction, len(body), frame, at)
            self._plaintext(direction, content, frame, at)

    def _encrypted_handshake(self, direction: int, frame: int, at: int) -> None:
        side = self.sides[direction]
        self._note_message(direction, "encrypted_handshake_message" if side.finished else "finished", frame, at)
        if side.finished and not self.times_lost:
            self._note("renegotiated under encryption: the values are those of the first handshake")
        side.finished = True

    def _alert(self, direction: int, body: bytes, frame: int, at: int) -> None:
        """An alert in clear is exactly two bytes (RFC 5246 §7.2); anything longer is encrypted."""
        if len(body) == 2 and body[0] in (1, 2) and len(self.alerts) < _MOST_ALERTS:
            self.alerts.append((frame, direction, body[0], body[1], at))
