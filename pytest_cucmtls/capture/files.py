"""Opens capture files and what belongs to them: TLS secrets and private keys."""

from collections.abc import Sequence
from pathlib import Path

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.errors import FileUnreadable, UnexpectedAnswer
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.key_log import KeyLog
from pytest_cucmtls.wire.rsa_key_exchange import RsaKeys


def read_capture(path: Path | str, *, key_log: Path | str | None = None, rsa_keys: Sequence[Path | str] = ()) -> CaptureReport:
    """The report of one pcap or pcapng file, plain or gzip, read once in pieces of 1 MiB.

    `key_log` is a file of TLS secrets in NSS format (SSLKEYLOGFILE); `rsa_keys` are files with RSA private keys of servers, PEM
    or DER, for static-RSA suites. A file that is no capture gives a report with `readable` False; FileUnreadable is raised only
    when the operating system does not let a file be read, or a private key is none.
    """
    return read_capture_with(path, read_secrets(key_log, rsa_keys))


def read_capture_with(path: Path | str, secrets: KeyLog) -> CaptureReport:
    """The same with secrets already read; what the capture teaches about TLS sessions is added to them.

    Raises: FileUnreadable when the operating system does not let the file be read.
    """
    try:
        with open(path, "rb") as stream:
            return parse_capture(stream, key_log=secrets)
    except OSError as refused:
        raise unreadable(path, refused) from refused


def read_secrets(key_log: Path | str | None, rsa_keys: Sequence[Path | str] = ()) -> KeyLog:
    """What opens TLS records; raises FileUnreadable."""
    text = "" if key_log is None else _read(key_log).decode("ascii", "replace")
    return KeyLog(text, _read_keys(rsa_keys) if rsa_keys else None)


def _read_keys(paths: Sequence[Path | str]) -> RsaKeys:
    for path in paths:
        try:
            RsaKeys([_read(path)])
        except UnexpectedAnswer as wrong:
            raise FileUnreadable(str(path), wrong.detail, remedy="Give the server's RSA private key, PEM or DER.") from wrong
    return RsaKeys(_read(path) for path in paths)


def _read(path: Path | str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as refused:
        raise unreadable(path, refused) from refused


def unreadable(path: Path | str, refused: OSError) -> FileUnreadable:
    """The operating system's refusal as an error of ours."""
    return FileUnreadable(str(path), refused.strerror or str(refused), remedy="Check the path and its permissions.")
