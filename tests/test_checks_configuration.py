"""Steps 8 to 10: each check says PASS for the good pair, and the right thing, with the right words, for one fault."""

from dataclasses import replace

import pytest

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.cucm import (
    CallingSearchSpace,
    DirectoryNumber,
    Phone,
    RouteGroup,
    RouteList,
    RoutePattern,
    TrunkDestination,
)
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import (
    certificate,
    findings,
    good_pair,
    handshake,
    inventory,
    root,
    sourced,
    spec,
    trusted,
    verdict_of,
    with_cluster,
    with_identity,
    with_node,
    with_profile,
    with_trunk,
    with_wire,
)

FAIL, PASS, WARN = Outcome.FAIL, Outcome.PASS, Outcome.WARN
UNDECIDED, APART = Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE
DEFAULT = load_policy("cisco-hardening")
LEGACY = load_policy("legacy-2015")
A, B = "A/CUCMA", "B/CUCM10"


def pattern_to(target, name="9898", **changes):
    return sourced(RoutePattern(name, gateway_name=target, **changes), f"pattern {name} {target}")


def routed_by_list(*devices):
    """Cluster A routes 9898 by a route list; trunk `clear` has a non-secure profile, trunk `safe` an encrypted one."""
    good = good_pair().cluster("A")
    trunk, profile = good.trunk.value, good.security_profile.value
    clear = replace(trunk, name="clear", security_profile_name="Non Secure", destinations=(TrunkDestination("10.2.0.1", 5060),))
    return with_cluster(
        good_pair(),
        "A",
        route_patterns=(sourced(RoutePattern("9898", route_list_name="RL"), "pattern"),),
        route_lists=(sourced(RouteList("RL", ("RG",)), "list"),),
        route_groups=(sourced(RouteGroup("RG", devices), "group"),),
        other_trunks=(sourced(clear, "clear"), sourced(replace(trunk, name="safe"), "safe")),
        other_profiles=(
            sourced(replace(profile, name="Non Secure", security_mode="Non Secure", outgoing_transport="TCP"), "ns"),
        ),
    )


def verify_only():
    good = good_pair(inventory=inventory(mode=Mode.VERIFY), authority_chain=())
    for name in "AB":
        good = with_node(good, name, request=None, issued=None, own_certificate_before=None)
    return good


def multi_server():
    return with_identity(good_pair(), "B", certificate("cucm10-ms", names=("cucm10-ms.example.com",)))


