"""Gathers the raw evidence of one trunk into the run folder; parsing and judging come later and elsewhere.

Order, as in the procedure document's sections on packet capture and traces: captures start on both publishers, the
trunks are reset (only in a run that may do so), one call is placed in each direction, captures and traces
are fetched; what the tool itself does to the listeners comes after, so that it stands in neither. Every wait is for
an event the cluster itself logs, with a limit.
"""

import json
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from pytest_cucmtls.capture.cli_capture import MOST_PACKETS, CliFileCapture
from pytest_cucmtls.capture.fetching import fetch_file
from pytest_cucmtls.capture.second_reading import second_reading
from pytest_cucmtls.clusters import ClusterReader, ClusterResetter
from pytest_cucmtls.evidence.run_folder import IndexLine
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE, LogFile
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.inventory import Mode, NodeAddress
from pytest_cucmtls.procedure import step_06_trust, step_07_identity, step_08_profile, step_09_trunk
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.plan_values import PROOF_STEP
from pytest_cucmtls.procedure.proof_changes import reset_before_calls
from pytest_cucmtls.procedure.runner import make_change
from pytest_cucmtls.run.further_evidence import keep_further_evidence
from pytest_cucmtls.run.node_zones import node_time_zone
from pytest_cucmtls.run.ocsp_answers import keep_ocsp_answers
from pytest_cucmtls.run.placing import place_test_call
from pytest_cucmtls.run.probing import probe_listeners
from pytest_cucmtls.run.replaying import keep_replayed_call, replays
from pytest_cucmtls.run.side_by_side import side_by_side
from pytest_cucmtls.run.surroundings import keep_surroundings
from pytest_cucmtls.wire.pcap import PacketFile

_NodeCapture = tuple[ClusterReader, NodeAddress, CliFileCapture]
CAPTURE_FILE = "cucmtls"
Witness = Callable[[Path, Iterable[int]], dict[str, Any]]
"""Reads a capture file, these ports decoded as TLS, in the words of `read-capture --json`."""


