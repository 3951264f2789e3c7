"""Faults and look-alikes no catalogue lists: wrong but valid settings, values at a boundary, two causes at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_cucmtls.model.cucm import DirectoryNumber, NtpStatus, RoutePattern, ServiceStatus, TrunkDestination
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.handshakes import Alert, CipherSuite, HandshakeOutcome
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.built_certificates import NOW, certificate, root
from pytest_cucmtls.rehearsal.built_pair import (
    good_pair,
    sourced,
    trusted,
    with_cluster,
    with_identity,
    with_node,
    with_profile,
    with_traces,
    with_trunk,
    with_wire,
)
from pytest_cucmtls.rehearsal.built_traces import dialogue, session
from pytest_cucmtls.rehearsal.built_wire import FIRST_SEEN, handshake
from pytest_cucmtls.rehearsal.catalogue import Row
from pytest_cucmtls.rehearsal.faults.identity import verify

A, B = "A/CUCMA", "B/CUCM10"
BACK = handshake("B", "A")
PASS, WARN = Outcome.PASS, Outcome.WARN
ANON = CipherSuite(0x00A7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", "ADH-AES256-GCM-SHA384")


def pattern(**changes: Any) -> Evidence:
    """A's route pattern to the peer with other fields."""
    plain = RoutePattern("9898", gateway_name="to-B")
    return with_cluster(good_pair(), "A", route_patterns=(sourced(replace(plain, **changes), "pattern"),))


def pattern_with_dot(text: str) -> Evidence:
    stock = good_pair().inventory
    stock = replace(stock, cluster_a=replace(stock.cluster_a, route_pattern=text))
    found = RoutePattern(text, gateway_name="to-B", digit_discard_instruction_name="PreDot")
    return with_cluster(good_pair(inventory=stock), "A", route_patterns=(sourced(found, "pattern"),))


def two_destinations() -> Evidence:
    rows = (TrunkDestination("10.2.0.1", 5061), TrunkDestination("10.2.0.77", 5061))
    return with_trunk(good_pair(), "A", destinations=rows)


def anonymous() -> Evidence:
    nobody: dict[str, Any] = {"server_chain": (), "client_chain": (), "client_certificate_requested": False,
                              "client_certificate_presented": False, "client_certificate_verified": None}  # fmt: skip
    return with_wire(good_pair(), handshake("A", "B", cipher_suite=ANON, **nobody), BACK)


def more_specific() -> Evidence:
    """Beside the intended 98XX there is a 9898 that leads to another trunk."""
    stock = good_pair().inventory
    stock = replace(stock, cluster_a=replace(stock.cluster_a, route_pattern="98XX"))
    found = (RoutePattern("98XX", gateway_name="to-B"), RoutePattern("9898", gateway_name="other"))
    return with_cluster(good_pair(inventory=stock), "A",
                        route_patterns=tuple(sourced(one, f"pattern-{one.pattern}") for one in found))  # fmt: skip


def identity_of_a(**changes: Any) -> Evidence:
    return verify(with_identity(good_pair(), "A", certificate("CUCMA", **changes)))


def signed_by(middle_limit: int | None, *, signs: bool = True) -> Evidence:
    """A's certificate comes from an intermediate below another intermediate."""
    upper = certificate("Policy CA", issuer="CA", is_ca=True, days=3000, path_length=middle_limit)
    lower = certificate("Issuing CA", issuer="Policy CA", is_ca=True, days=3000, key_cert_sign=signs)
    chain = (sourced(lower, "lower"), sourced(upper, "upper"), sourced(root(), "root"))
    evidence = with_identity(good_pair(authority_chain=chain), "A", certificate("CUCMA", issuer="Issuing CA"))
    for name in ("A", "B"):
        evidence = with_node(evidence, name, trust=tuple(trusted(one) for one in (root(), upper, lower)))
    return verify(evidence)


def both_roots() -> Evidence:
    """While the authority is renewed the stores hold its old and its new root, of the same name."""
    evidence = good_pair()
    for name in ("A", "B"):
        evidence = with_node(evidence, name, trust=(trusted(root("CA", "CA old")), trusted(root())))
    return evidence


def mixed_media() -> Evidence:
    """Audio is protected, video of the same call is not."""
    video = b"m=video 30002 RTP/AVP 97\r\n"
    bodies = {"offer": session(20000) + video, "answer": session(30000) + video}
    return with_traces(good_pair(), dialogues={("A", "B"): dialogue("A", "B", offer=bodies["offer"], answer=bodies["answer"])})


