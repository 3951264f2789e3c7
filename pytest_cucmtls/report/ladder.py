"""Ladder diagrams: who sent what to whom, in order; for a handshake and for a call, as arrows and as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.handshakes import Handshake, HandshakeMessage
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.traces import TracedSip
from pytest_cucmtls.model.verdicts import Verdict

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 760, 190, 590, 84, 34
_LONGEST_FLIGHT = 44
_STYLE = (
    ".ladder text{font:13px system-ui,sans-serif;fill:#1c2733}.ladder .t{font-weight:600;font-size:15px}"
    ".ladder .w{fill:#5b6b7b;font-size:11px}.ladder .l{stroke:#8fa1b3;stroke-width:1.5;stroke-dasharray:2 4}"
    ".ladder .a{stroke:#1f5fa8;stroke-width:1.6;fill:none}.ladder .x{stroke:#b3261e;stroke-width:1.8}"
    ".ladder .b{fill:#ffffff}.ladder .n{fill:#eef3f8}"
    "@media (prefers-color-scheme:dark){.ladder text{fill:#e7edf3}.ladder .w{fill:#a9b8c6}.ladder .b{fill:#16202a}"
    ".ladder .n{fill:#22303d}.ladder .a{stroke:#7db4f0}.ladder .x{stroke:#ff8a80}}"
)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message: `rightward` from the left party to the right one; `note` says where it was read, `elapsed` when."""

    rightward: bool
    label: str
    note: str = ""
    alarming: bool = False
    elapsed: str = ""
    secured: bool = False
    """Sent under the keys that the handshake agreed on."""


def ladder_svg(title: str, left: str, right: str, arrows: Sequence[Arrow]) -> str:
    """A self-contained SVG with a title, two lifelines and one row per arrow; nothing in it is fetched from anywhere."""
    height = _TOP + _ROW * (len(arrows) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ladder" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect class="b" width="{_WIDTH}" height="{height}"/>',
        f'<text class="t" x="16" y="24">{escape(title)}</text>',
    ]
    for x, name in ((_LEFT, left), (_RIGHT, right)):
        parts.append(f'<rect class="n" x="{x - 130}" y="38" width="260" height="24" rx="5"/>')
        parts.append(f'<text x="{x}" y="55" text-anchor="middle">{escape(_short(name, 38))}</text>')
        parts.append(f'<line class="l" x1="{x}" y1="62" x2="{x}" y2="{height - 12}"/>')
    for row, arrow in enumerate(arrows):
        parts.append(_arrow(_TOP + _ROW * row + 14, arrow))
    return "".join(parts) + "</svg>"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _arrow(y: int, arrow: Arrow) -> str:
    start, end = (_LEFT, _RIGHT) if arrow.rightward else (_RIGHT, _LEFT)
    head = end - 9 if arrow.rightward else end + 9
    style = "a x" if arrow.alarming else "a"
    return (
        f'<text class="w" x="12" y="{y + 4}">{escape(arrow.note)}</text>'
        f'<text class="w" x="{_WIDTH - 12}" y="{y + 4}" text-anchor="end">{escape(arrow.elapsed)}</text>'
        f'<text x="{(_LEFT + _RIGHT) // 2}" y="{y - 5}" text-anchor="middle">{escape(_short(arrow.label, 60))}</text>'
        f'<path class="{style}" d="M{start} {y}H{end}M{head} {y - 5}L{end} {y}L{head} {y + 5}"/>'
    )


_NAMES = {
    "client_hello": "Client Hello",
    "server_hello": "Server Hello",
    "certificate": "Certificate",
    "certificate_request": "Certificate Request",
    "server_hello_done": "Server Hello Done",
    "client_key_exchange": "Client Key Exchange",
    "server_key_exchange": "Server Key Exchange",
    "certificate_verify": "Certificate Verify",
    "change_cipher_spec": "Change Cipher Spec",
    "finished": "Finished",
    "new_session_ticket": "New Session Ticket",
    "application_data": "Application Data",
}


def handshake_arrows(handshake: Handshake) -> list[Arrow]:
    """One arrow per flight: consecutive messages of one sender share it; alerts stand where they came in time."""
    arrows: list[Arrow] = []
    if handshake.tcp_opened:
        arrows.append(Arrow(True, "TCP SYN", f"frame {handshake.first_frame}", elapsed="0 ms"))
    placed = [
        (
            flight[0].frame,
            _flight_arrow(handshake, flight),
        )
        for flight in _flights(handshake)
    ]
    placed += [
        (
            alert.frame,
            Arrow(
                alert.sender == "client",
                f"Alert {alert.level}: {alert.description}",
                f"frame {alert.frame}",
                alarming=alert.description != "close_notify",
                elapsed=_elapsed(handshake.at, alert.at),
            ),
        )
        for alert in handshake.alerts
    ]
    return arrows + [arrow for _, arrow in sorted(placed, key=lambda entry: entry[0])]


