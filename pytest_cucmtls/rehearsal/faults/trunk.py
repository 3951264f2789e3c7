"""Faults of profile, trunk, dial plan and environment, as evidence a run would have gathered."""

from dataclasses import replace
from datetime import timedelta

from pytest_cucmtls.model.cucm import (
    CallingSearchSpace,
    DirectoryNumber,
    NtpStatus,
    Phone,
    Release,
    RouteGroup,
    RouteList,
    RoutePattern,
    ServiceStatus,
    TrunkDestination,
)
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.handshakes import Alert, HandshakeOutcome
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipMessage, SipOnWire
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.built_certificates import NOW, certificate, request, root
from pytest_cucmtls.rehearsal.built_pair import (
    good_pair,
    inventory,
    profile_of,
    sourced,
    trunk_of,
    trusted,
    with_cluster,
    with_node,
    with_profile,
    with_trunk,
    with_wire,
)
from pytest_cucmtls.rehearsal.built_traces import analysis, trace
from pytest_cucmtls.rehearsal.built_wire import AES128_SHA, GCM, handshake
from pytest_cucmtls.rehearsal.catalogue import Row
from pytest_cucmtls.rehearsal.faults.identity import verify

A, B = "A/CUCMA", "B/CUCM10"
BLOCKED, WARN = Outcome.BLOCKED, Outcome.WARN
BACK = handshake("B", "A")


def release(name: str, text: str, major: int, minor: int) -> Evidence:
    return with_node(good_pair(), name, release=sourced(Release(text, major, minor), "version"))


def unknown_release() -> Evidence:
    stock = inventory(cluster_a=replace(inventory().cluster_a, release=None))
    seen = sourced(Release("17.5.1.10000-1", 17, 5), "version")
    return with_node(replace(good_pair(), inventory=stock), "A", release=seen)


def clock(name: str, status: NtpStatus, offset: float = 0.1) -> Evidence:
    return with_node(good_pair(), name, ntp=sourced(status, "ntp"), clock_offset_seconds=sourced(offset, "ntp"))


def no_common_suite() -> Evidence:
    alert = (Alert("server", "fatal", "handshake_failure", 5, NOW),)
    refused = handshake("A", "B", outcome=HandshakeOutcome.REFUSED, alerts=alert, server_chain=(), client_chain=(),
                        offered_suites=(GCM,), cipher_suite=None,
                        messages=handshake("A", "B").messages[:1])  # fmt: skip
    return with_wire(good_pair(), refused, handshake("B", "A", offered_suites=(AES128_SHA,), cipher_suite=AES128_SHA))


def third_host() -> Evidence:
    """A's trunk points at a host that speaks TLS, too."""
    evidence = with_trunk(good_pair(), "A", destinations=(TrunkDestination("10.9.9.9", 5061),))
    stranger = handshake("A", "B", server=Endpoint("10.9.9.9", 5061), server_chain=(certificate("STRANGER"),))
    return with_wire(evidence, stranger, BACK)


def clear_sip_on_the_wire() -> Evidence:
    invite = SipMessage("INVITE sip:9898@10.2.0.1 SIP/2.0", (), method="INVITE")
    seen = SipOnWire(invite, Endpoint("10.1.0.1", 5060), Endpoint("10.2.0.1", 5060), "udp", 3, NOW)
    return with_wire(good_pair(), handshake("A", "B"), BACK, sip=(seen,))


def routed_by_list(*devices: str) -> Evidence:
    """A routes 9898 by a route list; `clear` is a trunk without TLS, `safe` one more encrypted trunk."""
    trunk, profile = trunk_of(good_pair(), "A").value, profile_of(good_pair(), "A").value
    clear = replace(trunk, name="clear", security_profile_name="Non Secure", destinations=(TrunkDestination("10.2.0.1", 5060),))
    plain = replace(profile, name="Non Secure", security_mode="Non Secure", outgoing_transport="TCP")
    return with_cluster(
        good_pair(),
        "A",
        route_patterns=(sourced(RoutePattern("9898", route_list_name="RL"), "pattern"),),
        route_lists=(sourced(RouteList("RL", ("RG",)), "list"),),
        route_groups=(sourced(RouteGroup("RG", devices), "group"),),
        other_trunks=(sourced(clear, "clear"), sourced(replace(trunk, name="safe"), "safe")),
        other_profiles=(sourced(plain, "ns"),),
    )


def copied_trunk(mode: Mode) -> Evidence:
    evidence = good_pair(inventory=inventory(mode=mode))
    own = trunk_of(evidence, "A")
    other = replace(own.value, name="to-B_1")
    return with_cluster(evidence, "A", other_trunks=(sourced(other, "other"),),
                        similar_trunks=sourced((own.value.name, "to-B_1"), "names"))  # fmt: skip


