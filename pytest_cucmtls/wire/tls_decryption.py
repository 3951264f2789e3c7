"""Decrypts TLS records of one direction with secrets of a key log (RFC 5246 §6, RFC 7366, RFC 7905, RFC 8446 §5, §7)."""

import hmac
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

TLS_1_0, TLS_1_2 = 0x0301, 0x0303
_AEAD = AESGCM | AESCCM | ChaCha20Poly1305
_SUITE = re.compile(r"(AES_(128|256)_(GCM|CCM_8|CCM|CBC)|CHACHA20_POLY1305)(?:_(SHA\d*|MD5))?\Z")
_MAC_BYTES = {"SHA": 20, "SHA256": 32, "SHA384": 48}
_HASHES = {"SHA": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class SuiteCipher:
    """Bulk cipher of a suite: ``GCM``, ``CCM``, ``CCM_8``, ``CBC`` or ``CHACHA20``, key bytes, and hash word of the name."""

    mode: str
    key_bytes: int
    hash_word: str

    @property
    def hash_name(self) -> str:
        """Hash of key derivation: SHA-256 unless the suite says SHA-384 (RFC 5246 §5, RFC 5288 §3)."""
        return "sha384" if self.hash_word == "SHA384" else "sha256"


def suite_cipher(suite_name: str) -> SuiteCipher | None:
    """The cipher of a registered suite name; None for ciphers that are not decrypted here (3DES, RC4, Camellia …)."""
    found = _SUITE.search(suite_name)
    if found is None:
        return None
    mode = "CHACHA20" if found.group(3) is None else found.group(3)
    return SuiteCipher(mode, int(found.group(2) or 256) // 8, found.group(4) or "SHA256")


class Tls13Decryptor:
    """Records under one traffic secret."""

    def __init__(self, cipher: SuiteCipher, secret: bytes) -> None:
        self._cipher = cipher
        self._secret = secret
        self._start()

    def _start(self) -> None:
        name = self._cipher.hash_name
        self._aead = _aead(self._cipher, _expand_label(name, self._secret, "key", self._cipher.key_bytes))
        self._iv = int.from_bytes(_expand_label(name, self._secret, "iv", 12), "big")
        self._sequence = 0

    def update(self) -> None:
        """The next generation of keys, after a KeyUpdate (RFC 8446 §7.2)."""
        self._secret = _expand_label(self._cipher.hash_name, self._secret, "traffic upd", len(self._secret))
        self._start()

    def decrypt(self, kind: int, version: int, body: bytes) -> tuple[int, bytes] | None:
        """(content type, content) of one record, or None when it does not authenticate."""
        nonce = (self._iv ^ self._sequence).to_bytes(12, "big")
        header = bytes([kind]) + version.to_bytes(2, "big") + len(body).to_bytes(2, "big")
        plain = _open(self._aead, nonce, body, header)
        if plain is None:
            return None
        self._sequence += 1
        content = plain.rstrip(b"\0")
        return (content[-1], content[:-1]) if content else None


class Tls12Decryptor:
    """Records of one direction after ChangeCipherSpec, up to TLS 1.2."""

    def __init__(self, cipher: SuiteCipher, version: int, keys: tuple[bytes, bytes, bytes], encrypt_then_mac: bool) -> None:
        self._cipher = cipher
        self._version = version
        self._mac_key, self._key, self._iv = keys
        self._encrypt_then_mac = encrypt_then_mac
        self._aead = None if cipher.mode == "CBC" else _aead(cipher, self._key)
        self._sequence = 0

    def decrypt(self, kind: int, version: int, body: bytes) -> tuple[int, bytes] | None:
        """(content type, content) of one record, or None when it does not authenticate."""
        head = self._sequence.to_bytes(8, "big") + bytes([kind]) + version.to_bytes(2, "big")
        plain = self._open_cbc(head, body) if self._aead is None else self._open_aead(self._aead, head, body)
        if plain is None:
            return None
        self._sequence += 1
        return kind, plain

    def update(self) -> None:
        """There is no KeyUpdate before TLS 1.3."""

    def _open_aead(self, aead: _AEAD, head: bytes, body: bytes) -> bytes | None:
        if self._cipher.mode == "CHACHA20":
            nonce = (int.from_bytes(self._iv, "big") ^ self._sequence).to_bytes(12, "big")
        else:
            nonce, body = self._iv + body[:8], body[8:]
        size = len(body) - (8 if self._cipher.mode == "CCM_8" else 16)
        return None if size < 0 else _open(aead, nonce, body, head + size.to_bytes(2, "big"))

    def _open_cbc(self, head: bytes, body: bytes) -> bytes | None:
        mac_bytes = _MAC_BYTES[self._cipher.hash_word]
        if self._encrypt_then_mac:
            body, mac = body[:-mac_bytes], body[-mac_bytes:]
            if not self._mac_fits(head, body, mac):
                return None
        plain = self._decrypt_blocks(body)
        if plain is None:
            return None
        plain = plain[: max(0, len(plain) - 1 - plain[-1])]
        if self._encrypt_then_mac:
            return plain
        content, mac = plain[: max(0, len(plain) - mac_bytes)], plain[max(0, len(plain) - mac_bytes) :]
        return content if self._mac_fits(head, content, mac) else None

    def _decrypt_blocks(self, body: bytes) -> bytes | None:
        """TLS 1.0 chains the initialization vector from record to record; later versions send it (RFC 4346 §6.2.3.2)."""
        if self._version > TLS_1_0:
            self._iv, body = body[:_BLOCK], body[_BLOCK:]
        if not body or len(body) % _BLOCK or len(self._iv) != _BLOCK:
            return None
        decryptor = Cipher(algorithms.AES(self._key), modes.CBC(self._iv)).decryptor()
        if self._version <= TLS_1_0:
            self._iv = body[-_BLOCK:]
        return decryptor.update(body)

    def _mac_fits(self, head: bytes, content: bytes, mac: bytes) -> bool:
        message = head + len(content).to_bytes(2, "big") + content
        return hmac.compare_digest(hmac.digest(self._mac_key, message, _HASHES[self._cipher.hash_word]), mac)


def tls12_decryptors(
    cipher: SuiteCipher, version: int, master_secret: bytes, randoms: tuple[bytes, bytes], encrypt_then_mac: bool
) -> tuple[Tls12Decryptor, Tls12Decryptor]:
    """Decryptors of the client's and the server's records; `randoms` are client's and server's (RFC 5246 §6.3)."""
    mac_bytes = _MAC_BYTES.get(cipher.hash_word, 20) if cipher.mode == "CBC" else 0
    iv_bytes = {"CBC": _BLOCK, "CHACHA20": 12}.get(cipher.mode, 4)
    size = 2 * (mac_bytes + cipher.key_bytes + iv_bytes)
    block = _key_block(cipher, version, master_secret, randoms[1] + randoms[0], size)
    pieces: list[bytes] = []
    for length in (mac_bytes, mac_bytes, cipher.key_bytes, cipher.key_bytes, iv_bytes, iv_bytes):
        pieces.append(block[:length])
        block = block[length:]
    client, server = ((pieces[side], pieces[2 + side], pieces[4 + side]) for side in (0, 1))
    return (
        Tls12Decryptor(cipher, version, client, encrypt_then_mac),
        Tls12Decryptor(cipher, version, server, encrypt_then_mac),
    )


def _key_block(cipher: SuiteCipher, version: int, secret: bytes, seed: bytes, size: int) -> bytes:
    return pseudo_random(cipher.hash_name, version, secret, b"key expansion" + seed, size)


def pseudo_random(hash_name: str, version: int, secret: bytes, seed: bytes, size: int) -> bytes:
    """`size` bytes for a `seed` that begins with its label.

    TLS 1.2 expands with the suite's hash (RFC 5246 §5), earlier versions with MD5 and SHA-1 together (RFC 2246 §5).
    """
    if version >= TLS_1_2:
        return _p_hash(hash_name, secret, seed, size)
    half = (len(secret) + 1) // 2
    md5, sha1 = _p_hash("md5", secret[:half], seed, size), _p_hash("sha1", secret[-half:], seed, size)
    return bytes(one ^ other for one, other in zip(md5, sha1, strict=True))


def _p_hash(hash_name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    output, chained = b"", seed
    while len(output) < size:
        chained = hmac.digest(secret, chained, hash_name)
        output += hmac.digest(secret, chained + seed, hash_name)
    return output[:size]


def _expand_label(hash_name: str, secret: bytes, label: str, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446 §7.1, RFC 5869 §2.3)."""
    full = b"tls13 " + label.encode()
    info = length.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0"
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(secret, block + info + bytes([counter]), hash_name)
        output, counter = output + block, counter + 1
    return output[:length]


def _aead(cipher: SuiteCipher, key: bytes) -> _AEAD:
    if cipher.mode == "CHACHA20":
        return ChaCha20Poly1305(key)
    if cipher.mode == "GCM":
        return AESGCM(key)
    return AESCCM(key, tag_length=8 if cipher.mode == "CCM_8" else 16)


def _open(aead: _AEAD, nonce: bytes, data: bytes, associated: bytes) -> bytes | None:
    try:
        return aead.decrypt(nonce, data, associated)
    except (InvalidTag, ValueError):
        return None
