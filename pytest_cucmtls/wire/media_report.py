"""Measures the media streams of a capture in a second pass: quality, SRTP proof, one-way media, and what is wrong with them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import BinaryIO

from pytest_cucmtls.model.capture import CaptureReport, MediaProtection, MediaStream
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.media_descriptions import DescribedMedia, MediaDescriptions
from pytest_cucmtls.wire.rtp import SAMPLE_BYTES, SAMPLES, Sample, is_readable
from pytest_cucmtls.wire.rtp_quality import STATIC_CLOCK_RATES, RtpMeasurement
from pytest_cucmtls.wire.srtp import header_bytes
from pytest_cucmtls.wire.srtp_proof import SrtpProver, StreamProof, is_encrypting, rtp_packets

_ENOUGH_PACKETS = 25
"""Half a second at 50 packets a second: silence of the other side is said from here on."""


@dataclass(slots=True)
class _Measured:
    """One stream of the report while its packets are counted."""

    stream: MediaStream
    described: DescribedMedia | None
    sent_under: DescribedMedia | None
    quality: RtpMeasurement
    proof: StreamProof
    authenticated: list[Sample] = field(default_factory=list)
    """The beginnings of the first authenticated payloads: SRTP may authenticate without encrypting."""


def with_measured_media(report: CaptureReport, stream: BinaryIO) -> CaptureReport:
    """The report of this file with every media stream measured; `stream` is the same file from its beginning.

    Each stream gains quality, protection, one-way statement and findings; its `packets` are distinct ones. `kind` becomes
    ``srtp`` when nine in ten packets authenticate under a key of a readable session description, and ``rtp`` when that key's
    line, or their readable payload, shows that they are not encrypted. Raises nothing on bad content.
    """
    descriptions = MediaDescriptions(report.sip)
    prover = SrtpProver(descriptions.keys())
    measured = {(one.src, one.dst, one.ssrc): _start(one, descriptions, prover) for one in report.streams}
    _measure(stream, measured)
    streams = [_sum_up(one, len(prover)) for one in measured.values()]
    streams = _with_directions(streams, [one.sent_under.end if one.sent_under else None for one in measured.values()])
    streams = _with_shared_keys(streams, [_key_of_both(one.described) for one in measured.values()])
    notes = ("not every packet was tried with every key: there are too many",) if prover.gave_up else ()
    return replace(report, streams=tuple(streams), notes=report.notes + notes)


def _start(stream: MediaStream, descriptions: MediaDescriptions, prover: SrtpProver) -> _Measured:
    """What was announced for the receiving end, and the sender's own description, whose keys it sends under."""
    before = stream.last_at
    to = descriptions.of(stream.dst, before)
    own = descriptions.of(stream.src, before)
    if to is None and own is not None:
        to = own.other
    if own is None and to is not None:
        own = to.other
    rate = _clock_rate(stream.payload_type, to, own)
    return _Measured(stream, to, own, RtpMeasurement(rate), StreamProof(prover))


def _clock_rate(payload_type: int | None, *described: DescribedMedia | None) -> int | None:
    if payload_type is None:
        return None
    mapped = (one.clock_rates.get(payload_type) for one in described if one is not None)
    return next((rate for rate in mapped if rate), STATIC_CLOCK_RATES.get(payload_type))


def _measure(stream: BinaryIO, measured: dict[tuple[Endpoint, Endpoint, int], _Measured]) -> None:
    """Counts the packets of the streams in the report, and no others."""
    wanted = {_place(*ends_and_ssrc): one for ends_and_ssrc, one in measured.items()}
    for flow, packet, whole, at in rtp_packets(stream):
        one = wanted.get(flow + packet[8:12])
        if one is not None and len(packet) >= 12:
            sequence, timestamp = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")
            if not one.quality.packet(sequence, timestamp, packet[1] & 0x7F, at) or not whole:
                continue
            if one.proof.check(packet) and len(one.authenticated) < SAMPLES:
                payload = header_bytes(packet)
                one.authenticated.append((sequence, timestamp, 0, packet[payload : payload + SAMPLE_BYTES]))


def _place(src: Endpoint, dst: Endpoint, ssrc: int) -> bytes:
    """Flow key and SSRC as packets carry them."""
    addresses = ip_address(src.ip).packed + ip_address(dst.ip).packed
    return addresses + src.port.to_bytes(2, "big") + dst.port.to_bytes(2, "big") + ssrc.to_bytes(4, "big")


def _sum_up(one: _Measured, keys: int) -> MediaStream:
    stream, proof, key = one.stream, one.proof, one.proof.key
    readable = is_readable(one.authenticated)
    encrypted = None
    if key is not None and (readable or not is_encrypting(key)):
        encrypted = False
    elif key is not None and _is_proven(proof):
        encrypted = True
    protection = MediaProtection(
        keys_tried=keys,
        authenticated=proof.authenticated,
        crypto_suite=key.crypto_suite if key else None,
        key_fingerprint=key.fingerprint if key else None,
        roll_over_counter=proof.first_counter,
        encrypted=encrypted,
    )
    described = one.described or one.sent_under
    agreed = described.agreed_profile if described else None
    measured = replace(
        stream,
        packets=one.quality.received or stream.packets,
        quality=one.quality.quality() if one.quality.received else None,
        protection=protection,
        agreed_profile=agreed,
    )
    if key is not None and encrypted is not None:
        measured = _proven(measured, proof, encrypted, key.fingerprint)
    return replace(measured, findings=tuple(_findings(measured, proof, described, one.sent_under)))


