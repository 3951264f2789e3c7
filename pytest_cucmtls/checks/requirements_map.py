"""The 42 requirements of the product: which checks decide each, from which clause, by which rule; the page that shows it."""

from dataclasses import dataclass

from pytest_cucmtls.checks.register import Check, all_checks
from pytest_cucmtls.model.verdicts import Clause

CISCO, SRG, RFC9325, SP52 = "Cisco document 200180", "DISA EVVM Session Management SRG", "RFC 9325", "NIST SP 800-52r2"
SP53, PCI, GUIDE = "NIST SP 800-53 r5", "PCI DSS 4.0.1", "Cisco CUCM Security Guide 15"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement; `checks` decide it together, `why_none` says why no check does."""

    id: str
    title: str
    clauses: tuple[Clause, ...]
    checks: tuple[str, ...]
    rule: str
    """When it passes, when it fails, at which boundary."""
    why_none: str = ""


def _of(
    id: str, title: str, clauses: tuple[tuple[str, str, str], ...], checks: str, rule: str, why_none: str = ""
) -> Requirement:
    return Requirement(id, title, tuple(Clause(*clause) for clause in clauses), tuple(checks.split()), rule, why_none)


REQUIREMENTS: tuple[Requirement, ...] = (
    _of(
        "T01",
        "Signalling of this call is inside TLS",
        ((CISCO, "collect traces", "V"), (SP53, "SC-8(1)", "V"), (SRG, "V-260034", "V")),
        "no_sip_in_clear invite_travels_over_tls traced_call_is_the_captured_one",
        "PASS: the connection of the call's Call-ID is a TLS connection of the capture and no SIP can be read; one readable "
        "SIP message between the clusters is FAIL.",
    ),
    _of(
        "T02",
        "Version",
        ((RFC9325, "§3.1.1", "V"), (SP52, "§3.1", "S"), (SRG, "V-260046", "V"), (PCI, "4.2.1 bullet 3", "S")),
        "version_meets_policy release_can_meet_policy listener_refuses_old_versions",
        "PASS: the negotiated version is at least tls.negotiated_min (equal passes) and every version of tls.must_refuse is "
        "refused by every listener.",
    ),
    _of(
        "T03",
        "No fallback",
        ((RFC9325, "§3.1.3", "V"), (PCI, "4.2.1", "S")),
        "version_was_not_lowered listener_refuses_fallback",
        "FAIL: a later offer is lower than an earlier one, or a listener accepts a lower version marked as a fallback.",
    ),
    _of(
        "T04",
        "Cipher suite",
        ((RFC9325, "§4.1-4.2", "V"), (SP52, "§3.3.1", "S"), ("BSI TR-02102-2", "§3.3", "S")),
        "suite_is_allowed listener_refuses_weak_suites",
        "PASS: the negotiated suite is listed for its version and of no forbidden family, and listeners refuse those families.",
    ),
    _of(
        "T05",
        "Not NULL",
        ((GUIDE, "p. 188", "V"), (RFC9325, "§4.1", "V")),
        "negotiated_suite_encrypts profile_demands_encryption",
        "FAIL: a NULL suite, or Device Security Mode other than Encrypted.",
    ),
    _of("T06", "Forward secrecy", ((RFC9325, "§4.1", "V"),), "key_exchange_is_forward_secret", "FAIL: static key exchange."),
    _of(
        "T07",
        "Group strength",
        ((RFC9325, "§4.5", "V"),),
        "group_is_allowed listener_refuses_weak_groups",
        "PASS: the group is one of kx.groups; a suite without ephemeral key exchange is not judged here.",
    ),
    _of(
        "T08",
        "CBC only with encrypt-then-MAC",
        ((RFC9325, "§4.2", "V"), (SP52, "§3.4", "V")),
        "cbc_uses_encrypt_then_mac",
        "FAIL: a CBC suite without the extension in both hellos, where the policy asks for it.",
    ),
    _of(
        "T09",
        "Compression null, extended master secret, secure renegotiation",
        ((RFC9325, "§3.3, §3.5", "V"), (SP52, "§3.4, §3.7", "V")),
        "compression_is_off extended_master_secret_is_used renegotiation_is_secure",
        "PASS: all three as the policy asks; TLS 1.3 has them by construction.",
    ),
    _of(
        "T10",
        "Server certificate presented",
        ((CISCO, "collect packet capture", "V"),),
        "handshake_messages_are_in_order server_presents_admin_certificate every_node_presents_the_right_certificate",
        "INCONCLUSIVE: certificates hidden (TLS 1.3, resumption, late capture), with what to collect.",
    ),
    _of(
        "T11",
        "Client certificate requested, presented, proven",
        ((CISCO, "collect packet capture", "V"), (SP53, "IA-3", "V"), (SRG, "V-260028", "V"), ("RFC 3261", "§26.3.1", "M")),
        "both_sides_authenticate listener_requires_client_certificate",
        "PASS: CertificateRequest, a certificate and CertificateVerify; no request is FAIL.",
    ),
    _of(
        "T12",
        "Certificate on the wire is that of the admin page, both directions",
        ((CISCO, "collect packet capture: serial, subject, issuer, validity", "V"),),
        "server_presents_admin_certificate client_presents_admin_certificate every_node_presents_the_right_certificate "
        "identity_is_the_issued_one identity_is_not_an_older_one",
        "PASS: SHA-256 of the DER is equal on every connection of every node; the odd node is named.",
    ),
    _of(
        "T13",
        "Path valid",
        (("RFC 5280", "§6", "V"), (SRG, "V-260047", "V"), (SP53, "SC-17 b", "V"), (SP53, "IA-5(2)", "V")),
        "peer_identity_has_a_path server_chain_is_valid_for_client client_chain_is_valid_for_server peer_root_is_trusted",
        "PASS: a path to an anchor of the other side's CallManager-trust at the time of the call, ends of validity included.",
    ),
    _of(
        "T14",
        "Anchors approved",
        ((SP53, "SC-17 b", "V"), (SRG, "V-260031", "V")),
        "trust_store_holds_only_approved_anchors authority_ends_in_self_signed_root",
        "FAIL where the policy asks: an anchor of CallManager-trust that nobody approved.",
    ),
    _of(
        "T15",
        "Not self-signed",
        ((SRG, "V-260031", "V"), (PCI, "4.2.1 applicability note", "S")),
        "identity_is_issued_by_authority",
        "FAIL: issuer equals subject and the own key verifies the signature.",
    ),
    _of(
        "T16",
        "Key size, hash, scheme",
        ((SP52, "§3.2.1", "V"), (RFC9325, "§4.5", "V"), ("BSI TR-02102-2", "§3.6", "V")),
        "key_is_long_enough path_hash_is_allowed signature_scheme_is_allowed",
        "PASS: leaf and intermediates keep every limit (equal passes); the anchor's own signature is not graded.",
    ),
    _of(
        "T17",
        "Dates",
        (("RFC 5280", "§4.1.2.5", "V"), (SP52, "table 3-1", "V"), (PCI, "4.2.1 bullet 2", "S")),
        "certificate_is_in_date certificate_does_not_expire_soon validity_is_short_enough",
        "PASS: the call's time lies within the validity, ends included; fewer days left than the margin is WARN.",
    ),
    _of(
        "T18",
        "Key usage and EKU fit the roles played",
        ((SP52, "table 3-1", "S"), ("Cisco field notice", "FN74345", "V")),
        "certificate_fits_both_roles key_usage_is_as_required server_chain_is_valid_for_client client_chain_is_valid_for_server",
        "FAIL: a node that is server and client lacks one usage; an absent extension restricts nothing unless policy says so.",
    ),
    _of(
        "T19",
        "Names",
        ((GUIDE, "p. 189-190", "V"), ("RFC 5922", "§7.1-7.2", "M")),
        "profile_names_the_peer profiles_accept_presented_names certificate_names_its_node",
        "PASS: the X.509 field holds CN or SAN of every certificate of the peer; a name of nobody is WARN or FAIL by policy.",
    ),
    _of(
        "T20",
        "SIP identity quality",
        (("RFC 5922", "§7.1-7.2", "M"), ("RFC 5924", "§4", "V")),
        "certificate_has_alternative_names",
        "Policy decides: a leaf without alternative name is PASS, WARN or FAIL.",
    ),
    _of(
        "T21",
        "Revocation",
        ((SP52, "§3.2", "V"), (SRG, "V-260047", "V"), (PCI, "4.2.1 bullet 2", "S")),
        "certificate_is_not_revoked",
        "FAIL: the certificate is on its issuer's signed list; a missing, foreign or outdated list is "
        "INCONCLUSIVE where the policy "
        "requires revocation. OCSP is asked where the inventory allows it.",
    ),
    _of(
        "T22",
        "Profile settings",
        ((CISCO, "step 8", "V"),),
        "profile_demands_encryption profile_transports_are_tls profile_port_is_the_peers_destination "
        "profile_fields_are_as_specified",
        "FAIL: any field differs from what step 8 sets; the table of differences is the diagnosis.",
    ),
    _of(
        "T23",
        "Trunk settings",
        ((CISCO, "step 9", "V"),),
        "trunk_leads_to_the_peer trunk_name_resolves_to_the_peer trunk_uses_the_secure_profile trunk_allows_srtp "
        "trunk_traffic_is_secure_with_both "
        "trunk_fields_are_as_specified srtp_does_not_fall_back trunk_keeps_all_digits",
        "FAIL: any field differs from what step 9 sets.",
    ),
    _of(
        "T24",
        "Running is configured",
        ((CISCO, "trunk reset (capture section)", "V"), (SP53, "CM-6", "V")),
        "service_started_after_its_certificate connection_is_younger_than_the_trunk call_manager_runs nodes_of_a_cluster_agree",
        "FAIL: the service or a connection is older than what it should be using.",
    ),
    _of(
        "T25",
        "No clear listener for this peer",
        ((SRG, "V-260008", "V"), (RFC9325, "§3.2", "V"), ("DISA VVoIP STIG", "V-19670", "V")),
        "profile_transports_are_tls listener_speaks_no_clear_sip",
        "FAIL: a transport of the profile is not TLS, or the trunk's port answers SIP in clear.",
    ),
    _of(
        "T26",
        "Route",
        ((CISCO, "step 10", "V"), (SP53, "AC-4", "V")),
        "pattern_leads_to_the_trunk nothing_shadows_the_pattern every_way_is_secure caller_digit_analysis_finds_the_pattern "
        "called_side_analyses_all_digits called_line_rings_where_dialled",
        "PASS: configuration and digit analysis agree on pattern, partition and trunk, in both directions.",
    ),
    _of(
        "T27",
        "Call",
        (("Product practice", "acceptance", "M"),),
        "call_is_placed right_party_answers call_lasts_long_enough call_is_released_normally",
        "PASS: the dialled party answered, the call was acknowledged, lasted long enough and ended with a normal cause.",
    ),
    _of(
        "T28",
        "SDES negotiated",
        (("RFC 4568", "§6", "M"), (GUIDE, "p. 44", "V")),
        "media_is_negotiated_as_srtp srtp_suite_is_allowed",
        "FAIL: a media line that is not RTP/SAVP, or a session parameter that takes encryption or integrity away.",
    ),
    _of(
        "T29",
        "SRTP proven, not inferred",
        (("RFC 3711", "§3.3, §4.2", "M"), ("RFC 7714", "", "M"), ("DISA VVoIP", "V-19441", "V")),
        "no_media_in_clear media_packets_are_srtp media_flows_both_ways",
        "FAIL: a captured media stream is plain RTP, or packets that a phone of our own received do not authenticate. Traces "
        "mask the keys: proof by authentication takes phones of our own; without media in the captures nothing is judged.",
    ),
    _of(
        "T30",
        "No RTP fallback during the call",
        ((SRG, "V-260034", "V"),),
        "media_is_negotiated_as_srtp srtp_does_not_fall_back",
        "FAIL: any later offer or answer of the call drops SAVP.",
    ),
    _of(
        "T31",
        "SRTCP",
        (("RFC 3711", "§3.4", "M"),),
        "srtcp_is_encrypted media_is_negotiated_as_srtp",
        "FAIL: UNENCRYPTED_SRTCP was negotiated.",
    ),
    _of(
        "T32",
        "Key hygiene",
        (("RFC 4568", "§7", "M"), (SP53, "SC-12", "V"), (CISCO, "warning on SRTP without TLS", "V")),
        "media_keys_are_fresh media_keys_travel_under_tls",
        "FAIL: one key in two directions or two calls, or a key that can be read on the wire; shown by fingerprint only.",
    ),
    _of(
        "T33",
        "Trace agrees with the wire",
        ((CISCO, "collect CUCM traces", "V"),),
        "trace_agrees_with_the_wire",
        "FAIL: subject or suite of SIPCertificateInd differ from the capture, for the call's own connection index.",
    ),
    _of(
        "T34",
        "One call, one proof",
        ((SP53, "AU-10", "V"),),
        "traced_call_is_the_captured_one capture_readers_agree captures_are_complete",
        "INCONCLUSIVE: capture and trace show different calls.",
    ),
    _of(
        "T35",
        "Time",
        ((SP53, "AU-8", "V"), (SRG, "V-260040", "V")),
        "clocks_agree node_clock_is_synchronised",
        "PASS: every pairwise offset is at most the limit (equal passes) and every node is synchronised.",
    ),
    _of(
        "T36",
        "FIPS mode",
        ((SP53, "SC-13", "V"), (SP53, "IA-7", "V"), (SRG, "V-260039", "V")),
        "fips_mode_is_enabled",
        "FAIL where the policy requires it and the node says non-FIPS; that the module is validated stays a declared value.",
    ),
    _of(
        "T37",
        "Certificate inventory",
        ((PCI, "4.2.1.1", "S"), (SP53, "SC-17", "V")),
        "certificates_are_inventoried",
        "PASS: the list itself, with issuer, expiry and purpose of every certificate of the node.",
    ),
    _of(
        "T38",
        "Change control",
        ((SP53, "CM-3", "V"), (SP53, "CM-3(2)", "V")),
        "changes_are_recorded account_may_write "
        "step_01_is_performed step_02_is_performed step_03_is_performed step_04_is_performed "
        "step_05_is_performed step_06_is_performed step_07_is_performed step_08_is_performed step_09_is_performed "
        "step_10_is_performed",
        "PASS: every step left a record of what it changed; the approval is outside a program.",
    ),
    _of(
        "T39",
        "Drift",
        ((SP53, "CM-6", "V"), (SP53, "CA-7", "V")),
        "",
        "",
        "Needs two runs: a comparison with a signed baseline is an operation on two run folders, not a check over one.",
    ),
    _of(
        "T40",
        "Re-authentication interval",
        ((SRG, "V-260026", "V"),),
        "connection_is_renewed_in_time",
        "FAIL: a connection older than the interval (equal passes); a capture shorter than the interval is INCONCLUSIVE.",
    ),
    _of(
        "T41",
        "Call records",
        ((SRG, "V-259996 to V-260001", "V"),),
        "call_record_is_complete",
        "FAIL: the call log has the setup and the BYE of the call and no cause of its end.",
    ),
    _of(
        "T42",
        "Connections end",
        ((SRG, "V-260013", "V"),),
        "call_leaves_nothing_behind call_is_released_normally",
        "FAIL: the trunk leg or its media goes on after BYE.",
    ),
)


def requirements_page(requirements: tuple[Requirement, ...] = REQUIREMENTS) -> str:
    """Markdown of ``docs/requirements.md``: one table row per requirement. Raises: KeyError for a check that does not exist."""
    checks = {check.id: check for check in all_checks()}
    lines = [
        "# Requirements, checks and clauses",
        "",
        "Generated by `python docs/generate.py` from `pytest_cucmtls/checks/requirements_map.py`; a test compares the two.",
        "Marks: V read in the source, S secondary source, T measured, M clause not yet confirmed. Whatever the rule, a check",
        "whose evidence is missing is INCONCLUSIVE and says what to collect; it never passes.",
        "",
        "| ID | Requirement | Checks | Clauses | Rule |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [_row(requirement, checks) for requirement in requirements]
    mapped = {name for requirement in requirements for name in requirement.checks}
    others = [check for check in checks.values() if check.id not in mapped]
    lines += ["", "## Checks beside the 42 requirements", ""]
    lines += [f"- [`{check.id}`](checks.md#{check.id}): {check.title}" for check in others]
    return "\n".join(lines) + "\n"


def _row(requirement: Requirement, checks: dict[str, Check]) -> str:
    deciding = "<br>".join(f"[`{checks[name].id}`](checks.md#{name})" for name in requirement.checks) or "none"
    clauses = "<br>".join(
        f"{clause.standard} {clause.clause} [{clause.mark}]".replace("  ", " ") for clause in requirement.clauses
    )
    rule = requirement.rule or f"No check: {requirement.why_none}"
    return f"| {requirement.id} | {requirement.title} | {deciding} | {clauses} | {rule} |"