class _Phases:
    """Names what is going on and how long each part took."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self.done: list[tuple[str, float]] = []

    def run(self, name: str, act: Callable[[], None]) -> None:
        self._progress(name)
        begun = time.monotonic()
        act()
        self.done.append((name, time.monotonic() - begun))


def collect_proof(
    run: Run, witness: Witness = second_reading, probe: Callable[[Run], None] = probe_listeners
) -> list[tuple[str, float]]:
    """Captures, calls and traces of both clusters; returns (phase, seconds). What fails is said in the evidence, not raised.

    `witness` reads the captures a second time, what it raises is said as well; `probe` asks the listeners.
    """
    phases = _Phases(run.progress)
    begun_at = datetime.now(UTC)
    run.step = 0
    if replays(run.inventory):
        read = partial(keep_replayed_call, run)
        phases.run("files of a call made before are read", partial(attempt, run, "the test call", read))
    else:
        _make_calls(run, phases, begun_at)
    phases.run("listeners are probed", partial(probe, run))
    phases.run("revocation lists and copies of the trunk are looked for", partial(keep_further_evidence, run))
    phases.run("names, replication and cryptographic mode are read", partial(keep_surroundings, run))
    phases.run("revocation is asked of OCSP responders where allowed", partial(keep_ocsp_answers, run))
    phases.run("configuration is read once more", lambda: _read_again(run))
    phases.run("captures are read by the second witness", lambda: _second_witness(run, witness))
    return phases.done


def _make_calls(run: Run, phases: _Phases, begun_at: datetime) -> None:
    captures: list[_NodeCapture] = []
    with ExitStack() as open_captures:
        phases.run("captures start on both clusters", lambda: captures.extend(_start_captures(run, open_captures)))
        if run.inventory.mode is Mode.APPLY or run.inventory.reset_trunks:
            phases.run("trunks are reset", lambda: _reset_trunks(run))
        for caller, called in (run.clusters, run.clusters[::-1]):
            name = f"call {caller.spec.extension} ({caller.name}) to {called.spec.extension} ({called.name})"
            phases.run(name, partial(attempt, run, "the test call", partial(place_test_call, run, caller, called)))
        phases.run("captures stop and are fetched", lambda: _fetch_captures(run, captures))
    phases.run("traces are collected", lambda: _collect_traces(run, begun_at))


def attempt(run: Run, fact: str, act: Callable[[], object]) -> None:
    """What cannot be gathered becomes a stated reason for an undecided verdict; the rest of the collection goes on."""
    try:
        act()
    except CucmTlsError as problem:
        run.progress(f"not collected: {fact}: {problem}")
        run.folder.keep_missing(fact, str(problem))


def _start_captures(run: Run, stack: ExitStack) -> list[_NodeCapture]:
    started: dict[tuple[str, str], _NodeCapture] = {}
    places = [(cluster, peer, node) for cluster, peer in (run.clusters, run.clusters[::-1]) for node in cluster.spec.nodes]

    def start(cluster: ClusterReader, peer: ClusterReader, node: NodeAddress) -> None:
        capture = cluster.file_capture(node, peer_ip=peer.spec.publisher.address, file_name=CAPTURE_FILE)
        started[cluster.name, node.name] = (cluster, node, stack.enter_context(capture))

    side_by_side([partial(attempt, run, f"capture of {c.name}/{n.name}", partial(start, c, p, n)) for c, p, n in places])
    return [started[c.name, n.name] for c, _, n in places if (c.name, n.name) in started]


def _reset_trunks(run: Run) -> None:
    for cluster in run.clusters:
        if isinstance(cluster, ClusterResetter):
            reset = reset_before_calls(run, cluster)
            attempt(run, f"trunk reset of {cluster.name}", partial(make_change, run, PROOF_STEP, reset))


def _fetch_captures(run: Run, captures: list[_NodeCapture]) -> None:
    side_by_side(
        [partial(attempt, run, f"capture of {c.name}/{n.name}", partial(keep_capture, run, c, n, o)) for c, n, o in captures]
    )


def keep_capture(run: Run, cluster: ClusterReader, node: NodeAddress, capture: CliFileCapture) -> None:
    """Stop a capture, fetch its file, keep it and take it off the node. Raises: the errors of stopping and fetching."""
    path, access = capture.stop(), cluster.spec.access
    data, way = fetch_file(cluster, node, path, ways=access.file_transfer, sftp_port=access.sftp_port)
    full = count_packets(data) >= MOST_PACKETS
    if full:
        why = f"it was full after {MOST_PACKETS} packets, the most the command writes: later packets are missing"
        run.folder.keep_missing(f"rest of the capture of {cluster.name}/{node.name}", why)
        run.progress(f"capture of {cluster.name}/{node.name}: {why}")
    run.folder.keep(
        data,
        kind="capture",
        cluster=cluster.name,
        node=node.name,
        interface=way,
        operation=capture.command,
        media_type="application/vnd.tcpdump.pcap",
        attributes={"path": path}
        | ({"cut_short": capture.cut_short} if capture.cut_short else {})
        | ({"full": True} if full else {}),
    )
    try:
        capture.remove()
    except CucmTlsError as problem:
        run.progress(f"{capture.active_log_path} stays on {node.name}: {problem}")


def count_packets(data: bytes) -> int:
    """Packets of a capture file, as far as it can be read."""
    return sum(1 for _ in PacketFile(BytesIO(data)).packets())


def _collect_traces(run: Run, since: datetime) -> None:
    nodes = run.nodes()
    side_by_side(
        [partial(attempt, run, f"traces of {c.name}/{n.name}", partial(keep_traces_of, run, c, n, since)) for c, n in nodes]
    )


def keep_traces_of(run: Run, cluster: ClusterReader, node: NodeAddress, since: datetime) -> None:
    """Keep the SDL traces and call logs a node wrote since then. Raises: the errors of log collection and transfer."""
    access, until = cluster.spec.access, datetime.now(UTC) + timedelta(minutes=1)
    zone = node_time_zone(cluster, node)
    offered = cluster.log_collection(node).list_files(CALL_MANAGER_SERVICE, since - timedelta(minutes=1), until, zone)
    wanted = [(file, kind) for file in offered.value if (kind := _kind_of(file))]
    if not wanted:
        run.folder.keep_missing(f"traces of {cluster.name}/{node.name}", "the node offers no SDL or call log file of this time")
    for file, kind in wanted:
        data, way = fetch_file(cluster, node, file.path, ways=access.file_transfer, sftp_port=access.sftp_port)
        run.folder.keep(
            data,
            kind=kind,
            cluster=cluster.name,
            node=node.name,
            interface=way,
            operation=file.path,
            attributes={"name": file.name},
        )


def _kind_of(file: LogFile) -> str | None:
    """Which of our kinds a log file is, by CUCM's own naming (``SDL001_100_000001.txt``, ``calllogs_00000001.txt``)."""
    if file.name.startswith("SDL") and ".index" not in file.name:
        return "sdl_trace"
    return "calllog" if file.name.startswith("calllogs_") else None


def _read_again(run: Run) -> None:
    """Identities, trust stores, profiles and trunks as they are at the time of the call."""
    for step in (step_06_trust, step_07_identity, step_08_profile, step_09_trunk):
        attempt(run, f"step {step.number} once more", partial(step.read_back, run))


def _second_witness(run: Run, witness: Witness) -> None:
    for line in run.folder.entries("capture"):
        attempt(run, "the second reading of captures", partial(keep_second_reading, run, line, witness))


def keep_second_reading(run: Run, line: IndexLine, witness: Witness) -> None:
    """Keep what the second witness says of one capture. Raises: the witness's errors."""
    run.folder.keep(
        json.dumps(witness(run.folder.path / line.item.path, {node.sip_port for _, node in run.nodes()})).encode(),
        kind="witness",
        cluster=line.cluster,
        node=line.node,
        interface="tool",
        operation=f"pyshark {line.item.path}",
        media_type="application/json",
        attributes={"capture": line.item.path},
    )
