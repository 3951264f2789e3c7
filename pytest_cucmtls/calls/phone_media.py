"""Offer and answer of our own phone: one audio stream, G.711, telephone events, SDES keys where allowed (RFC 3264, RFC 4568)."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import MediaLine
from pytest_cucmtls.wire import g711
from pytest_cucmtls.wire.sdp import key_fingerprint, parse_session_description, split_sections
from pytest_cucmtls.wire.sdp_write import CryptoOffer, OfferedMedia, crypto_offer, read_crypto_offers, session_description_bytes
from pytest_cucmtls.wire.srtp import SUITES

SUITES_WE_SPEAK: Final = (
    "AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
)
"""Strongest first."""
EVENT_PAYLOAD: Final = 101
_ANSWERED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_RTPMAP = re.compile(r"a=rtpmap:\s*(\d{1,3})\s+([A-Za-z0-9_.-]{1,32})/(\d{1,6})", re.IGNORECASE)
_INTERFACE = "sip"


@dataclass(frozen=True, slots=True)
class MediaWish:
    """What our phone offers and accepts."""

    local: Endpoint
    """Where it receives."""
    codecs: tuple[str, ...] = (g711.MU_LAW, g711.A_LAW)
    secure: str = "never"
    """``never``, ``allowed`` or ``required``; keys may only travel where the signalling is TLS."""
    suites: tuple[str, ...] = SUITES_WE_SPEAK


@dataclass(frozen=True, slots=True)
class StreamKeys:
    """Keys of both directions; not shown."""

    crypto_suite: str
    send: bytes = field(repr=False)
    receive: bytes = field(repr=False)

    @property
    def receive_fingerprint(self) -> str:
        """Of the key the other side announced."""
        return key_fingerprint(self.receive)


@dataclass(frozen=True, slots=True)
class MediaAgreement:
    """What offer and answer settle."""

    remote: Endpoint
    codec: str
    payload_type: int
    """What we send with."""
    profile: str
    keys: StreamKeys | None = None
    event_payload: int | None = None
    """What telephone events are sent with; None when the other side takes none."""
    sends: bool = True


@dataclass(frozen=True, slots=True)
class MediaOffer:
    """An offer we made, with its keys."""

    wish: MediaWish
    body: bytes = field(repr=False)
    crypto: tuple[CryptoOffer, ...] = ()

    def conclude(self, answer: bytes) -> MediaAgreement:
        """What an answer settles. Raises: InterfaceRefused (488) when it does not fit, UnexpectedAnswer when it is no SDP."""
        position, line = _audio(answer)
        if not line.secure:
            if self.wish.secure == "required":
                raise refused("plain RTP was answered where SRTP is required")
            return _agreement(answer, position, line, self.wish, None)
        if not self.crypto:
            raise refused("SRTP was answered to an offer without keys")
        for theirs in read_crypto_offers(answer)[position]:
            own = next((one for one in self.crypto if (one.tag, one.crypto_suite) == (theirs.tag, theirs.crypto_suite)), None)
            keys = _keys(own, theirs) if own else None
            if keys is not None:
                return _agreement(answer, position, line, self.wish, keys)
        raise refused("the answer selects no key we offered")


def make_offer(wish: MediaWish, version: int) -> MediaOffer:
    """An offer with one key per suite when the wish allows SRTP."""
    suites = wish.suites if wish.secure != "never" else ()
    crypto = tuple(crypto_offer(tag, suite, _new_key(suite)) for tag, suite in enumerate(suites, 1))
    return MediaOffer(wish, _body(wish, version, wish.codecs, crypto, "sendrecv", ()), crypto)


def make_answer(wish: MediaWish, offer: bytes, version: int, *, fallback: bool) -> tuple[bytes, MediaAgreement]:
    """Our answer and what it settles; `fallback` says that the offerer takes plain RTP for a secure offer.

    Raises: InterfaceRefused (488) when nothing of the offer can be accepted, UnexpectedAnswer when it is no SDP.
    """
    position, line = _audio(offer)
    chosen = _choose(wish, read_crypto_offers(offer)[position]) if line.secure and wish.secure != "never" else None
    if chosen is None and wish.secure == "required":
        raise refused("SRTP is required and the offer holds no key of a suite this phone speaks")
    if chosen is None and line.secure and not fallback:
        raise refused("the offer is SRTP only, and this phone's signalling is not TLS or has no suite in common")
    keys = own = None
    if chosen is not None:
        own = crypto_offer(chosen.tag, chosen.crypto_suite, _new_key(chosen.crypto_suite))
        keys = _keys(own, chosen)
    agreement = _agreement(offer, position, line, wish, keys)
    _, sections = split_sections(offer)
    others = tuple((number, section[0][2:].split()) for number, section in enumerate(sections) if number != position)
    body = _body(wish, version, (agreement.codec,), (own,) if own else (), _ANSWERED[line.direction], others, agreement)
    return body, agreement


def refused(why: str) -> InterfaceRefused:
    """No media in common: 488."""
    return InterfaceRefused(_INTERFACE, "media", "488", why)


def _audio(body: bytes) -> tuple[int, MediaLine]:
    media = parse_session_description(body).media
    for position, line in enumerate(media):
        if line.kind == "audio" and line.port and line.address and line.profile in ("RTP/AVP", "RTP/SAVP"):
            return position, line
    raise refused("there is no audio stream of RTP/AVP or RTP/SAVP")


def _agreement(body: bytes, position: int, line: MediaLine, wish: MediaWish, keys: StreamKeys | None) -> MediaAgreement:
    named = _payload_types(body, position, line)
    codec = next((codec for codec in wish.codecs if codec in named), None)
    if codec is None:
        raise refused(f"none of {', '.join(wish.codecs)} is among {', '.join(line.formats) or 'no formats'}")
    return MediaAgreement(
        remote=Endpoint(line.address or "", line.port),
        codec=codec,
        payload_type=named[codec],
        profile="RTP/SAVP" if keys else "RTP/AVP",
        keys=keys,
        event_payload=named.get("TELEPHONE-EVENT"),
        sends=line.direction in ("sendrecv", "recvonly"),
    )


def _payload_types(body: bytes, position: int, line: MediaLine) -> dict[str, int]:
    """Encoding name in capitals to payload type, of those the line lists."""
    _, sections = split_sections(body)
    named = {
        int(found[1]): found[2].upper() for text in sections[position] if (found := _RTPMAP.match(text)) and found[3] == "8000"
    }
    static = {number: name for name, number in g711.PAYLOAD_TYPES.items()}
    listed = [int(text) for text in line.formats if text.isascii() and text.isdigit() and len(text) <= 3]
    result: dict[str, int] = {}
    for number in listed:
        name = named.get(number) or static.get(number)
        if name and number < 128:
            result.setdefault(name, number)
    return result


def _choose(wish: MediaWish, offered: Sequence[CryptoOffer]) -> CryptoOffer | None:
    """The offerer's first usable line: the order is its preference (RFC 4568 §5.1.2)."""
    for one in offered:
        suite = SUITES.get(one.crypto_suite)
        key = one.key_bytes()
        fits = suite is not None and key is not None and len(key) == suite.key_bytes + suite.salt_bytes
        if fits and one.crypto_suite in wish.suites and not one.session_parameters:
            return one
    return None


