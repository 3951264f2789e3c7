"""From the shared evidence of a mesh to one ordinary run folder per trunk: what concerns the trunk, and nothing of the others.

Items about a node, a cluster or the trunk as a whole are taken over unchanged (linked, not copied). Captures and traces of a
node hold all its trunks: of those the trunk gets the packets between its clusters, and the records of its calls' times and of
its peer's addresses. Each says in its index line which file it was cut from, with that file's SHA-256; the whole stays beside it.
A file that cannot be cut without loss is taken over whole.
"""

import json
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pytest_cucmtls.checks.moments import CALL_MARGIN, MEASURED_MARGIN
from pytest_cucmtls.evidence.run_folder import IndexLine, RunFolder
from pytest_cucmtls.evidence.shared_folder import OWNER, TRUNK
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory
from pytest_cucmtls.model.mesh import Mesh, trunk_name
from pytest_cucmtls.wire.capture_cut import cut_capture
from pytest_cucmtls.wire.cli_text import parse_ntp_status
from pytest_cucmtls.wire.trace_bytes import TraceBytes
from pytest_cucmtls.wire.trace_cut import PeerMarks, cut_call_log, cut_sdl_trace

CUT_KINDS = ("capture", "sdl_trace", "calllog")
CUT_FROM = "cut_from"
"""Attribute of a cut item: path and SHA-256 of the shared file it was cut from."""


@dataclass(slots=True)
class _Layout:
    """What laying out needs to know, gathered once from the shared index."""

    mesh: Mesh
    shared: RunFolder
    folders: Mapping[str, RunFolder]
    """Trunk name to its run folder."""
    offsets: dict[tuple[str | None, str | None], timedelta | None] = field(default_factory=dict)
    """(cluster, node) to its clock minus ours, None when nobody read it."""
    calls: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))
    """Trunk to the times of its calls."""
    pieces: dict[tuple[str, str], str] = field(default_factory=dict)
    """(path of a shared capture, trunk) to the path of what was cut from it."""


def lay_out(mesh: Mesh, shared: RunFolder, place: Callable[[str], Path]) -> None:
    """Make every trunk's run folder at `place(name)`. Raises: FileUnreadable; FileExistsError where one was made before."""
    started_at = datetime.now(UTC)
    folders = {trunk_name(trunk): RunFolder(place(trunk_name(trunk))) for trunk in mesh.trunks}
    for trunk in mesh.trunks:
        folders[trunk_name(trunk)].begin(trunk, started_at=started_at)
    layout = _Layout(mesh, shared, folders)
    lines, _ = shared.index()
    _learn(layout, lines)
    _adopt(layout, lines)
    for line in lines:
        if line.kind in CUT_KINDS:
            _cut(layout, line)
    for line in lines:
        if line.kind == "witness":
            _cut_reading(layout, line)


def _learn(layout: _Layout, lines: Iterable[IndexLine]) -> None:
    """Clock offsets and call times: which records of a trace belong to which call."""
    for line in lines:
        if line.kind == "ntp":
            layout.offsets[line.cluster, line.node] = _offset(layout.shared, line)
        elif line.kind == "call":
            values = json.loads(layout.shared.read(line))
            begin = datetime.fromisoformat(values["started_at"])
            end = datetime.fromisoformat(values["ended_at"]) if values.get("ended_at") else line.at
            layout.calls[str(line.attributes[TRUNK])].append((begin, end))


def _offset(shared: RunFolder, line: IndexLine) -> timedelta | None:
    """As `evidence.load` reads it: the node prints whole seconds, so less than one late is none."""
    try:
        status = parse_ntp_status(shared.read(line).decode("utf-8", "replace"))
    except CucmTlsError:
        return None
    if status.utc_time is None:
        return None
    apart = status.utc_time - line.at
    return timedelta() if timedelta(seconds=-1) <= apart <= timedelta() else apart


def _adopt(layout: _Layout, lines: Iterable[IndexLine]) -> None:
    """Everything that needs no cutting, in the order it was kept."""
    by_concern: dict[str | None, list[tuple[int, IndexLine]]] = defaultdict(list)
    for number, line in enumerate(lines):
        if line.kind not in (*CUT_KINDS, "witness"):
            by_concern[_concern(line)].append((number, line))
    for trunk in layout.mesh.trunks:
        concerns = (None, f"cluster {trunk.cluster_a.name}", f"cluster {trunk.cluster_b.name}", f"trunk {trunk_name(trunk)}")
        wanted = sorted((entry for concern in concerns for entry in by_concern[concern]), key=lambda entry: entry[0])
        layout.folders[trunk_name(trunk)].adopt([line for _, line in wanted], layout.shared)


