"""The second witness's reading of a capture file, as JSON to be kept with the evidence."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_cucmtls.capture.pyshark_reader import read_with_pyshark
from pytest_cucmtls.capture.witnesses import WitnessedHandshake
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.network import Endpoint


def second_reading(path: Path, ports: Iterable[int] = ()) -> dict[str, Any]:
    """Handshakes as Wireshark's dissectors see them, in the words of `read-capture --json`; `ports` are decoded as TLS.

    Secrets that the capture file itself carries are used, as by the native reader. Raises: NoEvidence without tshark.
    """
    reading = read_with_pyshark(path, ports)
    if reading.unavailable is not None:
        raise NoEvidence("the second reading of captures", reading.unavailable, collect="Install tshark, then judge again.")
    return {"reader": "pyshark", "problem": reading.problem, "handshakes": [_handshake(seen) for seen in reading.handshakes]}


def _handshake(seen: WitnessedHandshake) -> dict[str, Any]:
    return {
        "client": _endpoint(seen.client),
        "server": _endpoint(seen.server),
        "first_frame": seen.first_frame,
        "version": seen.version,
        "cipher_suite": None if seen.cipher_suite is None else {"id": f"0x{seen.cipher_suite:04X}"},
        "server_certificates": [{"sha256": digest} for digest in seen.server_certificates],
        "client_certificates": [{"sha256": digest} for digest in seen.client_certificates],
        "alerts": [{"sender": sender, "level": level, "description": text} for sender, level, text in seen.alerts],
    }


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {"ip": endpoint.ip, "port": endpoint.port}
