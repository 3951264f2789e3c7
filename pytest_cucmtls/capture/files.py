"""Reads capture files from disk."""

from pathlib import Path

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.wire.capture_report import parse_capture


def read_capture(path: Path | str, *, key_log: Path | str | None = None) -> CaptureReport:
    """The report of one pcap or pcapng file, plain or gzip, read once in pieces of 1 MiB.

    `key_log` is a file of TLS secrets in NSS format (SSLKEYLOGFILE). A file that is no capture gives a report with
    `readable` False; FileUnreadable is raised only when the operating system does not let a file be read.
    """
    secrets = None if key_log is None else _read_secrets(key_log)
    try:
        with open(path, "rb") as stream:
            return parse_capture(stream, key_log=secrets)
    except OSError as refused:
        raise _unreadable(path, refused) from refused


def _read_secrets(path: Path | str) -> str:
    try:
        return Path(path).read_text("ascii", "replace")
    except OSError as refused:
        raise _unreadable(path, refused) from refused


def _unreadable(path: Path | str, refused: OSError) -> FileUnreadable:
    return FileUnreadable(str(path), refused.strerror or str(refused), remedy="Check the path and its permissions.")
