"""One fault, one place: only the checks that are about the fault fail, what rests on them is not evaluated."""

import pytest

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.cucm import DirectoryNumber
from pytest_cucmtls.model.handshakes import Alert, HandshakeOutcome
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import (
    NULL_SHA,
    analysis,
    dialogue,
    findings,
    good_pair,
    handshake,
    root,
    self_signed,
    sourced,
    trace,
    trusted,
    with_cluster,
    with_node,
    with_profile,
    with_traces,
    with_trunk,
    with_wire,
)

REFUSED = HandshakeOutcome.REFUSED
UNKNOWN_CA = (Alert("server", "fatal", "unknown_ca", 9),)
BACK = handshake("B", "A")


def root_absent_on_b():
    evidence = with_node(good_pair(), "B", trust=(trusted(root("Else")),))
    refused = handshake("A", "B", outcome=REFUSED, alerts=UNKNOWN_CA)
    return with_wire(evidence, refused, handshake("B", "A", outcome=REFUSED, alerts=(Alert("client", "fatal", "unknown_ca", 9),)))


def service_of_b_not_restarted():
    old = self_signed("CUCM10")
    refused = handshake(
        "A", "B", outcome=REFUSED, server_chain=(old,), client_chain=(), alerts=(Alert("client", "fatal", "unknown_ca", 9),)
    )
    return with_wire(good_pair(), refused, BACK)


def one_way():
    changes = {"client_certificate_requested": False, "client_certificate_presented": False, "client_certificate_verified": None}
    missing = {("server", "certificate_request"), ("client", "certificate"), ("client", "certificate_verify")}
    messages = tuple(m for m in handshake("A", "B").messages if (m.sender, m.name) not in missing)
    return with_wire(good_pair(), handshake("A", "B", client_chain=(), messages=messages, **changes), BACK)


def local_number_on_a():
    lines = (sourced(DirectoryNumber("1018")), sourced(DirectoryNumber("9898"), "dn"))
    return with_cluster(good_pair(), "A", directory_numbers=lines)


def two_significant_digits_on_b():
    analyses = (analysis(30, "1018", "98", None, "no_match"), analysis(10, "9898", "1018", "1018"))
    evidence = with_node(good_pair(), "B", traces=(sourced(trace("B", analyses=analyses), "sdl-B"),))
    return with_trunk(evidence, "B", sig_digits=2)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (root_absent_on_b, {"peer_root_is_trusted B/CUCM10"}),
        (service_of_b_not_restarted, {"server_presents_admin_certificate A->B"}),
        (one_way, {"both_sides_authenticate A->B"}),
        (lambda: with_wire(good_pair(), handshake("A", "B", cipher_suite=NULL_SHA), BACK),
         {"negotiated_suite_encrypts A->B", "key_exchange_is_forward_secret A->B", "trace_agrees_with_the_wire A->B"}),
        (lambda: with_profile(good_pair(), "B", security_mode="Non Secure"), {"profile_demands_encryption B"}),
        (lambda: with_profile(good_pair(), "B", x509_subject_name="ELSE"), {"profile_names_the_peer B"}),
        (local_number_on_a, {"nothing_shadows_the_pattern A->B"}),
        (two_significant_digits_on_b, {"trunk_keeps_all_digits B"}),
        (lambda: with_traces(good_pair(), dialogues={("A", "B"): dialogue("A", "B", answered_by="5000")}),
         {"right_party_answers A->B"}),
    ],
)  # fmt: skip
def test_only_the_checks_about_the_fault_fail(evidence, expected):
    verdicts = judge(evidence(), load_policy("cisco-hardening"))
    assert findings(verdicts) == expected
    for verdict in verdicts:
        if verdict.depends_on:
            assert verdict.outcome is Outcome.INCONCLUSIVE
            assert verdict.diagnosis.startswith("Not evaluated, because")
