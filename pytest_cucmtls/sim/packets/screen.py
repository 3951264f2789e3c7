"""Packets as `utils network capture` prints them on screen: tcpdump's lines, of its time."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.packets.frames import ACK, FIN, PUSH, RST, SYN, FrameView

_PORT_NAMES = {22: "ssh", 53: "domain", 123: "ntp", 443: "https", 5060: "sip", 5061: "sip-tls"}
_FLAG_LETTERS = ((SYN, "S"), (FIN, "F"), (RST, "R"), (PUSH, "P"))


class ScreenLines:
    """Formats frames; remembers each connection's first sequence numbers, because later ones are printed relative.

    `old_style` is tcpdump 3 (up to CUCM 9.x): ``P 1:427(426) ack 1146 win 249 <…>``; else ``Flags [P.], seq 1:427, …``.
    """

    def __init__(self, *, old_style: bool, names: Mapping[str, str]) -> None:
        self._old_style = old_style
        self._names = dict(names)
        """Address to printed name; empty for `numeric`, which also keeps port numbers."""
        self._first: dict[tuple[Endpoint, Endpoint], int] = {}

    def line(self, at_nanoseconds: int, view: FrameView) -> str:
        """One line, time of day first (in UTC)."""
        at = datetime.fromtimestamp(at_nanoseconds / 1e9, UTC)
        head = f"{at:%H:%M:%S.%f} IP {self._end(view.src)} > {self._end(view.dst)}: "
        if view.protocol == "udp":
            return head + f"UDP, length {view.payload_bytes}"
        if view.protocol != "tcp":
            return head + f"ip-proto, length {view.payload_bytes}"
        sequence, acknowledgement = self._relative(view)
        if self._old_style:
            options = ",".join(" ".join((name, *map(str, numbers))) for name, numbers in view.options)
            return head + self._old_words(view, sequence, acknowledgement) + (f" <{options}>" if options else "")
        options = ",".join(_new_option(name, numbers) for name, numbers in view.options)
        return head + self._new_words(view, sequence, acknowledgement, f", options [{options}]" if options else "")

    def _old_words(self, view: FrameView, sequence: int, acknowledgement: int) -> str:
        words = ["".join(letter for flag, letter in _FLAG_LETTERS if view.flags & flag) or "."]
        if view.payload_bytes or view.flags & (SYN | FIN | RST):
            words.append(f"{sequence}:{sequence + view.payload_bytes}({view.payload_bytes})")
        if view.flags & ACK:
            words.append(f"ack {acknowledgement}")
        return " ".join((*words, f"win {view.window}"))

    def _new_words(self, view: FrameView, sequence: int, acknowledgement: int, options: str) -> str:
        letters = "".join(letter for flag, letter in _FLAG_LETTERS if view.flags & flag) + ("." if view.flags & ACK else "")
        words = [f"Flags [{letters}]"]
        if view.payload_bytes:
            words.append(f"seq {sequence}:{sequence + view.payload_bytes}")
        elif view.flags & (SYN | FIN | RST):
            words.append(f"seq {sequence}")
        if view.flags & ACK:
            words.append(f"ack {acknowledgement}")
        return f"{', '.join(words)}, win {view.window}{options}, length {view.payload_bytes}"

    def _relative(self, view: FrameView) -> tuple[int, int]:
        """The first packet of a direction is printed absolute and becomes the base, as tcpdump does."""
        forward, backward = (view.src, view.dst), (view.dst, view.src)
        if view.flags & SYN:
            self._first[forward] = view.sequence
            return view.sequence, self._acknowledged(view, backward)
        if forward not in self._first:
            self._first[forward] = view.sequence
            self._first.setdefault(backward, view.acknowledgement)
            return view.sequence, view.acknowledgement
        return (view.sequence - self._first[forward]) & 0xFFFFFFFF, self._acknowledged(view, backward)

    def _acknowledged(self, view: FrameView, backward: tuple[Endpoint, Endpoint]) -> int:
        base = self._first.get(backward)
        return view.acknowledgement if base is None else (view.acknowledgement - base) & 0xFFFFFFFF

    def _end(self, end: Endpoint) -> str:
        if not self._names:
            return f"{end.ip}.{end.port}"
        return f"{self._names.get(end.ip, end.ip)}.{_PORT_NAMES.get(end.port, end.port)}"


def _new_option(name: str, numbers: tuple[int, ...]) -> str:
    if name == "timestamp" and len(numbers) == 2:
        return f"TS val {numbers[0]} ecr {numbers[1]}"
    return " ".join((name, *map(str, numbers)))
