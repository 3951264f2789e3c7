"""Addresses to clusters: the one file that knows which clusters are real and which are simulated.

A `ClusterReader` hands out clients that can only read. A `ClusterWriter` exists only where a run may change clusters,
so that a verify-only run has no writing method to call.
"""

import json
import os
import secrets
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_cucmtls.inventory import Credentials, read_inventory
from pytest_cucmtls.mesh_inventory import clusters_of
from pytest_cucmtls.model.errors import ClusterUnreachable, ConfigurationInvalid, CredentialsRefused, InterfaceRefused
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory, Mode, NodeAddress
from pytest_cucmtls.model.secrets import Secret

if TYPE_CHECKING:
    from pytest_cucmtls.capture.cli_capture import CliFileCapture
    from pytest_cucmtls.clients.axl import AxlReader
    from pytest_cucmtls.clients.axl_writer import AxlWriter
    from pytest_cucmtls.clients.back_off import BackOff
    from pytest_cucmtls.clients.certificate_rest import CertificateRestReader, CertificateRestWriter
    from pytest_cucmtls.clients.control_center import ControlCenterReader, ControlCenterWriter
    from pytest_cucmtls.clients.dime import Dime
    from pytest_cucmtls.clients.https import HttpsSession
    from pytest_cucmtls.clients.log_collection import LogCollection
    from pytest_cucmtls.clients.platform_cli import PlatformCliReader
    from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter
    from pytest_cucmtls.clients.risport import RisPort
    from pytest_cucmtls.clients.webdialer import WebDialer
    from pytest_cucmtls.model.cucm import Release

ExchangeLog = Callable[[str, str, bytes, bytes], None]
"""(interface, operation, request body, response body), passwords already masked."""

SIMULATOR_READY_SECONDS = 60.0
STOP_SECONDS = 20.0


def needs_old_cryptography(spec: ClusterSpec) -> bool:
    """Releases before 12.5, as declared, speak TLS 1.0 and SHA-1 SSH on their administration interfaces."""
    declared = (spec.release or "").split("(")[0]
    major, _, minor = declared.partition(".")
    return major.isdigit() and (int(major), int(minor[:1] or 0) if minor[:1].isdigit() else 0) < (12, 5)


