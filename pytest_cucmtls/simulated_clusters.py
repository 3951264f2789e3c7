"""Starts simulated clusters in a process of their own, and tells whether an inventory is served by them."""

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_cucmtls.inventory import read_inventory
from pytest_cucmtls.mesh_inventory import clusters_of
from pytest_cucmtls.model.errors import ClusterUnreachable, ConfigurationInvalid, CredentialsRefused, InterfaceRefused
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory, Mode
from pytest_cucmtls.model.secrets import Secret

if TYPE_CHECKING:
    from pytest_cucmtls.clients.https import HttpsSession

SIMULATOR_READY_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(slots=True)
class SimulatedPair:
    """A simulated pair running in a process of its own, and the inventory it wrote."""

    inventory_file: Path
    credentials_file: Path
    process_id: int

    def as_json(self) -> str:
        """For other processes of the same run."""
        return json.dumps([str(self.inventory_file), str(self.credentials_file), self.process_id])

    @classmethod
    def from_json(cls, text: str) -> "SimulatedPair":
        """Inverse of `as_json`."""
        inventory, credentials, process_id = json.loads(text)
        return cls(Path(inventory), Path(credentials), int(process_id))

    def inventory(self, mode: Mode, policy: str | None) -> Inventory:
        """The written inventory, for this mode and policy."""
        found = read_inventory(self.inventory_file)
        return replace(found, mode=mode, policy=policy or found.policy, simulated=True)

    def protect(self) -> None:
        """Let both clusters refuse and record every change from now on. Raises: ClusterUnreachable."""
        for cluster in clusters_of(self.inventory_file):
            with closing(_simulator_session(cluster)) as session:
                session.post("simulator", "protect", "/simulator/protect", b"", {})

    def inject(self, fault: str, cluster: str = "") -> None:
        """Put a named fault into a running cluster (the first unless named). Raises: ConfigurationInvalid for no such fault."""
        clusters = clusters_of(self.inventory_file)
        chosen = next((spec for spec in clusters if spec.name == (cluster or clusters[0].name)), None)
        if chosen is None:
            raise ConfigurationInvalid("fault", fault, f"there is no cluster {cluster!r}")
        with closing(_simulator_session(chosen)) as session:
            try:
                session.post("simulator", "faults", "/simulator/faults", json.dumps({"fault": fault}).encode(), {})
            except InterfaceRefused as refusal:
                raise ConfigurationInvalid("fault", fault, str(refusal)) from refusal

    def writes(self) -> list[str]:
        """Changes asked of the clusters since they were protected, as ``cluster: interface operation``."""
        found = []
        for cluster in clusters_of(self.inventory_file):
            with closing(_simulator_session(cluster)) as session:
                status = json.loads(session.get("simulator", "status", "/simulator/status").body)
            found += [f"{cluster.name}: {write['interface']} {write['operation']}" for write in status["writes"]]
        return found

    def stop(self) -> None:
        """Ask the process to end; one that is gone already is fine."""
        with suppress(ProcessLookupError):
            os.kill(self.process_id, signal.SIGTERM)
        if (process := _started.pop(self.process_id, None)) is not None:
            process.wait(STOP_SECONDS)


def is_simulated(inventory: Inventory) -> bool:
    """Every cluster is on loopback and answers with a page that only the simulator has: addresses alone could be tunnels.

    Raises: ClusterUnreachable, PeerNotVerified, AnswerTimedOut.
    """
    return inventory.on_loopback and all(_answers_as_simulator(cluster) for cluster in inventory.clusters)


def _answers_as_simulator(cluster: ClusterSpec) -> bool:
    with closing(_simulator_session(cluster)) as session:
        try:
            answer = session.get("simulator", "status", "/simulator/status")
            return str(json.loads(answer.body).get("schema", "")).startswith("cucmtls-simulator-status-")
        except (CredentialsRefused, InterfaceRefused, ValueError, AttributeError):
            return False


def _simulator_session(cluster: ClusterSpec) -> "HttpsSession":
    """HTTPS to the pages no CUCM has; they ask for no password."""
    from pytest_cucmtls.clients.https import HttpsSession

    return HttpsSession(cluster.publisher, "nobody", Secret(""), ca_bundle=cluster.ca_bundle)


_started: dict[int, subprocess.Popen[bytes]] = {}
"""Simulators this process started: it has to wait for their end, or they stay behind as zombies."""


def simulated_faults() -> dict[str, str]:
    """Name and description of every fault that a simulated pair knows."""
    from pytest_cucmtls.sim.faults import FAULTS

    return {name: fault.description for name, fault in sorted(FAULTS.items())}


def start_simulated_pair(
    pair: str | Path,
    folder: Path,
    *,
    parent_process_id: int,
    faults: tuple[str, ...] = (),
    read_only: bool = False,
    configured: bool = False,
) -> SimulatedPair:
    """Start a pair as a process that ends with its parent; returns when it says that it is ready.

    `pair` is the name of a built-in pair, or an inventory file whose node addresses are ``sim://RELEASE``.

    Raises: ClusterUnreachable with the simulator's own last words when it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pytest_cucmtls.sim",
        "--pair" if isinstance(pair, str) else "--inventory-in",
        str(pair),
        "--state-dir",
        str(folder),
        "--parent-pid",
        str(parent_process_id),
    ]
    command += [word for fault in faults for word in ("--fault", fault)] + (["--read-only"] if read_only else [])
    command += ["--configured"] if configured else []
    errors = folder / "simulator.log"
    with errors.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
    assert process.stdout is not None
    with process.stdout as output:
        readable, _, _ = select.select([output], [], [], SIMULATOR_READY_SECONDS)
        line = output.readline() if readable else b""
    if not readable:
        process.kill()
    try:
        ready = json.loads(line)
        _started[process.pid] = process
        return SimulatedPair(Path(ready["inventory"]), Path(ready["credentials"]), process.pid)
    except (ValueError, KeyError, TypeError):
        process.wait()
        last_words = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise ClusterUnreachable(
            "simulated pair", str(pair), 0, last_words[0], remedy=f"The whole output is in {errors}."
        ) from None
