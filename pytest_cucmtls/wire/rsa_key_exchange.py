"""Master secrets of static-RSA handshakes, computed with the server's private key (RFC 5246 §7.4.7.1, RFC 7627)."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire.tls_messages import EXTENDED_MASTER_SECRET, Hello
from pytest_cucmtls.wire.tls_registry import cipher_suite

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_TLS_1_0, _TLS_1_2 = 0x0301, 0x0303
_PRE_MASTER_BYTES, _MASTER_BYTES = 48, 48


class RsaKeys:
    """Private keys of servers, PEM or DER; `repr` shows none of them.

    Raises UnexpectedAnswer when one cannot be read, is protected by a password, or is not an RSA key.
    """

    def __init__(self, files: Iterable[bytes]) -> None:
        self._keys = tuple(_private_key(data) for data in files)

    def __repr__(self) -> str:
        return f"RsaKeys({len(self._keys)} keys)"

    def master_secret(self, client: Hello, server: Hello, exchange: bytes, transcript: bytes) -> bytes | None:
        """The master secret behind the body of a ClientKeyExchange; None when no key opens it or it is not static RSA.

        `transcript` holds the handshake messages from the ClientHello to the ClientKeyExchange, headers included.
        """
        suite = cipher_suite(server.suites[0]).name
        if not suite.startswith("TLS_RSA_WITH_") or not _TLS_1_0 <= server.version <= _TLS_1_2:
            return None
        pre_master = self._pre_master_secret(client, exchange[2:])
        if pre_master is None:
            return None
        # Imported here: without a private key none of this is needed.
        from pytest_cucmtls.wire.tls_decryption import pseudo_random

        hash_name = "sha384" if suite.endswith("SHA384") else "sha256"
        if EXTENDED_MASTER_SECRET in server.extensions:
            seed = b"extended master secret" + _session_hash(hash_name, server.version, transcript)
        else:
            seed = b"master secret" + client.random + server.random
        return pseudo_random(hash_name, server.version, pre_master, seed, _MASTER_BYTES)

    def _pre_master_secret(self, client: Hello, encrypted: bytes) -> bytes | None:
        """Begins with the version the client offered; a wrong key gives something else or an error (RFC 5246 §7.4.7.1)."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        for key in self._keys:
            try:
                opened = key.decrypt(encrypted, PKCS1v15())
            except ValueError:
                continue
            if len(opened) == _PRE_MASTER_BYTES and opened[0] == 3 and opened[:2] == client.version.to_bytes(2, "big"):
                return opened
        return None


def _session_hash(hash_name: str, version: int, transcript: bytes) -> bytes:
    if version >= _TLS_1_2:
        return hashlib.new(hash_name, transcript).digest()
    return hashlib.md5(transcript, usedforsecurity=False).digest() + hashlib.sha1(transcript, usedforsecurity=False).digest()


def _private_key(data: bytes) -> "RSAPrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    load = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
    try:
        key = load(data, password=None)
    except TypeError:
        raise UnexpectedAnswer("tls", "private key", "", "it is protected by a password: decrypt it first") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnexpectedAnswer("tls", "private key", "", "neither a PEM nor a DER private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise UnexpectedAnswer("tls", "private key", "", "not an RSA key: only static-RSA suites can be opened")
    return key
