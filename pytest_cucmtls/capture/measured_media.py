"""Measures the media streams of a capture file in a second pass, with the keys of its own SIP messages."""

from pathlib import Path

from pytest_cucmtls.capture.files import unreadable
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.wire.media_report import with_measured_media


def measure_media(path: Path | str, report: CaptureReport) -> CaptureReport:
    """The report of this file with its media streams measured in a second pass: see `wire.media_report`.

    Raises FileUnreadable when the system does not let a file be read.
    """
    try:
        with open(path, "rb") as stream:
            return with_measured_media(report, stream)
    except OSError as refused:
        raise unreadable(path, refused) from refused
