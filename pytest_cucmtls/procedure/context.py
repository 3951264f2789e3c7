"""What every step of the procedure works with, and the shape of a step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_cucmtls.ca.authority import CertificateAuthority
from pytest_cucmtls.clusters import ClusterReader, ClusterResetter, ClusterWriter
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.model.inventory import Inventory, NodeAddress
from pytest_cucmtls.procedure.journal import Journal

if TYPE_CHECKING:
    from pytest_cucmtls.procedure.restarting import InService

CALL_MANAGER = "CallManager"
CALL_MANAGER_TRUST = "CallManager-trust"


@dataclass(frozen=True, slots=True)
class Change:
    """One planned change: what it is, what it replaces, how to do it and how to return."""

    target: str
    before: str
    after: str
    interface: str
    perform: Callable[[], None]
    undo: dict[str, str] = field(default_factory=dict)
    """``action`` (a name in undo.py) and its arguments; empty when there is nothing to take back."""
    bound: str | None = None
    """What of `after` a plan binds, where the rest cannot be known beforehand; None: all of it, "": nothing."""
    risk: str = ""
    """What is interrupted or lost, in one sentence; empty: nothing in service is touched."""
    irreversible: str = ""
    """Why it cannot be undone; empty: it can, or nothing is left behind that would have to be."""
    fields: tuple[tuple[str, str, str], ...] = ()
    """(field, before, after) of an object that is written."""


Gate = Callable[[int, Change], None]
"""Asked before a change of a step is made. Raises: UnsafeToAct when it must not be made (now)."""


@dataclass(slots=True)
class Run:
    """One run of the procedure over two clusters."""

    inventory: Inventory
    folder: RunFolder
    clusters: tuple[ClusterReader, ...]
    """A and B; only one of them where a mesh is read cluster by cluster."""
    authority: CertificateAuthority | None
    journal: Journal
    progress: Callable[[str], None]
    step: int = 0
    """The step being performed, so that what is kept meanwhile can name it; 0 outside the ten steps."""
    gates: tuple[Gate, ...] = ()
    """Approved plan, maintenance window, ceilings: each may refuse a change before it is announced."""
    plan_file: Path | None = None
    """The approved plan this run carries out, if any."""
    before_restarts: "InService | None" = None
    """What was in service before this process restarted the first service."""
    return_limit_seconds: float = 300.0
    """How long a restarted node's devices may take to be in service again."""
    _transcribed: dict[tuple[str, str], int] = field(default_factory=dict)

    def keep_transcripts(self) -> None:
        """Keep what was typed and answered on every CLI session since the last time, named after the present step."""
        for cluster in self.clusters:
            for node, transcript in cluster.transcripts():
                known = self._transcribed.get((cluster.name, node), 0)
                if new := transcript[known:]:
                    self._transcribed[cluster.name, node] = len(transcript)
                    self.folder.keep(
                        new.encode(),
                        kind="cli_transcript",
                        cluster=cluster.name,
                        node=node,
                        interface="cli",
                        operation="session",
                        attributes={"step": self.step},
                    )

    def cluster(self, name: str) -> ClusterReader:
        """By inventory name. Raises: KeyError."""
        return next(cluster for cluster in self.clusters if cluster.name == name)

    def resetter(self, cluster: ClusterReader) -> ClusterResetter:
        """The cluster's side that may reset the trunk. Raises: UnsafeToAct where nobody allowed that."""
        if not isinstance(cluster, ClusterResetter):
            raise UnsafeToAct(
                "any",
                f"the trunk of cluster {cluster.name} may not be reset in this run",
                remedy="Set reset_trunks = true in the inventory, or ask for mode apply.",
            )
        return cluster

    def writer(self, cluster: ClusterReader) -> ClusterWriter:
        """The cluster's writing side. Raises: UnsafeToAct in a verify-only run, where none exists."""
        if not isinstance(cluster, ClusterWriter):
            raise UnsafeToAct(
                "any", f"cluster {cluster.name} may only be read in this run", remedy="Ask for mode apply to change it."
            )
        return cluster

    def signer(self) -> CertificateAuthority:
        """The certificate authority. Raises: UnsafeToAct when the run has none (verify-only)."""
        if self.authority is None:
            raise UnsafeToAct("4", "this run has no certificate authority to sign with")
        return self.authority

    @property
    def poll_seconds(self) -> float:
        """Pause between two looks at something that takes its time; real clusters throttle impatient clients."""
        loopback = all(node.address.startswith("127.") for _, node in self.nodes())
        return 0.1 if loopback else 5.0

    def nodes(self) -> "list[tuple[ClusterReader, NodeAddress]]":
        """Every node of both clusters, A's first, publishers first."""
        return [
            (cluster, node)
            for cluster in self.clusters
            for node in sorted(cluster.spec.nodes, key=lambda node: node.role != "publisher")
        ]


class Step(Protocol):
    """One of the ten steps."""

    @property
    def number(self) -> int:
        """1 to 10."""

    @property
    def title(self) -> str:
        """The procedure's heading."""

    def plan(self, run: Run, /) -> list[Change]:
        """What would have to change now, from what the clusters say; empty when all is as it should be."""

    def read_back(self, run: Run) -> None:
        """Read what this step is about and keep it as evidence, through another interface than wrote it where there is one."""
