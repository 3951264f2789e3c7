"""Takes the test call from files of a call that was made before, where the inventory says ``call_driver = "replay"``."""

import json
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.evidence.given.given_files import GivenFiles, ReadFiles, read_given, trace_bytes
from pytest_cucmtls.evidence.given.sides import find_sides
from pytest_cucmtls.evidence.given.sides_inventory import node_of_trace, owned_traces
from pytest_cucmtls.evidence.given.traced_attempts import FoundCall, found_calls
from pytest_cucmtls.model.call_setup import REPLAY
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import Inventory
from pytest_cucmtls.procedure.context import Run

DRIVER = "trace"
"""As checks know a call nobody placed for this run."""
INTERFACE = "file"


def replays(inventory: Inventory) -> bool:
    """The call comes from files. Raises: ConfigurationInvalid when only one cluster says so, or a file is not there."""
    specs = [spec for spec in inventory.clusters if spec.calling.driver == REPLAY]
    if not specs:
        return False
    if len(specs) < len(inventory.clusters):
        name = next(spec.name for spec in inventory.clusters if spec not in specs)
        text = (
            f"must be {REPLAY!r} for both clusters or for none: one call cannot be replayed on one side and placed on the other"
        )
        raise ConfigurationInvalid(inventory.source, f"clusters.{name}.call_driver", text)
    for spec in specs:
        for file in (*spec.calling.captures, *spec.calling.traces):
            if not Path(file).exists():
                raise ConfigurationInvalid(inventory.source, f"clusters.{spec.name}.replay", f"there is no file {file}")
    return True


def keep_replayed_call(run: Run) -> None:
    """Keep captures and traces under the nodes they belong to, and the calls they show as attempts.

    Raises: FileUnreadable for a file that cannot be used; ConfigurationInvalid when the traces leave open who is who.
    """
    inventory = run.inventory
    captures = [(spec, Path(name)) for spec in inventory.clusters for name in spec.calling.captures]
    traces = tuple(Path(name) for spec in inventory.clusters for name in spec.calling.traces)
    given = GivenFiles(captures=tuple(path for _, path in captures), traces=traces, inventory=inventory)
    read = read_given(given)
    for spec, path in captures:
        run.folder.keep(
            path.read_bytes(),
            kind="capture",
            cluster=spec.name,
            node=spec.publisher.name,
            interface=INTERFACE,
            operation=f"replayed from {path.name}",
            media_type="application/vnd.tcpdump.pcap",
            attributes={"name": path.name},
        )
    calls = _keep_traces(run, given, read)
    for call in calls:
        run.progress(f"replayed: {call.caller} ({call.caller_cluster}) called {call.called}, {call.place}")
        _keep_call(run, call)
    found = {(call.caller_cluster, call.called_cluster) for call in calls}
    first, second = (spec.name for spec in inventory.clusters)
    for direction in ((first, second), (second, first)):
        if direction not in found:
            run.folder.keep_missing("the test call", f"the traces replayed show no INVITE {direction[0]}->{direction[1]}")


def _keep_traces(run: Run, given: GivenFiles, read: ReadFiles) -> list[FoundCall]:
    sides = find_sides(given, read)
    reports = {trace.name: trace.report for trace in read.traces}
    for name, data in trace_bytes(given.traces):
        report = reports.get(name)
        place = node_of_trace(report, sides, run.inventory) if report is not None else None
        if report is None or place is None:
            run.progress(f"replay: {name} belongs to neither cluster and is not judged")
            continue
        run.folder.keep(
            data,
            kind="calllog" if report.call_log else "sdl_trace",
            cluster=place[0].name,
            node=place[1].name,
            interface=INTERFACE,
            operation=f"replayed from {Path(name).name}",
            media_type="application/gzip" if data.startswith(b"\x1f\x8b") else "text/plain",
            attributes={"name": Path(name).name},
        )
    owned = [trace for trace, _ in owned_traces(read, sides) if trace is not None]
    extensions = {spec.name: spec.extension for spec in run.inventory.clusters}
    return found_calls(owned, sides.cluster_of, sides.clusters, extensions)


def _keep_call(run: Run, call: FoundCall) -> None:
    """In the words of a call driver; a trace without a date gives no time of the call but the present one."""
    now = datetime.now(UTC)
    values = {
        "direction": f"{call.caller_cluster}->{call.called_cluster}",
        "caller": call.caller,
        "called": call.called,
        "started_at": (call.at or now).isoformat(),
        "ended_at": (call.until or call.at or now).isoformat(),
        "driver": DRIVER,
        "result_code": None,
        "result_description": f"INVITE {call.call_id} in {call.place}, at {call.time}"
        + ("" if call.at else " of an unknown day"),
    }
    run.folder.keep(
        json.dumps(values, ensure_ascii=False).encode(),
        kind="call",
        cluster=call.caller_cluster,
        interface=INTERFACE,
        operation="replay",
        media_type="application/json",
    )
