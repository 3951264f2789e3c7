"""Ladder diagrams as text for a terminal: one call or one TLS connection, one line per message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_cucmtls.model.capture import CaptureReport, MediaStream
from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipMessage, SipOnWire
from pytest_cucmtls.report.ladder import Arrow, handshake_arrows, ladder_svg

_NARROW, _WIDE = 32, 52
"""Columns between two lifelines: of more than two parties, and of two."""
_MOST_LANES = 8


@dataclass(frozen=True, slots=True)
class CallSeen:
    """The readable SIP messages of one Call-ID and the media streams its session descriptions announced."""

    call_id: str
    messages: tuple[SipOnWire, ...]
    streams: tuple[MediaStream, ...] = ()


def call_seen(report: CaptureReport, call_id: str) -> CallSeen | None:
    """One call of a capture; None when no readable message carries this Call-ID."""
    messages = tuple(seen for seen in report.sip if seen.message.call_id == call_id)
    streams = tuple(stream for stream in report.streams if stream.call_id == call_id)
    return CallSeen(call_id, messages, streams) if messages else None


def call_text(call: CallSeen) -> list[str]:
    """The call as lines: a lifeline per party in order of appearance, then its media streams."""
    parties = _parties(call.messages)
    begin = call.messages[0].at
    lines = [f"Call {printable(call.call_id)}: {len(call.messages)} messages between {', '.join(parties)}"]
    lines.append(_head(parties))
    for seen in call.messages:
        src, dst = _party(seen.src, parties), _party(seen.dst, parties)
        note = f"{seen.frame:>8}  {_elapsed(begin, seen.at):>11}"
        lines.append(
            f"{note}  {_rung(parties.index(src), parties.index(dst), len(parties), shown(seen.message))}  {seen.transport}"
        )
    lines += [
        f"{'':21}  {stream.kind or 'media?'} {stream.src} → {stream.dst}, {stream.packets} packets" for stream in call.streams
    ]
    return lines


def call_svg(call: CallSeen) -> str:
    """The call as SVG. The picture has two lifelines: with more parties the first one is left, the labels name the others."""
    parties = _parties(call.messages)
    begin, left = call.messages[0].at, parties[0]
    arrows = []
    for seen in call.messages:
        src, dst = _party(seen.src, parties), _party(seen.dst, parties)
        between = "" if len(parties) < 3 else f"{src} → {dst}: "
        arrows.append(
            Arrow(
                src == left or (dst != left and parties.index(src) < parties.index(dst)),
                printable(between + shown(seen.message)),
                f"frame {seen.frame}, {seen.transport}",
                alarming=(seen.message.status_code or 0) >= 400,
                elapsed=_elapsed(begin, seen.at),
                secured=seen.transport == "tls",
            )
        )
    return ladder_svg(f"Call {printable(call.call_id)}", left, ", ".join(parties[1:]) or left, arrows)


def handshake_text(handshake: Handshake) -> list[str]:
    """One TLS connection as lines."""
    suite = handshake.cipher_suite.name if handshake.cipher_suite else "suite not seen"
    parties = [str(handshake.client), str(handshake.server)]
    lines = [f"TLS {parties[0]} → {parties[1]}: {handshake.version or 'version not seen'}, {suite}, {handshake.outcome.value}"]
    lines.append(_head(parties))
    for arrow in handshake_arrows(handshake):
        src, dst = (0, 1) if arrow.rightward else (1, 0)
        lines.append(f"{arrow.note.removeprefix('frame '):>8}  {arrow.elapsed:>11}  {_rung(src, dst, 2, arrow.label)}")
    return lines


def shown(message: SipMessage) -> str:
    """Method and user, or status; with the media profiles of the body."""
    if message.method:
        user = (message.request_uri or "").partition("@")[0].partition(":")[2].partition(";")[0]
        first = f"{message.method} {user}".strip()
    else:
        first = f"{message.status_code} {message.reason_phrase or ''}".strip()
    profiles = dict.fromkeys(
        words[2]
        for line in message.body.decode("utf-8", "replace").splitlines()
        if line.startswith("m=") and len(words := line.split()) > 2
    )
    return printable(first)[:60] + "".join(f" [{printable(profile)[:20]}]" for profile in list(profiles)[:2])


def printable(text: str) -> str:
    """Text of somebody else's packet: nothing in it may steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _parties(messages: Sequence[SipOnWire]) -> list[str]:
    """Addresses in order of appearance; with ports when both ends have the same address. The last lane holds what is too many."""
    addresses = list(dict.fromkeys(end.ip for seen in messages for end in (seen.src, seen.dst)))
    if len(addresses) == 1:
        addresses = list(dict.fromkeys(str(end) for seen in messages for end in (seen.src, seen.dst)))
    return [*addresses[: _MOST_LANES - 1], "others"] if len(addresses) > _MOST_LANES else addresses


def _party(end: Endpoint, parties: Sequence[str]) -> str:
    return next((name for name in (end.ip, str(end)) if name in parties), parties[-1])


def _elapsed(begin: datetime, at: datetime) -> str:
    seconds = (at - begin).total_seconds()
    return f"{seconds * 1000:+.1f} ms" if abs(seconds) < 1 else f"{seconds:+.3f} s"


def _lane(count: int) -> int:
    return _WIDE if count == 2 else _NARROW


def _head(parties: Sequence[str]) -> str:
    lane = _lane(len(parties))
    lanes = "".join(f"{name[: lane - 2]:<{lane}}" for name in parties)
    return f"{'frame':>8}  {'time':>11}  {lanes.rstrip()}"


def _rung(src: int, dst: int, count: int, label: str) -> str:
    """Lifelines with an arrow between two of them; an arrow to itself is a label beside its lifeline."""
    wide = _lane(count)
    cells = [" "] * (wide * (count - 1) + 1)
    for lane in range(count):
        cells[lane * wide] = "|"
    low, high = min(src, dst) * wide, max(src, dst) * wide
    if low == high:
        return "".join(cells).rstrip() + f"  {label} (to itself)"
    cells[low + 1 : high] = "-" * (high - low - 1)
    cells[high - 1 if dst > src else low + 1] = ">" if dst > src else "<"
    line = "".join(cells)
    room = high - low - 5
    if len(label) > room:
        return f"{line}  {label}"
    start = low + 2 + (room - len(label)) // 2
    return f"{line[:start]} {label} {line[start + len(label) + 2 :]}"
