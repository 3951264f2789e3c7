"""Media packets over time, where a capture holds any: one bar per stream, placed between the first and the last packet."""

from dataclasses import dataclass
from datetime import datetime

from pytest_cucmtls.model.capture import MediaStream
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.shown import moment, span

MOST_STREAMS = 24


@dataclass(frozen=True, slots=True)
class StreamBar:
    """One stream; `left` and `width` are per cent of the whole time shown."""

    label: str
    kind: str
    standing: Standing
    packets: int
    lasted: str
    left: float
    width: float
    reason: str
    proof: str
    """``50 of 50 packets authenticate under AES_CM_128_HMAC_SHA1_80``; "" when no keys were there to try."""
    quality: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Streams:
    """All streams of all captures; no bars when none was seen."""

    bars: tuple[StreamBar, ...]
    first: str
    last: str
    captures: int


def streams(evidence: Evidence) -> Streams:
    """Streams seen by several captures are shown once."""
    captures = [capture.value for cluster in evidence.clusters for node in cluster.nodes for capture in node.captures]
    found: dict[tuple[object, ...], MediaStream] = {}
    for capture in captures:
        for stream in capture.streams:
            found.setdefault((stream.src, stream.dst, stream.ssrc), stream)
    chosen = sorted(found.values(), key=lambda stream: (stream.first_at is None, stream.first_at, stream.src))[:MOST_STREAMS]
    starts = [stream.first_at for stream in chosen if stream.first_at]
    ends = [stream.last_at for stream in chosen if stream.last_at]
    if not starts or not ends:
        return Streams((), "", "", len(captures))
    first, last = min(starts), max(ends)
    bars = tuple(_bar(stream, first, max((last - first).total_seconds(), 0.001)) for stream in chosen)
    return Streams(bars, moment(first), moment(last), len(captures))


def _bar(stream: MediaStream, first: datetime, whole: float) -> StreamBar:
    begins = ((stream.first_at or first) - first).total_seconds()
    lasts = ((stream.last_at or first) - (stream.first_at or first)).total_seconds()
    standing = {"srtp": Standing.PROVEN, "rtp": Standing.REFUTED}.get(stream.kind or "", Standing.UNDECIDED)
    return StreamBar(
        label=f"{stream.src} → {stream.dst}, SSRC 0x{stream.ssrc:08X}",
        kind=(stream.kind or "?").upper(),
        standing=standing,
        packets=stream.packets,
        lasted=span(lasts),
        left=round(100 * begins / whole, 2),
        width=round(max(1.0, 100 * lasts / whole), 2),
        reason=stream.reason,
        proof=_proof(stream),
        quality=_quality(stream),
        findings=stream.findings,
    )


def _proof(stream: MediaStream) -> str:
    proof = stream.protection
    if proof is None or not proof.keys_tried:
        return ""
    suite = f" ({proof.crypto_suite})" if proof.crypto_suite else ""
    return f"{proof.authenticated}/{stream.packets}{suite}"


def _quality(stream: MediaStream) -> str:
    """Lost of expected, and jitter."""
    quality = stream.quality
    if quality is None:
        return ""
    jitter = "" if quality.jitter_seconds is None else f", {quality.jitter_seconds * 1000:.1f} ms"
    return f"{quality.lost}/{quality.expected}{jitter}"
