"""Packets that ``utils network capture`` prints on the screen: tcpdump lines, old style (CUCM 9.1) and newer."""

import re
from dataclasses import dataclass
from datetime import date, time

LONGEST_LINE = 4096
MOST_PACKETS = 100_000

PORT_NAMES = {
    "sip-tls": 5061,
    "sips": 5061,
    "sip": 5060,
    "ssh": 22,
    "telnet": 23,
    "domain": 53,
    "bootps": 67,
    "bootpc": 68,
    "tftp": 69,
    "http": 80,
    "ntp": 123,
    "snmp": 161,
    "https": 443,
    "syslog": 514,
    "h323hostcall": 1720,
    "cisco-sccp": 2000,
    "pcsync-https": 8443,
}
"""Names of /etc/services that tcpdump prints for ports a CUCM uses."""

_LINE = re.compile(
    r"\s*(?:(\d{4})-(\d\d)-(\d\d) )?(\d\d):(\d\d):(\d\d)\.(\d{1,9}) IP6? (?:truncated-ip6? - \d+ bytes missing!\s?)?"
    r"(\S{1,255}) > (\S{1,255}): (.*)"
)
_LINE_END = re.compile(r"\r*\n|\r")
_OLD_TCP = re.compile(r"([SFPRWE]+|\.)(?: \[[^\]]*\])?(?: (\d+):(\d+)\((\d+)\))?(?: ack (\d+))?(?= |\Z|,)")
_NEW_TCP = re.compile(r"Flags \[([^\]]*)\](?:.*?, seq (\d+)(?::(\d+))?)?(?:.*?, ack (\d+))?")
_LENGTH = re.compile(r"length:? (\d+)")


@dataclass(frozen=True, slots=True)
class ScreenPacket:
    """One printed packet. Hosts are names or addresses as printed; times are those of the server's own zone."""

    at: time
    src_host: str
    src_port: int | None
    """None when the port is printed under a name that is not known, or not at all."""
    dst_host: str
    dst_port: int | None
    protocol: str
    """``tcp``, ``udp`` or "" when the line does not tell."""
    line: int
    """1-based line of the text."""
    flags: str = ""
    """TCP flags of ``S F P R``, and ``.`` when ACK is set, in this order."""
    payload_bytes: int | None = None
    sequence: int | None = None
    """First sequence number printed; tcpdump counts from the first packet it saw unless it saw none before."""
    acknowledgment: int | None = None
    on: date | None = None
    """Day, where the capture prints one."""


def parse_screen_capture(text: str) -> tuple[ScreenPacket, ...]:
    """Every packet line of a screen capture; other lines (the command's echo, its options, the counters) are passed over.

    At most 100 000 packets (the CLI prints 1000 at most, platform.md §3.4). Raises nothing.
    """
    packets: list[ScreenPacket] = []
    for number, line in enumerate(_LINE_END.split(text), start=1):
        found = _LINE.match(line[:LONGEST_LINE])
        packet = _packet(found, number) if found else None
        if packet is not None:
            packets.append(packet)
            if len(packets) >= MOST_PACKETS:
                break
    return tuple(packets)


def _packet(found: "re.Match[str]", line: int) -> ScreenPacket | None:
    year, month, day, hour, minute, second, fraction, src, dst, rest = found.groups()
    try:
        at = time(int(hour), int(minute), int(second), int(fraction[:6].ljust(6, "0")))
        on = date(int(year), int(month), int(day)) if year else None
    except ValueError:
        return None
    protocol, flags, length, sequence, acknowledgment = _content(rest)
    src_host, src_port = _end(src)
    dst_host, dst_port = _end(dst)
    return ScreenPacket(at, src_host, src_port, dst_host, dst_port, protocol, line, flags, length, sequence, acknowledgment, on)


_Content = tuple[str, str, int | None, int | None, int | None]
"""(protocol, flags, payload bytes, sequence, acknowledgment)."""


def _content(rest: str) -> _Content:
    newer = _NEW_TCP.match(rest)
    if newer:
        return _newer_tcp(newer, rest)
    older = _OLD_TCP.match(rest)
    if older:
        letters, first, _, length, acknowledgment = older.groups()
        flags = _flags(letters, acknowledgment is not None)
        return "tcp", flags, int(length) if length else 0, _number(first), _number(acknowledgment)
    announced = _LENGTH.search(rest)
    is_udp = rest.startswith(("UDP", "SIP", "NTP", "[udp"))
    return ("udp" if is_udp else ""), "", int(announced.group(1)) if announced else None, None, None


def _newer_tcp(found: "re.Match[str]", rest: str) -> _Content:
    letters, first, end, acknowledgment = found.groups()
    announced = _LENGTH.search(rest)
    length = int(announced.group(1)) if announced else int(end) - int(first) if first and end else 0
    flags = _flags(letters, "." in letters or acknowledgment is not None)
    return "tcp", flags, length, _number(first), _number(acknowledgment)


def _flags(letters: str, acknowledges: bool) -> str:
    return "".join(letter for letter in "SFPR" if letter in letters) + ("." if acknowledges else "")


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _end(text: str) -> tuple[str, int | None]:
    """Host and port: tcpdump joins them by the last dot, also for IPv6 addresses."""
    host, dot, port = text.rpartition(".")
    if not dot or re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", text):
        return text, None
    if port.isascii() and port.isdigit() and int(port) < 65536:
        return host, int(port)
    return (host, PORT_NAMES[port]) if port in PORT_NAMES else (text, None)
