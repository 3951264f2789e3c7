"""A verification of a whole mesh, shared by every process that takes part: collected once, each trunk judged once.

mesh.json             schema, start, names of the trunks, phases of the collection
shared/               the raw evidence of all clusters, kept once (a run folder without verdicts)
interrupted/<n>/      what an interrupted collection left, set aside; no part of the result
trunks/<name>/        one run folder per trunk, as a run of that pair would leave it: raw, verdicts.json, report.html
matrix.html, .csv, .json
"""

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.evidence.shared_folder import SharedFolder
from pytest_cucmtls.inventory import Credentials, asks_for_simulation, credentials_beside
from pytest_cucmtls.mesh_inventory import read_mesh
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.mesh import Mesh
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.procedure.claim import claim_clusters, is_alive, release_clusters
from pytest_cucmtls.run.acceptance import Acceptance
from pytest_cucmtls.run.conclusion import conclude
from pytest_cucmtls.run.mesh_collect import Ceilings, collect_mesh
from pytest_cucmtls.run.mesh_layout import lay_out
from pytest_cucmtls.run.settings import Settings
from pytest_cucmtls.run.simulated_run import pair_file, stop_pair
from pytest_cucmtls.simulated_clusters import SimulatedPair, start_simulated_pair
from pytest_cucmtls.whole_files import write_atomically

MESH_SCHEMA = "cucmtls-mesh-1"
GATHERED = "gathered.json"
"""In the shared folder once everything is in it: start and phases of the collection."""


class MeshTrunk(Acceptance):
    """One trunk of a mesh, as tests see a run: everything is collected already, nothing is performed."""

    def through(self, step: int) -> Evidence:
        """The whole evidence, whatever the step."""
        del step
        return self.evidence()

    def proven(self) -> Evidence:
        """The whole evidence."""
        return self.evidence()


