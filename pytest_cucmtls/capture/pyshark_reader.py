"""The second witness: the TLS handshakes of a capture file as Wireshark's dissectors see them, through pyshark."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_cucmtls.capture.files import read_secrets
from pytest_cucmtls.capture.witness_packets import BeginningsWriter
from pytest_cucmtls.capture.witnesses import WitnessedHandshake, WitnessReading
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.tls_registry import ALERT_LEVELS, alert_name, version_name

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_SERVER_HELLO = 2
_FROM_CLIENT, _FROM_SERVER = {1, 16, 15}, {2, 12, 13, 14}


def read_with_pyshark(
    path: Path | str,
    ports: Iterable[int] = (),
    *,
    key_log: Path | str | None = None,
    rsa_keys: Sequence[Path | str] = (),
    limit_seconds: float = 300,
) -> WitnessReading:
    """Every handshake of the file with versions, suite, certificate fingerprints and alerts, `ports` decoded as TLS.

    With `key_log` and `rsa_keys` (files) Wireshark decrypts as the native reader does.
    Never raises for a missing tool: without tshark or pyshark the reading has `unavailable` set and no handshakes. A file cut
    in the middle of a packet gives what was readable and a `problem`. `limit_seconds` bounds the child process.
    Raises FileUnreadable when the operating system does not let the file be read.
    """
    tshark = shutil.which("tshark")
    if tshark is None:
        return WitnessReading(
            unavailable="tshark is not installed: install it (Debian: apt install tshark) to have a second witness"
        )
    with tempfile.TemporaryDirectory(prefix="cucmtls-witness-") as folder:
        copy = Path(folder) / "beginnings.pcapng"
        secrets, own_log = read_secrets(key_log), Path(folder) / "secrets.keys"
        # The child loads pyshark while the packets for it are copied.
        child = _start_child(folder)
        try:
            numbers, problem = _copy_beginnings(Path(path), copy, secrets)
            if len(secrets):
                # Only this user can read the folder, and it is gone after the reading.
                own_log.write_text(secrets.text(), "ascii")
            request = {
                "file": str(copy),
                "ports": sorted(set(ports)),
                "key_log": str(own_log) if len(secrets) else None,
                "rsa_keys": [str(Path(key).resolve()) for key in rsa_keys],
            }
            answer = _answer(child, json.dumps(request), limit_seconds)
        finally:
            _end_group(child)
    if isinstance(answer, str):
        return WitnessReading(unavailable=answer)
    for frame in answer["frames"]:
        frame["frame"] = numbers[frame["frame"] - 1]
    return WitnessReading(handshakes=tuple(_handshakes(answer["frames"])), problem=problem or answer["problem"])


def _copy_beginnings(path: Path, copy: Path, secrets: KeyLog) -> tuple[list[int], str | None]:
    """Writes what pyshark needs: it takes milliseconds for every packet it is given. Raises FileUnreadable."""
    try:
        with open(path, "rb") as source, open(copy, "wb") as target:
            writer = BeginningsWriter(target)
            problem = writer.copy(source, secrets)
    except OSError as refused:
        raise FileUnreadable(str(path), refused.strerror or str(refused)) from refused
    return writer.frames, problem


@dataclass(slots=True)
class _Stream:
    """What the frames of one TCP stream say, while they are gathered; ends are those of its first frame."""

    first_frame: int
    ends: tuple[Endpoint, Endpoint]
    client: Endpoint | None = None
    version: str | None = None
    suite: int | None = None
    certificates: dict[Endpoint, tuple[str, ...]] = field(default_factory=dict)
    alerts: list[tuple[Endpoint, str, str]] = field(default_factory=list)

    def add(self, frame: dict[str, Any]) -> None:
        src, dst = Endpoint(*frame["src"]), Endpoint(*frame["dst"])
        types = set(frame["types"])
        if self.client is None and types & (_FROM_CLIENT | _FROM_SERVER):
            self.client = src if types & _FROM_CLIENT else dst
        if _SERVER_HELLO in types and frame["suites"]:
            # A HelloRetryRequest is a ServerHello too: the last one counts (RFC 8446 §4.1.4).
            self.suite = frame["suites"][-1]
            self.version = version_name((frame["supported_versions"] or frame["versions"])[-1])
        if frame["certificates"]:
            self.certificates.setdefault(src, tuple(frame["certificates"]))
        for level, description in zip(frame["alert_levels"], frame["alerts"], strict=False):
            self.alerts.append((src, ALERT_LEVELS.get(level, str(level)), alert_name(description)))

    def handshake(self) -> WitnessedHandshake | None:
        if self.client is None:
            return None
        server = self.ends[1] if self.client == self.ends[0] else self.ends[0]
        return WitnessedHandshake(
            client=self.client,
            server=server,
            first_frame=self.first_frame,
            version=self.version,
            cipher_suite=self.suite,
            server_certificates=self.certificates.get(server, ()),
            client_certificates=self.certificates.get(self.client, ()),
            alerts=tuple(("client" if sender == self.client else "server", level, name) for sender, level, name in self.alerts),
        )


def _handshakes(frames: Iterable[dict[str, Any]]) -> Iterator[WitnessedHandshake]:
    """Frames in file order, one handshake per TCP stream that shows a handshake message."""
    streams: dict[int, _Stream] = {}
    for frame in frames:
        stream = streams.get(frame["stream"])
        if stream is None:
            ends = (Endpoint(*frame["src"]), Endpoint(*frame["dst"]))
            stream = streams[frame["stream"]] = _Stream(frame["frame"], ends)
        stream.add(frame)
    for stream in streams.values():
        handshake = stream.handshake()
        if handshake is not None:
            yield handshake


def _start_child(folder: str) -> "subprocess.Popen[str]":
    # An empty configuration: preferences and disabled protocols of the user must not change what the witness says.
    # The child finds this package where this process found it, installed or not.
    places = [str(_PACKAGE_PARENT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "WIRESHARK_CONFIG_DIR": folder, "PYTHONPATH": os.pathsep.join(places)}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest_cucmtls.capture.pyshark_frames"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        start_new_session=True,
    )


def _answer(child: "subprocess.Popen[str]", request: str, limit_seconds: float) -> str | dict[str, Any]:
    """The child's answer, or in words why there is none."""
    try:
        output, errors = child.communicate(request, timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        return f"pyshark did not finish within {limit_seconds:g} s"
    if child.returncode != 0:
        return f"pyshark failed: {(errors.strip().splitlines() or ['no message'])[-1]}"
    answer: dict[str, Any] = json.loads(output)
    return answer


def _end_group(child: "subprocess.Popen[str]") -> None:
    """Ends whatever the child left running; the child leads a session of its own, so nothing else is hit."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