def clear_after_hold() -> Evidence:
    """The call begins protected; a later re-INVITE takes the protection off."""
    plain = list(dialogue("A", "B"))
    first = plain[2][1]
    headers = tuple((name, "103 INVITE" if name == "CSeq" else value) for name, value in first.headers)
    again = ("in", replace(first, headers=headers, body=session(20000, "RTP/AVP", "")))
    return with_traces(good_pair(), dialogues={("A", "B"): (*plain[:4], again, *plain[4:])})


def same_name_twice() -> Evidence:
    """Both nodes' certificates have the same common name."""
    leaf = certificate("CUCMA", subject_key="CUCM10", names=("CUCMA",))
    return verify(with_identity(good_pair(), "B", leaf))


def refused(description: str) -> Evidence:
    alert = (Alert("server", "fatal", description, 9, NOW),)
    return with_wire(good_pair(), handshake("A", "B", outcome=HandshakeOutcome.REFUSED, alerts=alert), BACK)


def clock(seconds: float) -> Evidence:
    """B's clock is this far from A's, which is 0.1 s ahead."""
    status = sourced(NtpStatus(True, 3, 3.0, NOW), "ntp")
    return with_node(good_pair(), "B", clock_offset_seconds=sourced(seconds, "ntp"), ntp=status)


