"""Authenticates SRTP packets with a master key: the proof that a stream is SRTP under that key (RFC 3711, RFC 6188, RFC 7714)."""

import hmac
from dataclasses import dataclass
from hashlib import sha1

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pytest_cucmtls.model.errors import UnexpectedAnswer

_ENCRYPTION, _AUTHENTICATION, _SALT = 0, 1, 2
"""Labels of the key derivation (RFC 3711 §4.3.1)."""
_HMAC_KEY_BYTES = 20
_GCM_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class SrtpSuite:
    """Key, salt and tag sizes in bytes; `authenticated_encryption` for the GCM suites."""

    name: str
    key_bytes: int
    salt_bytes: int
    tag_bytes: int
    authenticated_encryption: bool = False


SUITES = {
    suite.name: suite
    for suite in (
        SrtpSuite("AES_CM_128_HMAC_SHA1_80", 16, 14, 10),
        SrtpSuite("AES_CM_128_HMAC_SHA1_32", 16, 14, 4),
        SrtpSuite("AES_192_CM_HMAC_SHA1_80", 24, 14, 10),
        SrtpSuite("AES_192_CM_HMAC_SHA1_32", 24, 14, 4),
        SrtpSuite("AES_256_CM_HMAC_SHA1_80", 32, 14, 10),
        SrtpSuite("AES_256_CM_HMAC_SHA1_32", 32, 14, 4),
        SrtpSuite("AEAD_AES_128_GCM", 16, 12, _GCM_TAG_BYTES, True),
        SrtpSuite("AEAD_AES_256_GCM", 32, 12, _GCM_TAG_BYTES, True),
    )
}
"""By the registered name of the ``a=crypto`` line (RFC 4568 §6.2, RFC 6188 §7, RFC 7714 §14.2)."""


class SrtpAuthenticator:
    """Checks packets against one master key and salt. The keys are never shown."""

    def __init__(self, crypto_suite: str, key_and_salt: bytes, mki_bytes: int = 0) -> None:
        """`mki_bytes` is the length of the master key identifier in every packet (RFC 3711 §3.1, RFC 7714 §8.2).

        Raises UnexpectedAnswer for a suite that is not known or a key of the wrong length (only the length is named).
        """
        suite = SUITES.get(crypto_suite)
        if suite is None:
            raise UnexpectedAnswer("srtp", "crypto suite", crypto_suite, "not a registered suite")
        if len(key_and_salt) != suite.key_bytes + suite.salt_bytes:
            wanted = suite.key_bytes + suite.salt_bytes
            raise UnexpectedAnswer("srtp", "master key", "", f"{len(key_and_salt)} bytes, {crypto_suite} needs {wanted}")
        self.suite = suite
        self._mki_bytes = mki_bytes
        self._shortest = 12 + suite.tag_bytes + mki_bytes
        master_key, master_salt = key_and_salt[: suite.key_bytes], key_and_salt[suite.key_bytes :]
        if suite.authenticated_encryption:
            self._gcm = AESGCM(_derive(master_key, master_salt, _ENCRYPTION, suite.key_bytes))
            self._salt = int.from_bytes(_derive(master_key, master_salt, _SALT, suite.salt_bytes), "big")
        else:
            self._hmac = hmac.new(_derive(master_key, master_salt, _AUTHENTICATION, _HMAC_KEY_BYTES), digestmod=sha1)

    def authenticates(self, packet: bytes, roll_over_counter: int) -> bool:
        """The packet's tag is right for this key and counter (RFC 3711 §4.2, RFC 7714 §8)."""
        if len(packet) < self._shortest:
            return False
        if self.suite.authenticated_encryption:
            return self._opens(packet, roll_over_counter)
        tagged = self._hmac.copy()
        tagged.update(packet[: -self.suite.tag_bytes - self._mki_bytes])
        return self._tag_fits(tagged, packet, roll_over_counter)

    def find_roll_over_counter(self, packet: bytes, most: int = 4096) -> int | None:
        """The counter below `most` under which the packet authenticates, or None.

        A capture that begins late does not show how often the 16-bit sequence number has wrapped; 4096 wraps are
        two months of 50 packets a second.
        """
        if len(packet) < self._shortest:
            return None
        if self.suite.authenticated_encryption:
            return next((counter for counter in range(most) if self._opens(packet, counter)), None)
        tagged = self._hmac.copy()
        tagged.update(packet[: -self.suite.tag_bytes - self._mki_bytes])
        return next((counter for counter in range(most) if self._tag_fits(tagged.copy(), packet, counter)), None)

    def _tag_fits(self, tagged: hmac.HMAC, packet: bytes, roll_over_counter: int) -> bool:
        tagged.update(roll_over_counter.to_bytes(4, "big"))
        return hmac.compare_digest(tagged.digest()[: self.suite.tag_bytes], packet[-self.suite.tag_bytes :])

    def _opens(self, packet: bytes, roll_over_counter: int) -> bool:
        packet = packet[: len(packet) - self._mki_bytes]
        header = header_bytes(packet)
        if header + _GCM_TAG_BYTES > len(packet):
            return False
        nonce = int.from_bytes(packet[8:12], "big") << 48 | roll_over_counter << 16 | int.from_bytes(packet[2:4], "big")
        try:
            self._gcm.decrypt((nonce ^ self._salt).to_bytes(12, "big"), packet[header:], packet[:header])
        except InvalidTag:
            return False
        return True


def header_bytes(packet: bytes) -> int:
    """Bytes of the RTP header with contributing sources and extension (RFC 3550 §5.1); `packet` has at least 12 bytes."""
    size = 12 + (packet[0] & 15) * 4
    if packet[0] & 16 and size + 4 <= len(packet):
        size += 4 + int.from_bytes(packet[size + 2 : size + 4], "big") * 4
    return size


def next_roll_over_counter(counter: int, highest_sequence: int, sequence: int) -> int:
    """The counter a receiver guesses for a packet (RFC 3711 §3.3.1, appendix A); never below 0."""
    if highest_sequence < 0x8000:
        return max(0, counter - 1) if sequence - highest_sequence > 0x8000 else counter
    return counter + 1 if highest_sequence - 0x8000 > sequence else counter


def _derive(master_key: bytes, master_salt: bytes, label: int, length: int) -> bytes:
    """A session key: AES in counter mode over salt and label, key derivation rate 0 (RFC 3711 §4.3.1, §4.3.3)."""
    salt = int.from_bytes(master_salt.ljust(14, b"\0"), "big")
    start = ((salt ^ label << 48) << 16).to_bytes(16, "big")
    encryptor = Cipher(algorithms.AES(master_key), modes.CTR(start)).encryptor()
    return encryptor.update(bytes(length))