def _flight_arrow(handshake: Handshake, flight: Sequence[HandshakeMessage]) -> Arrow:
    """Application data under a suite that does not encrypt is no secret: it says so, and stands out."""
    label = ", ".join(_NAMES.get(message.name, message.name.replace("_", " ")) for message in flight)
    data = flight[0].name == "application_data"
    bare = data and handshake.cipher_suite is not None and not handshake.cipher_suite.encrypts
    return Arrow(
        flight[0].sender == "client",
        f"{label} (not encrypted)" if bare else label,
        f"frame {flight[0].frame}",
        alarming=bare,
        elapsed=_elapsed(handshake.at, flight[0].at),
        secured=data and not bare,
    )


def _elapsed(begin: datetime, at: datetime | None) -> str:
    """Time since the beginning, in milliseconds or seconds."""
    if at is None:
        return ""
    seconds = (at - begin).total_seconds()
    return f"+{seconds * 1000:.1f} ms" if abs(seconds) < 1 else f"+{seconds:.2f} s"


def _flights(handshake: Handshake) -> Iterator[list[HandshakeMessage]]:
    flight: list[HandshakeMessage] = []
    for message in handshake.messages:
        long = len(", ".join(_NAMES.get(one.name, one.name) for one in flight)) > _LONGEST_FLIGHT
        if flight and (message.sender != flight[0].sender or long or message.name == "application_data"):
            yield flight
            flight = []
        flight.append(message)
    if flight:
        yield flight


def handshake_ladder(handshake: Handshake, client_name: str, server_name: str) -> str:
    """The handshake between two named parties."""
    suite = handshake.cipher_suite.name if handshake.cipher_suite else "suite not seen"
    title = f"{handshake.version or 'version not seen'}, {suite}: {handshake.outcome.value}"
    left, right = f"{client_name} {handshake.client}", f"{server_name} {handshake.server}"
    return ladder_svg(title, left, right, handshake_arrows(handshake))


def call_arrows(messages: Sequence[TracedSip]) -> list[Arrow]:
    """The SIP messages of one call as one node logged them: that node is on the left."""
    begin = next((traced.source.at for traced in messages if traced.source.at), None)
    return [
        Arrow(
            traced.direction == "out",
            _shown(traced.message),
            traced.source.time,
            alarming=(traced.message.status_code or 0) >= 400,
            elapsed=_elapsed(begin, traced.source.at) if begin else "",
            secured=traced.message.via_transport == "TLS",
        )
        for traced in messages
    ]


def call_ladder(call_id: str, messages: Sequence[TracedSip], here: str, there: str) -> str:
    """The SIP messages of one call as one node logged them: `here` is that node."""
    return ladder_svg(f"Call {call_id}", here, there, call_arrows(messages))


def _shown(message: SipMessage) -> str:
    """Method and user, or status; with the media profile the body offers."""
    first = message.start_line.removesuffix(" SIP/2.0").removeprefix("SIP/2.0 ").split("@")[0].replace(" sip:", " ")
    lines = message.body.decode("utf-8", "replace").splitlines()
    profiles = [words[2] for line in lines if line.startswith("m=audio ") and len(words := line.split()) > 2]
    return first[:60] + (f"  [{profiles[0]}]" if profiles else "")


def ladders_for(verdict: Verdict, evidence: Evidence) -> list[tuple[str, str]]:
    """(name, SVG) of the pictures that belong to a verdict about one direction: its handshakes, its calls."""
    if "->" not in verdict.subject or verdict.phase not in {"handshake", "call", "trace", "media"}:
        return []
    client, server = (evidence.cluster(name) for name in verdict.subject.split("->", 1))
    pictures = []
    addresses = {node.address: node.name for spec in evidence.inventory.clusters for node in spec.nodes}
    for node in client.nodes:
        if verdict.phase == "handshake":
            for capture in node.captures[-1:]:
                for handshake in capture.value.handshakes:
                    names = addresses.get(handshake.client.ip, "?"), addresses.get(handshake.server.ip, "?")
                    if names[0] == node.name:
                        name = f"handshake {names[0]} to {names[1]} from port {handshake.client.port}"
                        pictures.append((name, handshake_ladder(handshake, *names)))
        else:
            pictures += _calls_of(node.name, [trace.value for trace in node.traces], addresses, server.name)
    return pictures


def _calls_of(node: str, traces: Sequence[object], addresses: dict[str, str], peer: str) -> list[tuple[str, str]]:
    calls: dict[str, list[TracedSip]] = {}
    for trace in traces:
        for traced in getattr(trace, "sip_messages", ()):
            if traced.message.call_id and traced.peer in addresses:
                calls.setdefault(traced.message.call_id, []).append(traced)
    return [
        (f"call {call_id} at {node}", call_ladder(call_id, messages, node, addresses.get(messages[0].peer, peer)))
        for call_id, messages in calls.items()
    ]
