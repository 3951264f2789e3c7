"""What the session descriptions of a capture agree on: where media goes, under which profile and keys (RFC 3264, RFC 4568)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import MediaLine, SipOnWire
from pytest_cucmtls.wire.sdp import decoded_key, key_fingerprint, parse_session_description, split_sections

MOST_KEYS = 256
_MOST_LINES = 50_000
_CRYPTO = re.compile(r"a=crypto:\s*\d{1,9}\s+(\S+)\s+(\S+)(.*)\Z", re.IGNORECASE)
_KEY = re.compile(r"inline:([^|;\s]*)((?:\|[^|;\s]*)*)", re.IGNORECASE)
_MKI = re.compile(r"\d{1,39}:(\d{1,3})\Z")
_RTP_MAP = re.compile(r"a=rtpmap:\s*(\d{1,3})\s+[^\s/]+/(\d{1,6})", re.IGNORECASE)
_LARGEST_MKI_BYTES = 128


@dataclass(frozen=True, slots=True)
class MediaKey:
    """One SDES key of a session description; `repr` does not show it."""

    crypto_suite: str
    key_and_salt: bytes = field(repr=False)
    call_id: str = ""
    session_parameters: tuple[str, ...] = ()
    mki_bytes: int = 0
    """Length of the master key identifier that packets carry (RFC 4568 §6.1); 0: none."""

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of SHA-256 over key‖salt."""
        return key_fingerprint(self.key_and_salt)


@dataclass(slots=True)
class DescribedMedia:
    """One ``m=`` line that was sent: where its sender wants to receive, and the keys it sends under."""

    call_id: str
    at: datetime
    line: MediaLine
    keys: tuple[MediaKey, ...]
    clock_rates: dict[int, int]
    answer: bool = False
    other: "DescribedMedia | None" = None
    """The line at the same place of the other party's description in the same offer and answer."""

    @property
    def end(self) -> Endpoint:
        """Where media for the sender of this description goes."""
        return Endpoint(self.line.address or "", self.line.port)

    @property
    def agreed_profile(self) -> str | None:
        """The profile of the answer; None when the answer was not readable."""
        final = self if self.answer else self.other
        return final.line.profile if final is not None and final.line.port else None

    @property
    def is_secure(self) -> bool:
        """Offer or answer was seen and every one seen says SAVP; without the answer nothing is agreed."""
        return self.agreed_profile is not None and "SAVP" in self.agreed_profile


class MediaDescriptions:
    """Every description of the readable SIP messages of one capture, in order."""

    def __init__(self, sip: Iterable[SipOnWire]) -> None:
        self._by_end: dict[Endpoint, list[DescribedMedia]] = {}
        self._keys: dict[tuple[str, bytes, int], MediaKey] = {}
        self._count = 0
        offers: dict[tuple[str, str], tuple[Endpoint, list[DescribedMedia]]] = {}
        for seen in sip:
            if self._count < _MOST_LINES and seen.message.body and "sdp" in (seen.message.header("Content-Type") or "").lower():
                self._add(seen, offers)

    def keys(self) -> tuple[MediaKey, ...]:
        """Every distinct key, at most 256; masked and unreadable ones are left out."""
        return tuple(self._keys.values())

    def of(self, end: Endpoint, at: datetime | None = None) -> DescribedMedia | None:
        """The description that announced this end: the last one up to `at`, else the first one; None when none did."""
        found = self._by_end.get(end)
        if not found:
            return None
        before = [described for described in found if at is None or described.at <= at]
        return before[-1] if before else found[0]

    def _add(self, seen: SipOnWire, offers: dict[tuple[str, str], tuple[Endpoint, list[DescribedMedia]]]) -> None:
        call_id = seen.message.call_id or "?"
        try:
            lines = list(_described(seen, call_id))
        except CucmTlsError:
            return
        transaction = call_id, (seen.message.header("CSeq") or "").partition(" ")[0]
        offer = offers.get(transaction)
        if offer is None:
            offers[transaction] = seen.src, lines
        elif offer[0].ip != seen.src.ip or offer[0] == seen.dst:
            for asked, given in zip(offer[1], lines, strict=False):
                given.answer, given.other, asked.other = True, asked, given
        for described in lines:
            self._count += 1
            if described.line.port and described.line.address:
                self._by_end.setdefault(described.end, []).append(described)
            for key in described.keys:
                if len(self._keys) < MOST_KEYS:
                    self._keys.setdefault((key.crypto_suite, key.key_and_salt, key.mki_bytes), key)


def _described(seen: SipOnWire, call_id: str) -> Iterator[DescribedMedia]:
    description = parse_session_description(seen.message.body)
    _, sections = split_sections(seen.message.body)
    for line, section in zip(description.media, sections, strict=True):
        rates = {int(found.group(1)): int(found.group(2)) for text in section if (found := _RTP_MAP.match(text))}
        yield DescribedMedia(call_id, seen.at, line, tuple(_keys_of(section, call_id)), rates)


def _keys_of(section: list[str], call_id: str) -> Iterator[MediaKey]:
    """Keys of every ``a=crypto`` line; one line may hold several, told apart by their MKI (RFC 4568 §6.1)."""
    for text in section:
        found = _CRYPTO.match(text)
        for inline in _KEY.finditer(found.group(2)) if found else ():
            key = decoded_key(inline.group(1))
            if key and found:
                identifier = _MKI.match(inline.group(2).rpartition("|")[2])
                mki_bytes = min(int(identifier.group(1)), _LARGEST_MKI_BYTES) if identifier else 0
                yield MediaKey(found.group(1), key, call_id, tuple(found.group(3).split()), mki_bytes)


def media_keys(sip: Iterable[SipOnWire]) -> tuple[MediaKey, ...]:
    """Every distinct SDES key that readable SIP messages carried, at most 256; masked and unreadable ones are left out."""
    return MediaDescriptions(sip).keys()
