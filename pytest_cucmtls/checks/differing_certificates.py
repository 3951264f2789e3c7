"""Why the certificate on the wire is not the one of the admin page: the cause the evidence shows; holds no check."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pytest_cucmtls.checks.stores import peer_of
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence

Cause = tuple[str, tuple[str, ...]]
"""Sentence part, remedies with the likeliest first."""
_START_FORMATS = ("%a %b %d %H:%M:%S %Y", "%Y-%m-%d %H:%M:%S")
"""How Control Center prints a start time, in the node's zone."""


def cause_of_difference(
    evidence: Evidence, owner: ClusterEvidence, node: NodeEvidence, leaf: Certificate, shown: Certificate
) -> Cause:
    """Told apart: other node, other identity of the node, intercepted, not restarted, not uploaded (or restored).

    `leaf` is what the node presented, `shown` what its admin page holds for the identity compared.
    """
    return (
        _of_another_node(evidence, owner, node, leaf)
        or _of_another_identity(owner, node, leaf)
        or _intercepted(evidence, owner, leaf)
        or _by_age(owner, node, leaf, shown)
    )


def _of_another_node(evidence: Evidence, owner: ClusterEvidence, node: NodeEvidence, leaf: Certificate) -> Cause | None:
    for cluster in evidence.clusters:
        for other in cluster.nodes:
            own = other.own_certificate
            if other is not node and own is not None and own.value.certificate.sha256 == leaf.sha256:
                text = (
                    f"it is the certificate of {cluster.name}/{other.name}, another node: the address in the trunk of "
                    f"{peer_of(evidence, owner).name} or the file uploaded belongs to that node."
                )
                return text, ("S7", "S9")
    return None


def _of_another_identity(owner: ClusterEvidence, node: NodeEvidence, leaf: Certificate) -> Cause | None:
    """The node's own, but of another unit: RSA compared with ECDSA, or CallManager with tomcat."""
    found = next((entry.value for entry in node.other_identities if entry.value.certificate.sha256 == leaf.sha256), None)
    if found is None:
        return None
    kind = f"{leaf.key_type} {leaf.curve or leaf.key_bits}"
    text = (
        f"it is the other identity of {owner.name}/{node.name}, {found.unit} ({kind}), which the negotiated cipher suite "
        "selected; let both sides prefer one kind of key in Cipher Management."
    )
    return text, ("X7", "S7")


def _intercepted(evidence: Evidence, owner: ClusterEvidence, leaf: Certificate) -> Cause | None:
    if leaf.names_itself_as_issuer or _known_issuer(evidence, leaf):
        return None
    peer = peer_of(evidence, owner)
    clusters = (owner, peer)
    admitting = [
        f"{cluster.name}/{node.name} {member.value.unit} {member.value.file_name}"
        for cluster in clusters
        for node in cluster.nodes
        for member in node.trust or ()
        if member.value.certificate.subject.same_as(leaf.issuer)
    ]
    by = f", admitted by {', '.join(admitting)}" if admitting else ", and no trust store holds that issuer"
    text = (
        f"its issuer {leaf.issuer} is no authority of this trunk and neither admin interface knows the certificate: "
        f"intercepted, something between the clusters terminates the connection{by}."
    )
    return text, ("X4", "S6")


def _known_issuer(evidence: Evidence, leaf: Certificate) -> bool:
    known = [source.value.subject for source in evidence.authority_chain]
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            sources = [source for source in (node.own_certificate, node.own_certificate_before) if source is not None]
            known += [source.value.certificate.issuer for source in (*sources, *node.other_identities)]
            known += [node.issued.value.issuer] if node.issued is not None else []
    return any(leaf.issuer.same_as(name) for name in known)


def _by_age(owner: ClusterEvidence, node: NodeEvidence, leaf: Certificate, shown: Certificate) -> Cause:
    """An earlier or later certificate of the node itself."""
    place = f"{owner.name}/{node.name}"
    before = node.own_certificate_before
    service = _service_text(node)
    stays = f"the Cisco CallManager service of {place} was not restarted{service} and goes on with what it loaded"
    if before is not None and before.value.certificate.sha256 == leaf.sha256 and shown.sha256 != leaf.sha256:
        return f"it is the certificate from before the upload: {stays} (the procedure does not mention the restart).", (
            "X1",
            "X2",
        )
    if _started_before(node, shown):
        return f"the service started before the certificate of the admin page existed: {stays}.", ("X1", "X2")
    if shown.names_itself_as_issuer and not leaf.names_itself_as_issuer:
        text = (
            f"the admin page holds a self-signed certificate, the wire one of {leaf.issuer}: not uploaded, or regenerated since; "
            f"a restart of {place} would break the trunk."
        )
        return text, ("S7", "X1")
    if _later(leaf, shown):
        text = (
            f"the wire shows a later certificate (valid from {_day(leaf)}) than the admin page (from {_day(shown)}): the new one "
            f"was not uploaded here, or an older one was restored on {place}."
        )
        return text, ("S7", "X1")
    if leaf.names_itself_as_issuer:
        return f"it is self-signed, as generated by the system, not the uploaded one: {stays}.", ("X1", "X2")
    return f"it is an earlier certificate (valid from {_day(leaf)}) than the uploaded one (from {_day(shown)}): {stays}.", (
        "X1",
        "X2",
    )


def _later(leaf: Certificate, shown: Certificate) -> bool:
    return bool(leaf.not_before and shown.not_before and leaf.not_before > shown.not_before)


def _day(certificate: Certificate) -> str:
    return f"{certificate.not_before:%Y-%m-%d %H:%M:%S} UTC" if certificate.not_before else "an unreadable time"


def _started_before(node: NodeEvidence, shown: Certificate) -> bool:
    """The service's start lies before the certificate's validity, by more than a day: its zone is not known."""
    started = service_start(node)
    return bool(started and shown.not_before and (shown.not_before - started).total_seconds() > 86400)


def service_start(node: NodeEvidence) -> datetime | None:
    """Start of the Cisco CallManager service; the node's zone is not known, so UTC is assumed (up to 14 hours wrong)."""
    text = (node.call_manager.value.start_time or "") if node.call_manager else ""
    return next(_read(text, _START_FORMATS), None)


def _read(text: str, formats: Iterable[str]) -> Iterator[datetime]:
    for form in formats:
        try:
            yield datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue


def _service_text(node: NodeEvidence) -> str:
    if node.call_manager is None:
        return ""
    status = node.call_manager.value
    if status.start_time:
        return f" (service start time {status.start_time})"
    return f" (service up for {status.up_time_seconds} s)" if status.up_time_seconds is not None else ""
