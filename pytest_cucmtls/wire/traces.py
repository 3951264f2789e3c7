"""One trace file of CUCM, whatever its kind: SDL (8 to 15, SDI merged into it or not), legacy SDI, call log; plain or gzip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from pytest_cucmtls.model.traces import (
    CallLogLine,
    CertificateIndication,
    ConnectionRecord,
    TracedSip,
    TraceEdges,
    TraceEvent,
    TraceReport,
    TraceSource,
)
from pytest_cucmtls.wire import call_logs, collection_result, digit_analysis, trace_security, trace_sip
from pytest_cucmtls.wire.digit_analysis import DigitAnalysisReader
from pytest_cucmtls.wire.sdl_records import LEGACY_SDI, SDL, UNNUMBERED, Grammar, Record, RecordReader
from pytest_cucmtls.wire.trace_bytes import TraceBytes

MOST_FACTS = 200_000
"""Records of interest kept of one file: many times what a full trace file of a busy node holds."""
_SAMPLE_BYTES = 256 * 1024

_WANTED = (
    b"|FileHead",
    *digit_analysis.WANTED,
    *trace_sip.WANTED,
    trace_security.CERTIFICATE_WANTED,
    trace_security.CONNECTION_WANTED,
    *trace_security.EVENTS_WANTED,
)


def parse_trace(stream: BinaryIO, *, file_name: str = "") -> TraceReport:
    """Everything of interest in one trace file, read once in bounded memory; the kind is told by content, never by name.

    Never raises on content: a file without a single trace record has `readable` False; `problem` also tells of an early
    end, of records too long to keep and of facts not kept. `file_name` only appears in `problem`.
    """
    source = TraceBytes(stream)
    chunks = source.chunks()
    sample, rest = _sample(chunks)
    if collection_result.looks_like_one(sample):
        return _collection_report(source, sample, rest)
    if call_logs.LINE.search(b"\n" + sample) and not SDL.scan.search(b"\n" + sample):
        return _call_log_report(source, rest)
    grammar = next((one for one in (SDL, LEGACY_SDI, UNNUMBERED) if one.scan.search(b"\n" + sample)), SDL)
    return _record_report(source, rest, grammar, file_name)


@dataclass(slots=True)
class _Facts:
    """What has been found so far."""

    analyses: DigitAnalysisReader = field(default_factory=DigitAnalysisReader)
    sip: list[TracedSip] = field(default_factory=list)
    certificates: list[CertificateIndication] = field(default_factory=list)
    connections: list[ConnectionRecord] = field(default_factory=list)
    events: list[TraceEvent] = field(default_factory=list)

    def take(self, record: Record) -> None:
        """Sort one wanted record into its list."""
        text = record.text
        if "Digit analysis:" in text or text.startswith(("|", " |")):
            self.analyses.read(record)
        if " SIP " in text and (message := trace_sip.read_traced_sip(record)):
            self.sip.append(message)
            return
        if "SIPCertificateInd" in text and (indication := trace_security.read_certificate_indication(record)):
            self.certificates.append(indication)
        if "sipConnectionManagerProcess" in text and (connection := trace_security.read_connection(record)):
            self.connections.append(connection)
        self.events.extend(trace_security.read_events(record))


def _sample(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning of the text, without a byte order mark, and all of it again."""
    taken: list[bytes] = []
    size = 0
    for chunk in chunks:
        taken.append(chunk if taken else chunk.removeprefix(b"\xef\xbb\xbf"))
        size += len(chunk)
        if size >= _SAMPLE_BYTES:
            break
    return b"".join(taken)[:_SAMPLE_BYTES], chain(taken, chunks)


def _record_report(source: TraceBytes, chunks: Iterable[bytes], grammar: Grammar, file_name: str) -> TraceReport:
    reader, facts, seen = RecordReader(grammar, _WANTED), _Facts(), 0
    for record in reader.records(chunks):
        seen += 1
        if seen <= MOST_FACTS:
            facts.take(record)
    dropped = max(0, seen - MOST_FACTS)
    count = reader.by_type.total()
    problems = [
        source.problem,
        None if count else f"{file_name or 'the file'} holds no SDL, SDI or call log record",
        f"{reader.cut_records} records were too long and were cut" if reader.cut_records else None,
        f"{dropped} records of interest were not kept (limit {MOST_FACTS})" if dropped else None,
    ]
    return TraceReport(
        sha256=source.sha256,
        readable=count > 0,
        problem=_sentence(problems),
        header=reader.header,
        record_count=count,
        records_by_type=tuple(sorted(reader.by_type.items())),
        first_at=reader.first_at,
        last_at=reader.last_at,
        digit_analysis=facts.analyses.analyses,
        sip_messages=tuple(facts.sip),
        certificates=tuple(facts.certificates),
        connections=tuple(facts.connections),
        events=tuple(facts.events),
        edges=TraceEdges(reader.lead, _as_edge(reader.last_record), facts.analyses.unclaimed),
    )


def _as_edge(record: Record | None) -> tuple[TraceSource, str, str] | None:
    return (record.source, record.kind, record.text) if record is not None else None


def _collection_report(source: TraceBytes, sample: bytes, chunks: Iterable[bytes]) -> TraceReport:
    """RTMT's list of files: the sample holds all of it, real ones have a few thousand bytes."""
    for _ in chunks:
        continue
    found = collection_result.parse_collection_result(sample)
    return TraceReport(source.sha256, True, source.problem, None, 0, collection=found)


def _call_log_report(source: TraceBytes, chunks: Iterable[bytes]) -> TraceReport:
    lines: list[CallLogLine] = []
    dropped = 0
    for line in call_logs.read_call_log(chunks):
        if len(lines) < MOST_FACTS:
            lines.append(line)
        else:
            dropped += 1
    problems = [source.problem, f"{dropped} lines were not kept (limit {MOST_FACTS})" if dropped else None]
    return TraceReport(
        sha256=source.sha256,
        readable=True,
        problem=_sentence(problems),
        header=None,
        record_count=0,
        call_log=tuple(lines),
    )


def _sentence(problems: list[str | None]) -> str | None:
    return "; ".join(problem for problem in problems if problem) or None
