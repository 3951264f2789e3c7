"""Asks every probe: this machine first, then publishers side by side, then all other nodes side by side."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.errors import (
    ClusterUnreachable,
    ConfigurationInvalid,
    CredentialsRefused,
    CucmTlsError,
    FileUnreadable,
    InterfaceRefused,
    PeerNotVerified,
)
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.preflight.register import Probe, Scope, all_probes
from pytest_cucmtls.preflight.results import Answer, Row, Standing, cannot_say, not_applicable, problem
from pytest_cucmtls.preflight.views import ClusterView, MachineView, NodeView

MOST_NODES_AT_ONCE = 8
PROVEN_WRONG = (ClusterUnreachable, ConfigurationInvalid, CredentialsRefused, FileUnreadable, PeerNotVerified)
"""Errors that decide; time-outs and answers nobody understands do not."""
BUSY_WORDS = ("Exceeded allowed rate", "Maximum AXL Memory")
ROLE_MISSING = "HTTP 403"
"""The account itself was accepted."""
_LOOK_INTO_IT = "Try it by hand; if it works there, report the answer as a defect of this tool."


@dataclass(slots=True)
class _Progress:
    """Rows so far by (probe, cluster, node), and the accounts a cluster refused."""

    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    """(cluster, account) to the place where it was refused."""

    def standing(self, probe: str, cluster: str, node: str) -> Standing | None:
        """Of a probe at a place, else above it."""
        for key in ((probe, cluster, node), (probe, cluster, ""), (probe, "", "")):
            if key in self.rows:
                return self.rows[key].standing
        return None


def run_probes(
    machine: MachineView,
    credentials: Credentials,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Row, ...]:
    """Every row of the table, ordered by place and then as the probes stand. Raises nothing a probe could raise.

    Passwords are asked for before anything runs side by side, so that prompts come one after the other.
    """
    progress = _Progress()
    clusters = [ClusterView(machine.inventory, spec, credentials) for spec in machine.clusters]
    _ask_each(progress, machine, "", "", _scoped(Scope.MACHINE))
    for cluster in clusters:
        _ask_each(progress, cluster, cluster.spec.name, "", _scoped(Scope.CLUSTER))
    publishers = [(cluster, cluster.spec.publisher) for cluster in clusters]
    others = [(cluster, node) for cluster in clusters for node in cluster.spec.nodes if node != cluster.spec.publisher]
    for places, scopes in ((publishers, (Scope.NODE, Scope.PUBLISHER)), (others, (Scope.NODE,))):
        if places:
            tell(f"asking {', '.join(node.name for _, node in places)}")
            _ask_nodes(progress, places, _scoped(*scopes))
    return tuple(sorted(progress.rows.values(), key=lambda row: _place_in_table(row, clusters)))


def _scoped(*scopes: Scope) -> tuple[Probe, ...]:
    return tuple(probe for probe in all_probes() if probe.scope in scopes)


def _ask_nodes(progress: _Progress, places: list[tuple[ClusterView, NodeAddress]], probes: tuple[Probe, ...]) -> None:
    """Nodes side by side, the probes of one node one after the other."""

    def ask_node(place: tuple[ClusterView, NodeAddress]) -> None:
        view = NodeView(*place)
        try:
            _ask_each(progress, view, view.spec.name, view.node.name, probes)
        finally:
            view.close()

    with ThreadPoolExecutor(min(MOST_NODES_AT_ONCE, len(places)), thread_name_prefix="preflight") as workers:
        for _ in workers.map(ask_node, places):
            pass


def _ask_each(
    progress: _Progress, view: MachineView | ClusterView | NodeView, cluster: str, node: str, probes: Iterable[Probe]
) -> None:
    for probe in probes:
        answer = _hindered(progress, probe, cluster, node) or _asked(progress, probe, view, cluster, node)
        row = Row(probe.id, probe.title, cluster, node, answer.standing, answer.found, answer.repair)
        progress.rows[probe.id, cluster, node] = row


def _hindered(progress: _Progress, probe: Probe, cluster: str, node: str) -> Answer | None:
    """Why a probe cannot be asked here; None when it can."""
    titles = {other.id: other.title for other in all_probes()}
    for needed in probe.needs:
        standing = progress.standing(needed, cluster, node)
        if standing is Standing.NOT_APPLICABLE:
            return not_applicable(f"as “{titles[needed]}”")
        if standing is not Standing.OK:
            return cannot_say(f"not tried: it needs “{titles[needed]}”", "Repair that first, then run this again.")
    place = progress.refused.get((cluster, probe.account))
    if probe.account and place:
        found = f"not tried: {place} refused the {probe.account} account, and another attempt might lock it"
        return cannot_say(found, "Correct the password, then run this again.")
    return None


def _asked(progress: _Progress, probe: Probe, view: MachineView | ClusterView | NodeView, cluster: str, node: str) -> Answer:
    try:
        return probe.ask(view)
    except CucmTlsError as error:
        if isinstance(error, CredentialsRefused) and probe.account and ROLE_MISSING not in str(error):
            progress.refused[cluster, probe.account] = node
        return answer_of(error)


def answer_of(error: CucmTlsError) -> Answer:
    """What an error says about the thing probed."""
    found, repair = error.message, error.remedy or _LOOK_INTO_IT
    if isinstance(error, InterfaceRefused):
        busy = error.code in ("503", "-1") or any(words in error.detail for words in BUSY_WORDS)
        return cannot_say(f"busy: {found}", "Wait a minute, then run this again.") if busy else problem(found, repair)
    return problem(found, repair) if isinstance(error, PROVEN_WRONG) else cannot_say(found, repair)


def _place_in_table(row: Row, clusters: list[ClusterView]) -> tuple[int, int, int, str]:
    names = [cluster.spec.name for cluster in clusters]
    cluster = names.index(row.cluster) if row.cluster else -1
    nodes = [node.name for node in clusters[cluster].spec.nodes] if row.node else []
    order = next(probe.order for probe in all_probes() if probe.id == row.probe)
    return cluster, nodes.index(row.node) if row.node else -1, order, row.probe
