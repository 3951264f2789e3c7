"""Faults that are really done to a configured, running pair, through the interfaces an administrator has or by name."""

from collections.abc import Callable
from dataclasses import replace

from pytest_cucmtls.ca.issuing import IssuingProfile
from pytest_cucmtls.model.certificates import SERVER_AUTH
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.bench import Bench
from pytest_cucmtls.rehearsal.catalogue import Row

A, B = "A/cucm-a.alpha.example", "B/cucm-b.beta.example"
WARN, UNDECIDED = Outcome.WARN, Outcome.INCONCLUSIVE


def named(name: str, *clusters: str) -> Callable[[Bench], None]:
    """A named fault of the simulator in these clusters."""

    def inject(bench: Bench) -> None:
        for cluster in clusters:
            bench.inject(name, cluster)

    return inject


def issued(profile: IssuingProfile) -> Callable[[Bench], None]:
    """B's certificate is issued again by a template of this kind, and used."""

    def inject(bench: Bench) -> None:
        bench.reissue("B", profile)
        bench.restart("B")

    return inject


def root_deleted(bench: Bench) -> None:
    bench.forget_root("B")
    bench.restart("B")


def root_in_tomcat_trust(bench: Bench) -> None:
    bench.forget_root("B")
    bench.cli("B").import_trust("tomcat", bench.root_pem())
    bench.restart("B")


def not_restarted(bench: Bench) -> None:
    bench.reissue("B")


def other_profile_values(bench: Bench) -> None:
    found = bench.axl("A").read_security_profile(bench.spec("A").security_profile).value
    assert found is not None
    bench.axl("A").update_security_profile(found.name, replace(found, nonce_policy_time=300, accept_presence_subscription=True))


def prefix_added(bench: Bench) -> None:
    """Somebody adds a prefix to the route pattern under test."""
    pattern = bench.axl("A").read_route_patterns().value[0]
    bench.axl("A").update_route_pattern(pattern.pattern, pattern.partition, replace(pattern, prefix_digits_out="9"))


def second_destination(bench: Bench) -> None:
    """Beside the peer the trunk leads to an address that is no node of it."""
    found = bench.axl("A").read_sip_trunk(bench.spec("A").trunk).value
    assert found is not None
    stranger = replace(found.destinations[0], address="127.254.254.254")
    bench.axl("A").update_sip_trunk(found.name, replace(found, destinations=(*found.destinations, stranger)))