ROWS = (
    Row("G-110", "a wildcard in the X.509 Subject Name field", lambda: with_profile(good_pair(), "A", x509_subject_name="*"),
        (("profile_names_the_peer", "A"),), remedy="S8", says=("'*'", "CUCM10")),
    Row("G-111", "the X.509 Subject Name field is empty", lambda: with_profile(good_pair(), "A", x509_subject_name=""),
        (("profile_names_the_peer", "A"),), remedy="S8", says=("CUCM10",)),
    Row("G-112", "one of two destinations is no node of the peer",
        two_destinations,
        (("trunk_leads_to_the_peer", "A"),), remedy="S9", says=("10.2.0.77",)),
    Row("G-113", "the route pattern blocks the call", lambda: pattern(block_enable=True),
        (("pattern_leads_to_the_trunk", "A->B"),), remedy="S10", says=("block",)),
    Row("G-114", "the route pattern changes the called number by a mask",
        lambda: pattern(called_party_transformation_mask="1XXX"),
        (("pattern_leads_to_the_trunk", "A->B"),), remedy="S10", says=("1898",)),
    Row("G-115", "the route pattern prefixes digits", lambda: pattern(prefix_digits_out="9"),
        (("pattern_leads_to_the_trunk", "A->B"),), remedy="S10", says=("99898",)),
    Row("G-116", "a more specific pattern leads elsewhere", more_specific, (("nothing_shadows_the_pattern", "A->B"),),
        remedy="S10", says=("9898",), also=frozenset({"caller_digit_analysis_finds_the_pattern"})),
    Row("G-117", "RSA key one bit short of the limit", lambda: identity_of_a(bits=2047), (("key_is_long_enough", A),),
        remedy="S3", says=("RSA 2047", "2048"), also=frozenset({"request_is_what_was_asked"})),
    Row("G-118", "the issuing CA may have no CA below it and has one", lambda: signed_by(0),
        (("peer_identity_has_a_path", "A->B"),), remedy="S4",
        also=frozenset({"peer_identity_has_a_path", "issued_certificate_chains_to_authority"})),
    Row("G-119", "the issuing CA may not sign certificates", lambda: signed_by(None, signs=False),
        (("peer_identity_has_a_path", "A->B"),), remedy="S4",
        also=frozenset({"peer_identity_has_a_path", "issued_certificate_chains_to_authority"})),
    Row("G-120", "audio is protected, video of the same call is not", mixed_media, (("media_is_negotiated_as_srtp", "A->B"),),
        phase="media", remedy="S9", says=("RTP/AVP",)),
    Row("G-121", "a later offer of the call takes the protection off", clear_after_hold,
        (("media_is_negotiated_as_srtp", "A->B"),), phase="media", remedy="S9", says=("103 INVITE", "RTP/AVP")),
    Row("G-122", "both clusters' certificates have the same common name", same_name_twice,
        (("certificate_names_its_node", B),), remedy="S2", says=("CUCMA", "CUCM10"),
        also=frozenset({"profile_names_the_peer", "trace_agrees_with_the_wire"})),
    Row("G-123", "anonymous key exchange, nobody authenticates",
        anonymous,
        (("suite_is_allowed", "A->B"),), phase="handshake", remedy="X7", says=("anon",),
        also=frozenset({"both_sides_authenticate", "handshake_messages_are_in_order", "trace_agrees_with_the_wire",
            "key_exchange_is_forward_secret", "every_node_presents_the_right_certificate", "server_chain_is_valid_for_client",
            "server_presents_admin_certificate"})),
    Row("G-124", "the peer says the certificate is revoked", lambda: refused("certificate_revoked"),
        (("tls_connection_is_established", "A->B"),), phase="handshake", remedy="S3", says=("certificate_revoked", "CN=CUCMA")),
    Row("G-125", "the peer knows no version offered", lambda: refused("protocol_version"),
        (("tls_connection_is_established", "A->B"),), phase="handshake", remedy="X7", says=("protocol_version",)),
    Row("G-126", "the clocks differ by one millisecond too much", lambda: clock(2.101), (("clocks_agree", "pair"),),
        phase="access", remedy="X3", says=("2.001 s",)),
    Row("G-127", "the service was restarted before the certificate was issued, by a minute",
        lambda: with_node(good_pair(), "A", issued_received_at=NOW - timedelta(seconds=60),
            call_manager=sourced(ServiceStatus("Cisco CallManager", "Started", up_time_seconds=120, read_at=NOW), "services")),
        (("service_started_after_its_certificate", A),), remedy="X1"),
    Row("G-128", "CallManager is starting and not there yet",
        lambda: with_node(good_pair(), "A", call_manager=sourced(ServiceStatus("Cisco CallManager", "Starting"), "services")),
        (("call_manager_runs", A),), remedy="X1", says=("Starting",)),
    Row("G-129", "the certificate becomes valid an hour after the call",
        lambda: identity_of_a(begins=NOW + timedelta(hours=1)), (("certificate_is_in_date", A),), remedy="X3",
        says=("becomes valid",),
        also=frozenset({"peer_identity_has_a_path", "service_started_after_its_certificate"})),
    Row("G-130", "called party transformation and SRTP off at once",
        lambda: with_trunk(pattern(prefix_digits_out="9"), "A", srtp_allowed=False),
        (("pattern_leads_to_the_trunk", "A->B"),), remedy="S10", says=("99898",), also=frozenset({"trunk_allows_srtp"})),
    Row("G-131", "the route pattern discards the digits before a dot that belong to the number",
        lambda: pattern_with_dot("98.98"), (("pattern_leads_to_the_trunk", "A->B"),), remedy="S10", says=("sends 98 when",)),
    Row("N-117", "a mask that leaves the number as it is", lambda: pattern(called_party_transformation_mask="XXXX"),
        (("pattern_leads_to_the_trunk", "A->B"),), PASS),
    Row("N-110", "names in the field in other case, separated by a space or a semicolon",
        lambda: with_profile(good_pair(), "A", x509_subject_name="cucm10"), (("profile_names_the_peer", "A"),), PASS),
    Row("N-111", "the stores hold the authority's old and new root", both_roots, (("peer_root_is_trusted", B),), PASS),
    Row("N-112", "clocks exactly at the limit", lambda: clock(2.1), (("clocks_agree", "pair"),), PASS, phase="access"),
    Row("N-113", "the leaf has exactly the days left that the policy asks for", lambda: identity_of_a(days=60.0007),
        (("certificate_does_not_expire_soon", A),), PASS),
    Row("N-114", "certificate of an authority two levels deep, all of it trusted", lambda: signed_by(1),
        (("peer_identity_has_a_path", "A->B"),), PASS),
    Row("N-115", "a directory number that only looks like the pattern", lambda: with_cluster(good_pair(), "A",
        directory_numbers=(sourced(DirectoryNumber("1018"), "own"), sourced(DirectoryNumber("98980"), "dn"))),
        (("nothing_shadows_the_pattern", "A->B"),), PASS),
    Row("N-116", "one port of the caller led to two nodes, one after the other",
        lambda: with_wire(good_pair(), handshake("A", "B", at=FIRST_SEEN - timedelta(minutes=5),
            last_at=FIRST_SEEN - timedelta(minutes=4)), handshake("A", "B"), BACK),
        (("traced_call_is_the_captured_one", "A->B"),), PASS, phase="trace"),
)  # fmt: skip