CASES = [
    ("a non-secure profile is found with what it means", "profile_demands_encryption", "B", FAIL,
     lambda: with_profile(good_pair(), "B", security_mode="Non Secure"), ("Non Secure", "Encrypted", "clear text"), "S8"),
    ("an authenticated profile is no encryption", "profile_demands_encryption", "B", FAIL,
     lambda: with_profile(good_pair(), "B", security_mode="Authenticated"), ("NULL cipher",), "S8"),
    ("a mode the cluster did not answer decides nothing", "profile_demands_encryption", "B", UNDECIDED,
     lambda: with_profile(good_pair(), "B", security_mode=None), (), ""),
    ("a clear incoming transport leaves a listener open", "profile_transports_are_tls", "A", FAIL,
     lambda: with_profile(good_pair(), "A", incoming_transport="TCP+UDP"), ("TCP+UDP", "clear-text listener"), "S8"),
    ("another incoming port than the peer dials is found", "profile_port_is_the_peers_destination", "A", FAIL,
     lambda: with_profile(good_pair(), "A", incoming_port=5062), ("5062", "5061"), "S8"),
    ("a wrong name on one side only is found on that side", "profile_names_the_peer", "B", FAIL,
     lambda: with_profile(good_pair(), "B", x509_subject_name="CUCMX"), ("CUCMX", "CUCMA"), "S8"),
    ("and the other side stays good", "profile_names_the_peer", "A", PASS,
     lambda: with_profile(good_pair(), "B", x509_subject_name="CUCMX"), (), ""),
    ("any separator separates names", "profile_names_the_peer", "B", PASS,
     lambda: with_profile(good_pair(), "B", x509_subject_name="cucma;CUCMA:CUCMA CUCMA,CUCMA"), (), ""),
    ("a name only the SAN carries is accepted", "profile_names_the_peer", "A", PASS,
     lambda: with_identity(good_pair(), "B", certificate("cucm10-ms", names=("CUCM10",))), (), ""),
    ("a multi-server certificate under the node's name is found, with both repairs", "profile_names_the_peer", "A", FAIL,
     multi_server, ("cucm10-ms", "CUCM10", "re-issue"), "S8"),
    ("a decommissioned peer in the list is a warning", "profile_names_the_peer", "A", WARN,
     lambda: with_profile(good_pair(), "A", x509_subject_name="CUCM10,CUCM-OLD"), ("CUCM-OLD", "too broad"), "S8"),
    ("another nonce time is shown in the table of differences", "profile_fields_are_as_specified", "A", FAIL,
     lambda: with_profile(good_pair(), "A", nonce_policy_time=60), ("nonce_policy_time: expected 600, observed 60",), "S8"),
    ("a field the cluster did not answer decides nothing", "profile_fields_are_as_specified", "A", UNDECIDED,
     lambda: with_profile(good_pair(), "A", digest_authentication=None), ("digest_authentication",), ""),
    ("a field that releases may lack is no finding", "profile_fields_are_as_specified", "A", PASS,
     lambda: with_profile(good_pair(), "A", sip_v150_outbound_sdp_offer_filtering=None), (), ""),
    ("a third host as destination is found", "trunk_leads_to_the_peer", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", destinations=(TrunkDestination("10.9.9.9", 5061),)), ("10.9.9.9", "10.2.0.1"), "S9"),
    ("port 5060 as destination is found", "trunk_leads_to_the_peer", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", destinations=(TrunkDestination("10.2.0.1", 5060),)), ("5060", "5061"), "S9"),
    ("a destination by the peer's host name is the peer", "trunk_leads_to_the_peer", "A", PASS,
     lambda: with_trunk(good_pair(), "A", destinations=(TrunkDestination("cucm10.example.com", 5061),)), (), ""),
    ("a trunk without destination leads nowhere", "trunk_leads_to_the_peer", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", destinations=()), ("no destination",), "S9"),
    ("a trunk with another profile is found", "trunk_uses_the_secure_profile", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", security_profile_name="Non Secure SIP Trunk Profile"), ("Non Secure",), "S9"),
    ("SRTP not allowed shows the box of both sides", "trunk_allows_srtp", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", srtp_allowed=False), ("A: off", "B: on"), "S9"),
    ("traffic secure with SRTP only is found", "trunk_traffic_is_secure_with_both", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", trunk_traffic_secure="When using sRTP Only"), ("sRTP Only",), "S9"),
    ("as many significant digits as the number has pass", "trunk_keeps_all_digits", "B", PASS,
     lambda: with_trunk(good_pair(), "B", sig_digits=4), (), ""),
    ("one significant digit fewer fails", "trunk_keeps_all_digits", "B", FAIL,
     lambda: with_trunk(good_pair(), "B", sig_digits=3), ("9898", "898"), "S9"),
    ("another location is shown in the table of differences", "trunk_fields_are_as_specified", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", location_name="Phantom"),
     ("location_name: expected Hub_None, observed Phantom",), "S9"),
    ("fallback to RTP is found where the policy forbids it", "srtp_does_not_fall_back", "A", FAIL,
     lambda: with_trunk(good_pair(), "A", srtp_fallback_allowed=True), ("fall back",), "S9"),
    ("no fallback passes", "srtp_does_not_fall_back", "A", PASS,
     lambda: with_trunk(good_pair(), "A", srtp_fallback_allowed=False), (), ""),
    ("a missing route pattern is found per direction", "pattern_leads_to_the_trunk", "A->B", FAIL,
     lambda: with_cluster(good_pair(), "A", route_patterns=()), ("9898", "A->B"), "S10"),
    ("the return direction is judged by itself", "pattern_leads_to_the_trunk", "B->A", FAIL,
     lambda: with_cluster(good_pair(), "B", route_patterns=()), ("1018",), "S10"),
    ("a pattern to another trunk is found", "pattern_leads_to_the_trunk", "A->B", FAIL,
     lambda: with_cluster(good_pair(), "A", route_patterns=(pattern_to("elsewhere"),)), ("elsewhere", "to-B"), "S10"),
    ("a blocking pattern is found", "pattern_leads_to_the_trunk", "A->B", FAIL,
     lambda: with_cluster(good_pair(), "A", route_patterns=(pattern_to("to-B", block_enable=True),)), ("blocks",), "S10"),
    ("a route list with the trunk inside leads to it", "pattern_leads_to_the_trunk", "A->B", PASS,
     lambda: routed_by_list("to-B"), ("RG:to-B",), ""),
    ("a route list nobody read decides nothing", "pattern_leads_to_the_trunk", "A->B", UNDECIDED,
     lambda: with_cluster(routed_by_list("to-B"), "A", route_lists=None), ("getRouteList",), ""),
    ("a route list of secure members only passes", "every_way_is_secure", "A->B", PASS, lambda: routed_by_list("to-B",
     "safe"), (), ""),
    ("a non-secure first member is found", "every_way_is_secure", "A->B", FAIL,
     lambda: routed_by_list("clear", "to-B"), ("member 1 clear", "10.2.0.1:5060"), "S10"),
    ("a non-secure fallback member is found", "every_way_is_secure", "A->B", FAIL,
     lambda: routed_by_list("to-B", "clear"), ("member 2 clear",), "S10"),
    ("a local number shadows the pattern", "nothing_shadows_the_pattern", "A->B", FAIL,
     lambda: with_cluster(good_pair(), "A", directory_numbers=(sourced(DirectoryNumber("1018")),
     sourced(DirectoryNumber("9898"), "dn"))),
     ("directory number 9898",), "S10"),
    ("a wider pattern does not shadow", "nothing_shadows_the_pattern", "A->B", PASS,
     lambda: with_cluster(good_pair(), "A", route_patterns=(pattern_to("to-B"), pattern_to("pstn", "9XXX"),
     pattern_to("pstn", "9!"))),
     (), ""),
    ("a number in a partition the caller cannot reach does not shadow", "nothing_shadows_the_pattern", "A->B", PASS,
     lambda: with_cluster(good_pair(), "A",
                          directory_numbers=(sourced(DirectoryNumber("1018")), sourced(DirectoryNumber("9898", "Far"),
     "dn"))), (), ""),
    ("the same number in an earlier partition shadows", "nothing_shadows_the_pattern", "A->B", FAIL,
     lambda: with_cluster(good_pair(), "A", phone=sourced(Phone("SEP00A", (), "CSS")),
                          calling_search_spaces=(sourced(CallingSearchSpace("CSS", ("Near",))),),
                          directory_numbers=(sourced(DirectoryNumber("1018")), sourced(DirectoryNumber("9898", "Near"), "dn"))),
     ("in Near",), "S10"),
    ("a pattern in a partition the caller does not search is unreachable", "nothing_shadows_the_pattern", "A->B", FAIL,
     lambda: with_cluster(good_pair(inventory=inventory(cluster_a=spec("A", partition="P"))), "A",
                          route_patterns=(pattern_to("to-B", partition="P"),)), ("never reaches partition P",), "S10"),
    ("call forward all on the called line is found", "called_line_rings_where_dialled", "A->B", FAIL,
     lambda: with_cluster(good_pair(), "B", directory_numbers=(sourced(DirectoryNumber("9898",
     forward_all_destination="5000")),)),
     ("5000",), "S10"),
    ("a called line that does not exist is found", "called_line_rings_where_dialled", "A->B", FAIL,
     lambda: with_cluster(good_pair(), "B", directory_numbers=(sourced(DirectoryNumber("1")),)), ("9898",), "S10"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "subject", "outcome", "evidence", "words", "remedy"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_a_check_says_what_it_should(check, subject, outcome, evidence, words, remedy):
    verdict = verdict_of(judge(evidence(), DEFAULT), check, subject)
    assert verdict.outcome is outcome, verdict.diagnosis
    for word in words:
        assert word in verdict.diagnosis
    assert not remedy or verdict.remedies[0] == remedy


def test_every_configuration_check_of_the_good_pair_passes_and_cites_evidence():
    verdicts = [v for v in judge(good_pair(), DEFAULT) if v.step.isdigit() and v.outcome is not APART]
    assert all(verdict.outcome is PASS for verdict in verdicts)
    assert all(verdict.evidence for verdict in verdicts)


def test_an_absent_eku_passes_the_legacy_policy():
    evidence = with_identity(good_pair(), "A", certificate("CUCMA", usages=None))
    assert verdict_of(judge(evidence, LEGACY), "certificate_fits_both_roles", A).outcome is PASS


def test_a_decommissioned_peer_in_the_list_fails_an_audit_policy():
    evidence = with_profile(good_pair(), "A", x509_subject_name="CUCM10,CUCM-OLD")
    assert verdict_of(judge(evidence, load_policy("disa-evvm-sm")), "profile_names_the_peer", "A").outcome is FAIL


def test_a_verify_only_run_of_a_good_pair_has_no_finding_and_nothing_undecided():
    assert not findings(judge(verify_only(), DEFAULT), FAIL, WARN, UNDECIDED, Outcome.ERROR)


def test_an_absent_root_also_names_the_alert_on_the_wire():
    from pytest_cucmtls.model.handshakes import Alert, HandshakeOutcome

    refused = handshake("A", "B", outcome=HandshakeOutcome.REFUSED, alerts=(Alert("server", "fatal", "unknown_ca", 9),))
    evidence = with_wire(with_node(good_pair(), "B", trust=(trusted(root("Else")),)), refused, handshake("B", "A"))
    verdict = verdict_of(judge(evidence, DEFAULT), "peer_root_is_trusted", B)
    assert "unknown_ca" in verdict.diagnosis


def test_two_faults_at_once_are_both_reported():
    evidence = with_trunk(with_profile(good_pair(), "A", security_mode="Non Secure"), "B", srtp_allowed=False)
    assert {"profile_demands_encryption A", "trunk_allows_srtp B"} <= findings(judge(evidence, DEFAULT))