class ClusterReader:
    """One cluster's interfaces, reading only; sessions are opened on first use and kept until `close`."""

    def __init__(
        self,
        spec: ClusterSpec,
        credentials: Credentials,
        exchange_log: ExchangeLog | None = None,
        progress: Callable[[str], object] | None = None,
    ) -> None:
        """`progress` is told when an interface is busy and asked again after a pause."""
        self.spec = spec
        self._credentials = credentials
        self._exchange_log = exchange_log
        self._progress = progress
        self._cli: dict[str, PlatformCliReader] = {}
        self._axl: AxlReader | None = None
        self._release: Release | None = None

    @property
    def name(self) -> str:
        """Inventory name."""
        return self.spec.name

    def release(self) -> "Release":
        """The release the publisher itself reports."""
        if self._release is None:
            self._release = self.cli(self.spec.publisher).read_version().value
        return self._release

    def axl(self) -> "AxlReader":
        """AXL on the publisher, in the newest schema version the release accepts."""
        from pytest_cucmtls.clients.axl import AxlReader

        if self._axl is None:
            self._axl = AxlReader(self._axl_session("axl"), self.release().axl_version, back_off=self._patience())
        return self._axl

    def cli(self, node: NodeAddress) -> "PlatformCliReader":
        """The node's platform CLI, one session kept open."""
        if node.name not in self._cli:
            self._cli[node.name] = self._open_cli(node)
        return self._cli[node.name]

    def file_capture(self, node: NodeAddress, *, peer_ip: str | None, file_name: str) -> "CliFileCapture":
        """A capture on the node between it and one peer (None: all), in an SSH session of its own; not yet started.

        Each file gets a name of its own: an earlier one of the same name would be renamed by the node.
        """
        from pytest_cucmtls.capture.cli_capture import CliFileCapture

        return CliFileCapture(
            node,
            self.spec.platform.user,
            self._credentials.password(self.spec.platform),
            peer_ip=peer_ip,
            file_name=f"{file_name}-{secrets.token_hex(4)}",
            known_hosts=self.spec.known_hosts,
            legacy_algorithms=self._is_old(),
            **self.spec.access.limit,
        )

    def certificate_rest(self, node: NodeAddress) -> "CertificateRestReader":
        """The certificate REST API (release 14 and later)."""
        from pytest_cucmtls.clients.certificate_rest import CertificateRestReader

        return CertificateRestReader(self._session(node, "platform", "certificate-rest"), back_off=self._patience())

    def control_center(self, node: NodeAddress) -> "ControlCenterReader":
        """Service states of one node."""
        from pytest_cucmtls.clients.control_center import ControlCenterReader

        return ControlCenterReader(self._session(node, "axl", "control-center"), back_off=self._patience())

    def risport(self) -> "RisPort":
        """Real-time device states, asked of the publisher."""
        from pytest_cucmtls.clients.risport import PAUSES_SECONDS, RisPort

        return RisPort(self._session(self.spec.publisher, "axl", "risport"), back_off=self._patience(*PAUSES_SECONDS))

    def log_collection(self, node: NodeAddress) -> "LogCollection":
        """Which trace files a node has."""
        from pytest_cucmtls.clients.log_collection import LogCollection

        return LogCollection(self._session(node, "axl", "log-collection"), back_off=self._patience())

    def dime(self, node: NodeAddress) -> "Dime":
        """Files of a node, one at a time; a session of its own because cookies of one service upset the other."""
        from pytest_cucmtls.clients.dime import PAUSES_SECONDS, Dime

        return Dime(self._session(node, "axl", "dime"), back_off=self._patience(*PAUSES_SECONDS))

    def webdialer(self) -> "WebDialer":
        """The dialer that places the test call."""
        from pytest_cucmtls.clients.webdialer import WebDialer

        return WebDialer(self._session(self.spec.publisher, "call", "webdialer"), self.release())

    def call_password(self) -> Secret:
        """Password of the end user WebDialer calls for."""
        return self._credentials.password(self.spec.call)

    def transcripts(self) -> list[tuple[str, str]]:
        """(node name, what was typed and answered) of every CLI session still open, passwords left out."""
        return [(name, session.transcript) for name, session in self._cli.items()]

    def close(self) -> None:
        """Close every session."""
        for session in self._cli.values():
            session.close()
        self._cli.clear()

    def _patience(self, *pauses_seconds: float) -> "BackOff":
        """With the client's own pauses, or the usual ones; each pause is told."""
        from pytest_cucmtls.clients.back_off import BackOff

        return BackOff(pauses_seconds, tell=self._progress) if pauses_seconds else BackOff(tell=self._progress)

    def _axl_session(self, interface: str) -> "HttpsSession":
        return self._session(self.spec.publisher, "axl", interface)

    def _session(self, node: NodeAddress, account: str, interface: str) -> "HttpsSession":
        from pytest_cucmtls.clients.https import HttpsSession

        chosen = {"axl": self.spec.axl, "platform": self.spec.platform, "call": self.spec.call}[account]
        log = self._exchange_log
        return HttpsSession(
            node,
            chosen.user,
            self._credentials.password(chosen),
            ca_bundle=self.spec.ca_bundle,
            oldest_tls="TLSv1" if self._is_old() else "TLSv1.2",
            exchange_log=None if log is None else (lambda operation, asked, got: log(interface, operation, asked, got)),
            **self.spec.access.limit,
        )

    def _open_cli(self, node: NodeAddress) -> "PlatformCliReader":
        from pytest_cucmtls.clients.platform_cli import PlatformCliReader

        return PlatformCliReader(
            node,
            self.spec.platform.user,
            self._credentials.password(self.spec.platform),
            known_hosts=self.spec.known_hosts,
            legacy_algorithms=self._is_old(),
            **self.spec.access.limit,
        )

    def _is_old(self) -> bool:
        return needs_old_cryptography(self.spec)


class ClusterWriter(ClusterReader):
    """The same interfaces with their writing methods; constructed only for a run that may apply changes."""

    def axl(self) -> "AxlWriter":
        """AXL with add, update, remove and reset."""
        from pytest_cucmtls.clients.axl_writer import AxlWriter

        if not isinstance(self._axl, AxlWriter):
            self._axl = AxlWriter(self._axl_session("axl"), self.release().axl_version, back_off=self._patience())
        return self._axl

    def cli(self, node: NodeAddress) -> "PlatformCliWriter":
        """The platform CLI with its certificate commands."""
        from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter

        session = super().cli(node)
        assert isinstance(session, PlatformCliWriter)  # _open_cli below makes no other kind
        return session

    def certificate_rest(self, node: NodeAddress) -> "CertificateRestWriter":
        """The certificate REST API with CSR and uploads."""
        from pytest_cucmtls.clients.certificate_rest import CertificateRestWriter

        return CertificateRestWriter(self._session(node, "platform", "certificate-rest"), back_off=self._patience())

    def control_center(self, node: NodeAddress) -> "ControlCenterWriter":
        """Service restarts."""
        from pytest_cucmtls.clients.control_center import ControlCenterWriter

        return ControlCenterWriter(self._session(node, "axl", "control-center"), back_off=self._patience())

    def _open_cli(self, node: NodeAddress) -> "PlatformCliWriter":
        from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter

        return PlatformCliWriter(
            node,
            self.spec.platform.user,
            self._credentials.password(self.spec.platform),
            known_hosts=self.spec.known_hosts,
            legacy_algorithms=self._is_old(),
            **self.spec.access.limit,
        )


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
