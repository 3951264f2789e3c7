"""Certificates side by side: what the admin interface shows and what was presented on the wire, field by field."""

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_cucmtls.checks.connections import Seen, handshakes
from pytest_cucmtls.model.certificates import EXTENDED_KEY_USAGE_NAMES, Certificate
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence
from pytest_cucmtls.report.html.shown import differing, distinguished, grouped, moment

FIELDS = ("subject", "issuer", "serial", "not_before", "not_after", "names", "key", "signature", "usage", "sha256")


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of one certificate: pieces of text with whether they differ from the admin interface's."""

    pieces: tuple[tuple[str, bool], ...]
    equal: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One place the certificate was seen: `label` is a key, `detail` says where exactly."""

    label: str
    detail: str
    cells: tuple[Cell, ...]
    same: bool | None
    """The same certificate as on the admin interface; None for the admin interface itself."""
    chain: tuple[str, ...]
    """Subjects of the certificates sent after the leaf."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One node's identity wherever it was seen."""

    place: str
    columns: tuple[Column, ...]
    before: Column | None
    """What stood there before step 7, when it was another certificate."""

    @property
    def same(self) -> bool:
        """Seen on the wire, and nowhere different."""
        compared = [column.same for column in self.columns if column.same is not None]
        return bool(compared) and all(compared)


def comparisons(evidence: Evidence) -> tuple[Comparison, ...]:
    """One comparison per node, in inventory order."""
    first, second = evidence.clusters
    sightings = {direction: _sightings(evidence, *direction) for direction in ((0, 1), (1, 0))}
    found = []
    for own, cluster in enumerate((first, second)):
        other = 1 - own
        for node in cluster.nodes:
            served = [seen for seen in sightings[other, own] if seen.server_node.name == node.name]
            sent = [seen for seen in sightings[own, other] if seen.client_node.name == node.name]
            found.append(_comparison(cluster, node, served, sent))
    return tuple(found)


def _sightings(evidence: Evidence, client: int, server: int) -> tuple[Seen, ...]:
    try:
        return handshakes(evidence, evidence.clusters[client], evidence.clusters[server])
    except NoEvidence:
        return ()


def _comparison(cluster: ClusterEvidence, node: NodeEvidence, served: Iterable[Seen], sent: Iterable[Seen]) -> Comparison:
    admin = node.own_certificate.value.certificate if node.own_certificate else None
    columns = []
    if admin is not None and node.own_certificate is not None:
        columns.append(_column("certificate_admin", node.own_certificate.item.path, (admin,), None))
    for label, sightings in (("certificate_server", served), ("certificate_client", sent)):
        for chain, detail in _distinct(sightings, label == "certificate_server"):
            columns.append(_column(label, detail, chain, admin))
    earlier = node.own_certificate_before
    replaced = earlier is not None and (admin is None or earlier.value.certificate.sha256 != admin.sha256)
    before = None
    if earlier is not None and replaced:
        before = _column("certificate_before", earlier.item.path, (earlier.value.certificate,), None)
    return Comparison(f"{cluster.name}/{node.name}", tuple(columns), before)


def _distinct(sightings: Iterable[Seen], as_server: bool) -> list[tuple[tuple[Certificate, ...], str]]:
    """Each certificate presented in a role once, with the first place it was seen."""
    found: dict[str, tuple[tuple[Certificate, ...], str]] = {}
    for seen in sightings:
        chain = seen.handshake.server_chain if as_server else seen.handshake.client_chain
        if chain:
            found.setdefault(chain[0].sha256, (chain, f"{seen.place}, {seen.item.path}"))
    return list(found.values())


def _column(label: str, detail: str, chain: tuple[Certificate, ...], admin: Certificate | None) -> Column:
    texts = _texts(chain[0])
    expected = _texts(admin) if admin else texts
    cells = tuple(Cell(differing(text, other), text == other) for text, other in zip(texts, expected, strict=True))
    same = None if admin is None else chain[0].sha256 == admin.sha256
    return Column(label, detail, cells, same, tuple(str(further.subject) for further in chain[1:]))


def _texts(certificate: Certificate) -> tuple[str, ...]:
    """One text per field of `FIELDS`; the serial both ways, because old releases print it in decimal."""
    usages = certificate.extended_key_usage
    key = certificate.curve or f"{certificate.key_type} {certificate.key_bits}".strip()
    return (
        distinguished(certificate.subject),
        distinguished(certificate.issuer),
        f"{certificate.serial_hex} = {certificate.serial_number}",
        moment(certificate.not_before),
        moment(certificate.not_after),
        ", ".join(certificate.subject_alternative_names) or "–",
        key,
        " ".join(filter(None, (certificate.signature_scheme, certificate.signature_hash))),
        "–" if usages is None else ", ".join(EXTENDED_KEY_USAGE_NAMES.get(identifier, identifier) for identifier in usages),
        grouped(certificate.sha256),
    )
