"""Faults of what surrounds the trunk: accounts, names, replication, the cryptographic mode."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_cucmtls.model.cucm import TrunkDestination
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.surroundings import EarlierIdentity, NameLookup, ReplicationState, WriteAccess
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.bench import Bench
from pytest_cucmtls.rehearsal.built_certificates import NOW, certificate, key, root
from pytest_cucmtls.rehearsal.built_ocsp import ocsp_answer
from pytest_cucmtls.rehearsal.built_pair import good_pair, sourced, trusted, with_cluster, with_node, with_trunk
from pytest_cucmtls.rehearsal.catalogue import Row
from pytest_cucmtls.rehearsal.faults.identity import two_nodes
from pytest_cucmtls.wire.x509_ocsp import parse_ocsp_answer

A, B = "A/CUCMA", "B/CUCM10"
AGREE, RESOLVES = ("nodes_of_a_cluster_agree", "B"), ("trunk_name_resolves_to_the_peer", "A")
BLOCKED, PASS, UNDECIDED = Outcome.BLOCKED, Outcome.PASS, Outcome.INCONCLUSIVE


def reading_account() -> Evidence:
    """A run in mode apply that stopped before its first change."""
    access = sourced(WriteAccess("axl", ("Standard AXL Read Only API Access",), False), "roles")
    return with_cluster(good_pair(steps=()), "A", write_access=access)


def named_destination(*addresses: str) -> Evidence:
    """A's trunk names its peer, and A's node resolves the name so."""
    evidence = with_trunk(good_pair(), "A", destinations=(TrunkDestination("CUCM10", 5061),))
    return with_node(evidence, "A", name_lookups=(sourced(NameLookup("CUCM10", addresses), "lookup"),))


def not_replicated(number: int = 3, words: str = "Bad") -> Evidence:
    """The second node of B sees itself behind."""
    evidence = two_nodes(certificate("CUCM10S", names=("CUCM10S",)))
    first, second = evidence.cluster("B").nodes
    state = ReplicationState((("CUCM10", 2, "Setup Completed"), ("CUCM10S", number, words)))
    return with_cluster(evidence, "B", nodes=(first, replace(second, replication=sourced(state, "replication-sub"))))


def other_anchors() -> Evidence:
    """Replication claims to be good, and yet the second node of B lacks the root."""
    evidence = two_nodes(certificate("CUCM10S", names=("CUCM10S",)))
    first, second = evidence.cluster("B").nodes
    return with_cluster(evidence, "B", nodes=(first, replace(second, trust=(trusted(root("Else")),))))


def fips(enabled: bool) -> Evidence:
    evidence = good_pair()
    for name in ("A", "B"):
        evidence = with_node(evidence, name, fips_mode=sourced(enabled, f"fips-{name}"))
    return evidence


def restored_backup(*recorded: str) -> Evidence:
    """Serials of A's identity as earlier runs recorded them, oldest first; the present one is ``now``."""
    now = certificate("CUCMA").sha256
    known = tuple(
        EarlierIdentity(A, now if serial == "now" else serial * 64, serial, NOW - timedelta(days=30 - place))
        for place, serial in enumerate(recorded)
    )
    return good_pair(earlier_identities=sourced(known, "earlier"))


def answered(status: str, **changes: Any) -> Evidence:
    """A responder answered about both identities; about A's it says this."""
    evidence = good_pair()
    for name, own in (("A", "CUCMA"), ("B", "CUCM10")):
        said = ocsp_answer(certificate(own), status=status, **changes) if name == "A" else ocsp_answer(certificate(own))
        evidence = with_node(evidence, name, ocsp=sourced(parse_ocsp_answer(said), f"ocsp-{name}"))
    return evidence


def old_address_by_name(bench: Bench) -> None:
    """A's trunk names B's node, whose old address A's resolver still has."""
    found = bench.axl("A").read_sip_trunk(bench.spec("A").trunk).value
    assert found is not None
    peer = bench.spec("B").publisher
    bench.axl("A").update_sip_trunk(found.name, replace(found, destinations=(TrunkDestination(peer.name, peer.sip_port),)))
    bench.inject("host_names_resolve_to_an_old_address", "A")


