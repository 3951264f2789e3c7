"""Revocation, anchors, running configuration, course and record of the call, media in clear: both sides of every boundary."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.ca.issuing import Issuer
from pytest_cucmtls.ca.revocation import LIST_VALIDITY, issue_revocation_list
from pytest_cucmtls.checks.register import all_checks
from pytest_cucmtls.evidence.judge import judge, judge_with
from pytest_cucmtls.model.capture import MediaStream
from pytest_cucmtls.model.cucm import ServiceStatus, TrunkDestination
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipOnWire
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.wire.x509_revocation import list_is_signed_by, parse_revocation_list
from tests.evidence_builders import (
    ADDRESSES,
    NOW,
    call_log,
    certificate,
    dialogue,
    good_pair,
    handshake,
    inventory,
    key,
    root,
    session,
    sip,
    source,
    sourced,
    trace,
    trusted,
    verdict_of,
    with_cluster,
    with_node,
    with_traces,
    with_trunk,
    with_wire,
)

DEFAULT, DISA, PCI = load_policy("cisco-hardening"), load_policy("disa-evvm-sm"), load_policy("pci-dss-4.0.1")
LEAF_SERIAL = 0x398B1DA600000000000E


def verdict(evidence, check, subject, policy=DEFAULT):
    """The verdict of one check alone, without the checks it comes after."""
    chosen = tuple(one for one in all_checks() if one.id == check)
    return verdict_of(judge_with(evidence, policy, chosen), check, subject)


def revocation_list(*, revoked=(), signer="CA", at=NOW, number=7):
    der = issue_revocation_list(
        Issuer(root("CA", signer).der, key(signer, 2048), "SHA-256"), revoked=revoked, number=number, at=at
    )
    return parse_revocation_list(der)


def listed(*lists, **changes):
    return good_pair(revocation_lists=tuple(sourced(one, "crl") for one in lists), **changes)


def test_a_certificate_that_is_not_on_its_issuers_current_list_passes():
    found = verdict(listed(revocation_list(revoked=((1, NOW),))), "certificate_is_not_revoked", "A/CUCMA")
    assert found.outcome is Outcome.PASS
    assert "list 7" in found.diagnosis


@pytest.mark.parametrize("policy", [DEFAULT, PCI])
def test_a_revoked_certificate_fails_under_every_policy_with_number_time_and_reason(policy):
    evidence = listed(revocation_list(revoked=((LEAF_SERIAL, NOW - timedelta(days=3)),)))
    found = verdict(evidence, "certificate_is_not_revoked", "A/CUCMA", policy)
    assert found.outcome is Outcome.FAIL
    for said in ("list 7", "2026-05-29", "reason not given"):
        assert said in found.diagnosis


def test_a_revoked_intermediate_takes_its_leaves_with_it():
    middle = certificate("Issuing", issuer="CA", is_ca=True, serial=77)
    chain = (sourced(middle, "issuing"), sourced(root(), "root"))
    for revoked, outcome in ((77, Outcome.FAIL), (78, Outcome.PASS)):
        evidence = listed(revocation_list(revoked=((revoked, NOW),)), authority_chain=chain)
        assert verdict(evidence, "certificate_is_not_revoked", "A/CUCMA").outcome is outcome


@pytest.mark.parametrize(("late", "outcome"), [(timedelta(0), Outcome.PASS), (timedelta(seconds=1), Outcome.INCONCLUSIVE)])
def test_a_list_is_current_up_to_its_next_update(late, outcome):
    issued = NOW - LIST_VALIDITY - late
    assert verdict(listed(revocation_list(at=issued)), "certificate_is_not_revoked", "A/CUCMA").outcome is outcome


def test_the_newest_signed_list_counts():
    older = revocation_list(revoked=((LEAF_SERIAL, NOW),), at=NOW - timedelta(days=2), number=6)
    assert verdict(listed(revocation_list(), older), "certificate_is_not_revoked", "A/CUCMA").outcome is Outcome.PASS


def test_a_list_somebody_else_signed_in_the_issuers_name_decides_nothing():
    found = verdict(listed(revocation_list(signer="mallory")), "certificate_is_not_revoked", "A/CUCMA")
    assert found.outcome is Outcome.INCONCLUSIVE


def test_without_a_list_a_requirement_is_undecided_and_a_recommendation_out_of_scope():
    evidence = good_pair(reasons=(("revocation list", "the inventory names no authority.crl_file"),))
    asked = verdict(evidence, "certificate_is_not_revoked", "A/CUCMA", PCI)
    assert asked.outcome is Outcome.INCONCLUSIVE
    assert "crl_file" in asked.diagnosis
    assert verdict(evidence, "certificate_is_not_revoked", "A/CUCMA", DEFAULT).outcome is Outcome.NOT_APPLICABLE


def test_a_clean_list_where_ocsp_is_wanted_is_a_deviation_to_declare():
    found = verdict(listed(revocation_list()), "certificate_is_not_revoked", "A/CUCMA", load_policy("nist-800-52r2"))
    assert found.outcome is Outcome.WARN
    assert "OCSP" in found.diagnosis


def test_a_list_is_read_from_der_and_pem_and_knows_its_signer():
    made = revocation_list(revoked=((5, NOW),))
    pem = x509.load_der_x509_crl(made.der).public_bytes(serialization.Encoding.PEM)
    assert parse_revocation_list(pem) == made
    assert list_is_signed_by(made, root())
    assert not list_is_signed_by(made, root("CA", "mallory"))
    assert not list_is_signed_by(replace(made, der=b"0"), root())


@pytest.mark.parametrize("data", [b"", b"-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n", b"\x30\x80", b"text"])
def test_what_is_no_list_is_unreadable(data):
    with pytest.raises(FileUnreadable):
        parse_revocation_list(data)


def test_a_list_of_a_version_that_does_not_exist_is_unreadable():
    der = revocation_list().der
    place = der.index(b"\x02\x01\x01")
    with pytest.raises(FileUnreadable):
        parse_revocation_list(der[: place + 2] + b"\x19" + der[place + 3 :])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_list_is_unreadable_or_a_list(place, value):
    data = bytearray(revocation_list().der)
    data[place % len(data)] = value
    with suppress(FileUnreadable):
        assert parse_revocation_list(bytes(data)).this_update.tzinfo


def test_an_anchor_nobody_approved_is_a_finding_where_the_policy_asks_and_its_fingerprint_approves_it():
    stranger = root("Other CA", "other")
    evidence = with_node(good_pair(), "A", trust=(trusted(root()), trusted(stranger)))
    check, subject = "trust_store_holds_only_approved_anchors", "A/CUCMA"
    found = verdict(evidence, check, subject, DISA)
    assert found.outcome is Outcome.FAIL
    assert stranger.sha256 in found.diagnosis
    assert verdict(good_pair(), check, subject, DISA).outcome is Outcome.PASS
    assert verdict(evidence, check, subject, DEFAULT).outcome is Outcome.NOT_APPLICABLE
    approved = replace(evidence, inventory=inventory(approved_anchors=(stranger.sha256,)))
    assert verdict(approved, check, subject, DISA).outcome is Outcome.PASS


def test_an_anchor_of_an_approved_name_with_another_key_is_not_approved():
    evidence = with_node(good_pair(), "A", trust=(trusted(root()), trusted(root("CA", "mallory"))))
    assert verdict(evidence, "trust_store_holds_only_approved_anchors", "A/CUCMA", DISA).outcome is Outcome.FAIL


def test_the_inventory_of_certificates_names_issuer_expiry_and_purpose():
    found = verdict(good_pair(), "certificates_are_inventoried", "A/CUCMA")
    assert found.outcome is Outcome.PASS
    for said in ("CallManager ", "CallManager-trust", "2027-05-02", "serverAuth, clientAuth", "CA"):
        assert said in found.diagnosis
    assert (
        verdict(with_node(good_pair(), "A", trust=None), "certificates_are_inventoried", "A/CUCMA").outcome
        is Outcome.INCONCLUSIVE
    )


@pytest.mark.parametrize(("up_seconds", "outcome"), [(58, Outcome.PASS), (62, Outcome.PASS), (63, Outcome.FAIL)])
def test_a_service_older_than_the_certificate_it_should_use_must_be_restarted(up_seconds, outcome):
    status = ServiceStatus("Cisco CallManager", "Started", up_time_seconds=up_seconds, read_at=NOW)
    evidence = with_node(good_pair(), "A", call_manager=sourced(status), issued_received_at=NOW - timedelta(seconds=60))
    assert verdict(evidence, "service_started_after_its_certificate", "A/CUCMA").outcome is outcome


def test_a_certificate_from_elsewhere_is_dated_by_its_own_validity():
    young = certificate("CUCMA", begins=NOW - timedelta(seconds=30))
    status = ServiceStatus("Cisco CallManager", "Started", up_time_seconds=300, read_at=NOW)
    evidence = with_node(good_pair(), "A", issued=None, call_manager=sourced(status))
    own = evidence.cluster("A").nodes[0].own_certificate
    evidence = with_node(evidence, "A", own_certificate=replace(own, value=replace(own.value, certificate=young)))
    assert verdict(evidence, "service_started_after_its_certificate", "A/CUCMA").outcome is Outcome.FAIL


@pytest.mark.parametrize(("changed", "outcome"), [(3, Outcome.PASS), (4, Outcome.FAIL), (-60, Outcome.PASS)])
def test_a_trunk_changed_after_its_connection_was_opened_must_be_reset(changed, outcome):
    evidence = with_trunk(good_pair(), "A", version_stamp=f"{{{int(NOW.timestamp()) + changed}-ABC}}")
    assert verdict(evidence, "connection_is_younger_than_the_trunk", "A").outcome is outcome


@pytest.mark.parametrize("stamp", [None, "", "{ABC}", "12-x"])
def test_a_trunk_without_a_usable_stamp_is_undecided(stamp):
    evidence = with_trunk(good_pair(), "A", version_stamp=stamp)
    assert verdict(evidence, "connection_is_younger_than_the_trunk", "A").outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("lived", "watched", "outcome"),
    [
        (3600, 3600, Outcome.PASS),
        (3601, 3700, Outcome.FAIL),
        (3601, 60, Outcome.FAIL),
        (30, 3599, Outcome.INCONCLUSIVE),
        (30, 3600, Outcome.PASS),
    ],
)
def test_only_a_capture_as_long_as_the_interval_proves_that_connections_are_renewed(lived, watched, outcome):
    one = handshake("A", "B")
    one = replace(one, last_at=one.at + timedelta(seconds=lived))
    evidence = with_wire(good_pair(), one, handshake("B", "A"), last_at=NOW + timedelta(seconds=watched))
    assert verdict(evidence, "connection_is_renewed_in_time", "A->B", DISA).outcome is outcome


def with_copy(name, address=ADDRESSES["B"], mode=Mode.APPLY):
    evidence = good_pair(inventory=inventory(mode=mode))
    own = evidence.cluster("A").trunk
    other = replace(own.value, name=name, destinations=(TrunkDestination(address, 5061),))
    names = sourced((own.value.name, name), "names")
    return with_cluster(evidence, "A", other_trunks=(sourced(other, "other"),), similar_trunks=names)


@pytest.mark.parametrize(
    ("name", "address", "mode", "outcome"),
    [
        ("to-B_1", ADDRESSES["B"], Mode.APPLY, Outcome.BLOCKED),
        ("to-B_1", ADDRESSES["B"], Mode.VERIFY, Outcome.FAIL),
        ("to-B copy", ADDRESSES["B"], Mode.VERIFY, Outcome.FAIL),
        ("to-B_1", "10.9.9.9", Mode.VERIFY, Outcome.WARN),
        ("to-Berlin", ADDRESSES["B"], Mode.VERIFY, Outcome.PASS),
    ],
)
def test_a_copy_of_the_trunk_blocks_a_changing_run_and_is_a_finding_otherwise(name, address, mode, outcome):
    found = verdict(with_copy(name, address, mode), "trunk_has_no_copy", "A")
    assert found.outcome is outcome
    if outcome is not Outcome.PASS:
        assert name in found.diagnosis


def test_trunks_that_were_never_listed_are_not_judged_and_a_failed_list_is_undecided():
    assert verdict(good_pair(), "trunk_has_no_copy", "A").outcome is Outcome.NOT_APPLICABLE
    refused = good_pair(reasons=(("SIP trunks of A", "not authorised"),))
    assert verdict(refused, "trunk_has_no_copy", "A").outcome is Outcome.INCONCLUSIVE


def talking(seconds):
    """Both calls, with the answer and the BYE of A's this far apart."""
    report = trace("A")
    moved = []
    for message in report.sip_messages:
        line, is_bye = message.source.line, (message.message.header("CSeq") or "").endswith("BYE")
        moved.append(replace(message, source=source(line, 3 + seconds if is_bye else 3)))
    return with_node(good_pair(), "A", traces=(sourced(replace(report, sip_messages=tuple(moved)), "sdl"),))