def _concern(line: IndexLine) -> str | None:
    """One trunk, all trunks of a cluster, or (None) all there are."""
    if trunk := line.attributes.get(TRUNK):
        return f"trunk {trunk}"
    owner = line.cluster or line.attributes.get(OWNER)
    return f"cluster {owner}" if owner else None


def _cut(layout: _Layout, line: IndexLine) -> None:
    """One file of one node into a piece for each trunk of its cluster."""
    data = layout.shared.read(line)
    trunks = layout.mesh.trunks_of(str(line.cluster))
    pieces = _pieces_of(layout, line, data, trunks)
    for trunk in trunks:
        name = trunk_name(trunk)
        folder = layout.folders[name]
        piece = None if pieces is None else pieces[name]
        if piece is None:
            folder.adopt([line], layout.shared)
            layout.pieces[line.item.path, name] = line.item.path
        elif piece or line.kind != "calllog":
            layout.pieces[line.item.path, name] = _keep(folder, line, piece)


def _pieces_of(layout: _Layout, line: IndexLine, data: bytes, trunks: Iterable[Inventory]) -> Mapping[str, bytes] | None:
    own = next(cluster for cluster in layout.mesh.clusters if cluster.name == line.cluster)
    peers = {trunk_name(trunk): trunk.peer_of(own.name) for trunk in trunks}
    if line.kind == "capture":
        packed = {address: name for name, peer in peers.items() for address in _packed(peer)}
        return cut_capture(BytesIO(data), frozenset(_packed(own)), packed)
    marks = [_marks(layout, line, own, peer, name) for name, peer in peers.items()]
    text = b"".join(TraceBytes(BytesIO(data)).chunks())
    return cut_call_log(text, marks) if line.kind == "calllog" else cut_sdl_trace(text, marks)


def _marks(layout: _Layout, line: IndexLine, own: ClusterSpec, peer: ClusterSpec, trunk: str) -> PeerMarks:
    """The checks look for a call within the same margins."""
    offset = layout.offsets.get((line.cluster, line.node))
    margin = CALL_MARGIN if offset is None else MEASURED_MARGIN
    moved = offset or timedelta()
    times = tuple((begin - margin + moved, end + margin + moved) for begin, end in layout.calls[trunk])
    numbers = ((own.extension, peer.extension), (peer.extension, own.extension))
    return PeerMarks(trunk, times, tuple(_addresses(peer)), numbers)


def _keep(folder: RunFolder, line: IndexLine, piece: bytes, **changed: str) -> str:
    """A piece of what a line is about, under the same description but for the attributes changed; returns its path."""
    kept = folder.keep(
        piece,
        kind=line.kind,
        cluster=line.cluster,
        node=line.node,
        interface=line.interface,
        operation=line.operation,
        at=line.at,
        media_type=line.media_type,
        attributes={**line.attributes, **changed, CUT_FROM: {"path": line.item.path, "sha256": line.item.sha256}},
    )
    return kept.path


def _cut_reading(layout: _Layout, line: IndexLine) -> None:
    """The second witness read the whole capture once: each trunk gets what it says of connections between its clusters."""
    reading = json.loads(layout.shared.read(line))
    whole = str(line.attributes.get("capture"))
    for trunk in layout.mesh.trunks_of(str(line.cluster)):
        name = trunk_name(trunk)
        if (whole, name) not in layout.pieces:
            continue
        ends = {address for cluster in trunk.clusters for address in _addresses(cluster)}
        between = [entry for entry in reading.get("handshakes", ()) if {_ip(entry, "client"), _ip(entry, "server")} <= ends]
        said = json.dumps({**reading, "handshakes": between}).encode()
        _keep(layout.folders[name], line, said, capture=layout.pieces[whole, name])


def _ip(entry: Mapping[str, Any], role: str) -> str:
    return str((entry.get(role) or {}).get("ip"))


def _packed(cluster: ClusterSpec) -> list[bytes]:
    return [ip_address(address).packed for address in _addresses(cluster)]


def _addresses(cluster: ClusterSpec) -> list[str]:
    """IP addresses of the cluster's nodes; a name is looked up, and one that nobody knows has none."""
    return [address for node in cluster.nodes for address in _looked_up(node.address)]


@lru_cache(maxsize=1024)
def _looked_up(address: str) -> tuple[str, ...]:
    try:
        return (str(ip_address(address)),)
    except ValueError:
        pass
    try:
        return tuple(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(address, None)))
    except OSError:
        return ()
