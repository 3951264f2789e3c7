"""What explains a difference without a rule, and what does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_cucmtls.evidence.comparison.compared_run import ComparedRun
from pytest_cucmtls.evidence.comparison.known_changes import Changed, classed, known_verdict_reason, unseen, upgraded
from pytest_cucmtls.evidence.fact import Fact, Value
from pytest_cucmtls.evidence.given.preference import Change
from pytest_cucmtls.model.evidence import Sourced, StepRecord
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from tests.evidence_builders import good_pair, item

CONNECTION = ("connection", "A->B", "TLS CUCMA to CUCM10")
OLD, NEW = "14.0.1.12900-161", "15.0.1.12900-234"


def run(*facts: Fact, mode: Mode = Mode.APPLY, simulated: bool = False, changes: tuple[str, ...] = ()) -> ComparedRun:
    evidence = good_pair()
    step = Sourced(StepRecord(9, "The SIP trunk", Outcome.PASS, "", changes), item("step"))
    inventory = replace(evidence.inventory, mode=mode, simulated=simulated)
    evidence = replace(evidence, inventory=inventory, steps=(step,))
    return ComparedRun(Path("run"), evidence, {fact.key: fact for fact in facts}, {}, {})


def fact(area: str, subject: str, about: str, name: str, value: Value) -> Fact:
    return Fact(area, subject, about, name, value, item("x"))


def release(text: str, node: str = "A/CUCMA") -> Fact:
    return fact("release", node, "CUCM", "release", text)


def change_of(before: Fact | None, after: Fact | None, baseline: ComparedRun, current: ComparedRun) -> Change:
    return classed(Changed(before, after), baseline, current)[0]


def handshake(version: str | None, **values: Value) -> list[Fact]:
    return [fact(*CONNECTION, "tls_version", version), *(fact(*CONNECTION, name, value) for name, value in values.items())]


@pytest.mark.parametrize(("before", "after", "change"), [(OLD, NEW, Change.EXPECTED), (NEW, OLD, Change.UNEXPLAINED)])
def test_only_a_newer_release_is_an_upgrade(before, after, change):
    assert change_of(release(before), release(after), run(release(before)), run(release(after))) is change


def test_an_upgrade_concerns_its_cluster_and_the_directions_it_takes_part_in():
    baseline, current = run(release(OLD)), run(release(NEW))
    for subject in ("A", "A/CUCMA", "A->B", "B->A", "pair"):
        assert upgraded(subject, baseline, current) == f"A/CUCMA went from {OLD} to {NEW}"
    for subject in ("B", "B/CUCM10"):
        assert upgraded(subject, baseline, current) is None


def test_a_field_the_older_release_did_not_have_is_expected_after_an_upgrade_only():
    other = fact("configuration", "A", "SIP trunk", "name", "to-b")
    before = fact("configuration", "A", "SIP trunk", "new_field", None)
    after = replace(before, value="Default")
    assert change_of(before, after, run(release(OLD), other), run(release(NEW), other)) is Change.EXPECTED
    assert change_of(before, after, run(release(OLD), other), run(release(OLD), other)) is Change.UNEXPLAINED
    assert change_of(after, before, run(release(OLD), other), run(release(NEW), other)) is Change.UNEXPLAINED


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("mutual_authentication", "yes", "unknown"),
        ("server_certificate_sha256", "ab", None),
        ("certificates_hidden", None, "tls13"),
    ],
)
def test_what_tls_1_3_hides_is_expected(name, before, after):
    baseline, current = run(*handshake("TLSv1.2", **{name: before})), run(*handshake("TLSv1.3", **{name: after}))
    key = (*CONNECTION, name)
    assert change_of(baseline.facts[key], current.facts[key], baseline, current) is Change.EXPECTED


def test_mutual_authentication_that_is_refuted_is_worse_under_tls_1_3_too():
    baseline = run(*handshake("TLSv1.2", mutual_authentication="yes"))
    current = run(*handshake("TLSv1.3", mutual_authentication="no"))
    key = (*CONNECTION, "mutual_authentication")
    assert change_of(baseline.facts[key], current.facts[key], baseline, current) is Change.WORSE


def test_a_group_that_changed_with_the_version_is_expected_and_one_that_changed_alone_is_not():
    key = (*CONNECTION, "group")
    baseline, current = run(*handshake("TLSv1.2", group="x25519")), run(*handshake("TLSv1.3", group="secp384r1"))
    assert change_of(baseline.facts[key], current.facts[key], baseline, current) is Change.EXPECTED
    current = run(*handshake("TLSv1.2", group="secp384r1"))
    assert change_of(baseline.facts[key], current.facts[key], baseline, current) is Change.UNEXPLAINED


def test_a_lost_handshake_stands_for_everything_it_would_have_shown():
    baseline, current = run(*handshake("TLSv1.2", group="x25519")), run(*handshake(None, group=None))
    lost = [Changed(baseline.facts[key], current.facts[key]) for key in current.facts]
    assert {changed.fact.name for changed in lost if unseen(changed, current)} == {"group"}


def test_what_a_step_of_this_run_changed_is_expected_unless_it_became_worse():
    name = fact("configuration", "A", "SIP trunk", "name", "to-b")
    srtp = fact("configuration", "A", "SIP trunk", "srtp_allowed", True)
    current = run(changes=("A trunk to-c: absent → to 10.2.0.1:5061 (axl)",))
    assert change_of(name, replace(name, value="to-c"), run(), current) is Change.EXPECTED
    assert change_of(name, replace(name, value="to-c"), run(), run()) is Change.UNEXPLAINED
    assert change_of(srtp, replace(srtp, value=False), run(), current) is Change.WORSE
    other = replace(name, subject="B")
    assert change_of(other, replace(other, value="to-c"), run(), current) is Change.UNEXPLAINED


def test_new_keys_are_expected_of_simulated_pairs_only():
    identity = fact("certificate", "A/CUCMA", "CallManager identity", "identity", "serial 1")
    changed = replace(identity, value="serial 2")
    assert change_of(identity, changed, run(simulated=True), run(simulated=True)) is Change.EXPECTED
    assert change_of(identity, changed, run(simulated=True), run()) is Change.UNEXPLAINED
    key = replace(identity, name="key", value="RSA 2048")
    assert change_of(key, replace(key, value="RSA 1024"), run(simulated=True), run(simulated=True)) is Change.WORSE


def test_an_authority_is_missed_only_by_a_run_that_signs():
    authority = fact("certificate", "pair", "authority CN=CA", "key", "RSA 2048")
    assert change_of(authority, None, run(), run(mode=Mode.VERIFY)) is Change.EXPECTED
    assert change_of(authority, None, run(), run()) is Change.UNEXPLAINED
    assert change_of(authority, None, run(mode=Mode.VERIFY), run(mode=Mode.VERIFY)) is Change.UNEXPLAINED


def verdict(outcome: Outcome, step: str = "3", depends_on: tuple[str, ...] = ()) -> Verdict:
    return Verdict("check", "title", step, "phase", "pair", outcome, "", "", "", depends_on=depends_on)


def test_a_verdict_that_follows_from_another_is_explained_by_it():
    after = verdict(Outcome.INCONCLUSIVE, depends_on=("cause (pair)",))
    assert known_verdict_reason(verdict(Outcome.PASS), after, run(), run()) == "not evaluated, because of cause (pair)"
    now_failing = verdict(Outcome.FAIL)
    assert known_verdict_reason(after, now_failing, run(), run()) is None


@pytest.mark.parametrize(("step", "outcome"), [("V1", Outcome.NOT_APPLICABLE), ("3", Outcome.INCONCLUSIVE), ("3", Outcome.FAIL)])
def test_a_read_only_run_may_leave_out_steps_but_no_proof(step, outcome):
    reading = run(mode=Mode.VERIFY)
    assert known_verdict_reason(verdict(Outcome.PASS), verdict(Outcome.NOT_APPLICABLE), run(), reading)
    assert known_verdict_reason(verdict(Outcome.PASS, step), verdict(outcome, step), run(), reading) is None
    assert known_verdict_reason(verdict(Outcome.PASS), verdict(Outcome.NOT_APPLICABLE), run(), run()) is None
