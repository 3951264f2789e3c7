"""Proves which media streams of a capture are SRTP under the keys that its readable SIP messages carried."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipOnWire
from pytest_cucmtls.wire.packets import UDP, IpReader, locate_ip
from pytest_cucmtls.wire.pcap import PacketFile
from pytest_cucmtls.wire.sdp import crypto_fields, decoded_key, key_fingerprint, split_sections
from pytest_cucmtls.wire.srtp import SrtpAuthenticator, next_roll_over_counter
from pytest_cucmtls.wire.tcp_streams import reverse_key, source_of

_TRIED_PACKETS = 4
_MOST_STREAMS = 4096
_MOST_KEYS = 256


@dataclass(frozen=True, slots=True)
class MediaKey:
    """One SDES key of a session description; `repr` does not show it."""

    crypto_suite: str
    key_and_salt: bytes = field(repr=False)
    call_id: str = ""
    session_parameters: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of SHA-256 over key‖salt."""
        return key_fingerprint(self.key_and_salt)


@dataclass(frozen=True, slots=True)
class SrtpProof:
    """What the keys say about one RTP stream: every packet that authenticates is SRTP under that key beyond doubt."""

    src: Endpoint
    dst: Endpoint
    ssrc: int
    packets: int
    authenticated: int
    crypto_suite: str | None = None
    key_fingerprint: str | None = None
    call_id: str | None = None
    roll_over_counter: int | None = None
    """Counter of the first authenticated packet: above 0 when the capture began after the sequence number had wrapped."""
    encrypted: bool | None = None
    """False when the key's line says UNENCRYPTED_SRTP (RFC 4568 §6.3.2); None when nothing authenticated."""


@dataclass(slots=True)
class _Stream:
    packets: int = 0
    authenticated: int = 0
    tried: int = 0
    key: MediaKey | None = None
    authenticator: SrtpAuthenticator | None = None
    first_counter: int | None = None
    counter: int = 0
    highest: int = 0


def media_keys(sip: Iterable[SipOnWire]) -> tuple[MediaKey, ...]:
    """Every distinct SDES key that readable SIP messages carried, at most 256; masked and unreadable ones are left out."""
    found: dict[tuple[str, bytes], MediaKey] = {}
    for seen in sip:
        if b"a=crypto" not in seen.message.body:
            continue
        try:
            _, sections = split_sections(seen.message.body)
        except CucmTlsError:
            continue
        for _, suite, text, parameters in (fields for section in sections for fields in crypto_fields(section)):
            key = decoded_key(text)
            if key and len(found) < _MOST_KEYS:
                found.setdefault((suite, key), MediaKey(suite, key, seen.message.call_id or "", parameters))
    return tuple(found.values())


def prove_srtp(stream: BinaryIO, keys: Iterable[MediaKey]) -> tuple[SrtpProof, ...]:
    """Second pass over a capture file: one proof per SSRC and direction of packets that have RTP's form.

    Keys with an unknown suite or of a wrong length are passed over. A stream whose first packets fit no key has
    `authenticated` 0. Raises nothing on bad content.
    """
    candidates = tuple(_authenticators(keys))
    streams: dict[tuple[bytes, bytes], _Stream] = {}
    ip = IpReader()
    for _, link, data, start, end, _ in PacketFile(stream).packets():
        position = locate_ip(link, data, start, end)
        found = ip.read(data, position, end) if position >= 0 else None
        if found is None or found[0] != UDP or found[4] < found[5]:
            continue
        _, addresses, payload, begin, limit, _ = found
        packet = payload[begin + 8 : limit]
        if len(packet) < 12 or packet[0] & 0xC0 != 0x80 or 192 <= packet[1] <= 223:
            continue
        place = (addresses + payload[begin : begin + 4], packet[8:12])
        known = streams.get(place)
        if known is None:
            if len(streams) >= _MOST_STREAMS:
                continue
            known = streams[place] = _Stream()
        _check(known, packet, candidates)
    return tuple(_proof(key, ssrc, known) for (key, ssrc), known in streams.items())


def _authenticators(keys: Iterable[MediaKey]) -> Iterable[tuple[MediaKey, SrtpAuthenticator]]:
    for key in keys:
        try:
            yield key, SrtpAuthenticator(key.crypto_suite, key.key_and_salt)
        except CucmTlsError:
            continue


def _check(stream: _Stream, packet: bytes, candidates: tuple[tuple[MediaKey, SrtpAuthenticator], ...]) -> None:
    stream.packets += 1
    sequence = int.from_bytes(packet[2:4], "big")
    if stream.authenticator is not None:
        counter = next_roll_over_counter(stream.counter, stream.highest, sequence)
        if stream.authenticator.authenticates(packet, counter):
            stream.authenticated += 1
            if (counter, sequence) > (stream.counter, stream.highest):
                stream.counter, stream.highest = counter, sequence
            return
        stream.tried += 1
        if stream.tried > _TRIED_PACKETS:
            return
    elif stream.tried >= _TRIED_PACKETS:
        return
    else:
        stream.tried += 1
    for key, authenticator in candidates:
        found = authenticator.find_roll_over_counter(packet)
        if found is not None:
            stream.key, stream.authenticator = key, authenticator
            stream.counter, stream.highest = found, sequence
            stream.first_counter = found if stream.first_counter is None else stream.first_counter
            stream.authenticated += 1
            stream.tried = 0
            return


def _proof(key: bytes, ssrc: bytes, stream: _Stream) -> SrtpProof:
    used = stream.key
    return SrtpProof(
        src=source_of(key),
        dst=source_of(reverse_key(key)),
        ssrc=int.from_bytes(ssrc, "big"),
        packets=stream.packets,
        authenticated=stream.authenticated,
        crypto_suite=used.crypto_suite if used else None,
        key_fingerprint=used.fingerprint if used else None,
        call_id=used.call_id if used else None,
        roll_over_counter=stream.first_counter,
        encrypted="UNENCRYPTED_SRTP" not in used.session_parameters if used else None,
    )


def keys_used_both_ways(proofs: Iterable[SrtpProof]) -> tuple[str, ...]:
    """Fingerprints of keys that protect streams of more than one sender: each direction needs its own (RFC 4568 §6.1)."""
    senders: dict[str, set[Endpoint]] = {}
    for proof in proofs:
        if proof.key_fingerprint is not None and proof.authenticated:
            senders.setdefault(proof.key_fingerprint, set()).add(proof.src)
    return tuple(fingerprint for fingerprint, ends in senders.items() if len(ends) > 1)
