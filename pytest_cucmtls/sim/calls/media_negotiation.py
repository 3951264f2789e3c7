"""Offer and answer of one audio stream with SDES keys, as a CUCM phone does it (RFC 3264, RFC 4568, RFC 7714)."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import MediaLine
from pytest_cucmtls.sim.state import ClusterState
from pytest_cucmtls.wire.sdp import parse_session_description, split_sections
from pytest_cucmtls.wire.sdp_write import (
    CryptoOffer,
    OfferedMedia,
    crypto_offer,
    read_crypto_offers,
    session_description_bytes,
)

KEY_AND_SALT_BYTES = {
    "AEAD_AES_256_GCM": 44,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
"""RFC 4568 §6.2, RFC 7714 §14.2."""

UNENCRYPTED_SRTP_PARAMETER = "unencrypted_srtp_parameter"
SRTP_KEY_REUSED = "srtp_key_reused"
WEAKEST_SRTP_SUITE_SELECTED = "weakest_srtp_suite_selected"
"""Behaviour names: crypto lines carry UNENCRYPTED_SRTP; the answerer repeats the offerer's key; it picks the last suite."""

EVENT_PAYLOAD = 101
"""Payload type our phones offer for telephone events (RFC 4733)."""
_EVENT_LINES = (f"rtpmap:{EVENT_PAYLOAD} telephone-event/8000", f"fmtp:{EVENT_PAYLOAD} 0-15")
_PCMU = "0"
_ANSWERED_DIRECTION = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_EVENTS = re.compile(r"a=rtpmap:(\d{1,3}) telephone-event/8000", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What both directions of one stream are protected with."""

    suite: str
    send: bytes
    receive: bytes


@dataclass(frozen=True, slots=True)
class Agreement:
    """Where the other phone listens, and the keys (None for plain RTP)."""

    remote: Endpoint
    keys: SrtpKeys | None
    sends: bool = True
    """Our phone may send: False while either side holds the call."""
    receives: bool = True
    event_payload: int | None = EVENT_PAYLOAD
    """Payload type the other phone takes telephone events with; None when it takes none."""


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our phone's end of a session: where it listens and how its description is numbered."""

    cluster: ClusterState
    node_ip: str
    session: int
    version: int
    local: Endpoint
    secure: bool
    """SRTP may be offered and accepted."""
    direction: str = "sendrecv"
    """What our phone wants; the other side's wish narrows it."""
    events: bool = True
    """Telephone events are offered (not where keys travel out of band)."""


class NoCommonMedia(Exception):
    """Offer and answer do not fit; SIP's 488."""


def allowed_suites(cluster: ClusterState) -> tuple[str, ...]:
    """SDES suites, preferred first; the enterprise parameter *SRTP Ciphers* narrows the release's list (platform.md §7.4)."""
    setting = cluster.enterprise_parameters.get("SRTP Ciphers", "")
    if setting.startswith("Strongest"):
        return tuple(suite for suite in cluster.release.srtp_suites if suite == "AEAD_AES_256_GCM")
    if setting.startswith("Medium"):
        return tuple(suite for suite in cluster.release.srtp_suites if suite.startswith("AEAD_"))
    return cluster.release.srtp_suites


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer made, with the keys in it."""

    body: bytes
    crypto: tuple[CryptoOffer, ...]
    direction: str = "sendrecv"

    def conclude(self, answer: bytes) -> Agreement:
        """What the answer settles. An RTP/AVP answer to a secure offer is X-cisco-srtp-fallback: plain RTP.

        Raises: NoCommonMedia, UnexpectedAnswer.
        """
        audio = _audio_of(answer)
        if not audio.secure:
            return _agreement(answer, audio, self.direction, None)
        answered = [line for section in read_crypto_offers(answer) for line in section]
        for line in answered:
            own = next((offer for offer in self.crypto if (offer.tag, offer.crypto_suite) == (line.tag, line.crypto_suite)), None)
            send, receive = own.key_bytes() if own else None, line.key_bytes()
            if send and receive:
                return _agreement(answer, audio, self.direction, SrtpKeys(line.crypto_suite, send, receive))
        raise NoCommonMedia("the answer selects no offered crypto line")


def make_offer(media: LocalMedia) -> Offer:
    """One audio section; `media.secure` offers RTP/SAVP with one key per suite."""
    parameters = ("UNENCRYPTED_SRTP",) if UNENCRYPTED_SRTP_PARAMETER in media.cluster.faults else ()
    suites = allowed_suites(media.cluster) if media.secure else ()
    crypto = tuple(
        crypto_offer(tag, suite, secrets.token_bytes(KEY_AND_SALT_BYTES[suite]), parameters)
        for tag, suite in enumerate(suites, start=1)
    )
    return Offer(_body(media, crypto, media.direction), crypto, media.direction)


def make_answer(media: LocalMedia, offer: bytes, *, fallback: bool = True) -> tuple[bytes, Agreement]:
    """The answer and what it settles.

    Without `media.secure` or a common suite a secure offer is answered RTP/AVP if the offerer can fall back.

    Raises: NoCommonMedia when nothing of the offer can be answered, UnexpectedAnswer when it is no SDP.
    """
    audio = _audio_of(offer)
    if _PCMU not in audio.formats:
        raise NoCommonMedia("no common codec")
    direction = _narrowed(media.direction, audio.direction)
    chosen = None
    if audio.secure and media.secure:
        chosen = _choose(media.cluster, [line for section in read_crypto_offers(offer) for line in section])
    if chosen is None:
        if audio.secure and not fallback:
            raise NoCommonMedia("a secure offer without fallback")
        return _body(media, (), direction, offer), _agreement(offer, audio, direction, None)
    faults = media.cluster.faults
    received_key = chosen.key_bytes() or b""
    own_key = received_key if SRTP_KEY_REUSED in faults else secrets.token_bytes(len(received_key))
    parameters = ("UNENCRYPTED_SRTP",) if UNENCRYPTED_SRTP_PARAMETER in faults else ()
    line = crypto_offer(chosen.tag, chosen.crypto_suite, own_key, parameters)
    keys = SrtpKeys(chosen.crypto_suite, own_key, received_key)
    return _body(media, (line,), direction, offer), _agreement(offer, audio, direction, keys)


def _narrowed(own: str, theirs: str) -> str:
    """The direction of an answer: what both want, seen from us."""
    allowed = _ANSWERED_DIRECTION.get(theirs, "sendrecv")
    if own == "sendrecv" or allowed == "inactive":
        return allowed
    return own if allowed in ("sendrecv", own) else "inactive"


def _agreement(body: bytes, audio: MediaLine, own: str, keys: SrtpKeys | None) -> Agreement:
    held = audio.address == "0.0.0.0"  # RFC 2543's way to hold a call
    _, sections = split_sections(body)
    events = next((found for section in sections for line in section if (found := _EVENTS.match(line))), None)
    return Agreement(
        Endpoint(audio.address or "", audio.port),
        keys,
        sends=own in ("sendrecv", "sendonly") and audio.direction in ("sendrecv", "recvonly") and not held,
        receives=own in ("sendrecv", "recvonly") and audio.direction in ("sendrecv", "sendonly"),
        event_payload=int(events.group(1)) if events else None,
    )


def _choose(cluster: ClusterState, offered: Sequence[CryptoOffer]) -> CryptoOffer | None:
    """The first offered line we support, the offerer's preference deciding (RFC 4568 §5.1.2)."""
    supported = set(allowed_suites(cluster))
    fitting = [
        line
        for line in offered
        if line.crypto_suite in supported and len(line.key_bytes() or b"") == KEY_AND_SALT_BYTES[line.crypto_suite]
    ]
    if not fitting:
        return None
    return fitting[-1] if WEAKEST_SRTP_SUITE_SELECTED in cluster.faults else fitting[0]


def _audio_of(body: bytes) -> MediaLine:
    media = next((line for line in parse_session_description(body).media if line.kind == "audio" and line.port), None)
    if media is None or media.address is None:
        raise NoCommonMedia("no audio")
    return media


def _body(media: LocalMedia, crypto: tuple[CryptoOffer, ...], direction: str, offer: bytes = b"") -> bytes:
    """`o=` carries the node's address, `c=` the phone's, because media flows from phone to phone.

    An answer has as many sections as its offer; all but the first audio are refused with port 0 (RFC 3264 §6).
    """
    audio = OfferedMedia(
        kind="audio",
        port=media.local.port,
        profile="RTP/SAVP" if crypto else "RTP/AVP",
        formats=(_PCMU, str(EVENT_PAYLOAD)) if media.events else (_PCMU,),
        attributes=("rtpmap:0 PCMU/8000", "ptime:20", *(_EVENT_LINES if media.events else ())),
        crypto=crypto,
        direction=direction,
        address=media.local.ip,
    )
    sections = refused_sections(offer, audio) if offer else (audio,)
    return session_description_bytes(f"CiscoSystemsCCM-SIP {media.session} {media.version}", media.node_ip, sections)


def refused_sections(offer: bytes, audio: OfferedMedia) -> tuple[OfferedMedia, ...]:
    """The sections of an answer: `audio` in the place of the first usable audio, port 0 for all others."""
    sections: list[OfferedMedia] = []
    answered = False
    for line in parse_session_description(offer).media:
        if line.kind == "audio" and line.port and not answered:
            answered = True
            sections.append(audio)
        else:
            sections.append(OfferedMedia(line.kind, 0, line.profile, line.formats[:1] or ("0",)))
    return tuple(sections)
