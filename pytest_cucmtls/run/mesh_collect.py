"""Gathers the raw evidence of a whole mesh: every node is opened once, captured once and its traces are fetched once.

Order: what each node is (steps 1 to 5), one capture per node, the calls in rounds in which no cluster takes part twice, captures
and traces, then certificates, trust stores and configuration as they are after the calls. A mesh is verified only: nothing is
changed, except that trunks are reset before their calls where the inventory says `reset_trunks = true`. What cannot be gathered
becomes a stated reason for the trunks it concerns.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from pytest_cucmtls.capture.cli_capture import CliFileCapture
from pytest_cucmtls.capture.second_reading import second_reading
from pytest_cucmtls.clusters import ClusterReader, ClusterResetter
from pytest_cucmtls.evidence.run_folder import IndexLine
from pytest_cucmtls.evidence.shared_folder import SharedFolder
from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory, NodeAddress
from pytest_cucmtls.model.mesh import Mesh, rounds, trunk_name
from pytest_cucmtls.procedure.bounds import gates_of
from pytest_cucmtls.procedure.context import Run, Step
from pytest_cucmtls.procedure.dial_plan import keep_dial_plan
from pytest_cucmtls.procedure.existing_identities import EXISTING
from pytest_cucmtls.procedure.journal import Journal
from pytest_cucmtls.procedure.plan_values import PROOF_STEP
from pytest_cucmtls.procedure.proof_changes import reset_before_calls
from pytest_cucmtls.procedure.runner import make_change
from pytest_cucmtls.procedure.session import open_authority
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.run.collect import attempt, keep_capture, keep_second_reading, keep_traces_of
from pytest_cucmtls.run.further_evidence import keep_likely_copies, keep_revocation_list
from pytest_cucmtls.run.mesh_reader import SharedReader, SharedResetter
from pytest_cucmtls.run.ocsp_answers import NOT_ALLOWED
from pytest_cucmtls.run.placing import place_test_call
from pytest_cucmtls.run.probing import probe_listeners
from pytest_cucmtls.run.surroundings import keep_name_lookups, keep_node_states

T = TypeVar("T")
CAPTURE_FILE = "cucmtls-mesh"
NO_RESPONDER = "a mesh asks no OCSP responder; verify the pair alone for that"
BEFORE_CALLS, AFTER_CALLS, OF_A_TRUNK = STEPS[:5], STEPS[5:7], STEPS[7:9]
"""What is read of nodes before the calls and after them, and of each trunk; step 10 is the dial plan."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """How much a collection asks of the clusters and of this machine at once."""

    clusters: int = 8
    """Read at the same time."""
    calls: int = 20
    """Standing at the same time, all over the mesh; a cluster has one at a time in any case."""
    files: int = 2
    """Clusters whose captures are fetched at the same time: each is held in memory while it is kept."""
    readings: int = 2
    """Second readings of captures at the same time: each is a process of its own."""


@dataclass(slots=True)
class MeshCollection:
    """A collection in progress."""

    mesh: Mesh
    folder: SharedFolder
    readers: Mapping[str, SharedReader]
    base: Run
    ceilings: Ceilings
    progress: Callable[[str], None]
    phases: list[tuple[str, float]] = field(default_factory=list)

    def of_cluster(self, name: str) -> Run:
        """A run that sees one cluster: whatever reads "every node of the run" reads that cluster's."""
        trunk = self.mesh.trunks_of(name)[0]
        return replace(self.base, inventory=trunk, clusters=(self.readers[name],), folder=self.folder.concerning(name))

    def of_side(self, trunk: Inventory, name: str) -> Run:
        """A run that sees one cluster under the names it has for one trunk; what it keeps concerns that trunk."""
        reader = self.readers[name].towards(_spec(trunk, name))
        folder = self.folder.concerning(name, trunk_name(trunk))
        return replace(self.base, inventory=trunk, clusters=(reader,), folder=folder, progress=_say_nothing)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Names what is going on and how long it took."""
        self.progress(name)
        begun = time.monotonic()
        yield
        self.phases.append((name, time.monotonic() - begun))

    def each_cluster(self, name: str, act: Callable[[str], None]) -> None:
        """Do it for every cluster, several at a time."""
        with self.phase(name):
            _all(act, (cluster.name for cluster in self.mesh.clusters), self.ceilings.clusters)


def collect_mesh(
    mesh: Mesh, folder: SharedFolder, credentials: Credentials, progress: Callable[[str], None], ceilings: Ceilings | None = None
) -> list[tuple[str, float]]:
    """Everything about every trunk, into the shared folder; returns (phase, seconds). Raises: ConfigurationInvalid."""
    first = mesh.trunks[0]
    authority = None
    if first.authority.kind == EXISTING:
        authority = open_authority(first.authority, folder.path / "private", credentials)
    trunks = {
        cluster.name: [_spec(trunk, cluster.name).trunk for trunk in mesh.trunks_of(cluster.name)] for cluster in mesh.clusters
    }
    kind = SharedResetter if first.reset_trunks else SharedReader
    readers = {cluster.name: kind(cluster, credentials, trunks[cluster.name], progress) for cluster in mesh.clusters}
    journal = Journal(folder.path / "journal.jsonl")
    base = Run(first, folder, (), authority, journal, progress, gates=gates_of(first))
    work = MeshCollection(mesh, folder, readers, base, ceilings or Ceilings(), progress)
    try:
        _gather(work)
    finally:
        for reader in readers.values():
            reader.close()
    return work.phases


def _gather(work: MeshCollection) -> None:
    begun_at = datetime.now(UTC)
    work.each_cluster("nodes are looked at", lambda name: _steps(work.of_cluster(name), BEFORE_CALLS))
    attempt(work.base, "revocation list", partial(keep_revocation_list, work.base))
    with ExitStack() as open_captures:
        captures: dict[str, list[tuple[NodeAddress, CliFileCapture]]] = {cluster.name: [] for cluster in work.mesh.clusters}
        work.each_cluster(
            "captures start on every node", lambda name: _start(work.of_cluster(name), open_captures, captures[name])
        )
        with work.phase("calls are placed"):
            _place_calls(work)
        with work.phase("captures stop and are fetched"):
            _all(lambda name: _fetch(work.of_cluster(name), captures[name]), captures, work.ceilings.files)
    work.each_cluster("traces are collected", lambda name: _traces(work.of_cluster(name), begun_at))
    with work.phase("listeners are probed"):
        for cluster in work.mesh.clusters:
            probe_listeners(work.of_cluster(cluster.name))
    work.each_cluster("certificates and trust stores are read", lambda name: _steps(work.of_cluster(name), AFTER_CALLS))
    work.each_cluster("replication and cryptographic mode are read", lambda name: keep_node_states(work.of_cluster(name)))
    for cluster in work.mesh.clusters:
        _say_no_responder(work.of_cluster(cluster.name))
    work.each_cluster("trunks and dial plans are read", lambda name: _sides(work, name))
    with work.phase("captures are read by the second witness"):
        _all(partial(_second, work.base), work.folder.entries("capture"), work.ceilings.readings)


def _say_no_responder(run: Run) -> None:
    """Which responder knows a certificate is told by the evidence of its node, which is not parsed while it is gathered."""
    why = NO_RESPONDER if run.inventory.authority.ocsp else NOT_ALLOWED
    for cluster, node in run.nodes():
        run.folder.keep_missing(f"OCSP answer on {cluster.name}/{node.name}", why)


def _steps(run: Run, steps: Iterable[Step]) -> None:
    for step in steps:
        attempt(run, f"step {step.number} of {run.clusters[0].name}", partial(step.read_back, run))


def _start(run: Run, stack: ExitStack, started: list[tuple[NodeAddress, CliFileCapture]]) -> None:
    for cluster, node in run.nodes():
        attempt(run, f"capture of {cluster.name}/{node.name}", partial(_start_one, cluster, node, stack, started))


def _start_one(
    cluster: ClusterReader, node: NodeAddress, stack: ExitStack, started: list[tuple[NodeAddress, CliFileCapture]]
) -> None:
    """Without a filter: the command takes one host, and this capture is of many peers."""
    capture = cluster.file_capture(node, peer_ip=None, file_name=CAPTURE_FILE)
    started.append((node, stack.enter_context(capture)))


def _fetch(run: Run, captures: Iterable[tuple[NodeAddress, CliFileCapture]]) -> None:
    cluster = run.clusters[0]
    for node, capture in captures:
        attempt(run, f"capture of {cluster.name}/{node.name}", partial(keep_capture, run, cluster, node, capture))


def _traces(run: Run, since: datetime) -> None:
    for cluster, node in run.nodes():
        attempt(run, f"traces of {cluster.name}/{node.name}", partial(keep_traces_of, run, cluster, node, since))


def _place_calls(work: MeshCollection) -> None:
    """Round by round, one direction after the other."""
    pairs = {(trunk.cluster_a.name, trunk.cluster_b.name): trunk for trunk in work.mesh.trunks}
    plan = rounds(list(pairs))
    for number, meetings in enumerate(plan, 1):
        work.progress(f"calls, round {number} of {len(plan)}: {len(meetings)} trunks in both directions")
        if work.base.inventory.reset_trunks:
            work.progress(f"calls, round {number} of {len(plan)}: their trunks are reset")
            _all(partial(_reset, work), (pairs[pair] for pair in meetings), work.ceilings.clusters)
        for first, second in ((0, 1), (1, 0)):
            calls = [(pairs[pair], pair[first], pair[second]) for pair in meetings]
            _all(lambda call: _place(work, *call), calls, work.ceilings.calls)


def _place(work: MeshCollection, trunk: Inventory, caller: str, called: str) -> None:
    run = work.of_side(trunk, caller)
    callee = work.readers[called]
    attempt(run, "the test call", partial(place_test_call, run, run.clusters[0], callee))


def _reset(work: MeshCollection, trunk: Inventory) -> None:
    """Both sides, so that the captures that run see the connection of the calls that follow being made."""
    for side in trunk.clusters:
        run = work.of_side(trunk, side.name)
        cluster = run.clusters[0]
        if isinstance(cluster, ClusterResetter):
            reset = reset_before_calls(run, cluster)
            attempt(run, f"trunk reset of {cluster.name}", partial(make_change, run, PROOF_STEP, reset))


def _sides(work: MeshCollection, name: str) -> None:
    for trunk in work.mesh.trunks_of(name):
        run = work.of_side(trunk, name)
        _steps(run, OF_A_TRUNK)
        attempt(run, f"step 10 of {name}", partial(keep_dial_plan, run, run.clusters[0]))
        keep_name_lookups(run)
        attempt(run, f"SIP trunks of {name}", partial(keep_likely_copies, run, run.clusters[0]))


def _second(run: Run, line: IndexLine) -> None:
    attempt(run, "the second reading of captures", partial(keep_second_reading, run, line, second_reading))


def _say_nothing(text: str) -> None:
    """Progress of one of hundreds of calls; what failed stands in the evidence."""
    del text


def _spec(trunk: Inventory, name: str) -> ClusterSpec:
    return next(cluster for cluster in trunk.clusters if cluster.name == name)


def _all(act: Callable[[T], None], items: Iterable[T], at_once: int) -> None:
    """Act on every item, several at a time; the first unexpected error is raised when all have ended."""
    with ThreadPoolExecutor(max_workers=at_once) as workers:
        for done in [workers.submit(act, item) for item in items]:
            done.result()
