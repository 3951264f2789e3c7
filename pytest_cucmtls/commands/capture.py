"""The `read-capture` command: what capture files show, read by one witness or by both, as text, JSON or ladder diagrams."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.verdicts import EXIT_CODES

if TYPE_CHECKING:
    from pytest_cucmtls.capture.witnesses import WitnessReading
    from pytest_cucmtls.model.capture import CaptureReport
    from pytest_cucmtls.wire.key_log import KeyLog


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `read-capture` to the commands of `cucmtls`."""
    reader = commands.add_parser("read-capture", help="what capture files show")
    reader.add_argument("files", nargs="+", type=Path, metavar="FILE", help="pcap or pcapng, plain or gzip")
    reader.add_argument("--json", action="store_true", help="one JSON object per file, on one line")
    reader.add_argument(
        "--witness",
        choices=("native", "pyshark", "both"),
        default="native",
        help="who reads: the native reader, Wireshark's dissectors, or both with every disagreement listed",
    )
    reader.add_argument("--key-log", type=Path, metavar="FILE", help="TLS secrets in the format of SSLKEYLOGFILE")
    reader.add_argument(
        "--rsa-key", type=Path, action="append", default=[], metavar="FILE", help="a server's RSA private key, for static RSA"
    )
    reader.add_argument(
        "--follow", metavar="CALL-ID", help="show one call, or the TLS connections of one ADDRESS:PORT, as a ladder"
    )
    reader.add_argument("--ladder", metavar="FILE.svg", help="with --follow: write the ladder as SVG, - for standard output")
    reader.add_argument("--media", action="store_true", help="measure media streams and prove SRTP with the keys of the call")
    reader.set_defaults(run=_read_captures)


def _read_captures(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.capture.files import read_secrets

    if parsed.ladder and not parsed.follow:
        raise ConfigurationInvalid("--ladder", "", "says where to draw; --follow CALL-ID says what")
    if parsed.follow and parsed.witness == "pyshark":
        raise ConfigurationInvalid("--follow", "", "needs the native reader; leave --witness out or give both")
    codes = []
    for file in parsed.files:
        # Read for every file anew: what one capture teaches about its sessions is not known to the next.
        secrets = read_secrets(parsed.key_log, parsed.rsa_key)
        try:
            codes.append(_read_one(parsed, file, secrets))
        except FileUnreadable as problem:
            _print_unreadable(parsed, file, problem.detail)
            codes.append(EXIT_CODES["undecided"])
    if parsed.follow and EXIT_CODES["ok"] not in codes:
        print(f"cucmtls: no file shows {_printable(parsed.follow)} in readable messages", file=sys.stderr)
    return EXIT_CODES["ok"] if _is_success(parsed, codes) else EXIT_CODES["undecided"]


def _is_success(parsed: argparse.Namespace, codes: list[int]) -> bool:
    """A followed call needs to be in one of the files only."""
    good = [code == EXIT_CODES["ok"] for code in codes]
    return any(good) if parsed.follow else all(good)


def _read_one(parsed: argparse.Namespace, file: Path, secrets: "KeyLog") -> int:
    if parsed.witness == "pyshark":
        return _print_other_witness(parsed, file)
    from pytest_cucmtls.capture.files import read_capture_with

    report = read_capture_with(file, secrets)
    if parsed.media:
        from pytest_cucmtls.capture.measured_media import measure_media

        report = measure_media(file, report)
    if parsed.follow:
        return _follow(parsed, report, file)
    reading = _second_reading(parsed, file, tls_ports(report)) if parsed.witness == "both" else None
    disagreements = _disagreements(report, reading)
    if parsed.json:
        from pytest_cucmtls.report.capture_json import capture_as_json

        _print_json(capture_as_json(report, str(file)) | _witness_fields(reading, disagreements))
    else:
        from pytest_cucmtls.report.capture_text import capture_lines, disagreement_lines

        print("\n".join(capture_lines(report, str(file))))
        if reading is not None:
            print("\n".join(disagreement_lines(reading, disagreements)))
    return EXIT_CODES["ok"] if report.readable and not disagreements else EXIT_CODES["undecided"]


def _second_reading(parsed: argparse.Namespace, file: Path, ports: Iterable[int]) -> "WitnessReading":
    from pytest_cucmtls.capture.pyshark_reader import read_with_pyshark

    return read_with_pyshark(file, ports, key_log=parsed.key_log, rsa_keys=parsed.rsa_key)


def tls_ports(report: "CaptureReport") -> set[int]:
    """Ports on which TLS was found: Wireshark is told to decode them, for it knows the usual ports only."""
    return {handshake.server.port for handshake in report.handshakes if handshake.transport == "tcp"}


def _disagreements(report: "CaptureReport", reading: "WitnessReading | None") -> tuple[str, ...]:
    from pytest_cucmtls.capture.witnesses import compare

    return () if reading is None else compare(report, reading)


def _witness_fields(reading: "WitnessReading | None", disagreements: tuple[str, ...]) -> dict[str, Any]:
    if reading is None:
        return {}
    from pytest_cucmtls.report.witness_json import witness_as_json

    return {"witness": witness_as_json(reading), "disagreements": list(disagreements)}


def _print_other_witness(parsed: argparse.Namespace, file: Path) -> int:
    from pytest_cucmtls.report.witness_json import reading_as_capture_json, reading_lines

    reading = _second_reading(parsed, file, ())
    if parsed.json:
        _print_json(reading_as_capture_json(reading, str(file)))
    else:
        print("\n".join(reading_lines(reading, str(file))))
    return EXIT_CODES["ok"] if reading.unavailable is None else EXIT_CODES["undecided"]


def _follow(parsed: argparse.Namespace, report: "CaptureReport", file: Path) -> int:
    """One call as a ladder, or every TLS connection of one end; exit code 3 when this file does not show it."""
    from pytest_cucmtls.report.ladder import handshake_ladder
    from pytest_cucmtls.report.ladder_text import call_seen, call_svg, call_text, handshake_text

    call = call_seen(report, parsed.follow)
    if call is not None:
        lines, picture = call_text(call), call_svg(call)
    else:
        of_end = [seen for seen in report.handshakes if parsed.follow in (str(seen.client), str(seen.server))]
        if not of_end:
            return EXIT_CODES["undecided"]
        lines = [line for handshake in of_end for line in handshake_text(handshake)]
        picture = handshake_ladder(of_end[0], "", "")
    if parsed.ladder == "-":
        print(picture)
        return EXIT_CODES["ok"]
    print("\n".join(_printable(line) for line in (f"{file}:", *lines)))
    if parsed.ladder:
        _write(Path(parsed.ladder), picture)
    return EXIT_CODES["ok"]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as refused:
        raise ConfigurationInvalid(str(path), "", f"cannot be written: {refused.strerror}") from refused
    print(f"ladder written to {path}")


def _print_unreadable(parsed: argparse.Namespace, file: Path, detail: str) -> None:
    from pytest_cucmtls.model.capture import CaptureReport
    from pytest_cucmtls.report.capture_json import capture_as_json

    nothing = CaptureReport("", False, detail, 0, 0, None, None)
    if parsed.json:
        _print_json(capture_as_json(nothing, str(file)) | {"sha256": None})
    else:
        print(f"{_printable(str(file))}: cannot be read: {detail}")


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False))


def _printable(text: str) -> str:
    from pytest_cucmtls.report.ladder_text import printable

    return printable(text)