@pytest.mark.parametrize(("seconds", "outcome"), [(0.5, Outcome.PASS), (0.499, Outcome.FAIL)])
def test_a_call_of_half_a_second_is_long_enough_and_a_shorter_one_is_not(seconds, outcome):
    assert verdict(talking(seconds), "call_lasts_long_enough", "A->B").outcome is outcome


def test_a_call_without_a_traced_end_has_no_length():
    evidence = with_traces(good_pair(), dialogues={("A", "B"): dialogue("A", "B")[:4], ("B", "A"): dialogue("B", "A")})
    assert verdict(evidence, "call_lasts_long_enough", "A->B").outcome is Outcome.INCONCLUSIVE


def streaming(kind="srtp", until=4.0, call_id=None):
    one = MediaStream(Endpoint("10.0.0.9", 20000), Endpoint("10.0.0.8", 30000), 1, 50, kind, NOW, NOW + timedelta(seconds=until))
    return with_wire(good_pair(), handshake("A", "B"), handshake("B", "A"), streams=(replace(one, call_id=call_id),))


@pytest.mark.parametrize(("after_bye", "outcome"), [(2.0, Outcome.PASS), (2.001, Outcome.FAIL)])
def test_media_may_go_on_for_two_seconds_after_bye(after_bye, outcome):
    bye = 2 + 4 / 2
    evidence = streaming(until=bye + after_bye, call_id="call-A@10.0.0.1")
    assert verdict(evidence, "call_leaves_nothing_behind", "A->B").outcome is outcome