def _is_proven(proof: StreamProof) -> bool:
    """Nearly all packets authenticate: a change of keys may cost a few, and one alone may fit a short tag by chance."""
    return proof.authenticated * 10 >= proof.packets * 9


def _proven(stream: MediaStream, proof: StreamProof, encrypted: bool, fingerprint: str) -> MediaStream:
    share = f"{proof.authenticated} of {proof.packets} packets authenticate under the key with fingerprint {fingerprint}"
    if encrypted:
        return replace(stream, kind="srtp", reason=share)
    return replace(stream, kind="rtp", reason=f"{share}, but the payload is not encrypted")


def _findings(
    stream: MediaStream, proof: StreamProof, described: DescribedMedia | None, own: DescribedMedia | None
) -> Iterable[str]:
    """What is wrong with one stream by itself."""
    if proof.key is not None and not is_encrypting(proof.key):
        yield "UNENCRYPTED_SRTP: the packets are authenticated, but not encrypted"
    elif stream.protection is not None and stream.protection.encrypted is False:
        yield "the packets are authenticated, but their payload is readable"
    if proof.authenticated and proof.authenticated < proof.packets:
        yield f"{proof.packets - proof.authenticated} of {proof.packets} packets do not authenticate under any key of the capture"
    if proof.authenticated == 0 and described is not None and described.is_secure:
        if stream.kind == "rtp":
            yield f"plain RTP, although the answer of its call says {described.agreed_profile}"
        elif own is not None and own.keys and proof.packets:
            yield "no packet authenticates under the keys that the sender announced"
    if stream.kind == "srtp" and described is not None and described.agreed_profile == "RTP/AVP" and not described.keys:
        yield "SRTP, although the answer of its call says RTP/AVP"


def _with_directions(streams: Sequence[MediaStream], wanted: Sequence[Endpoint | None]) -> list[MediaStream]:
    """Says of each stream whether anything came back; `wanted` is where its sender announced to receive, when that was readable.

    What counts as coming back: packets to that place, between the same two ends, or on the same two ports crossed (senders
    behind address translation, or on a machine with several addresses, do not send from the address they announce).
    """
    found = []
    to: dict[Endpoint, list[MediaStream]] = defaultdict(list)
    crossing: dict[tuple[int, int], list[MediaStream]] = defaultdict(list)
    for stream in streams:
        to[stream.dst].append(stream)
        crossing[stream.src.port, stream.dst.port].append(stream)
    for stream, place in zip(streams, wanted, strict=True):
        candidates = [*crossing[stream.dst.port, stream.src.port], *(to[place] if place else ())]
        found.append(_with_direction(stream, any(other is not stream and _overlap(stream, other) for other in candidates)))
    return found


def _with_direction(stream: MediaStream, answered: bool) -> MediaStream:
    if answered:
        return replace(stream, one_way=False)
    if stream.packets < _ENOUGH_PACKETS:
        return stream
    return replace(stream, one_way=True, findings=(*stream.findings, f"one-way: nothing comes back from {stream.dst}"))


def _overlap(one: MediaStream, other: MediaStream) -> bool:
    if one.first_at is None or one.last_at is None or other.first_at is None or other.last_at is None:
        return True
    return one.first_at <= other.last_at and other.first_at <= one.last_at


def _key_of_both(described: DescribedMedia | None) -> str | None:
    """Fingerprint of a key that offer and answer both carry, or None."""
    if described is None or described.other is None:
        return None
    own = {key.fingerprint for key in described.keys}
    return next((key.fingerprint for key in described.other.keys if key.fingerprint in own), None)


def _with_shared_keys(streams: Sequence[MediaStream], announced: Sequence[str | None]) -> list[MediaStream]:
    """Each direction needs a key of its own (RFC 4568 §6.1, RFC 3711 §9.1); `announced` are keys that offer and answer share."""
    senders: dict[str, set[Endpoint]] = defaultdict(set)
    for stream in streams:
        if stream.protection and stream.protection.key_fingerprint and stream.protection.authenticated:
            senders[stream.protection.key_fingerprint].add(stream.src)
    found = []
    for stream, shared in zip(streams, announced, strict=True):
        fingerprint = stream.protection.key_fingerprint if stream.protection else None
        text = None
        if fingerprint and len(senders[fingerprint]) > 1:
            text = f"the same key (fingerprint {fingerprint}) protects more than one sender"
        elif shared:
            text = f"offer and answer of its call carry the same key (fingerprint {shared})"
        found.append(replace(stream, findings=(*stream.findings, text)) if text else stream)
    return found
