"""Run as a child process: asks Wireshark's dissectors, through pyshark, for the TLS handshake frames of one file.

``python -m pytest_cucmtls.capture.pyshark_frames`` reads one JSON object from standard input, ``{"file": …, "ports": […],
"key_log": …, "rsa_keys": […]}``, and writes one, ``{"frames": […], "problem": …}``. It is a process of its own because pyshark
needs the event loop of the main thread, and because a process can be ended as a whole when it does not come back.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pyshark
from packaging.version import Version
from pyshark.capture.capture import TSharkCrashException
from pyshark.tshark.output_parser.tshark_ek import TsharkEkJsonParser

DISPLAY_FILTER = "tls.handshake.type in {1, 2, 11, 13, 14, 16} || tls.alert_message"
"""Messages in clear and alerts; encrypted handshake records would cost time and say nothing."""
PREFERENCES = {"tcp.reassemble_out_of_order": "TRUE", "tcp.desegment_tcp_streams": "TRUE", "tls.desegment_ssl_records": "TRUE"}
"""tshark does not put segments that came out of order together unless told to."""
PRINTED = (
    "frame frame.number frame.protocols frame.len frame.time_epoch ip ip.src ip.dst ipv6 ipv6.src ipv6.dst "
    "tcp tcp.srcport tcp.dstport tcp.stream tls tls.record tls.handshake tls.handshake.type tls.handshake.version "
    "tls.handshake.extensions.supported_version tls.handshake.ciphersuite tls.handshake.ciphersuites "
    "tls.handshake.certificates tls.handshake.certificate tls.alert_message tls.alert_message.level tls.alert_message.desc text"
)
"""Fields tshark prints: without this list every certificate is printed part by part, which is most of the cost."""

_FIRST_WITH_THIS_FORMAT = Version("2.2.0")


def main() -> int:
    """Reads the request, writes the answer; always exits 0 when it could answer."""
    request = json.load(sys.stdin)
    frames: list[dict[str, object]] = []
    problem = None
    try:
        frames.extend(read_frames(request["file"], request["ports"], request["key_log"], request["rsa_keys"]))
    except TSharkCrashException as crashed:
        problem = f"tshark stopped early: {crashed}"
    json.dump({"frames": frames, "problem": problem}, sys.stdout)
    return 0


def read_frames(
    file: str, ports: Sequence[int], key_log: str | None = None, rsa_keys: Sequence[str] = ()
) -> Iterator[dict[str, object]]:
    """One object per frame that holds handshake messages or alerts; with secrets also those that are decrypted."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # On 3.11 a loop that is passed in races with asyncio's child watcher; from 3.12 on one must be passed.
    passed = loop if sys.version_info >= (3, 12) else None
    capture = pyshark.FileCapture(
        file,
        keep_packets=False,
        use_ek=True,
        display_filter=DISPLAY_FILTER,
        decode_as={f"tcp.port=={port}": "tls" for port in ports},
        override_prefs=PREFERENCES | ({"tls.keylog_file": key_log} if key_log else {}),
        custom_parameters=["-n", "-j", PRINTED, *_key_options(rsa_keys)],
        eventloop=passed,
    )
    # pyshark's own parser asks tshark for the types of all fields, keeps them in the user's home, and loses a second TLS layer.
    capture._setup_tshark_output_parser = _LayersParser
    # Nor is tshark started a second time to be asked its version: all that print this format are asked in the same way.
    capture._get_tshark_version = lambda: _FIRST_WITH_THIS_FORMAT
    with capture:
        for layers in capture:
            yield from _facts(layers)


class _LayersParser(TsharkEkJsonParser):  # type: ignore[misc]  # pyshark has no types
    """The layers of each packet as they stand in tshark's output: name -> fields."""

    def _parse_single_packet(self, packet: bytes) -> dict[str, Any]:
        layers: dict[str, Any] = json.loads(packet, object_pairs_hook=_with_all_values)["layers"]
        return layers


def _with_all_values(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which a name that stands there twice has the values of both: two TLS layers end in one packet."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[name] = [*_as_list(found[name]), *_as_list(value)] if name in found else value
    return found


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _key_options(rsa_keys: Sequence[str]) -> Iterator[str]:
    for path in rsa_keys:
        yield from ("-o", f'uat:rsa_keys:"{path}",""')


def _facts(layers: dict[str, Any]) -> Iterator[dict[str, object]]:
    version = "ipv6" if "ipv6" in layers else "ip"
    if not {"tls", "tcp", "frame", version} <= layers.keys():
        return
    tls, network, place = layers["tls"], layers[version], f"{version}_{version}"
    certificates = [bytes.fromhex(text.replace(":", "")) for text in _values(tls, "tls_tls_handshake_certificate")]
    # The innermost address counts where one packet is carried in another.
    yield {
        "frame": _numbers(layers["frame"], "frame_frame_number")[0],
        "stream": _numbers(layers["tcp"], "tcp_tcp_stream")[-1],
        "src": [_values(network, f"{place}_src")[-1], _numbers(layers["tcp"], "tcp_tcp_srcport")[-1]],
        "dst": [_values(network, f"{place}_dst")[-1], _numbers(layers["tcp"], "tcp_tcp_dstport")[-1]],
        "types": _numbers(tls, "tls_tls_handshake_type"),
        "versions": _numbers(tls, "tls_tls_handshake_version"),
        "supported_versions": _numbers(tls, "tls_tls_handshake_extensions_supported_version"),
        "suites": _numbers(tls, "tls_tls_handshake_ciphersuite"),
        "certificates": [hashlib.sha256(der).hexdigest() for der in certificates],
        "alert_levels": _numbers(tls, "tls_tls_alert_message_level"),
        "alerts": _numbers(tls, "tls_tls_alert_message_desc"),
    }


def _values(layer: Any, name: str) -> list[str]:
    """Every occurrence of a field as text, in all layers of the name; tshark puts an object in place of what it leaves out."""
    values = [value for one in _as_list(layer) if isinstance(one, dict) for value in _as_list(one.get(name))]
    return [value for value in values if isinstance(value, str)]


def _numbers(layer: Any, name: str) -> list[int]:
    return [int(text, 0) for text in _values(layer, name) if text]


if __name__ == "__main__":
    sys.exit(main())