def test_a_bye_nobody_answered_is_undecided():
    evidence = with_traces(good_pair(), dialogues={("A", "B"): dialogue("A", "B")[:5], ("B", "A"): dialogue("B", "A")})
    assert verdict(evidence, "call_leaves_nothing_behind", "A->B").outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("dropped", "outcome"),
    [
        (set(), Outcome.PASS),
        ({"RELEASE"}, Outcome.FAIL),
        ({"OFFERED"}, Outcome.FAIL),
        ({"RELEASE", "BYE"}, Outcome.INCONCLUSIVE),
        ({"SETUP"}, Outcome.INCONCLUSIVE),
        ({"SETUP", "OFFERED", "BYE", "RELEASE"}, Outcome.INCONCLUSIVE),
    ],
)
def test_a_call_record_without_its_end_is_incomplete_only_when_the_call_did_end(dropped, outcome):
    log = call_log("A")
    log = replace(log, call_log=tuple(line for line in log.call_log if line.event not in dropped))
    evidence = with_node(good_pair(), "A", calllogs=(sourced(log, "calllog"),))
    assert verdict(evidence, "call_record_is_complete", "A->B").outcome is outcome


def with_crypto(line):
    bodies = {"offer": session(20000, crypto=line), "answer": session(30000, crypto=line)}
    return with_traces(good_pair(), dialogues={pair: dialogue(*pair, **bodies) for pair in (("A", "B"), ("B", "A"))})


