"""TLS on the wire: the node × node matrix and every handshake as a ladder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pytest_cucmtls.checks.connections import Seen, handshakes, hidden_cause, settled
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.model.handshakes import Handshake, HandshakeOutcome
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.ladder import Arrow, handshake_arrows

MOST_LADDERS = 8
"""Per direction; the others are counted. The capture holds them all."""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What was seen from one node to another; None in `standing` where nothing can be (same cluster)."""

    client: str
    server: str
    standing: Standing | None
    complete: int
    refused: int
    incomplete: int
    version: str
    suite: str
    mutual: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows open connections, columns accept them."""

    nodes: tuple[tuple[str, str], ...]
    """(cluster, node)."""
    rows: tuple[tuple[MatrixCell, ...], ...]


@dataclass(frozen=True, slots=True)
class LadderCard:
    """One handshake: facts beside its picture."""

    client: str
    server: str
    client_place: str
    server_place: str
    standing: Standing
    outcome: str
    mutual: str
    facts: tuple[tuple[str, str], ...]
    """(key of the label, value)."""
    arrows: tuple[Arrow, ...]
    hidden: str
    source: str


@dataclass(frozen=True, slots=True)
class WireDirection:
    """All connections of one direction; `missing` says why there are none."""

    direction: str
    ladders: tuple[LadderCard, ...]
    left_out: int
    missing: str


def wire_directions(evidence: Evidence) -> tuple[WireDirection, WireDirection]:
    """The handshakes of both directions: what counts per pair of nodes, refused first attempts as well."""
    first, second = evidence.clusters
    return _direction(evidence, first, second), _direction(evidence, second, first)


def _direction(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> WireDirection:
    name = f"{client.name}->{server.name}"
    try:
        seen = handshakes(evidence, client, server)
    except NoEvidence as missing:
        return WireDirection(name, (), 0, f"{missing.fact}: {missing.why}. {missing.remedy}")
    cards = tuple(_card(one) for one in seen[:MOST_LADDERS])
    return WireDirection(name, cards, len(seen) - len(cards), "")


def _card(seen: Seen) -> LadderCard:
    handshake = seen.handshake
    return LadderCard(
        client=seen.client_node.name,
        server=seen.server_node.name,
        client_place=str(handshake.client),
        server_place=str(handshake.server),
        standing=_standing(handshake),
        outcome=handshake.outcome.value,
        mutual=handshake.mutual_authentication,
        facts=_facts(handshake),
        arrows=tuple(handshake_arrows(handshake)),
        hidden=hidden_cause((seen,)) if handshake.certificates_hidden else "",
        source=f"{seen.item.path}, {seen.item.location}" if seen.item.location else seen.item.path,
    )


def _standing(handshake: Handshake) -> Standing:
    """Colour of a picture, not a verdict: complete with both certificates, refused, or not seen to its end."""
    if handshake.outcome is HandshakeOutcome.REFUSED:
        return Standing.REFUTED
    if handshake.outcome is HandshakeOutcome.INCOMPLETE or handshake.mutual_authentication == "unknown":
        return Standing.UNDECIDED
    return Standing.PROVEN if handshake.mutual_authentication == "yes" else Standing.REFUTED


def _facts(handshake: Handshake) -> tuple[tuple[str, str], ...]:
    suite = handshake.cipher_suite
    shown = [
        ("tls_version", handshake.version),
        ("tls_suite", suite.name if suite else None),
        ("tls_openssl", suite.openssl if suite else None),
        ("tls_group", handshake.group),
        ("tls_offered", ", ".join(handshake.offered_versions) or None),
        ("tls_bytes", " / ".join(f"{count:,}" for count in handshake.application_bytes)),
    ]
    return tuple((key, value) for key, value in shown if value)


def matrix(evidence: Evidence) -> Matrix:
    """Every node against every node; the two clusters meet, the nodes of one do not."""
    nodes = tuple((cluster.name, node.name) for cluster in evidence.clusters for node in cluster.nodes)
    seen = _by_pair(evidence)
    rows = tuple(tuple(_cell(row, column, seen.get((row[1], column[1]), ())) for column in nodes) for row in nodes)
    return Matrix(nodes, rows)


def _by_pair(evidence: Evidence) -> dict[tuple[str, str], Sequence[Seen]]:
    first, second = evidence.clusters
    found: list[Seen] = []
    for client, server in ((first, second), (second, first)):
        try:
            found += handshakes(evidence, client, server)
        except NoEvidence:
            continue

    def pair(seen: Seen) -> tuple[str, str]:
        return seen.client_node.name, seen.server_node.name

    return {key: tuple(group) for key, group in groupby(sorted(found, key=pair), pair)}


def _cell(row: tuple[str, str], column: tuple[str, str], seen: Sequence[Seen]) -> MatrixCell:
    if row[0] == column[0]:
        return MatrixCell(row[1], column[1], None, 0, 0, 0, "", "", "")
    counted = [one.handshake for one in settled(tuple(seen))]
    order = (Standing.REFUTED, Standing.UNDECIDED, Standing.PROVEN)
    standing = next((worst for worst in order if worst in {*map(_standing, counted)}), Standing.UNDECIDED)
    outcomes = [one.handshake.outcome for one in seen]
    return MatrixCell(
        client=row[1],
        server=column[1],
        standing=standing,
        complete=outcomes.count(HandshakeOutcome.COMPLETE),
        refused=outcomes.count(HandshakeOutcome.REFUSED),
        incomplete=outcomes.count(HandshakeOutcome.INCOMPLETE),
        version=_common(one.version for one in counted),
        suite=_common((one.cipher_suite.name if one.cipher_suite else None) for one in counted),
        mutual=_common(one.mutual_authentication for one in counted),
    )


def _common(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value))
