"""Speech at 64 kbit/s: linear samples to µ-law and A-law bytes and back (ITU-T G.711)."""

from collections.abc import Iterable
from typing import Final

MU_LAW: Final = "PCMU"
A_LAW: Final = "PCMA"
PAYLOAD_TYPES: Final = {MU_LAW: 0, A_LAW: 8}
"""RFC 3551 table 4."""

_BIAS, _LARGEST_MU = 0x84, 32635


def encode(codec: str, samples: Iterable[int]) -> bytes:
    """16-bit linear samples as bytes of the codec, one per sample. Raises: KeyError for another codec."""
    encoder = {MU_LAW: _mu_law_byte, A_LAW: _a_law_byte}[codec]
    return bytes(encoder(sample) for sample in samples)


def decode(codec: str, payload: bytes) -> list[int]:
    """Bytes of the codec as 16-bit linear samples. Raises: KeyError for another codec."""
    table = _TABLES[codec]
    return [table[byte] for byte in payload]


def _mu_law_byte(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _LARGEST_MU) + _BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


def _mu_law_sample(byte: int) -> int:
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + _BIAS << (byte >> 4 & 7)) - _BIAS
    return -magnitude if byte & 0x80 else magnitude


def _a_law_byte(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(sample if sample >= 0 else ~sample, 0x7FFF) >> 3
    exponent = max(0, magnitude.bit_length() - 5)
    mantissa = magnitude >> max(1, exponent) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _a_law_sample(byte: int) -> int:
    byte ^= 0x55
    exponent, mantissa = byte >> 4 & 7, byte & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << exponent - 1
    return magnitude if byte & 0x80 else -magnitude


_TABLES: Final = {
    MU_LAW: [_mu_law_sample(byte) for byte in range(256)],
    A_LAW: [_a_law_sample(byte) for byte in range(256)],
}
