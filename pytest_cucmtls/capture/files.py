"""Reads capture files from disk."""

from pathlib import Path

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.wire.capture_report import parse_capture


def read_capture(path: Path | str) -> CaptureReport:
    """The report of one pcap or pcapng file, plain or gzip, read once in pieces of 1 MiB.

    A file that is no capture gives a report with `readable` False; FileUnreadable is raised only when the operating system
    does not let it be read.
    """
    try:
        with open(path, "rb") as stream:
            return parse_capture(stream)
    except OSError as refused:
        raise FileUnreadable(
            str(path), refused.strerror or str(refused), remedy="Check the path and its permissions."
        ) from refused
