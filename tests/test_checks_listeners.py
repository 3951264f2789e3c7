"""What the probe of a listener means: accepted, refused, unclear, not asked, not made."""

from dataclasses import replace

import pytest

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import findings, good_pair, verdict_of
from tests.probe_reports import probe, turned, with_probe, without

DEFAULT, STRICT, LEGACY = load_policy("cisco-hardening"), load_policy("disa-evvm-sm"), load_policy("legacy-2015")
CHECKS = (
    "listener_refuses_old_versions",
    "listener_refuses_weak_suites",
    "listener_refuses_weak_groups",
    "listener_refuses_fallback",
    "listener_requires_client_certificate",
    "listener_speaks_no_clear_sip",
)


def verdict(check, report, policy=DEFAULT):
    return verdict_of(judge(with_probe(good_pair(), report), policy), check, "A/CUCMA")


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_listener_passes(check):
    assert verdict(check, probe()).outcome is Outcome.PASS
    assert verdict(check, probe()).evidence


def test_a_good_listener_breaks_nothing_under_any_policy_that_the_pair_keeps():
    for policy in (DEFAULT, LEGACY):
        assert not findings(judge(with_probe(good_pair(), probe()), policy), Outcome.FAIL, Outcome.WARN, Outcome.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("check", "topic", "asked"),
    [
        ("listener_refuses_old_versions", "version", "TLSv1.1"),
        ("listener_refuses_weak_suites", "suites", "NULL"),
        ("listener_requires_client_certificate", "certificate", "none"),
        ("listener_requires_client_certificate", "certificate", "untrusted"),
        ("listener_speaks_no_clear_sip", "clear_sip", "tcp"),
    ],
)
def test_one_forbidden_acceptance_is_a_finding_that_names_it_and_silence_decides_nothing(check, topic, asked):
    bad = verdict(check, turned(probe(), topic, asked, Answer.ACCEPTED))
    assert bad.outcome is Outcome.FAIL
    assert asked in bad.diagnosis
    assert "A/CUCMA" in bad.diagnosis
    assert bad.remedies
    silent = verdict(check, turned(probe(), topic, asked, Answer.UNCLEAR))
    assert silent.outcome is Outcome.INCONCLUSIVE
    assert asked in silent.diagnosis
    assert verdict(check, without(probe(), topic, asked)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("group", "outcome"), [("secp192r1", Outcome.WARN), ("secp224r1", Outcome.PASS), ("x448", Outcome.PASS)])
def test_a_group_of_exactly_224_bits_is_not_weak(group, outcome):
    found = verdict("listener_refuses_weak_groups", turned(probe(), "group", group, Answer.ACCEPTED))
    assert found.outcome is outcome


@pytest.mark.parametrize(("version", "outcome"), [("TLSv1.0", Outcome.PASS), ("SSLv3", Outcome.FAIL)])
def test_only_the_versions_of_the_policy_are_judged(version, outcome):
    found = verdict("listener_refuses_old_versions", turned(probe(), "version", version, Answer.ACCEPTED), LEGACY)
    assert found.outcome is outcome


@pytest.mark.parametrize(("said", "outcome"), [(Answer.REFUSED, Outcome.PASS), (Answer.ACCEPTED, Outcome.WARN)])
def test_accepting_a_marked_fallback_is_a_warning(said, outcome):
    both = turned(probe(), "version", "TLSv1.3", Answer.ACCEPTED)
    assert verdict("listener_refuses_fallback", turned(both, "fallback", "TLSv1.2", said)).outcome is outcome


def test_a_listener_that_refuses_everything_proves_nothing():
    dead = turned(turned(probe(), "version", "TLSv1.2", Answer.REFUSED), "certificate", "trusted", Answer.REFUSED)
    for check in CHECKS:
        assert verdict(check, dead).outcome is Outcome.INCONCLUSIVE, check


def test_a_listener_that_refuses_the_trusted_client_too_proves_no_mutual_authentication():
    found = verdict("listener_requires_client_certificate", turned(probe(), "certificate", "trusted", Answer.REFUSED))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "nothing is proven" in found.diagnosis


def test_without_a_trusted_certificate_to_show_the_two_refusals_are_the_proof():
    found = verdict("listener_requires_client_certificate", turned(probe(), "certificate", "trusted", Answer.NOT_ASKED))
    assert found.outcome is Outcome.PASS


@pytest.mark.parametrize("check", CHECKS)
def test_a_listener_that_cannot_be_reached_is_undecided(check):
    unreachable = replace(probe(), answers=(replace(probe().answers[0], answer=Answer.UNREACHABLE, detail="refused"),))
    assert verdict(check, unreachable).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("check", CHECKS)
def test_a_probe_that_was_left_out_is_undecided_with_the_reason_and_an_old_run_folder_is_not_judged(check):
    left_out = replace(good_pair(), reasons=(("probe of A/CUCMA", "the inventory does not ask for it"),))
    found = verdict_of(judge(left_out, DEFAULT), check, "A/CUCMA")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "the inventory does not ask for it" in found.diagnosis
    assert verdict_of(judge(good_pair(), DEFAULT), check, "A/CUCMA").outcome is Outcome.NOT_APPLICABLE


def test_a_family_the_policy_forbids_and_the_probe_did_not_ask_about_is_undecided():
    found = verdict("listener_refuses_weak_suites", without(probe(), "suites", "CHACHA20"), STRICT)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "CHACHA20" in found.diagnosis
