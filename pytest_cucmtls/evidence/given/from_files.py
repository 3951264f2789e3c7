"""A run folder out of somebody else's files: as received, with an inventory of what they show, ready to be judged."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.evidence.given.given_files import GivenCertificate, GivenFiles, ReadFiles, read_given, trace_bytes
from pytest_cucmtls.evidence.given.sides import Sides, find_sides
from pytest_cucmtls.evidence.given.sides_inventory import inventory_of, node_of_certificate, node_of_trace, owned_traces
from pytest_cucmtls.evidence.given.traced_attempts import FoundCall, found_calls
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory, NodeAddress

INTERFACE = "file"
NO_HOST_NAME = "no trace names the host of this node, its name was taken from its certificate or address"
NO_PATTERN = "which route pattern was intended is not in the files"


@dataclass(frozen=True, slots=True)
class FolderFromFiles:
    """The folder that was made, and what the user should know about how the files were understood."""

    folder: RunFolder
    inventory: Inventory
    notes: tuple[str, ...]


def folder_from_files(given: GivenFiles, place: Path) -> FolderFromFiles:
    """Read the files, find out who is who, and keep everything in a new run folder at `place`.

    Raises: FileUnreadable, for a file that cannot be used; ConfigurationInvalid, when the files leave open who is who.
    """
    read = read_given(given)
    sides = find_sides(given, read)
    owned = owned_traces(read, sides)
    calls = found_calls(
        [trace for trace, _ in owned if trace is not None], sides.cluster_of, sides.clusters, dict(given.extensions)
    )
    inventory = inventory_of(given, read, sides, calls)
    folder = RunFolder(place)
    now = _latest_moment(read)
    folder.begin(inventory, started_at=datetime.now(UTC))
    keeper = _Keeper(folder, inventory, now)
    keeper.captures(given, read)
    keeper.traces(given, read, sides)
    keeper.certificates(read)
    for call in calls:
        keeper.call(call)
    keeper.reasons(given, sides)
    notes = (*sides.notes, *keeper.notes, *_told(inventory, calls))
    return FolderFromFiles(folder, inventory, notes)


def _latest_moment(read: ReadFiles) -> datetime:
    """The newest time the files show: "now" for every date that is judged; today when they show none."""
    times = [report.last_at for _, report in read.captures] + [trace.report.last_at for trace in read.traces]
    return max((moment for moment in times if moment is not None), default=datetime.now(UTC))


def _told(inventory: Inventory, calls: list[FoundCall]) -> Iterable[str]:
    for spec in inventory.clusters:
        nodes = ", ".join(f"{node.name} ({node.address or 'address unknown'})" for node in spec.nodes)
        yield f"{spec.name} is {nodes}"
    for call in calls:
        yield f"call {call.caller_cluster}->{call.called_cluster}: {call.caller} to {call.called}, {call.place}"


@dataclass(slots=True)
class _Keeper:
    """Puts the files into the folder under the nodes they belong to."""

    folder: RunFolder
    inventory: Inventory
    now: datetime
    notes: list[str]

    def __init__(self, folder: RunFolder, inventory: Inventory, now: datetime) -> None:
        self.folder, self.inventory, self.now, self.notes = folder, inventory, now, []

    def _keep(self, data: bytes, kind: str, spec: ClusterSpec | None, node: NodeAddress | None, name: str, **more: str) -> None:
        media_type = more.pop("media_type", "text/plain")
        self.folder.keep(
            data,
            kind=kind,
            cluster=spec.name if spec else None,
            node=node.name if node else None,
            interface=INTERFACE,
            operation=f"given as {name}",
            at=self.now,
            media_type=media_type,
            attributes={"name": name, "received_at": datetime.now(UTC).isoformat(), **more},
        )

    def _missing(self, fact: str, why: str) -> None:
        """A fact the files do not give; dated like the files, because the newest date kept is the evidence's own."""
        data = json.dumps({"fact": fact, "why": why}, ensure_ascii=False).encode()
        self.folder.keep(data, kind="not_collected", at=self.now, media_type="application/json")

    def captures(self, given: GivenFiles, read: ReadFiles) -> None:
        """Captures of unknown place: the first cluster's first node stands for it."""
        first = self.inventory.cluster_a
        for path, _ in read.captures:
            data = path.read_bytes()
            self._keep(data, "capture", first, first.publisher, str(path), media_type="application/vnd.tcpdump.pcap")
        if not given.captures:
            self._missing("capture", "no capture file was given")

    def traces(self, given: GivenFiles, read: ReadFiles, sides: Sides) -> None:
        """Each file under the node that wrote it; others are kept and said to be of no side."""
        reports = {trace.name: trace.report for trace in read.traces}
        served: set[tuple[str, str]] = set()
        for name, data in trace_bytes(given.traces):
            report = reports.get(name)
            if report is None:
                continue
            found = node_of_trace(report, sides, self.inventory)
            if found is None:
                self._keep(data, "unused_file", None, None, name)
                self.notes.append(f"{name} belongs to neither side and is not judged")
                continue
            served.add((found[0].name, found[1].name))
            kind = "calllog" if report.call_log else "sdl_trace"
            packed = "application/gzip" if data.startswith(b"\x1f\x8b") else "text/plain"
            self._keep(data, kind, found[0], found[1], name, media_type=packed)
        for spec in self.inventory.clusters:
            for node in spec.nodes:
                if (spec.name, node.name) not in served:
                    self._missing(f"traces of {spec.name}/{node.name}", "no trace file of this node was given")

    def certificates(self, read: ReadFiles) -> None:
        """Identities and trust stores as if the admin interface had shown them; authorities for the whole pair."""
        for one in read.certificates:
            spec, node = node_of_certificate(one, self.inventory)
            self._keep_certificate(one, "own_certificate", spec, node, unit="CallManager")
        for one in read.trusts:
            spec = next(spec for spec in self.inventory.clusters if spec.name == one.cluster)
            for node in spec.nodes:
                self._keep_certificate(one, "trust_certificate", spec, node, unit="CallManager-trust")
        for one in read.authorities:
            self._keep_certificate(one, "authority_certificate", None, None, unit="")

    def _keep_certificate(
        self, one: GivenCertificate, kind: str, spec: ClusterSpec | None, node: NodeAddress | None, *, unit: str
    ) -> None:
        names = {"unit": unit, "file_name": one.path.name} if unit else {}
        self._keep(one.data, kind, spec, node, str(one.path), media_type="application/x-pem-file", **names)

    def call(self, call: FoundCall) -> None:
        """The INVITE found in a trace, in the words of a call driver; a trace without a date gives the files' latest time."""
        when = f"{call.place}, at {call.time}" + ("" if call.at else " of an unknown day")
        values = {
            "direction": f"{call.caller_cluster}->{call.called_cluster}",
            "caller": call.caller,
            "called": call.called,
            "started_at": (call.at or self.now).isoformat(),
            "ended_at": (call.until or call.at or self.now).isoformat(),
            "driver": "trace",
            "result_code": None,
            "result_description": f"INVITE {call.call_id} in {when}",
        }
        data = json.dumps(values, ensure_ascii=False).encode()
        self.folder.keep(data, kind="call", cluster=call.caller_cluster, at=self.now, media_type="application/json")

    def reasons(self, given: GivenFiles, sides: Sides) -> None:
        """Why some facts are missing that a run on live clusters would have."""
        self._missing("the test call", "the traces given show no INVITE of this direction")
        if not given.authorities:
            self._missing("authority", "no --authority file was given")
        for spec in self.inventory.clusters:
            if given.inventory is None and spec.name not in dict(given.patterns):
                self._missing(f"declared route pattern of {spec.name}", NO_PATTERN)
            for node in spec.nodes:
                if given.inventory is None and sides.host_of.get(node.address) != node.name:
                    self._missing(f"host name of {spec.name}/{node.name}", NO_HOST_NAME)
