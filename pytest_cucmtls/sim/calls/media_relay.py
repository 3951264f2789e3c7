"""Session descriptions that pass through the node from one SIP party to the other, and two offers brought together.

Media flows between the parties; the node changes who the description is from, and takes away keys a party may not have.
"""

import re
from dataclasses import dataclass

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.sip import MediaLine
from pytest_cucmtls.sim.calls.media_negotiation import NoCommonMedia, allowed_suites, refused_sections
from pytest_cucmtls.sim.state import ClusterState
from pytest_cucmtls.wire.sdp import parse_session_description, split_sections
from pytest_cucmtls.wire.sdp_write import CryptoOffer, OfferedMedia, read_crypto_offers, session_description_bytes

_RTPMAP = re.compile(r"a=rtpmap:(\d{1,3}) (\S+)", re.IGNORECASE)
_FMTP = re.compile(r"a=fmtp:(\d{1,3}) (.+)", re.IGNORECASE)
_CRYPTO = re.compile(r"a=crypto:\d+ (\S+) ", re.IGNORECASE)
_STATIC = {"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000", "18": "G729/8000"}
"""Encodings that need no rtpmap (RFC 3551 table 4), as far as phones use them."""


@dataclass(frozen=True, slots=True)
class RelayEnd:
    """The party a description goes to: the node's identity in it, and whether the party may use SRTP."""

    cluster: ClusterState
    node_ip: str
    session: int
    version: int
    secure: bool


@dataclass(frozen=True, slots=True)
class _Audio:
    line: MediaLine
    encodings: dict[str, str]
    """Encoding name in capitals to this party's payload type, in its order of preference."""
    parameters: dict[str, str]
    """Format parameters per payload type."""
    crypto: tuple[CryptoOffer, ...]


def relayed(end: RelayEnd, body: bytes) -> bytes:
    """The description as the other party gets it; nothing for nothing. Raises: UnexpectedAnswer when it is no SDP."""
    if not body:
        return b""
    session, sections = split_sections(body)
    address = next((line for line in session if line.startswith("c=")), None)
    origin = f"o=CiscoSystemsCCM-SIP {end.session} {end.version} IN IP4 {end.node_ip}"
    rest = [line for line in session if line[:2] not in ("v=", "o=", "s=", "c=", "t=") and not line.startswith("a=group")]
    lines = ["v=0", origin, "s=SIP Call", *([address] if address else []), *[line for line in rest if line[:2] == "b="], "t=0 0"]
    lines += [line for line in rest if line[:2] == "a="]
    for section in sections:
        lines += _relayed_section(end, [line for line in section if line])
    return "\r\n".join((*lines, "")).encode()


def match_offers(first: tuple[RelayEnd, bytes], second: tuple[RelayEnd, bytes]) -> tuple[bytes, bytes]:
    """Both parties made an offer: the answer for each, with the address and the key of the other.

    SRTP when both offer it, both may use it and a suite is common. Raises: NoCommonMedia, UnexpectedAnswer.
    """
    (end_one, body_one), (end_two, body_two) = first, second
    one, two = _audio(body_one), _audio(body_two)
    common = [name for name in one.encodings if name in two.encodings]
    if not any("TELEPHONE-EVENT" not in name for name in common):
        raise NoCommonMedia("no common codec")
    keys = None
    if end_one.secure and end_two.secure:
        usable = {line.crypto_suite: line for line in two.crypto}
        keys = next(((line, usable[line.crypto_suite]) for line in one.crypto if line.crypto_suite in usable), None)
    if keys is not None and not _allowed(end_one, end_two, keys[0].crypto_suite):
        keys = None
    to_one, to_two = None, None
    if keys is not None:
        mine, theirs = keys
        to_one = CryptoOffer(mine.tag, mine.crypto_suite, theirs.key_and_salt)
        to_two = CryptoOffer(theirs.tag, theirs.crypto_suite, mine.key_and_salt)
    return _answer(end_one, body_one, one, two, common, to_one), _answer(end_two, body_two, two, one, common, to_two)


def _allowed(one: RelayEnd, two: RelayEnd, suite: str) -> bool:
    return suite in allowed_suites(one.cluster) and suite in allowed_suites(two.cluster)


def _relayed_section(end: RelayEnd, section: list[str]) -> list[str]:
    suites = allowed_suites(end.cluster) if end.secure else ()
    kept = [line for line in section if not (found := _CRYPTO.match(line)) or found.group(1) in suites]
    if "SAVP" in section[0] and not any(_CRYPTO.match(line) for line in kept):
        kept[0] = section[0].replace("RTP/SAVPF", "RTP/AVPF").replace("RTP/SAVP", "RTP/AVP")
    return kept


def _audio(body: bytes) -> _Audio:
    media = parse_session_description(body).media
    _, sections = split_sections(body)
    position = next((number for number, line in enumerate(media) if line.kind == "audio" and line.port), None)
    if position is None or media[position].address is None:
        raise NoCommonMedia("no audio")
    line = media[position]
    named = {found.group(1): found.group(2).upper() for text in sections[position] if (found := _RTPMAP.match(text))}
    encodings: dict[str, str] = {}
    for payload in line.formats:
        name = named.get(payload) or _STATIC.get(payload)
        if name:
            encodings.setdefault(name.removesuffix("/1"), payload)
    parameters = {found.group(1): found.group(2) for text in sections[position] if (found := _FMTP.match(text))}
    return _Audio(line, encodings, parameters, read_crypto_offers(body)[position] if line.secure else ())


def _answer(end: RelayEnd, offer: bytes, own: _Audio, other: _Audio, common: list[str], key: CryptoOffer | None) -> bytes:
    """For the party `own`, what `other` agrees to."""
    payloads = [own.encodings[name] for name in common]
    attributes = [f"rtpmap:{own.encodings[name]} {name}" for name in common]
    attributes += [f"fmtp:{payload} {own.parameters[payload]}" for payload in payloads if payload in own.parameters]
    audio = OfferedMedia(
        kind="audio",
        port=other.line.port,
        profile="RTP/SAVP" if key else "RTP/AVP",
        formats=tuple(payloads),
        attributes=tuple(attributes),
        crypto=(key,) if key else (),
        direction=other.line.direction,
        address=other.line.address,
    )
    return session_description_bytes(
        f"CiscoSystemsCCM-SIP {end.session} {end.version}", end.node_ip, refused_sections(offer, audio)
    )


def carries_media(body: bytes) -> bool:
    """The body is a session description with a section that is not refused."""
    try:
        return any(line.port for line in parse_session_description(body).media)
    except UnexpectedAnswer:
        return False