def _keys(own: CryptoOffer, theirs: CryptoOffer) -> StreamKeys | None:
    send, receive, suite = own.key_bytes(), theirs.key_bytes(), SUITES[own.crypto_suite]
    if send is None or receive is None or len(receive) != suite.key_bytes + suite.salt_bytes or theirs.session_parameters:
        return None
    return StreamKeys(own.crypto_suite, send, receive)


def _new_key(suite: str) -> bytes:
    return secrets.token_bytes(SUITES[suite].key_bytes + SUITES[suite].salt_bytes)


def _body(
    wish: MediaWish,
    version: int,
    codecs: Sequence[str],
    crypto: tuple[CryptoOffer, ...],
    direction: str,
    others: tuple[tuple[int, list[str]], ...],
    agreed: MediaAgreement | None = None,
) -> bytes:
    """Our description: the audio line among the other sections of the offer, which are refused with port 0 (RFC 3264 §6)."""
    numbers = [agreed.payload_type if agreed else g711.PAYLOAD_TYPES[codec] for codec in codecs]
    attributes = [f"rtpmap:{number} {codec}/8000" for number, codec in zip(numbers, codecs, strict=True)]
    event = EVENT_PAYLOAD if agreed is None else agreed.event_payload
    formats = [str(number) for number in numbers]
    if event is not None:
        formats.append(str(event))
        attributes += [f"rtpmap:{event} telephone-event/8000", f"fmtp:{event} 0-15"]
    audio = OfferedMedia(
        "audio",
        wish.local.port,
        "RTP/SAVP" if crypto else "RTP/AVP",
        tuple(formats),
        (*attributes, "ptime:20"),
        crypto,
        direction,
    )
    sections = [audio]
    for position, words in others:
        refusal = OfferedMedia(words[0], 0, words[2], tuple(words[3:]) or ("0",), direction="inactive")
        sections.insert(position, refusal)
    return session_description_bytes(f"cucmtls {version} {version}", wish.local.ip, sections, session_name="test call")
