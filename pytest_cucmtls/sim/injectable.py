"""How each fault of the catalogue gets into a simulated cluster: through an interface, as a person would, or by a named fault.

A page of the documentation and a test go through this table; what no cluster can have (a tool's own failing) is not in it.
"""

from dataclasses import dataclass

_REST = "upload what another authority signed so (CLI, certificate REST)"


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault of the catalogue."""

    id: str
    what: str
    interface: str = ""
    """What a person does through which interface; "" when no interface can make it."""
    faults: tuple[str, ...] = ()
    """Named faults that make it (any one of them, unless the text says both)."""
    out_of_reach: str = ""
    """Why neither can make it."""


INJECTIONS = (
    Injection("F-002", "trace rotated away before collection", "file delete activelog", ("trace_rotated_away",)),
    Injection("F-003", "alert certificate_expired", _REST, ("clock_ahead",)),
    Injection("F-005", "validity of five years", _REST),
    Injection("F-006", "significant digits 2", "AXL updateSipTrunk", ("two_significant_digits",)),
    Injection("F-007", "UNENCRYPTED_SRTP in the crypto attribute", faults=("unencrypted_srtp_parameter",)),
    Injection("F-008", "RSA 1024", "certificate REST keyLength where the release has it; 9.1's default"),
    Injection("F-013", "capture and trace of different calls", "capture one call, collect the trace of another"),
    Injection("F-015", "middlebox re-signs both directions", faults=("middlebox_terminates_tls",)),
    Injection("F-020", "no common cipher suite", faults=("tls_ciphers_strongest_only",)),
    Injection("F-022", "answered by voice mail or another party", "AXL updateLine", ("all_calls_forwarded",)),
    Injection("F-025", "service restarted on one of two nodes", "Control Center", ("old_certificate_served_by_a_subscriber",)),
    Injection("F-026", "a profile of the expected name with other values", "AXL addSipTrunkSecurityProfile"),
    Injection("F-027", "no media at the capture point", "utils network capture on a node: media flows past it"),
    Injection("F-028", "files of A and B swapped at upload", "upload them: both interfaces refuse as CUCM does"),
    Injection("F-030", "AXL account may only read", faults=("administrator_may_only_read",)),
    Injection("F-031", "unknown release", faults=("unknown_release",)),
    Injection("F-035", "root and leaf uploaded crosswise", "CLI set cert import, certificate REST"),
    Injection("F-039", "name resolves to an old address", faults=("host_names_resolve_to_an_old_address",)),
    Injection("F-040", "call while the trunk resets", faults=("trunk_still_resetting",)),
    Injection("F-042", "root absent from CallManager-trust", "set cert delete", ("trust_missing",)),
    Injection("F-044", "root in tomcat-trust", "set cert import trust tomcat", ("trust_in_tomcat_store",)),
    Injection("F-046", "plain RTP although SAVP was agreed", faults=("rtp_sent_despite_srtp",)),
    Injection("F-047", "client certificate not requested", faults=("client_certificate_not_requested",)),
    Injection("F-049", "one master key for both directions", faults=("srtp_key_reused",)),
    Injection("F-051", "TLS 1.3 hides certificates", "a 15 SU2 plan", ("tls_1_3_enabled",)),
    Injection("F-052", "odd PEM files", "paste or upload them"),
    Injection("F-056", "old certificate still served", "upload without a restart", ("old_certificate_still_served",)),
    Injection("F-057", "disk full, capture stopped", faults=("disk_full", "disk_fills_during_capture")),
    Injection("F-060", "SRTP Allowed unchecked", "AXL updateSipTrunk", ("srtp_not_allowed",)),
    Injection("F-062", "name wrong on one side", "AXL updateSipTrunkSecurityProfile", ("subject_name_wrong",)),
    Injection("F-065", "leaf expired", _REST, ("clock_ahead",)),
    Injection("F-066", "no route pattern on B", "AXL removeRoutePattern", ("route_pattern_missing",)),
    Injection("F-069", "authority drops SAN or EKU", _REST),
    Injection("F-071", "weaker SRTP suite selected", faults=("weakest_srtp_suite_selected",)),
    Injection("F-073", "leaf signed with SHA-1", _REST),
    Injection("F-076", "leaf revoked", "publish a CRL of your authority: clusters do not ask for it"),
    Injection("F-077", "capture starts in the middle", "start it after the connection"),
    Injection("F-078", "destination is a third host", "AXL updateSipTrunk"),
    Injection("F-079", "alert unknown_ca from B", "set cert delete", ("trust_missing",)),
    Injection("F-081", "SSH host key changed", faults=("ssh_host_key_changed",)),
    Injection("F-084", "AXL session lost", faults=("axl_connection_lost",)),
    Injection("F-085", "AXL answers 503", faults=("axl_throttled",)),
    Injection("F-086", "profile Non Secure", "AXL updateSipTrunkSecurityProfile", ("device_security_mode_non_secure",)),
    Injection("F-087", "route list falls back to clear text", "AXL addRouteList", ("clear_text_member_as_fallback",)),
    Injection("F-089", "old root of the renewed authority", "set cert import trust CallManager"),
    Injection("F-091", "no route pattern on A", "AXL removeRoutePattern", ("route_pattern_missing",)),
    Injection(
        "F-096",
        "two SRV targets, one with the old certificate",
        "destAddrIsSrv with the peer's domain; restart one target only",
        ("old_certificate_served_by_a_subscriber",),
    ),
    Injection("F-099", "wrong interface or host filter", "utils network capture with another host"),
    Injection("F-103", "TLS 1.0 although both speak 1.2", faults=("tls_1_0_negotiated",)),
    Injection("F-104", "leaf expires soon", _REST),
    Injection("F-105", "decommissioned name still listed", "AXL", ("subject_name_of_old_peer_kept",)),
    Injection("F-107", "route list with a clear-text member first", "AXL addRouteList", ("clear_text_member_first",)),
    Injection("F-109", "leftover trunks of a partial run", "AXL addSipTrunk"),
    Injection("F-112", "multi-server certificate", "certificate REST distribution multi-server"),
    Injection("F-113", "clear incoming transport", "AXL", ("incoming_transport_plain",)),
    Injection("F-115", "EKU absent", _REST),
    Injection("F-116", "CLI prompt differs", faults=("cli_prompt_differs", "cli_stays_silent", "cli_session_dropped")),
    Injection("F-118", "directory number shadows the pattern", "AXL addLine", ("directory_number_shadows_pattern",)),
    Injection("F-119", "call forward all", "AXL updateLine", ("all_calls_forwarded",)),
    Injection("F-120", "trunk counts as secure without TLS", "AXL updateSipTrunk", ("trunk_secure_without_tls",)),
    Injection("F-122", "packets cut by snap length", "utils network capture without size all"),
    Injection("F-124", "certificate record of another connection", faults=("certificate_indication_of_another_connection",)),
    Injection("F-126", "another cipher in the trace", faults=("trace_names_another_cipher",)),
    Injection("F-128", "backup brought the old certificate back", faults=("previous_certificate_restored",)),
    Injection("F-130", "ECDSA identity on the wire", faults=("ecdsa_ciphers_preferred",)),
    Injection("F-131", "TLS 1.2 minimum against a 9.1", "set tls min-version"),
    Injection("F-137", "authority rewrites the subject", _REST),
    Injection("F-138", "NTP unsynchronised", faults=("ntp_unsynchronised",)),
    Injection("F-139", "export-unrestricted software", faults=("export_unrestricted_software",)),
    Injection("F-142", "nodes answer differently", faults=("database_not_replicated", "certificates_not_replicated")),
    Injection("F-145", "EKU without clientAuth", _REST),
    Injection("F-147", "destination port 5060", "AXL updateSipTrunk", ("destination_port_plain",)),
    Injection("F-083", "second run against the same clusters", out_of_reach="two runs of the tool, no state of a cluster"),
    Injection("F-133", "run killed between steps", out_of_reach="the tool is killed, no state of a cluster"),
)
"""All 74 of the catalogue."""
