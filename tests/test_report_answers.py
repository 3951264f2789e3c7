"""What a run says about one direction, in one word, and which verdict leads."""

from dataclasses import replace

import pytest

from pytest_cucmtls.checks.register import all_checks
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.answers import CLAIMS, WITNESSES, Standing, answer, answers, claim_of
from pytest_cucmtls.report.sentences import answer_sentence
from tests.evidence_builders import good_pair

GOOD = tuple(judge(good_pair(), load_policy("cisco-hardening")))


def changed(check: str, outcome: Outcome, *, subject: str | None = None, **changes: object) -> list[Verdict]:
    return [
        replace(verdict, outcome=outcome, **changes) if verdict.check == check and subject in (None, verdict.subject) else verdict
        for verdict in GOOD
    ]


def standings(found: object) -> dict[str, Standing]:
    return {claim.name: claim.standing for claim in found.claims}


def judged(check: str, phase: str = "config", step: str = "8") -> Verdict:
    return Verdict(check, check, step, phase, "pair", Outcome.PASS, "", "", "")


def test_a_direction_is_proven_when_every_claim_has_a_witness_and_nothing_speaks_against_it() -> None:
    good = [verdict for verdict in GOOD if verdict.outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE}]
    found = answer(good, "A", "B")
    assert found.standing is Standing.PROVEN
    assert {*standings(found).values()} == {Standing.PROVEN}
    assert found.lead is None
    assert not found.unproven


def test_a_warning_makes_it_fragile_not_refuted() -> None:
    found = answer(changed("certificate_does_not_expire_soon", Outcome.WARN), "A", "B")
    assert (found.standing, found.warnings) == (Standing.FRAGILE, 2)


def test_a_failure_in_one_direction_leaves_the_other_proven() -> None:
    there, back = answers(changed("right_party_answers", Outcome.FAIL, subject="A->B"), "A", "B")
    assert (there.standing, back.standing) == (Standing.REFUTED, Standing.PROVEN)
    assert there.lead is not None
    assert there.lead.check == "right_party_answers"
    assert there.refuted == ("routed",)


def test_a_failure_of_one_cluster_concerns_both_directions() -> None:
    there, back = answers(changed("profile_demands_encryption", Outcome.FAIL, subject="B"), "A", "B")
    assert there.standing is back.standing is Standing.REFUTED


def test_a_failure_outweighs_what_is_undecided() -> None:
    verdicts = changed("no_sip_in_clear", Outcome.INCONCLUSIVE)
    verdicts = [replace(v, outcome=Outcome.FAIL) if v.check == "compression_is_off" else v for v in verdicts]
    assert answer(verdicts, "A", "B").standing is Standing.REFUTED


@pytest.mark.parametrize("outcome", [Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.BLOCKED])
def test_anything_undecided_is_no_proof(outcome: Outcome) -> None:
    found = answer(changed("no_sip_in_clear", outcome), "A", "B")
    assert found.standing is Standing.UNDECIDED
    assert found.lead is not None
    assert found.lead.check == "no_sip_in_clear"


def test_configuration_alone_proves_nothing() -> None:
    only_configured = [verdict for verdict in GOOD if verdict.phase in {"access", "apply", "config"}]
    found = answer(only_configured, "A", "B")
    assert found.standing is Standing.UNDECIDED
    assert found.unproven == CLAIMS


def test_a_listener_that_answers_a_probe_as_it_should_proves_no_call() -> None:
    probe = judged("listener_speaks_no_clear_sip", "handshake")
    assert standings(answer([probe], "A", "B"))["encrypted"] is Standing.UNDECIDED


def test_every_witness_is_a_check_that_speaks_for_its_claim() -> None:
    known = {made.id: made for made in all_checks()}
    for claim, names in WITNESSES.items():
        assert {claim_of(judged(name, known[name].phase, known[name].step)) for name in names} == {claim}
    assert {*WITNESSES} == {*CLAIMS}


def test_checks_that_do_not_apply_prove_nothing() -> None:
    nothing = [replace(verdict, outcome=Outcome.NOT_APPLICABLE) for verdict in GOOD]
    assert answer(nothing, "A", "B").standing is Standing.UNDECIDED


def test_no_verdicts_prove_nothing() -> None:
    assert answer([], "A", "B").standing is Standing.UNDECIDED


def test_the_cause_leads_not_what_was_not_evaluated_because_of_it() -> None:
    cause = replace(judged("cause"), outcome=Outcome.INCONCLUSIVE, diagnosis="no capture")
    dependent = replace(judged("dependent"), outcome=Outcome.INCONCLUSIVE, depends_on=("cause",))
    assert answer([dependent, cause], "A", "B").lead is cause


def test_of_missing_evidence_the_piece_most_verdicts_wait_for_leads() -> None:
    verdicts = [
        replace(judged(name), outcome=Outcome.INCONCLUSIVE, diagnosis=text)
        for name, text in (("a", "no line"), ("b", "no capture"), ("c", "no capture"))
    ]
    found = answer(verdicts, "A", "B")
    assert found.lead is not None
    assert found.lead.diagnosis == "no capture"
    assert found.more == 2


def test_every_check_of_the_wire_the_calls_and_the_traces_speaks_for_a_claim() -> None:
    phases = {"handshake", "call", "trace", "media"}
    assert all(claim_of(judged(made.id, made.phase, made.step)) in CLAIMS for made in all_checks() if made.phase in phases)


def test_weak_cryptography_is_told_apart_from_no_encryption() -> None:
    found = answer(changed("version_meets_policy", Outcome.FAIL), "A", "B")
    assert found.refuted == ("strength",)
    assert standings(found)["encrypted"] is Standing.PROVEN


def test_the_sentence_says_direction_standing_reason_and_how_many_more() -> None:
    refuted = answer(changed("right_party_answers", Outcome.FAIL, subject="A->B", diagnosis="7000 answered."), "A", "B")
    assert answer_sentence(refuted, "p") == "A->B: refuted: not routed as intended. 7000 answered."
    two = answer(changed("profile_demands_encryption", Outcome.FAIL, diagnosis="Not encrypted."), "A", "B")
    assert answer_sentence(two, "p").endswith("Not encrypted. (and 1 more verdicts of this kind)")


def test_the_sentence_speaks_french() -> None:
    assert answer_sentence(answer([], "A", "B"), "p", "fr").startswith("A->B : indécidable. Rien de ce qui a été observé")