ROWS = (
    Row("F-005", "validity of five years under a strict profile", issued(IssuingProfile(validity_years=5)),
        (("validity_is_short_enough", B),), remedy="S4", says=("1826", "730", "two years"), legacy=Outcome.PASS, live=True),
    Row("F-042", "CA root absent from CallManager-trust on B only", root_deleted, (("peer_root_is_trusted", B),), remedy="S6",
        says=("cannot build a path for A's certificate", "CN=CA", "B/CallManager-trust", "unknown_ca"), live=True,
        also=frozenset({"issued_certificate_chains_to_authority"})),
    Row("F-044", "CA root uploaded to tomcat-trust instead of CallManager-trust", root_in_tomcat_trust,
        (("peer_root_is_trusted", B),), remedy="S6", says=("tomcat-trust", "CallManager-trust", "wrong store"), live=True,
        also=frozenset({"issued_certificate_chains_to_authority"})),
    Row("F-056", "CallManager service not restarted after the upload", not_restarted,
        (("server_presents_admin_certificate", "A->B"), ("client_presents_admin_certificate", "B->A")), phase="handshake",
        remedy="X1", says=("serial", "SHA-256", "service start time", "not restarted"),
        also=frozenset({"service_started_after_its_certificate"}), live=True),
    Row("F-062", "peer's name wrong in B's profile only", named("subject_name_wrong", "B"), (("profile_names_the_peer", "B"),),
        remedy="S8", says=("CUCM-WRONG", "cucm-a.alpha.example", "Directions: A->B handshake complete",
        "B->A handshake complete"),
        live=True),
    Row("F-105", "X.509 list still holds a decommissioned peer", named("subject_name_of_old_peer_kept", "A"),
        (("profile_names_the_peer", "A"),), WARN, remedy="S8", says=("CUCM-OLD", "trust stores"), live=True),
    Row("F-115", "EKU extension absent", issued(IssuingProfile(extended_key_usage=())), (("certificate_fits_both_roles", B),),
        remedy="S4", says=("RFC 5280 places no restriction", "Security Guide"), legacy=Outcome.PASS, live=True),
    Row("F-145", "EKU without clientAuth", issued(IssuingProfile(extended_key_usage=(SERVER_AUTH,))),
        (("certificate_fits_both_roles", B),), remedy="S4", says=("clientAuth", "B->A fails", "A->B works", "field notice"),
        live=True),
    Row("F-026", "a profile with the expected name exists with other values", other_profile_values,
        (("profile_fields_are_as_specified", "A"),), remedy="S8", says=("nonce_policy_time: expected 600, observed 300",
                                                                      "used by to-cluster-b"), live=True),
    Row("F-060", "SRTP Allowed unchecked on A", named("srtp_not_allowed", "A"), (("trunk_allows_srtp", "A"),), remedy="S9",
        says=("A: off, B: on", "Negotiated by the calls", "RTP/AVP"), live=True),
    Row("F-086", "Device Security Mode Non Secure on B", named("device_security_mode_non_secure", "B"),
        (("profile_demands_encryption", "B"),), remedy="S8", says=("Non Secure", "Encrypted", "B then speaks SIP in clear text"),
        also=frozenset({"profile_transports_are_tls", "no_sip_in_clear", "listener_speaks_no_clear_sip"}), live=True),
    Row("F-113", "incoming transport TCP+UDP while outgoing is TLS", named("incoming_transport_plain", "A"),
        (("profile_transports_are_tls", "A"),), remedy="S8", says=("incoming TCP+UDP, outgoing TLS", "clear-text listener"),
        live=True),
    Row("F-120", "Consider Traffic on This Trunk Secure is not both", named("trunk_secure_without_tls", "A"),
        (("trunk_traffic_is_secure_with_both", "A"),), remedy="S9", says=("When using sRTP Only", "lock"), live=True),
    Row("F-006", "significant digits = 2 on B's trunk", named("two_significant_digits", "B"), (("trunk_keeps_all_digits", "B"),),
        phase="call", remedy="S9", says=("digits received 9898, digits analysed 98",), live=True),
    Row("F-066", "no route pattern for 1018 on B", named("route_pattern_missing", "B"), (("pattern_leads_to_the_trunk", "B->A"),),
        remedy="S10", says=("1018", "Directions: A->B handshake complete, call answered", "B->A no handshake"), live=True),
    Row("F-091", "no route pattern for 9898 on A", named("route_pattern_missing", "A"), (("pattern_leads_to_the_trunk", "A->B"),),
        remedy="S10", says=("dd=9898: no match",), live=True),
    Row("F-107", "route list whose first member is a non-secure trunk, in use", named("clear_text_member_first", "A"),
        (("every_way_is_secure", "A->B"),), remedy="S10", says=("member 1 PLAIN-TRUNK", "5060", "TCP"),
        also=frozenset({"no_sip_in_clear", "invite_travels_over_tls"}), live=True),
    Row("F-118", "local directory number 9898 exists on A", named("directory_number_shadows_pattern", "A"),
        (("nothing_shadows_the_pattern", "A->B"),), phase="trace", remedy="S10", says=("directory number 9898", "no INVITE"),
        live=True),
    Row("F-119", "call forward all on 9898", named("all_calls_forwarded", "B"), (("called_line_rings_where_dialled", "A->B"),),
        phase="call", remedy="S10", says=("9898 -> 5000", "final party 5000"),
        also=frozenset({"called_line_rings_where_dialled"}), live=True),
    Row("F-047", "client certificate not requested", named("client_certificate_not_requested", "B"),
        (("both_sides_authenticate", "A->B"),), phase="handshake", remedy="S8", says=("no CertificateRequest", "server role"),
        live=True),
    Row("F-051", "TLS 1.3 on both sides: certificates encrypted on the wire", named("tls_1_3_enabled", "A", "B"),
        (("both_sides_authenticate", "A->B"),), UNDECIDED, phase="handshake", remedy="V2", says=("TLS 1.3", "SIPCertificateInd"),
        live=True),
    Row("F-124", "SIPCertificateInd of another connection index, traced", named("certificate_indication_of_another_connection",
        "A"),
        (("trace_agrees_with_the_wire", "A->B"),), UNDECIDED, phase="trace", remedy="V2", says=("connIdx",), live=True),
    Row("F-126", "cipher in the trace differs from the suite on the wire, traced", named("trace_names_another_cipher", "A"),
        (("trace_agrees_with_the_wire", "A->B"),), phase="trace", remedy="V1", says=("NULL-SHA", "ECDHE-RSA-AES256-GCM-SHA384"),
        also=frozenset({"trace_agrees_with_the_wire"}), live=True),
    Row("G-140", "a prefix was added to the route pattern", prefix_added, (("pattern_leads_to_the_trunk", "A->B"),), remedy="S10",
        says=("sends 99898 when 9898 is dialled",), live=True,
        also=frozenset({"right_party_answers", "called_side_analyses_all_digits", "caller_digit_analysis_finds_the_pattern"})),
    Row("G-141", "a second destination that is no node of the peer", second_destination, (("trunk_leads_to_the_peer", "A"),),
        remedy="S9", says=("127.254.254.254",), live=True),
    Row("G-142", "Device Security Mode Authenticated on both sides",
        named("device_security_mode_authenticated", "A", "B"),
        (("profile_demands_encryption", "A"), ("profile_demands_encryption", "B")), remedy="S8", says=("NULL",), live=True,
        also=frozenset({"negotiated_suite_encrypts", "suite_is_allowed", "key_exchange_is_forward_secret"})),
    Row("F-057", "the disk of A fills during the capture: the file stops in the middle of a packet",
        named("disk_fills_during_capture", "A"), (("captures_are_complete", "pair"),), Outcome.ERROR,
        phase="evidence", remedy="X5", live=True,
        says=("A/", "in the middle of packet", "3000 bytes", "free space", "stop any capture", "nothing about the trunk")),
    Row("F-057", "the disk of A is full: no capture can be begun", named("disk_full", "A"), (("captures_are_complete", "pair"),),
        Outcome.ERROR, phase="evidence", remedy="X5", says=("capture of A/", "not enough disk space", "free space"), live=True),
)  # fmt: skip
