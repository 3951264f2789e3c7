"""Which node wrote a trace: by its FileHead, by what it sent, or by its call log."""

from collections.abc import Sequence

from pytest_cucmtls.model.traces import TraceReport

NamedReport = tuple[str, TraceReport]


def node_key(report: TraceReport) -> str:
    """What tells the node of a file: its address, else its name and number; "" without a FileHead."""
    header = report.header
    if header is None:
        return ""
    return header.host_address or header.host_name or (f"node {header.node_id}" if header.node_id is not None else "")


def own_address(report: TraceReport) -> str | None:
    """Address of the node: FileHead, else the top Via of a request it sent, else the local column of its call log."""
    if report.header is not None and report.header.host_address:
        return report.header.host_address
    for traced in report.sip_messages:
        via = traced.message.header("Via") if traced.direction == "out" and traced.message.method else None
        words = via.split() if via else []
        if len(words) > 1:
            return _host(words[1])
    columns = (line.columns for line in report.call_log if line.subsystem in {"SIPL", "SIPT"} and len(line.columns) == 11)
    return next((found[3] for found in columns), None)


def node_name(name: str, report: TraceReport, reports: Sequence[NamedReport]) -> str:
    """What the node is called: its host name (from any file of it with a FileHead), its address, else the file's name."""
    if report.header is not None:
        return report.header.host_name or node_key(report) or name
    address = own_address(report)
    for _, other in reports:
        if address and other.header is not None and other.header.host_address == address:
            return other.header.host_name or address
    return address or name.rpartition("/")[2]


def _host(sent_by: str) -> str:
    """Host of a Via's sent-by, without port, parameters and brackets."""
    text = sent_by.partition(";")[0]
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if text.count(":") == 1 else text
