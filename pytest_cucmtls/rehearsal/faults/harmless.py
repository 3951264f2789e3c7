"""Harmless look-alikes: situations in which every check must stay silent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.x509.oid import ObjectIdentifier

from pytest_cucmtls.model.certificates import IPSEC_END_SYSTEM
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.handshakes import HandshakeOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.traces import CertificateIndication
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.built_certificates import BOTH_USAGES, certificate, root
from pytest_cucmtls.rehearsal.built_pair import good_pair, sourced, trusted, with_identity, with_node, with_traces, with_wire
from pytest_cucmtls.rehearsal.built_traces import analysis, dialogue, session, source, trace
from pytest_cucmtls.rehearsal.built_wire import ADDRESSES, handshake
from pytest_cucmtls.rehearsal.catalogue import Row
from pytest_cucmtls.rehearsal.faults.proof import measured
from pytest_cucmtls.rehearsal.faults.trunk import routed_by_list

PASS = Outcome.PASS
GCM_NAME = "ECDHE-RSA-AES256-GCM-SHA384"


def slash_names() -> Evidence:
    evidence = good_pair()
    for name, peer in (("A", "CUCM10"), ("B", "CUCMA")):
        other = "B" if name == "A" else "A"
        port = 44246 if name == "A" else 33135
        found = (CertificateIndication(source(50), 12, ADDRESSES[other], 5061, f"/CN={peer}/O=cisco", GCM_NAME),
                 CertificateIndication(source(70), 13, ADDRESSES[other], port, f"/O=cisco/CN={peer}", GCM_NAME))  # fmt: skip
        evidence = with_node(evidence, name, traces=(sourced(trace(name, indications=found), f"sdl-{name}"),))
    return evidence


def issued_again(**changes: Any) -> Evidence:
    """A's certificate with other contents, its request left out (the request asked for nothing special)."""
    leaf = certificate("CUCMA", **changes)
    return with_node(with_identity(good_pair(), "A", leaf), "A", request=None, own_certificate_before=None, issued=None)


def verify(evidence: Evidence) -> Evidence:
    from pytest_cucmtls.model.inventory import Mode

    return replace(evidence, inventory=replace(evidence.inventory, mode=Mode.VERIFY))


def blank_partition() -> Evidence:
    analyses = {name: (analysis(10, own, other, other, partition="< None >"), analysis(30, other, own, own, partition=""))
                for name, own, other in (("A", "1018", "9898"), ("B", "9898", "1018"))}  # fmt: skip
    evidence = good_pair()
    for name in ("A", "B"):
        evidence = with_node(evidence, name, traces=(sourced(trace(name, analyses=analyses[name]), f"sdl-{name}"),))
    return evidence


def parallel_calls() -> Evidence:
    """A second call of the same numbers at the same time, to voicemail."""
    second = [(way, replace(message, headers=tuple((k, "other" if k == "Call-ID" else v) for k, v in message.headers)))
              for way, message in dialogue("A", "B", answered_by="5000")]  # fmt: skip
    return with_traces(good_pair(), dialogues={("A", "B"): (*dialogue("A", "B"), *second)})


def refused_once() -> Evidence:
    early = handshake("A", "B", outcome=HandshakeOutcome.REFUSED, client=Endpoint(ADDRESSES["A"], 33000), messages=(),
                      server_chain=(), client_chain=(), cipher_suite=None, version=None)  # fmt: skip
    early = replace(early, at=early.at - timedelta(milliseconds=500))
    return with_wire(good_pair(), early, handshake("A", "B"), handshake("B", "A"))


def early_offer() -> Evidence:
    """Offer in the INVITE, answer in the 200 OK."""
    plain = dialogue("A", "B")
    bodies = {0: session(30000), 2: session(20000), 3: b""}
    changed = [(way, replace(message, body=bodies.get(place, message.body))) for place, (way, message) in enumerate(plain)]
    return with_traces(good_pair(), dialogues={("A", "B"): changed})


def old_root_signature() -> Evidence:
    anchor = root(hash_name="SHA-1")
    evidence = good_pair(authority_chain=(sourced(anchor, "root"),))
    for name in ("A", "B"):
        evidence = with_node(evidence, name, trust=(trusted(anchor),))
    return with_wire(evidence, *(handshake(a, b) for a, b in (("A", "B"), ("B", "A"))))


ROWS = (
    Row("N-03", "subject in slash form and reversed in the trace", slash_names, (("trace_agrees_with_the_wire", "A->B"),), PASS,
        phase="trace"),
    Row("N-04", "EKU also contains ipsecEndSystem",
        lambda: verify(issued_again(usages=(*BOTH_USAGES, ObjectIdentifier(IPSEC_END_SYSTEM)))),
        (("certificate_fits_both_roles", "A/CUCMA"),), PASS),
    Row("N-05", "partition blank in the trace and < None > in the configuration", blank_partition,
        (("caller_digit_analysis_finds_the_pattern", "A->B"),), PASS, phase="trace"),
    Row("N-07", "two test calls in parallel, same numbers", parallel_calls, (("right_party_answers", "A->B"),), PASS,
        phase="call"),
    Row("N-08", "SRTP sequence number rolled over before the capture began", lambda: measured(50, 1),
        (("no_media_in_clear", "pair"),), PASS, phase="media", says=("50 of 50 packets authenticate", "roll-over counter 1")),
    Row("N-11", "first attempt refused while the trunk resets, second succeeds", refused_once,
        (("tls_connection_is_established", "A->B"),), PASS, phase="handshake", says=("earlier attempt",)),
    Row("N-14", "INVITE without SDP: keys offered in the 200 OK, answered in the ACK", good_pair,
        (("media_is_negotiated_as_srtp", "A->B"),), PASS, phase="media", says=("200 OK", "ACK")),
    Row("N-14b", "INVITE with SDP: keys offered in it, answered in the 200 OK", early_offer,
        (("media_is_negotiated_as_srtp", "A->B"),), PASS, phase="media"),
    Row("N-15", "peer certificate carries additional SAN entries",
        lambda: verify(issued_again(names=("CUCMA", "cucma.example", "other.example"))),
        (("certificate_has_alternative_names", "A/CUCMA"),), PASS),
    Row("N-18", "leaf without SAN under the legacy profile", lambda: verify(issued_again(names=())),
        (("profile_names_the_peer", "B"),), PASS, policy="legacy-2015"),
    Row("N-22", "root's own signature is SHA-1 under a strict profile", old_root_signature, (("path_hash_is_allowed",
        "A/CUCMA"),),
        PASS),
    Row("N-23", "route list with secure members only", lambda: routed_by_list("to-B", "safe"), (("every_way_is_secure", "A->B"),),
        PASS, says=("1. to-B", "2. safe")),
    Row("N-24", "chain on the wire contains the root after the leaf", good_pair, (("server_chain_is_valid_for_client", "A->B"),),
        PASS, phase="handshake"),
    Row("N-27", "validity of 366 days and ten minutes", lambda: verify(issued_again(days=366 + 600 / 86400)),
        (("validity_is_short_enough", "A/CUCMA"),), PASS, policy="legacy-2015"),
)  # fmt: skip
