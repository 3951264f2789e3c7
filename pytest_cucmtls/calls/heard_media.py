"""What one of our phones heard, as a value that can be kept: markers compared, packets authenticated, no key in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pytest_cucmtls.calls.rtp_voice import RtpVoice, lost_packets
from pytest_cucmtls.model.calls import MediaProof
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.marker_tones import match_marker
from pytest_cucmtls.wire.media_descriptions import MediaKey
from pytest_cucmtls.wire.pcap_write import Datagram
from pytest_cucmtls.wire.rtp import SAMPLE_BYTES, SAMPLES, Sample, is_readable
from pytest_cucmtls.wire.srtp import header_bytes
from pytest_cucmtls.wire.srtp_proof import SrtpProver, StreamProof

PROVEN_SHARE = 0.9
"""Part of the packets that must authenticate: a change of keys may cost a few."""


@dataclass(frozen=True, slots=True)
class ExpectedTalk:
    """Whose voice should be heard, by whom, and what it plays."""

    direction: str
    """Of the call."""
    talker: str
    listener: str
    signalling: str
    marker: str = ""
    """"" when the talker is no phone of ours."""
    keys_sent: str = ""


def media_proof(expected: ExpectedTalk, voice: RtpVoice) -> MediaProof:
    """Measure what a phone received. Nothing secret is in the result: of keys it holds fingerprints."""
    agreed = voice.agreement
    packets = voice.packets
    src, ssrc = _most_frequent(packets)
    authenticated, encrypted = _protection(voice, packets)
    match = match_marker(voice.samples(), expected.marker) if expected.marker else None
    return MediaProof(
        direction=expected.direction,
        talker=expected.talker,
        listener=expected.listener,
        measured_at=datetime.now(UTC),
        signalling=expected.signalling,
        profile=agreed.profile if agreed else "",
        codec=agreed.codec if agreed else "",
        src=src,
        dst=voice.local if packets else None,
        ssrc=ssrc,
        packets=len(packets),
        lost=lost_packets(packets),
        crypto_suite=agreed.keys.crypto_suite if agreed and agreed.keys else None,
        key_fingerprint=agreed.keys.receive_fingerprint if agreed and agreed.keys else None,
        authenticated=authenticated,
        encrypted=encrypted,
        marker=expected.marker,
        marker_share=round(match.share, 3) if match else 0.0,
        marker_heard=match.heard if match else False,
        keys_sent=expected.keys_sent,
        keys_heard=voice.keys_heard,
    )


def proof_values(proof: MediaProof) -> dict[str, Any]:
    """As JSON values."""
    return {
        "direction": proof.direction,
        "talker": proof.talker,
        "listener": proof.listener,
        "measured_at": proof.measured_at.isoformat(),
        "signalling": proof.signalling,
        "profile": proof.profile,
        "codec": proof.codec,
        "src": _place(proof.src),
        "dst": _place(proof.dst),
        "ssrc": proof.ssrc,
        "packets": proof.packets,
        "lost": proof.lost,
        "crypto_suite": proof.crypto_suite,
        "key_fingerprint": proof.key_fingerprint,
        "authenticated": proof.authenticated,
        "encrypted": proof.encrypted,
        "marker": proof.marker,
        "marker_share": proof.marker_share,
        "marker_heard": proof.marker_heard,
        "keys_sent": proof.keys_sent,
        "keys_heard": proof.keys_heard,
    }


def _place(end: Endpoint | None) -> Mapping[str, Any] | None:
    return {"ip": end.ip, "port": end.port} if end else None


def _most_frequent(packets: Sequence[Datagram]) -> tuple[Endpoint | None, int | None]:
    counted = Counter((one.src, one.payload[8:12]) for one in packets)
    if not counted:
        return None, None
    (src, ssrc), _ = counted.most_common(1)[0]
    return src, int.from_bytes(ssrc, "big")


def _protection(voice: RtpVoice, packets: Sequence[Datagram]) -> tuple[int, bool | None]:
    """(packets that authenticate under the talker's key, whether they are encrypted), by our own reading of RFC 3711."""
    keys = voice.agreement.keys if voice.agreement else None
    if not packets:
        return 0, None
    if keys is None:
        return 0, False
    prover = SrtpProver([MediaKey(keys.crypto_suite, keys.receive)])
    streams: dict[bytes, StreamProof] = {}
    samples: list[Sample] = []
    for one in packets:
        packet = one.payload
        fits = streams.setdefault(packet[8:12], StreamProof(prover)).check(packet)
        if fits and len(samples) < SAMPLES:
            start = header_bytes(packet)
            sequence, clock = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")
            samples.append((sequence, clock, 0, packet[start : start + SAMPLE_BYTES]))
    authenticated = sum(stream.authenticated for stream in streams.values())
    if is_readable(samples):
        return authenticated, False
    return authenticated, True if authenticated >= PROVEN_SHARE * len(packets) else None