def unreachable_partition() -> Evidence:
    evidence = with_cluster(good_pair(), "A", phone=sourced(Phone("SEP00A", (("1018", ""),), "Few"), "phone"),
                            calling_search_spaces=(sourced(CallingSearchSpace("Few", ("Here",)), "css"),))  # fmt: skip
    stock = evidence.inventory
    stock = replace(stock, cluster_a=replace(stock.cluster_a, partition="There"))
    pattern = sourced(RoutePattern("9898", partition="There", gateway_name="to-B"), "pattern")
    return with_cluster(replace(evidence, inventory=stock), "A", route_patterns=(pattern,))


def young_certificate_old_service() -> Evidence:
    status = ServiceStatus("Cisco CallManager", "Started", up_time_seconds=3_000_000, read_at=NOW)
    return with_node(good_pair(), "A", call_manager=sourced(status, "services"))


def no_authority_path() -> Evidence:
    intermediate = certificate("Issuing CA", issuer="CA", is_ca=True, days=3000)
    return good_pair(authority_chain=(sourced(intermediate, "intermediate"),))


def other_authority() -> Evidence:
    return good_pair(authority_chain=(sourced(root("Other CA", "other"), "root"),))


ROWS = (
    Row("F-020", "cipher management leaves no common suite", no_common_suite, (("tls_connection_is_established", "A->B"),),
        phase="handshake", remedy="X7",
        says=("handshake_failure", "No common cipher suite", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
              "TLS_RSA_WITH_AES_128_CBC_SHA", "empty"),
        also=frozenset({"suite_is_allowed", "key_exchange_is_forward_secret", "trace_agrees_with_the_wire"})),
    Row("F-078", "destination address is a third host that also speaks TLS", third_host, (("trunk_leads_to_the_peer", "A"),),
        remedy="S9", says=("10.9.9.9", "10.2.0.1:5061", "CN=STRANGER")),
    Row("F-109", "earlier partial run left a second trunk", lambda: copied_trunk(Mode.APPLY), (("trunk_has_no_copy", "A"),),
        Outcome.BLOCKED, phase="evidence", remedy="S9", says=("to-B_1", "to-B")),
    Row("F-131", "minimum TLS 1.2 on A, release 9.1(2) on B", lambda: release("B", "9.1.2.10000-28", 9, 1),
        (("release_can_meet_policy", "B"),), remedy="X7", says=("9.1", "no common version", "only compliant repair"),
        also=frozenset({"release_is_known"}), legacy=Outcome.PASS),
    Row("F-139", "export-unrestricted software", lambda: release("A", "15.0.1.11900-23.unrst", 15, 0), (("release_is_known", A),),
        phase="access", remedy="X7", says=("unrst", "cannot encrypt", "ten steps")),
    Row("F-147", "destination port 5060 on A", lambda: with_trunk(good_pair(), "A", destinations=(TrunkDestination("10.2.0.1",
        5060),)),
        (("trunk_leads_to_the_peer", "A"),), remedy="S9", says=("5060", "5061")),
    Row("F-087", "route list fails over to a non-secure member", lambda: routed_by_list("to-B", "clear"),
        (("every_way_is_secure", "A->B"),), remedy="S10", says=("member 2 clear", "10.2.0.1:5060", "clear text")),
    Row("F-107", "route list whose first member is a non-secure trunk", lambda: routed_by_list("clear", "to-B"),
        (("every_way_is_secure", "A->B"),), remedy="S10", says=("member 1 clear", "Order of selection", "TCP")),
    Row("F-031", "unknown release string, mode apply", unknown_release, (("release_is_known", A),), BLOCKED, phase="access",
        remedy="X7", says=("17.5", "15.0", "not changed")),
    Row("F-031", "unknown release string, mode verify", lambda: verify(unknown_release()), (("release_is_known", A),), WARN,
        phase="access", remedy="X7", says=("17.5", "15.0")),
    Row("F-138", "NTP unsynchronised on B", lambda: clock("B", NtpStatus(False, 16, 3.0, NOW)),
        (("node_clock_is_synchronised", B),), phase="access", remedy="X3", says=("stratum=16", "2026-06-01", "not synchronised")),
    Row("G-10", "the clocks of the clusters are three seconds apart", lambda: clock("B", NtpStatus(True, 3, 3.0, NOW), 3.2),
        (("clocks_agree", "pair"),), phase="access", remedy="X3", says=("3.100 s", "2 s")),
    Row("G-11", "Device Security Mode Authenticated", lambda: with_profile(good_pair(), "B", security_mode="Authenticated"),
        (("profile_demands_encryption", "B"),), remedy="S8", says=("NULL",)),
    Row("G-12", "incoming port differs from the declared one", lambda: with_profile(good_pair(), "B", incoming_port=5062),
        (("profile_port_is_the_peers_destination", "B"),), remedy="S8", says=("5062", "5061")),
    Row("G-13", "the trunk uses another profile", lambda: with_trunk(good_pair(), "A", security_profile_name="Standard"),
        (("trunk_uses_the_secure_profile", "A"),), remedy="S9", says=("Standard",)),
    Row("G-14", "another field of the trunk was changed", lambda: with_trunk(good_pair(), "A", tk_sip_codec="G.729"),
        (("trunk_fields_are_as_specified", "A"),), remedy="S9", says=("G.729", "711ulaw")),
    Row("G-15", "SRTP may fall back to RTP", lambda: with_trunk(good_pair(), "A", srtp_fallback_allowed=True),
        (("srtp_does_not_fall_back", "A"),), remedy="S9", says=("fall back",)),
    Row("G-16", "the caller's search space never reaches the pattern", unreachable_partition,
        (("nothing_shadows_the_pattern", "A->B"),), remedy="S10", says=("There", "Here")),
    Row("G-17", "the called test number does not exist", lambda: with_cluster(good_pair(), "B",
                                                                          directory_numbers=(sourced(DirectoryNumber("1"),
                                                                          "l"),)),
        (("called_line_rings_where_dialled", "A->B"),), remedy="S10", says=("9898",)),
    Row("G-18", "CallManager is stopped on B", lambda: with_node(good_pair(), "B",
                                                                call_manager=sourced(ServiceStatus("Cisco CallManager",
                                                                "Stopped"))),
        (("call_manager_runs", B),), remedy="X1", says=("Stopped",)),
    Row("G-19", "CallManager started before its certificate came into being",
        lambda: with_node(young_certificate_old_service(), "A", issued_received_at=NOW - timedelta(seconds=60)),
        (("service_started_after_its_certificate", A),), remedy="X1"),
    Row("G-20", "the trunk was changed after its connection was opened",
        lambda: with_trunk(good_pair(), "A", version_stamp=f"{{{int(NOW.timestamp()) + 60}-A}}"),
        (("connection_is_younger_than_the_trunk", "A"),), phase="handshake", remedy="X2"),
    Row("G-21", "the authority's chain does not end in a root", no_authority_path, (("authority_ends_in_self_signed_root",
        "pair"),),
        remedy="S5", says=("Issuing CA",), also=frozenset({"issued_certificate_chains_to_authority", "peer_root_is_trusted"})),
    Row("G-22", "the certificates come from another authority than the run's", other_authority,
        (("issued_certificate_chains_to_authority", A), ("issued_certificate_chains_to_authority", B)), phase="apply",
        remedy="S4",
        says=("Other CA",), also=frozenset({"peer_root_is_trusted"})),
    Row("G-23", "the request is not what was asked for", lambda: with_node(good_pair(), "A", request=sourced(request("CUCMA",
        3072))),
        (("request_is_what_was_asked", A),), phase="apply", remedy="S3", says=("3072", "2048"),
        also=frozenset({"issued_certificate_matches_request"})),
    Row("G-24", "an anchor nobody approved under an audit policy",
        lambda: with_node(good_pair(), "A", trust=(trusted(root()), trusted(root("Other CA", "other")))),
        (("trust_store_holds_only_approved_anchors", A),), remedy="S6", policy="disa-evvm-sm", says=("Other CA",),
        also=frozenset({"connection_is_renewed_in_time"})),
    Row("G-25", "SIP in clear text between the clusters", clear_sip_on_the_wire, (("no_sip_in_clear", "pair"),),
        phase="handshake",
        remedy="S8", says=("INVITE sip:9898",)),
    Row("G-26", "local directory number equals the pattern and the trace shows a phone line",
        lambda: with_node(with_cluster(good_pair(), "A", directory_numbers=(sourced(DirectoryNumber("1018"), "own"),
                                                                           sourced(DirectoryNumber("9898"), "dn"))),
                          "A", traces=(sourced(trace("A", analyses=(analysis(10, "1018", "9898", "9898"), analysis(30, "9898",
                          "1018", "1018"))), "sdl"),)),
        (("nothing_shadows_the_pattern", "A->B"),), remedy="S10", says=("directory number 9898",)),
)  # fmt: skip
