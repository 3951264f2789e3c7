"""Faults beyond the catalogue: listeners, steps that stopped, and the last checks that no numbered fault breaks."""

from dataclasses import replace
from datetime import timedelta

from pytest_cucmtls.model.evidence import Evidence, StepRecord
from pytest_cucmtls.model.handshakes import CipherSuite
from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.built_certificates import certificate, root
from pytest_cucmtls.rehearsal.built_pair import good_pair, named, sourced, trusted, with_identity, with_node, with_wire
from pytest_cucmtls.rehearsal.built_probe import probe, turned, with_probe
from pytest_cucmtls.rehearsal.built_wire import FIRST_SEEN, LAST_SEEN, handshake
from pytest_cucmtls.rehearsal.catalogue import Row
from pytest_cucmtls.rehearsal.faults.identity import elliptic, two_nodes, verify

A, B = "A/CUCMA", "B/CUCM10"
WARN, UNDECIDED, ERROR = Outcome.WARN, Outcome.INCONCLUSIVE, Outcome.ERROR
ECDSA = CipherSuite(0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384")


def listener(topic: str, asked: str) -> Evidence:
    return with_probe(good_pair(), turned(probe(), topic, asked, Answer.ACCEPTED))


def falling_back() -> Evidence:
    both = turned(probe(), "version", "TLSv1.3", Answer.ACCEPTED)
    return with_probe(good_pair(), turned(both, "fallback", "TLSv1.2", Answer.ACCEPTED))


def stopped(number: int) -> Evidence:
    """The run ended in this step; later ones have no record."""
    good = good_pair()
    record = sourced(StepRecord(number, "Step.", ERROR, "AXL answered nothing.", ("A trunk to-B: absent → made (axl)",)), "step")
    return replace(good, steps=(*good.steps[: number - 1], record, *good.steps[number:]))


def anchor_not_a_ca() -> Evidence:
    """B's store holds the right root and a path that ends below it."""
    leaf = certificate("CUCMA", issuer="Issuing CA")
    return verify(with_identity(good_pair(authority_chain=()), "A", leaf))


def expired_intermediate() -> Evidence:
    """A's certificate comes from an intermediate that both stores hold and that expired yesterday."""
    middle = certificate("Issuing CA", issuer="CA", is_ca=True, days=29)
    evidence = good_pair(authority_chain=(sourced(middle, "middle"), sourced(root(), "root")))
    evidence = with_identity(evidence, "A", certificate("CUCMA", issuer="Issuing CA"))
    for name in ("A", "B"):
        evidence = with_node(evidence, name, trust=(trusted(root()), trusted(middle)))
    return evidence


def early_handshake() -> Evidence:
    """The captured handshakes lie before the certificates' validity, the calls within."""
    back = timedelta(days=31)
    old = [replace(handshake(a, b), at=FIRST_SEEN - back, last_at=LAST_SEEN - back)
           for a, b in (("A", "B"), ("B", "A"))]  # fmt: skip
    return with_wire(good_pair(), *old)


def other_name_in_the_other_identity() -> Evidence:
    """The ECDSA identity, selected by the suite, carries a name that A's profile does not accept."""
    leaf = elliptic(5)
    renamed = certificate("CUCM10-EC", subject_key="ec", names=("CUCM10-EC",))
    leaf = replace(leaf, subject=renamed.subject, subject_alternative_names=("DNS:CUCM10-EC",))
    evidence = with_node(good_pair(), "B", other_identities=(sourced(named(leaf, "CallManager-ECDSA"), "ecdsa"),))
    return with_wire(evidence, handshake("A", "B", server_chain=(leaf, root()), cipher_suite=ECDSA), handshake("B", "A"))


def one_node_never_called() -> Evidence:
    evidence = two_nodes(certificate("CUCM10S"))
    return with_wire(evidence, handshake("A", "B"), handshake("B", "A"))


def odd_key_usage() -> Evidence:
    return verify(with_identity(good_pair(), "A", replace(certificate("CUCMA"), key_usage=("keyEncipherment",))))


def pss_signature() -> Evidence:
    return verify(with_identity(good_pair(), "A", replace(certificate("CUCMA"), signature_scheme="RSA-RIPEMD")))


TIMES = frozenset({"connection_is_younger_than_the_trunk", "traced_call_is_the_captured_one", "trace_agrees_with_the_wire",
                   "connection_is_renewed_in_time"})  # fmt: skip

ROWS = (
    Row("G-60", "the listener accepts TLS 1.1", lambda: listener("version", "TLSv1.1"), (("listener_refuses_old_versions", A),),
        phase="handshake", remedy="X7", says=("TLSv1.1",)),
    Row("G-61", "the listener accepts a NULL suite", lambda: listener("suites", "NULL"), (("listener_refuses_weak_suites", A),),
        phase="handshake", remedy="X7", says=("NULL",)),
    Row("G-62", "the listener accepts a group of 192 bits", lambda: listener("group", "secp192r1"),
        (("listener_refuses_weak_groups", A),), WARN, phase="handshake", remedy="X7", says=("secp192r1",)),
    Row("G-63", "the listener accepts a marked fallback", falling_back, (("listener_refuses_fallback", A),), WARN,
        phase="handshake", remedy="X7"),
    Row("G-64", "the listener lets a client without certificate in", lambda: listener("certificate", "none"),
        (("listener_requires_client_certificate", A),), phase="handshake", remedy="S8"),
    Row("G-65", "the trunk's port answers SIP in clear text", lambda: listener("clear_sip", "tcp"),
        (("listener_speaks_no_clear_sip", A),), phase="handshake", remedy="S8"),
    Row("G-66", "FIPS mode required and not shown", good_pair, (("fips_mode_is_enabled", A),), UNDECIDED, phase="access",
        remedy="X5", policy="disa-evvm-sm"),
    Row("G-67", "the trust stores were not read", lambda: with_node(good_pair(), "A", trust=None),
        (("certificates_are_inventoried", A),), UNDECIDED, remedy="X5", says=("show cert list trust",)),
    Row("G-68", "the issuer of A's certificate is an intermediate nobody holds", anchor_not_a_ca,
        (("peer_root_is_trusted", B),), remedy="S6", says=("Issuing CA",),
        also=frozenset({"issued_certificate_chains_to_authority", "trace_agrees_with_the_wire"})),
    Row("G-69", "the captured handshake lies before the certificate's validity", early_handshake,
        (("server_chain_is_valid_for_client", "A->B"), ("client_chain_is_valid_for_server", "A->B")), phase="handshake",
        remedy="S3", says=("not valid yet",), also=TIMES | {"server_chain_is_valid_for_client",
        "client_chain_is_valid_for_server"}),
    Row("G-70", "the identity selected by the suite carries a name the profile does not accept", other_name_in_the_other_identity,
        (("profiles_accept_presented_names", "A->B"),), phase="handshake", remedy="S8", says=("CUCM10-EC", "'CUCM10'"),
        also=frozenset({"trace_agrees_with_the_wire", "server_chain_is_valid_for_client"})),
    Row("G-71", "one node of the peer was never called", one_node_never_called,
        (("every_node_presents_the_right_certificate", "A->B"),), UNDECIDED, phase="handshake", remedy="V1", says=("CUCM10S",)),
    Row("G-72", "key usage without digitalSignature", odd_key_usage, (("key_usage_is_as_required", A),), remedy="S4",
        says=("digitalSignature",), also=frozenset({"peer_identity_has_a_path"})),
    Row("G-73", "a signature scheme the policy does not list", pss_signature, (("signature_scheme_is_allowed", A),), remedy="S4",
        policy="bsi-tr-02102-2", says=("RSA-RIPEMD",), also=frozenset({"key_is_long_enough", "signature_scheme_is_allowed"})),
    *(
        Row(f"G-{80 + number}", f"step {number} stopped with an error", lambda number=number: stopped(number),
            ((f"step_{number:02d}_is_performed", "pair"),), ERROR, phase="apply", remedy=f"S{number}",
            says=("AXL answered nothing", "to-B"), also=frozenset({"changes_are_recorded"}))
        for number in range(1, 11)
    ),
    Row("G-91", "the run left no record of its last step", lambda: replace(good_pair(), steps=good_pair().steps[:9]),
        (("changes_are_recorded", "pair"),), UNDECIDED, phase="apply", remedy="X8", says=("10",),
        also=frozenset({"step_10_is_performed"})),
    Row("G-92", "an intermediate of the path has expired", expired_intermediate, (("peer_identity_has_a_path", "A->B"),),
        remedy="S3", says=("expired", "Issuing CA"), also=frozenset({"peer_identity_has_a_path"})),
)  # fmt: skip
