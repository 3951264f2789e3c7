"""Measures and proves the media streams of a capture file, with the keys of its own SIP messages."""

from pathlib import Path

from pytest_cucmtls.capture.files import read_capture, unreadable
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.wire.media_report import with_measured_media
from pytest_cucmtls.wire.srtp_proof import SrtpProof, media_keys, prove_srtp


def measure_media(path: Path | str, report: CaptureReport) -> CaptureReport:
    """The report of this file with its media streams measured in a second pass: see `wire.media_report`.

    Raises FileUnreadable when the system does not let a file be read.
    """
    try:
        with open(path, "rb") as stream:
            return with_measured_media(report, stream)
    except OSError as refused:
        raise unreadable(path, refused) from refused


def prove_media(path: Path | str, *, key_log: Path | str | None = None) -> tuple[SrtpProof, ...]:
    """Which RTP streams of a file are SRTP beyond doubt, under SDES keys that its readable SIP messages carry; two passes.

    With `key_log` (a file of TLS secrets) also the SIP inside TLS is readable. A stream that fits no key has `authenticated`
    0: it is plain RTP, or its key is not in the capture. Raises FileUnreadable when the system does not let a file be read.
    """
    keys = media_keys(read_capture(path, key_log=key_log).sip)
    try:
        with open(path, "rb") as stream:
            return prove_srtp(stream, keys)
    except OSError as refused:
        raise unreadable(path, refused) from refused