KEY = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n", Outcome.PASS),
        (f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY} UNENCRYPTED_SRTCP\r\n", Outcome.FAIL),
        ("a=crypto:1 XXXXXXXXXXXX inline:XXXXXXXX\r\n", Outcome.NOT_APPLICABLE),
    ],
)
def test_srtcp_without_encryption_is_a_finding_and_masked_attributes_are_not_judged(line, outcome):
    assert verdict(with_crypto(line), "srtcp_is_encrypted", "A->B").outcome is outcome


@pytest.mark.parametrize(("transport", "outcome"), [("udp", Outcome.FAIL), ("tcp", Outcome.FAIL), ("tls", Outcome.PASS)])
def test_a_media_key_in_clear_is_a_finding_and_is_shown_by_fingerprint_only(transport, outcome):
    body = session(20000, crypto=f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n")
    message = sip("INVITE sip:9898@10.2.0.1 SIP/2.0", "1 INVITE", "x", body)
    seen = SipOnWire(message, Endpoint("10.0.0.9", 5060), Endpoint(ADDRESSES["A"], 5060), transport, 3, NOW)
    evidence = with_wire(good_pair(), handshake("A", "B"), handshake("B", "A"), sip=(seen,))
    found = verdict(evidence, "media_keys_travel_under_tls", "pair")
    assert found.outcome is outcome
    assert KEY not in found.diagnosis


@pytest.mark.parametrize(("kind", "outcome"), [("rtp", Outcome.FAIL), ("srtp", Outcome.PASS), (None, Outcome.NOT_APPLICABLE)])
def test_plain_rtp_is_a_finding_whatever_was_negotiated(kind, outcome):
    assert verdict(streaming(kind), "no_media_in_clear", "pair").outcome is outcome


def test_no_media_in_the_captures_is_not_judged_and_says_where_to_capture():
    found = verdict(good_pair(), "no_media_in_clear", "pair")
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "phone" in found.diagnosis


@pytest.mark.parametrize(("policy", "outcome"), [(DISA, Outcome.INCONCLUSIVE), (DEFAULT, Outcome.NOT_APPLICABLE)])
def test_fips_mode_is_undecided_where_it_is_required_and_never_a_pass(policy, outcome):
    assert verdict(good_pair(), "fips_mode_is_enabled", "A/CUCMA", policy).outcome is outcome


def test_a_changing_run_without_a_record_of_every_step_is_undecided_and_a_reading_one_is_not_judged():
    good = good_pair()
    assert verdict(good, "changes_are_recorded", "pair").outcome is Outcome.PASS
    less = verdict(replace(good, steps=good.steps[:9]), "changes_are_recorded", "pair")
    assert less.outcome is Outcome.INCONCLUSIVE
    assert "10" in less.diagnosis
    assert verdict(replace(good, steps=()), "changes_are_recorded", "pair").outcome is Outcome.INCONCLUSIVE
    reading = good_pair(inventory=inventory(mode=Mode.VERIFY))
    assert verdict(reading, "changes_are_recorded", "pair").outcome is Outcome.NOT_APPLICABLE


def test_a_service_that_was_not_restarted_is_one_finding_not_two():
    status = ServiceStatus("Cisco CallManager", "Started", up_time_seconds=3_000_000, read_at=NOW)
    evidence = with_node(good_pair(), "A", call_manager=sourced(status))
    old = evidence.cluster("A").nodes[0].own_certificate_before.value.certificate
    wire = (replace(handshake("B", "A"), server_chain=(old,)), replace(handshake("A", "B"), client_chain=(old,)))
    verdicts = judge(with_wire(evidence, *wire), DEFAULT)
    assert verdict_of(verdicts, "server_presents_admin_certificate", "B->A").outcome is Outcome.FAIL
    assert verdict_of(verdicts, "service_started_after_its_certificate", "A/CUCMA").depends_on
