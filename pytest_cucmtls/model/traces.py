"""What CUCM trace files say (SDL, SDI, call logs)."""

from dataclasses import dataclass, field
from datetime import datetime

from pytest_cucmtls.model.sip import SipMessage


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """The ``FileHead`` record: only place of the date and of the node's identity."""

    utc_offset_seconds: int | None
    date: str | None
    """``YYYY-MM-DD`` in the node's zone."""
    node_id: int | None
    version: str | None
    host_name: str | None
    host_address: str | None
    file_number: int | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TraceSource:
    """Where a fact of a trace stands: sequence number, time of day text, 1-based line, and UTC time when the date is known."""

    sequence: str
    time: str
    line: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DigitAnalysis:
    """One ``match(`` with its outcome: ``match``, ``potential``, ``no_match`` or None when the block was cut off."""

    source: TraceSource
    calling_party_number: str | None
    """``fqcn``"""
    dialed_digits: str
    """``dd``"""
    calling_search_space: tuple[str, ...]
    """``pss`` split at ``:``; empty means the <None> partition only."""
    outcome: str | None
    arguments: tuple[tuple[str, str], ...] = ()
    results: tuple[tuple[str, str], ...] = ()
    pattern_usage: int | None = None
    """``patternUsage`` of the record before: 2 directory number, 5 route pattern, 7 hunt pilot."""

    def result(self, key: str) -> str | None:
        """Value of one result key (``DialingPattern`` …), None when absent."""
        return next((value for name, value in self.results if name == key), None)


@dataclass(frozen=True, slots=True)
class TracedSip:
    """A SIP message logged by the node; `direction` is ``in`` or ``out``."""

    source: TraceSource
    direction: str
    peer: str
    port: int
    connection_index: int | None
    net_id: int | None
    message: SipMessage
    byte_count: int | None = None
    log_transport: str = "TCP"


@dataclass(frozen=True, slots=True)
class CertificateIndication:
    """``SIPCertificateInd``: what the node saw of its TLS peer on one connection index."""

    source: TraceSource
    connection_index: int
    remote_ip: str
    remote_port: int
    subject: str
    cipher: str
    """OpenSSL's name."""
    subject_alternative_name: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """``sipConnectionManagerProcessConnCreated`` (`outgoing`) or ``…ProcessNewConnMsg``."""

    source: TraceSource
    address: str
    port: int
    connection_id: int
    transport: str
    outgoing: bool


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """Any other record of interest: `kind` is ``create_connection`` (``tls_security``), ``device_found``, ``device_process``,
    ``alarm``, ``tls_error``, ``secure_status``, ``sip_setup``, ``tone``; `fields` are its parsed key/value pairs."""

    source: TraceSource
    kind: str
    fields: tuple[tuple[str, str], ...]

    def field(self, key: str) -> str | None:
        """Value of one field, None when absent."""
        return next((value for name, value in self.fields if name == key), None)


@dataclass(frozen=True, slots=True)
class CallLogLine:
    """One line of ``calllogs_*.txt``: `subsystem` (``CC``, ``SIPL``, ``SIPT``), `event` and the remaining columns."""

    line: int
    at: datetime | None
    time: str
    subsystem: str
    event: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraceEdges:
    """What ties a trace file to its neighbours of the same node: blocks are cut where a file ends."""

    lead: str = ""
    """Text before the first record, or behind the FileHead: what the last record of the file before still had to say."""
    last: "tuple[TraceSource, str, str] | None" = None
    """(place, type, text) of the last record, when it is one of interest."""
    outcomes: tuple[DigitAnalysis, ...] = ()
    """Outcomes of digit analysis whose request is not in this file; `dialed_digits` is empty."""


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """One file named by RTMT's trace collection result."""

    kind: str
    path: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class TraceCollection:
    """RTMT's own list of what it collected: a list of traces, not a trace."""

    node: str | None
    service: str | None
    files: tuple[CollectedFile, ...]


@dataclass(frozen=True, slots=True)
class TraceReport:
    """Everything read from one trace file; `problem` is None for a clean one."""

    sha256: str
    readable: bool
    problem: str | None
    header: TraceHeader | None
    record_count: int
    records_by_type: tuple[tuple[str, int], ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    digit_analysis: tuple[DigitAnalysis, ...] = ()
    sip_messages: tuple[TracedSip, ...] = ()
    certificates: tuple[CertificateIndication, ...] = ()
    connections: tuple[ConnectionRecord, ...] = ()
    events: tuple[TraceEvent, ...] = ()
    call_log: tuple[CallLogLine, ...] = ()
    edges: TraceEdges = field(default_factory=TraceEdges)
    collection: TraceCollection | None = None


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One thing that happened in a call, as one node's trace tells it."""

    at: datetime | None
    time: str
    """As printed, in the node's own zone."""
    node: str
    file: str
    line: int
    sequence: str
    kind: str
    """``sip``, ``digits``, ``device``, ``tls``, ``certificate``, ``connection``, ``security``, ``tone``, ``call_log``."""
    text: str


@dataclass(frozen=True, slots=True)
class CallStory:
    """Everything several traces tell of one call, in order."""

    call_ids: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    """(node, CI) of every leg."""
    connections: tuple[tuple[str, int], ...]
    """(node, connection index) of every connection its messages used."""
    nodes: tuple[str, ...]
    caller: str
    called: str
    ending: str
    """How it ended, in words: answered or refused, released by what cause, or that the traces do not say."""
    steps: tuple[StoryStep, ...]
