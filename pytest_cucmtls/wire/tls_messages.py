"""TLS handshake messages from bytes: hellos, certificate lists, key exchanges (RFC 5246 §7.4, RFC 8446 §4, RFC 6101)."""

from dataclasses import dataclass, field

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.tls_registry import group_name

SERVER_NAME, SUPPORTED_GROUPS, ALPN, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET = 0, 10, 16, 22, 23
SESSION_TICKET, PRE_SHARED_KEY, SUPPORTED_VERSIONS, KEY_SHARE, RENEGOTIATION_INFO = 35, 41, 43, 51, 0xFF01
HELLO_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""RFC 8446 §4.1.3: a ServerHello with this random is a HelloRetryRequest."""
MOST_CERTIFICATES = 64


class Fields:
    """Reads a message field by field; UnexpectedAnswer when it is shorter than it claims."""

    __slots__ = ("_data", "_name", "position")

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self.position = 0

    def number(self, width: int) -> int:
        """A big-endian number of `width` bytes."""
        return int.from_bytes(self.take(width), "big")

    def take(self, length: int) -> bytes:
        """The next `length` bytes. Raises: UnexpectedAnswer when fewer are left."""
        end = self.position + length
        if end > len(self._data):
            raise UnexpectedAnswer("tls", self._name, self._data[:40].hex(), "the message is shorter than it claims")
        piece = self._data[self.position : end]
        self.position = end
        return piece

    def vector(self, width: int) -> bytes:
        """A vector preceded by its length in `width` bytes."""
        return self.take(self.number(width))

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self.position


@dataclass(frozen=True, slots=True)
class Hello:
    """A ClientHello or ServerHello; a server's `suites` and `compressions` hold the one it chose."""

    version: int
    random: bytes
    session_id: bytes
    suites: tuple[int, ...]
    compressions: bytes
    extensions: dict[int, bytes] = field(default_factory=dict)


def parse_client_hello(body: bytes) -> Hello:
    """RFC 5246 §7.4.1.2 / RFC 8446 §4.1.2. Raises UnexpectedAnswer when the message is shorter than it claims."""
    fields = Fields(body, "client_hello")
    version, random, session_id = fields.number(2), fields.take(32), fields.vector(1)
    suites, compressions = _numbers(fields.vector(2)), fields.vector(1)
    return Hello(version, random, session_id, suites, compressions, _extensions(fields))


def parse_server_hello(body: bytes) -> Hello:
    """RFC 5246 §7.4.1.3 / RFC 8446 §4.1.3. Raises UnexpectedAnswer when the message is shorter than it claims."""
    fields = Fields(body, "server_hello")
    version, random, session_id = fields.number(2), fields.take(32), fields.vector(1)
    suite, compression = fields.number(2), fields.take(1)
    return Hello(version, random, session_id, (suite,), compression, _extensions(fields))


def parse_sslv2_client_hello(body: bytes) -> Hello:
    """The SSLv2-compatible hello (RFC 5246 appendix E.2), after its two length bytes. Raises UnexpectedAnswer as above."""
    fields = Fields(body, "client_hello")
    fields.take(1)
    version = fields.number(2)
    suites_bytes, session_bytes, challenge_bytes = fields.number(2), fields.number(2), fields.number(2)
    specs = fields.take(suites_bytes)
    suites = tuple(int.from_bytes(specs[at + 1 : at + 3], "big") for at in range(0, len(specs) - 2, 3) if specs[at] == 0)
    session_id = fields.take(session_bytes)
    return Hello(version, fields.take(challenge_bytes), session_id, suites, b"\0")


def parse_certificate_list(body: bytes) -> tuple[bytes, ...]:
    """DER of each certificate, leaf first, of a Certificate message up to TLS 1.2. Raises UnexpectedAnswer as above."""
    fields = Fields(body, "certificate")
    return _certificates(Fields(fields.vector(3), "certificate"), with_extensions=False)


def parse_certificate_list_tls13(body: bytes) -> tuple[bytes, ...]:
    """The same of TLS 1.3, whose entries carry extensions (RFC 8446 §4.4.2). Raises UnexpectedAnswer as above."""
    fields = Fields(body, "certificate")
    fields.vector(1)
    return _certificates(Fields(fields.vector(3), "certificate"), with_extensions=True)


def _certificates(entries: Fields, *, with_extensions: bool) -> tuple[bytes, ...]:
    certificates: list[bytes] = []
    while entries.left and len(certificates) < MOST_CERTIFICATES:
        certificates.append(entries.vector(3))
        if with_extensions:
            entries.vector(2)
    return tuple(certificates)


def parse_key_exchange_group(body: bytes, suite_name: str) -> str | None:
    """Group of a ServerKeyExchange: a named curve, or ``dh-<bits>`` (RFC 8422 §5.4, RFC 5246 §7.4.3)."""
    fields = Fields(body, "server_key_exchange")
    if "_ECDH" in suite_name:
        return group_name(fields.number(2)) if fields.number(1) == 3 else None
    if "_DHE_" in suite_name or "_DH_anon_" in suite_name:
        if "_PSK_" in suite_name:
            fields.vector(2)
        return f"dh-{int.from_bytes(fields.vector(2), 'big').bit_length()}"
    return None


def offered_versions(hello: Hello) -> tuple[int, ...]:
    """Versions a client offers: its supported_versions, or the one it names (RFC 8446 §4.2.1)."""
    listed = hello.extensions.get(SUPPORTED_VERSIONS)
    return _numbers(listed[1:]) if listed else (hello.version,)


def chosen_version(hello: Hello) -> int:
    """Version a server chose: supported_versions when it answered with it, else the field."""
    listed = hello.extensions.get(SUPPORTED_VERSIONS, b"")
    return int.from_bytes(listed, "big") if len(listed) == 2 else hello.version


def server_name(hello: Hello) -> str | None:
    """Host name of the server_name extension (RFC 6066 §3), or None."""
    data = hello.extensions.get(SERVER_NAME, b"")
    if len(data) < 5 or data[2] != 0:
        return None
    length = int.from_bytes(data[3:5], "big")
    return data[5 : 5 + length].decode("ascii", "backslashreplace") or None


def chosen_protocol(hello: Hello) -> str | None:
    """Application protocol a server chose (RFC 7301 §3.1), or None."""
    data = hello.extensions.get(ALPN, b"")
    return data[3 : 3 + data[2]].decode("utf-8", "backslashreplace") or None if len(data) > 3 else None


def chosen_group(hello: Hello) -> str | None:
    """Group of a TLS 1.3 server's key share, or None."""
    data = hello.extensions.get(KEY_SHARE, b"")
    return group_name(int.from_bytes(data[:2], "big")) if len(data) >= 2 else None


def _extensions(fields: Fields) -> dict[int, bytes]:
    """Extension number -> data; the first of a repeated number counts. SSLv3 and old hellos have none."""
    if fields.left < 2:
        return {}
    block = Fields(fields.vector(2), "extensions")
    extensions: dict[int, bytes] = {}
    while block.left >= 4:
        number = block.number(2)
        extensions.setdefault(number, block.vector(2))
    return extensions


def _numbers(data: bytes) -> tuple[int, ...]:
    return tuple(data[at] << 8 | data[at + 1] for at in range(0, len(data) - 1, 2))
