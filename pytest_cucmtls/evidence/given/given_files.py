"""The files of somebody else's case: which were given, and what each of them says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_cucmtls.capture.files import read_capture
from pytest_cucmtls.capture.trace_files import NamedTrace, read_traces
from pytest_cucmtls.capture.trace_streams import TraceStream, trace_streams
from pytest_cucmtls.evidence.given.certificate_files import certificates_in
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.inventory import Inventory

LARGEST_KEPT_BYTES = 1024 * 1024 * 1024
LARGEST_CERTIFICATE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """What the user named; the first member of a pair is the cluster's name."""

    captures: tuple[Path, ...] = ()
    traces: tuple[Path, ...] = ()
    certificates: tuple[tuple[str, Path], ...] = ()
    trusts: tuple[tuple[str, Path], ...] = ()
    authorities: tuple[Path, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()
    inventory: Inventory | None = None
    policy: str | None = None

    @property
    def clusters(self) -> tuple[str, str]:
        """The two names, A and B where the options name fewer. Raises: ConfigurationInvalid when they name more."""
        known = [spec.name for spec in self.inventory.clusters] if self.inventory is not None else []
        pairs = (*self.addresses, *self.certificates, *self.trusts, *self.extensions, *self.patterns)
        said = list(dict.fromkeys([*known, *sorted({name for name, _ in pairs})]))
        found = [*said, *(name for name in ("A", "B") if name not in said)][: max(2, len(said))]
        if len(found) > 2:
            text = f"two clusters are judged, the options name {', '.join(found)}"
            raise ConfigurationInvalid("judge", "--certificate, --node", text, remedy="Use the same two names everywhere.")
        first, second = sorted(found) if not known else found
        return first, second


@dataclass(frozen=True, slots=True)
class GivenCertificate:
    """One certificate file as it was given."""

    cluster: str
    path: Path
    data: bytes = field(repr=False)
    certificates: tuple[Certificate, ...]

    @property
    def leaf(self) -> Certificate:
        """The node's own certificate: the first that is no CA's, else the first."""
        return next((one for one in self.certificates if not one.is_ca), self.certificates[0])


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """Everything the files say, before anybody knows whose they are."""

    captures: tuple[tuple[Path, CaptureReport], ...]
    traces: tuple[NamedTrace, ...]
    certificates: tuple[GivenCertificate, ...]
    trusts: tuple[GivenCertificate, ...]
    authorities: tuple[GivenCertificate, ...]


def read_given(given: GivenFiles) -> ReadFiles:
    """Read every file once. Raises: FileUnreadable, for a file that cannot be opened or is not what its option says."""
    return ReadFiles(
        captures=tuple((path, _capture(path)) for path in given.captures),
        traces=tuple(trace for trace in read_traces(given.traces) if _is_trace(trace)),
        certificates=tuple(_certificate(cluster, path) for cluster, path in given.certificates),
        trusts=tuple(_certificate(cluster, path) for cluster, path in given.trusts),
        authorities=tuple(_certificate("", path) for path in given.authorities),
    )


def trace_bytes(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes as received) of each trace file, in the order of `read_given`. Raises: FileUnreadable above the limit."""
    for found in trace_streams(paths):
        yield found.name, _whole(found)


def _whole(found: TraceStream) -> bytes:
    """All bytes of a stream that may give them in parts, as members of a tar do."""
    parts: list[bytes] = []
    left = LARGEST_KEPT_BYTES
    try:
        while part := found.stream.read(1024 * 1024):
            parts.append(part)
            left -= len(part)
            if left < 0:
                text = f"is larger than {LARGEST_KEPT_BYTES} bytes"
                raise FileUnreadable(found.name, text, remedy="Cut out the time of the call.")
    except OSError as problem:
        raise FileUnreadable(found.name, f"cannot be read: {problem}") from problem
    return b"".join(parts)


def _is_trace(trace: NamedTrace) -> bool:
    """Files of a folder or archive that are no traces are passed over; one the user named must be one."""
    if trace.given and not trace.report.readable:
        raise FileUnreadable(trace.name, trace.report.problem or "holds no trace", remedy="Give SDL, SDI or call log files.")
    return trace.report.readable


def _capture(path: Path) -> CaptureReport:
    report = read_capture(path)
    if not report.readable:
        raise FileUnreadable(str(path), report.problem or "is no capture", remedy="Give a pcap or pcapng file.")
    return report


def _certificate(cluster: str, path: Path) -> GivenCertificate:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_CERTIFICATE_BYTES + 1)
    except OSError as problem:
        raise FileUnreadable(str(path), f"cannot be opened: {problem.strerror}") from problem
    if len(data) > LARGEST_CERTIFICATE_BYTES:
        raise FileUnreadable(str(path), "is far too large for a certificate")
    if b"PRIVATE KEY" in data:
        raise FileUnreadable(
            str(path), "holds a private key, which must not become evidence", remedy="Give the certificate in a file of its own."
        )
    return GivenCertificate(cluster, path, data, certificates_in(data, str(path)))
