"""Run as a child process: asks Wireshark's dissectors, through pyshark, for the TLS handshake frames of one file.

``python -m pytest_cucmtls.capture.pyshark_frames`` reads one JSON object ``{"file": …, "ports": […]}`` from standard input and
writes one JSON object ``{"frames": […], "problem": …}``. It is a process of its own because pyshark needs the event loop of
the main thread, and because a process can be ended as a whole when it does not come back.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import pyshark
from pyshark.capture.capture import TSharkCrashException

DISPLAY_FILTER = "tls.handshake.type in {1, 2, 11, 13, 14, 16} || tls.alert_message"
"""Messages in clear and alerts; encrypted handshake records would cost time and say nothing."""
PREFERENCES = {"tcp.reassemble_out_of_order": "TRUE", "tcp.desegment_tcp_streams": "TRUE", "tls.desegment_ssl_records": "TRUE"}
"""tshark does not put segments that came out of order together unless told to."""
PRINTED = (
    "geninfo frame ip ipv6 tcp tls tls.record tls.handshake tls.handshake.extension tls.handshake.extensions "
    "tls.handshake.certificates tls.handshake.ciphersuites tls.alert_message text"
)
"""Subtrees tshark prints: without this list every certificate is printed field by field, which is most of the cost."""


def main() -> int:
    """Reads the request, writes the answer; always exits 0 when it could answer."""
    request = json.load(sys.stdin)
    frames: list[dict[str, object]] = []
    problem = None
    try:
        frames.extend(read_frames(request["file"], request["ports"]))
    except TSharkCrashException as crashed:
        problem = f"tshark stopped early: {crashed}"
    json.dump({"frames": frames, "problem": problem}, sys.stdout)
    return 0


def read_frames(file: str, ports: list[int]) -> Iterator[dict[str, object]]:
    """One object per TLS layer that holds handshake messages or alerts."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # On 3.11 a loop that is passed in races with asyncio's child watcher; from 3.12 on one must be passed.
    passed = loop if sys.version_info >= (3, 12) else None
    capture = pyshark.FileCapture(
        file,
        keep_packets=False,
        display_filter=DISPLAY_FILTER,
        decode_as={f"tcp.port=={port}": "tls" for port in ports},
        override_prefs=PREFERENCES,
        custom_parameters=["-n", "-j", PRINTED],
        eventloop=passed,
    )
    with capture:
        for packet in capture:
            for layer in packet.layers:
                if layer.layer_name == "tls":
                    yield _facts(packet, layer)


def _facts(packet: Any, layer: Any) -> dict[str, object]:
    network = packet.ipv6 if "IPV6" in packet else packet.ip
    certificates = [bytes.fromhex(text.replace(":", "")) for text in _values(layer, "handshake_certificate")]
    return {
        "frame": int(packet.number),
        "stream": int(packet.tcp.stream),
        "src": [str(network.src), int(packet.tcp.srcport)],
        "dst": [str(network.dst), int(packet.tcp.dstport)],
        "types": _numbers(layer, "handshake_type"),
        "versions": _numbers(layer, "handshake_version"),
        "supported_versions": _numbers(layer, "handshake_extensions_supported_version"),
        "suites": _numbers(layer, "handshake_ciphersuite"),
        "certificates": [hashlib.sha256(der).hexdigest() for der in certificates],
        "alert_levels": _numbers(layer, "alert_message_level"),
        "alerts": _numbers(layer, "alert_message_desc"),
    }


def _values(layer: Any, name: str) -> list[str]:
    """Every occurrence of a field; pyshark's own attribute gives the first only."""
    field = layer.get_field(name)
    return [str(one.get_default_value()) for one in field.all_fields] if field is not None else []


def _numbers(layer: Any, name: str) -> list[int]:
    return [int(text, 0) for text in _values(layer, name) if text]


if __name__ == "__main__":
    sys.exit(main())