class MeshRun:
    """A mesh verification in progress, as one process sees it; holds one trunk's evidence at a time."""

    def __init__(self, settings: Settings, progress: Callable[[str], None], ceilings: Ceilings | None = None) -> None:
        self.settings, self.folder = settings, settings.folder
        self._progress, self._ceilings = progress, ceilings
        self._refusal: CucmTlsError | None = None
        self._latest: tuple[str, MeshTrunk] | None = None

    @property
    def collected(self) -> bool:
        """Every trunk has its run folder."""
        return (self.folder / "mesh.json").exists()

    def trunk_folder(self, name: str) -> Path:
        """Run folder of one trunk."""
        return self.folder / "trunks" / name

    def check_prerequisites(self) -> None:
        """What can be known before a cluster is touched. Raises: ConfigurationInvalid."""
        file = self._file()
        if self.settings.mode is Mode.APPLY:
            raise ConfigurationInvalid(str(file), "mode", "a mesh is verified only", remedy="Apply changes pair by pair.")
        if asks_for_simulation(file):
            load_policy(self.settings.policy or "cisco-hardening")
            return
        mesh, credentials = read_mesh(file), credentials_beside(file)
        load_policy(self.settings.policy or mesh.trunks[0].policy)
        for cluster in mesh.clusters:
            for account in (cluster.axl, cluster.platform, cluster.call):
                credentials.password(account)

    def collect(self) -> None:
        """Gather everything and lay the trunks out, unless another process did. Raises: CucmTlsError."""
        if self._refusal is not None:
            raise self._refusal
        try:
            with self._locked():
                self._collect()
        except CucmTlsError as problem:
            self._refusal = problem
            raise

    def _collect(self) -> None:
        if self.collected:
            return
        gathered = self.folder / "shared" / GATHERED
        if self._is_gathered(gathered):
            self._progress("all evidence was gathered before the interruption: the clusters are not asked again")
            self._set_aside("trunks")
            mesh, _ = self._opened()
        else:
            self._set_aside("shared", "trunks")
            mesh = self._gather(gathered)
        told = json.loads(gathered.read_text(encoding="utf-8"))
        begun_at, phases = datetime.fromisoformat(told["started_at"]), [(name, seconds) for name, seconds in told["phases"]]
        shared = SharedFolder(self.folder / "shared")
        begun = time.monotonic()
        self._progress(f"evidence of {len(mesh.trunks)} trunks is laid out")
        lay_out(mesh, shared, self.trunk_folder)
        phases.append(("evidence is laid out by trunk", time.monotonic() - begun))
        self._note(mesh, begun_at, phases)

    def _is_gathered(self, gathered: Path) -> bool:
        """Everything is here, of the clusters this inventory means: simulated ones have other addresses at each start."""
        if not gathered.exists():
            return False
        file = self._file()
        if asks_for_simulation(file) and not pair_file(self.folder).exists():
            return False
        return bool(json.loads(gathered.read_text(encoding="utf-8"))["inventory"] == _digest(file))

    def _gather(self, gathered: Path) -> Mesh:
        """Everything of the clusters, and `gathered` as the sign that it is complete."""
        self._forget_ended_clusters()
        mesh, credentials = self._opened()
        begun_at = datetime.now(UTC)
        for trunk in mesh.trunks:
            claim_clusters(trunk, process_id=self.settings.owner_process_id, run_folder=self.folder)
        phases = collect_mesh(mesh, SharedFolder(self.folder / "shared"), credentials, self._progress, self._ceilings)
        write_atomically(
            gathered,
            json.dumps({"started_at": begun_at.isoformat(), "inventory": _digest(self._file()), "phases": phases}).encode(),
        )
        return mesh

    def _set_aside(self, *names: str) -> None:
        """What an interruption left half done stays to be read, outside the result: captures, calls and traces prove
        something only together, so those of two collections are never mixed."""
        left = [self.folder / name for name in names if (self.folder / name).exists()]
        if not left:
            return
        earlier = self.folder / "interrupted"
        earlier.mkdir(exist_ok=True)
        place = earlier / str(1 + sum(1 for _ in earlier.iterdir()))
        place.mkdir()
        for folder in left:
            folder.rename(place / folder.name)
        self._progress(f"an earlier attempt was interrupted: what it left is set aside in {place}")

    def _forget_ended_clusters(self) -> None:
        """Simulated clusters end with the run that started them; their folder is kept beside those of the next."""
        known = pair_file(self.folder)
        if known.exists() and is_alive(SimulatedPair.from_json(known.read_text(encoding="utf-8")).process_id):
            return
        known.unlink(missing_ok=True)
        place = known.parent / "simulator"
        if place.exists():
            place.rename(place.with_name(f"simulator-ended-{time.time_ns()}"))

    def trunk(self, name: str) -> MeshTrunk:
        """One trunk of the collected mesh; the one before is forgotten."""
        if self._latest is None or self._latest[0] != name:
            settings = replace(self.settings, folder=self.trunk_folder(name), baseline=None)
            self._latest = name, MeshTrunk(settings, self._progress)
        return self._latest[1]

    def judged(self, name: str) -> MeshTrunk:
        """The trunk, its reports written by the first process that asks."""
        self.conclude_trunk(name)
        return self.trunk(name)

    def conclude_trunk(self, name: str) -> None:
        """Judge one trunk and write its reports, unless somebody did."""
        folder = self.trunk_folder(name)
        if not (folder / "verdicts.json").exists():
            with self._locked(folder):
                if not (folder / "verdicts.json").exists():
                    conclude(self.trunk(name))

    def finish(self) -> None:
        """Give the clusters back and end the simulated ones; called once, by the process that owns the run."""
        for folder in self._claimed():
            release_clusters(RunFolder(folder).inventory(), process_id=self.settings.owner_process_id)
        stop_pair(self.folder)

    def _claimed(self) -> list[Path]:
        """Run folders of the trunks, as far as they were made; a claim without one ends with the process that holds it."""
        return [file.parent for file in (self.folder / "trunks").glob("*/run.json")]

    def _file(self) -> Path:
        if self.settings.inventory_file is None:
            raise ConfigurationInvalid("mesh", "inventory", "a mesh needs an inventory file")
        return self.settings.inventory_file

    def _opened(self) -> tuple[Mesh, Credentials]:
        """The mesh under the wanted policy; clusters that are to be simulated run when this returns, and refuse every change."""
        file, credentials = self._file(), None
        simulated = asks_for_simulation(file)
        if simulated:
            started = self._simulated(file)
            file, credentials = started.inventory_file, Credentials(started.credentials_file)
        mesh = read_mesh(file)
        policy = self.settings.policy
        trunks = tuple(replace(trunk, policy=policy or trunk.policy, simulated=simulated) for trunk in mesh.trunks)
        return replace(mesh, trunks=trunks), credentials or credentials_beside(file)

    def _simulated(self, file: Path) -> SimulatedPair:
        known = pair_file(self.folder)
        if known.exists():
            return SimulatedPair.from_json(known.read_text(encoding="utf-8"))
        self._progress(f"starting the clusters of {file}, simulated on loopback")
        started = start_simulated_pair(
            file,
            self.folder / "private" / "simulator",
            parent_process_id=self.settings.owner_process_id,
            faults=self.settings.faults,
            read_only=True,
            configured=True,
        )
        write_atomically(known, started.as_json().encode())
        return started

    def _note(self, mesh: Mesh, begun_at: datetime, phases: list[tuple[str, float]]) -> None:
        values = {
            "schema": MESH_SCHEMA,
            "started_at": begun_at.isoformat(),
            "source": mesh.source,
            "policy": mesh.trunks[0].policy,
            "simulated": mesh.trunks[0].simulated,
            "clusters": [cluster.name for cluster in mesh.clusters],
            "trunks": list(mesh.names),
            "between": [[trunk.cluster_a.name, trunk.cluster_b.name] for trunk in mesh.trunks],
            "phases": [{"phase": phase, "seconds": round(seconds, 3)} for phase, seconds in phases],
        }
        write_atomically(self.folder / "mesh.json", (json.dumps(values, indent=1) + "\n").encode())

    @contextmanager
    def _locked(self, folder: Path | None = None) -> Iterator[None]:
        private = (folder or self.folder) / "private"
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (private / "mesh.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
