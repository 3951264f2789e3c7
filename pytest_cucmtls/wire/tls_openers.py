"""Chooses how the protected records of a connection can be opened: without encryption, with a key log, or not at all."""

from typing import Protocol

from pytest_cucmtls.wire.key_log import APPLICATION_SECRETS, HANDSHAKE_SECRETS, MASTER_SECRET, KeyLog
from pytest_cucmtls.wire.tls_messages import ENCRYPT_THEN_MAC, SESSION_TICKET, Hello
from pytest_cucmtls.wire.tls_registry import cipher_suite, record_mac_bytes

CLIENT, SERVER = 0, 1


class RecordOpener(Protocol):
    """Opens the records of one direction, in order."""

    def decrypt(self, kind: int, version: int, body: bytes) -> tuple[int, bytes] | None:
        """(content type, content), or None when the record cannot be opened."""

    def update(self) -> None:
        """The peer announced new keys (TLS 1.3)."""


class UnencryptedOpener:
    """Records of a suite with NULL encryption: the content, then its MAC (RFC 5246 §6.2.3.1)."""

    def __init__(self, mac_bytes: int) -> None:
        self._mac_bytes = mac_bytes

    def decrypt(self, kind: int, version: int, body: bytes) -> tuple[int, bytes] | None:
        """The content without the MAC; None when the record is too short to hold one."""
        del version
        return (kind, body[: len(body) - self._mac_bytes]) if len(body) >= self._mac_bytes else None

    def update(self) -> None:
        """There are no keys."""


def opener_without_encryption(server_hello: Hello) -> RecordOpener | None:
    """For suites that do not encrypt and connections that do not compress."""
    mac_bytes = record_mac_bytes(server_hello.suites[0])
    return None if mac_bytes is None or server_hello.compressions.strip(b"\0") else UnencryptedOpener(mac_bytes)


def openers_tls12(client: Hello, server: Hello, key_log: KeyLog) -> tuple[RecordOpener, RecordOpener] | None:
    """For client and server, when the master secret is known and the cipher is one that can be opened here."""
    offered = (client.session_id if client.session_id == server.session_id else b"", client.extensions.get(SESSION_TICKET, b""))
    key_log.recall_session(offered, client.random)
    key_log.remember_session(server.session_id, client.random)
    secret = key_log.secret(MASTER_SECRET, client.random)
    if secret is None or server.compressions.strip(b"\0"):
        return None
    # Imported here: without a key log the cryptography library is not needed to read records.
    from pytest_cucmtls.wire.tls_decryption import suite_cipher, tls12_decryptors

    cipher = suite_cipher(cipher_suite(server.suites[0]).name)
    if cipher is None:
        return None
    etm = ENCRYPT_THEN_MAC in server.extensions
    return tls12_decryptors(cipher, server.version, secret, (client.random, server.random), etm)


def opener_tls13(client: Hello, server: Hello, key_log: KeyLog, end: int, *, handshake: bool) -> RecordOpener | None:
    """For one end, under its handshake or its first application traffic secret."""
    labels = HANDSHAKE_SECRETS if handshake else APPLICATION_SECRETS
    secret = key_log.secret(labels[end], client.random)
    if secret is None:
        return None
    from pytest_cucmtls.wire.tls_decryption import Tls13Decryptor, suite_cipher

    cipher = suite_cipher(cipher_suite(server.suites[0]).name)
    return None if cipher is None else Tls13Decryptor(cipher, secret)
