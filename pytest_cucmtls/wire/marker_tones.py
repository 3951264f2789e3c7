"""A marker that can be told from any other sound: twelve tones spell a token, so that who hears it knows who plays.

Sixteen frequencies, 150 Hz apart from 400 Hz, stand for the hexadecimal digits; each sounds 80 ms. All are multiples of
50 Hz, so that any 20 ms of one tone hold whole periods and the others cancel out. The pattern repeats without a gap.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import Final

SAMPLE_RATE: Final = 8000
BLOCK_SAMPLES: Final = 160
"""20 ms: one packet of the usual length."""
BLOCKS_PER_SYMBOL: Final = 4
SYMBOLS: Final = 12
PERIOD_BLOCKS: Final = SYMBOLS * BLOCKS_PER_SYMBOL

_DIGITS = "0123456789abcdef"
_AMPLITUDE = 8000.0
_FREQUENCIES = [400 + 150 * index for index in range(16)]
_COSINES = [[math.cos(2 * math.pi * hertz * n / SAMPLE_RATE) for n in range(BLOCK_SAMPLES)] for hertz in _FREQUENCIES]
_SINES = [[math.sin(2 * math.pi * hertz * n / SAMPLE_RATE) for n in range(BLOCK_SAMPLES)] for hertz in _FREQUENCIES]
_DOMINANT: Final = 0.5
"""Part of a block's energy that one frequency must hold to count as a tone."""
_QUIETEST: Final = 100.0
"""Mean square of a block below which it is silence (full scale is about 10^9)."""
HEARD_FROM: Final = 0.6
"""Share of the blocks with a tone that must fit. A foreign pattern fits with about one in sixteen; at the seams of two
tones one block in four may be mixed, where a gateway shifted the packets."""


@dataclass(frozen=True, slots=True)
class MarkerMatch:
    """How well what was heard fits a token."""

    blocks: int
    """Blocks of 20 ms that held a tone."""
    fitting: int
    symbols: int
    """How many of the twelve places of the token were heard right."""

    @property
    def heard(self) -> bool:
        """The token was played: every place of it was heard, and at least six in ten blocks fit."""
        return self.symbols == SYMBOLS and self.fitting >= HEARD_FROM * self.blocks

    @property
    def share(self) -> float:
        """Fitting blocks of all with a tone, 0 to 1."""
        return self.fitting / self.blocks if self.blocks else 0.0


def is_token(text: str) -> bool:
    """Twelve hexadecimal digits in lower case."""
    return len(text) == SYMBOLS and set(text) <= set(_DIGITS)


def marker_samples(token: str) -> list[int]:
    """One period of the marker, 7680 linear samples of 16 bits. Raises: ValueError when `token` is none."""
    if not is_token(token):
        raise ValueError(f"a marker is {SYMBOLS} hexadecimal digits, not {token!r}")
    samples: list[int] = []
    for digit in token:
        block = [round(_AMPLITUDE * value) for value in _SINES[_DIGITS.index(digit)]]
        samples += block * BLOCKS_PER_SYMBOL
    return samples


def tones_in(samples: Sequence[int]) -> list[int | None]:
    """Per whole block the index of the one tone that sounds, None for silence or anything else."""
    whole = len(samples) - len(samples) % BLOCK_SAMPLES
    return [_tone(samples[start : start + BLOCK_SAMPLES]) for start in range(0, whole, BLOCK_SAMPLES)]


def match_marker(samples: Sequence[int], token: str) -> MarkerMatch:
    """The best fit of a token to what was heard, wherever in its period the recording begins. Raises: ValueError."""
    if not is_token(token):
        raise ValueError(f"a marker is {SYMBOLS} hexadecimal digits, not {token!r}")
    tones = tones_in(samples)
    expected = [_DIGITS.index(digit) for digit in token for _ in range(BLOCKS_PER_SYMBOL)]
    heard = [(place, tone) for place, tone in enumerate(tones) if tone is not None]
    fits = Counter((at - place) % PERIOD_BLOCKS for place, tone in heard for at, wanted in enumerate(expected) if wanted == tone)
    if not fits:
        return MarkerMatch(len(heard), 0, 0)
    shift, fitting = max(fits.items(), key=lambda item: (item[1], -item[0]))
    places = {(place + shift) % PERIOD_BLOCKS for place, tone in heard if expected[(place + shift) % PERIOD_BLOCKS] == tone}
    return MarkerMatch(len(heard), fitting, len({place // BLOCKS_PER_SYMBOL for place in places}))


def _tone(block: Sequence[int]) -> int | None:
    energy = float(sum(map(mul, block, block)))
    if energy < _QUIETEST * BLOCK_SAMPLES:
        return None
    powers = [
        sum(map(mul, block, cosine)) ** 2 + sum(map(mul, block, sine)) ** 2 for cosine, sine in zip(_COSINES, _SINES, strict=True)
    ]
    best = max(range(len(powers)), key=powers.__getitem__)
    # A pure tone of energy E over N samples has power N * E / 2.
    return best if powers[best] > _DOMINANT * energy * BLOCK_SAMPLES / 2 else None
