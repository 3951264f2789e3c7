"""One call, one proof: what ties evidence together is shown with its place, and a pair of files of two calls decides nothing."""

import pytest

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.rehearsal.faults.proof import another_call
from pytest_cucmtls.report.answers import Standing, answers
from pytest_cucmtls.report.html.page import render_page
from pytest_cucmtls.report.html.sections.joined import Tie, joined
from tests.evidence_builders import good_pair, sourced, with_node


def ties(evidence: Evidence) -> dict[str, list[Tie]]:
    found: dict[str, list[Tie]] = {}
    for tie in joined(evidence, *evidence.clusters):
        found.setdefault(tie.key, []).append(tie)
    return found


def test_call_id_five_tuple_moments_and_clocks_are_shown_with_their_places() -> None:
    found = ties(good_pair())
    assert set(found) == {"tie_call_id", "tie_connection", "tie_invite", "tie_clock"}
    assert {tie.standing for group in found.values() for tie in group} == {Standing.PROVEN}
    assert found["tie_connection"][0].value == "TCP 10.1.0.1:33135 → 10.2.0.1:5061"
    assert found["tie_connection"][0].place
    assert [tie.value for tie in found["tie_clock"]] == ["+0.1 s", "+0.1 s"]
    assert len(found["tie_invite"]) == 2


def test_moments_are_corrected_by_the_measured_clock() -> None:
    late = with_node(good_pair(), "A", clock_offset_seconds=sourced(2.0, "ntp"))
    plain, corrected = (ties(evidence)["tie_invite"][0].value for evidence in (good_pair(), late))
    seconds = [float(value.split("(")[1].split()[0]) for value in (plain, corrected)]
    assert seconds[0] - seconds[1] == pytest.approx(1.9, abs=0.11)


def test_a_clock_nobody_read_is_said_to_be_unread() -> None:
    unread = ties(with_node(good_pair(), "A", clock_offset_seconds=None))
    assert [(tie.value, tie.standing) for tie in unread["tie_clock"]] == [("–", Standing.UNDECIDED), ("+0.1 s", Standing.PROVEN)]


def test_the_page_shows_them() -> None:
    text = render_page([], good_pair(), {})
    assert "Tied to one call" in text
    assert "TCP 10.1.0.1:33135 → 10.2.0.1:5061" in text


def test_capture_and_trace_73_minutes_apart_decide_nothing() -> None:
    evidence = another_call()
    verdicts = judge(evidence, load_policy("cisco-hardening"))
    found = {verdict.subject: verdict for verdict in verdicts if verdict.check == "traced_call_is_the_captured_one"}
    assert {verdict.outcome for verdict in found.values()} == {Outcome.INCONCLUSIVE}
    assert "no common connection" in found["A->B"].diagnosis
    assert not any(verdict.outcome is Outcome.FAIL for verdict in verdicts)
    assert {answer.standing for answer in answers(verdicts, "A", "B")} == {Standing.UNDECIDED}
    tie = ties(evidence)["tie_connection"][0]
    assert (tie.value, tie.standing) == ("–", Standing.UNDECIDED)
    assert "the captures show" in tie.place


def test_without_a_trace_only_the_clocks_are_shown() -> None:
    bare = with_node(with_node(good_pair(), "A", traces=()), "B", traces=())
    assert set(ties(bare)) == {"tie_clock"}