ROWS = (
    Row("F-030", "AXL account can read, not write", reading_account, (("account_may_write", "A"),), BLOCKED, phase="access",
        remedy="X5", says=("Standard AXL API Access is missing", "nothing was changed")),
    Row("F-039", "trunk resolves by DNS to the old address", lambda: named_destination("10.2.0.99"), (RESOLVES,), remedy="X3",
        says=("CUCM10 resolves to 10.2.0.99", "10.2.0.1")),
    Row("F-039", "trunk resolves by DNS to the old address", old_address_by_name, (RESOLVES,), remedy="X3",
        says=("cucm-b.beta.example resolves to", "expected 127."), live=True),
    Row("F-142", "database replication broken: nodes answer differently", not_replicated, (AGREE,), phase="access", remedy="X5",
        says=("CUCM10S (3) Bad", "By node", "CUCM10: replication good (2)")),
    Row("F-128", "restored backup brought the previous certificate back", lambda: restored_backup("now", "2"),
        (("identity_is_not_an_older_one", A),), remedy="S7", says=("drift", "backup", "serial 2", "2026-05-03")),
    Row("N-102", "the identity the baseline left", lambda: restored_backup("2", "now"), (("identity_is_not_an_older_one", A),),
        PASS, says=("left",)),
    Row("N-103", "an identity renewed since the baseline", lambda: restored_backup("2", "3"),
        (("identity_is_not_an_older_one", A),), PASS, says=("newer",)),
    Row("F-076", "certificate revoked by the CA, told by OCSP", lambda: answered("revoked"),
        (("certificate_is_not_revoked", A),), phase="evidence", remedy="S3", says=("2026-05-29", "keyCompromise", "OCSP")),
    Row("G-104", "the responder does not know the certificate", lambda: answered("unknown"),
        (("certificate_is_not_revoked", A),), UNDECIDED, phase="evidence", remedy="S3", says=("does not know",)),
    Row("G-105", "a stranger signed the OCSP answer",
        lambda: answered("good", issuer=root("CA", "stranger"), signer=key("stranger", 2048)),
        (("certificate_is_not_revoked", A),), UNDECIDED, phase="evidence", remedy="S3", says=("bears no signature",)),
    Row("G-106", "an OCSP answer of last week", lambda: answered("good", at=NOW - timedelta(days=7)),
        (("certificate_is_not_revoked", A),), UNDECIDED, phase="evidence", remedy="S3", says=("was to be replaced",)),
    Row("N-104", "a responder says good of both", lambda: answered("good"), (("certificate_is_not_revoked", A),), PASS,
        policy="nist-800-52r2", phase="evidence"),
    Row("G-100", "replication claims to be good, one node trusts something else", other_anchors, (AGREE,), phase="access",
        remedy="X5", says=("B/CUCM10S trusts also", "odd one out"),
        also=frozenset({"peer_root_is_trusted", "issued_certificate_chains_to_authority"})),
    Row("G-101", "the name in the trunk does not resolve", named_destination, (RESOLVES,), remedy="X3", says=("nothing",)),
    Row("G-102", "replication is still being set up", lambda: not_replicated(0, "Initializing"), (AGREE,), phase="access",
        remedy="X5", says=("(0) Initializing",)),
    Row("G-103", "FIPS mode required, the node says non-FIPS", lambda: fips(False), (("fips_mode_is_enabled", A),
        ("fips_mode_is_enabled", B)), phase="access", remedy="X7", policy="disa-evvm-sm", says=("non-FIPS",)),
    Row("N-100", "a name in the trunk that leads to the peer", lambda: named_destination("10.2.0.1"), (RESOLVES,), PASS),
    Row("N-101", "two nodes of a cluster that agree", lambda: not_replicated(2, "Setup Completed"), (AGREE,), PASS),
)  # fmt: skip
