"""A waiver stands beside a finding with owner, reason and end; it never makes a pass of it."""

from datetime import date, timedelta

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.evidence import rejudge as rejudging
from pytest_cucmtls.evidence.inventory_json import inventory_as_json, inventory_from_json
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.verdicts_json import read_verdicts, write_verdicts
from pytest_cucmtls.evidence.waiving import accepted, exit_code_accepting_waived, idle_waivers, waiver_lines
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.verdicts import Outcome, exit_code
from pytest_cucmtls.model.waivers import Waiver, waivers_of
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.verdict_text import verdict_lines
from tests.evidence_builders import NOW, good_pair, inventory, verdict_of, with_trunk

DEFAULT = load_policy("cisco-hardening")
DAY = NOW.date()
TABLE = {"check": "trunk_allows_srtp", "subject": "A", "owner": "J. Doe", "reason": "phones are replaced in June", "expires": DAY}
TOML = '[[waivers]]\ncheck = "trunk_allows_srtp"\nsubject = "A"\nowner = "J. Doe"\nreason = "phones"\nexpires = 2026-06-30\n'


def waiver(**changes) -> Waiver:
    return waivers_of([TABLE | changes])[0]


def judged(*waivers, **trunk):
    evidence = with_trunk(good_pair(inventory=inventory(waivers=waivers)), "A", **(trunk or {"srtp_allowed": False}))
    return judge(evidence, DEFAULT)


def test_a_waived_finding_stays_a_finding_and_says_who_answers_for_it():
    verdict = verdict_of(judged(waiver()), "trunk_allows_srtp", "A")
    assert verdict.outcome is Outcome.FAIL
    assert "J. Doe" in verdict.waiver.sentence
    assert DAY.isoformat() in verdict.waiver.sentence
    assert any("waived by J. Doe" in line for line in verdict_lines([verdict]))


@pytest.mark.parametrize(("expires", "expired"), [(DAY, False), (DAY - timedelta(days=1), True)])
def test_a_waiver_holds_on_its_last_day_and_not_on_the_next(expires, expired):
    verdict = verdict_of(judged(waiver(expires=expires)), "trunk_allows_srtp", "A")
    assert verdict.waiver.expired is expired
    assert ("EXPIRED" in verdict.waiver.sentence) is expired
    assert accepted(verdict) is not expired


def test_of_two_waivers_the_one_that_still_holds_counts():
    verdict = verdict_of(judged(waiver(expires=date(2020, 1, 1)), waiver()), "trunk_allows_srtp", "A")
    assert not verdict.waiver.expired


@pytest.mark.parametrize(("subject", "covered"), [("A", True), ("*", True), ("B", False), ("A/CUCMA", False)])
def test_a_waiver_covers_the_subject_it_names_or_all(subject, covered):
    verdict = verdict_of(judged(waiver(subject=subject)), "trunk_allows_srtp", "A")
    assert (verdict.waiver is not None) is covered


def test_a_pass_has_nothing_to_waive_and_the_idle_waiver_is_named():
    verdicts = judged(waiver(), srtp_allowed=True)
    assert not [verdict for verdict in verdicts if verdict.waiver]
    assert idle_waivers(verdicts, (waiver(),)) == (waiver(),)
    assert "nothing to waive" in waiver_lines(verdicts, (waiver(),))[0]


def test_the_exit_code_stays_1_unless_the_caller_accepts_waived_findings():
    finding = [verdict for verdict in judged(waiver(subject="*")) if verdict.check == "trunk_allows_srtp"]
    assert exit_code([verdict.outcome for verdict in finding]) == 1
    assert exit_code_accepting_waived(finding) == 0
    expired = [verdict for verdict in judged(waiver(expires=date(2020, 1, 1))) if verdict.check == "trunk_allows_srtp"]
    assert exit_code_accepting_waived(expired) == 1
    assert exit_code_accepting_waived([]) == 3
    assert exit_code_accepting_waived(finding[:1]) == 0


def test_a_waiver_of_one_finding_accepts_no_other():
    everything = judged(waiver(), srtp_allowed=False, security_profile_name="other")
    assert exit_code_accepting_waived(everything) == 1


def test_waivers_survive_the_verdicts_file_and_the_inventory_of_the_run(tmp_path):
    verdicts = judged(waiver())
    write_verdicts(tmp_path / "verdicts.json", verdicts, {})
    assert read_verdicts(tmp_path / "verdicts.json")[1] == verdicts
    stock = inventory(waivers=(waiver(),))
    assert inventory_from_json(inventory_as_json(stock)) == stock


def test_an_inventory_and_a_policy_hold_waivers_and_an_extending_policy_inherits_them(tmp_path):
    (tmp_path / "base.toml").write_text('name = "base"\ntitle = "Base"\nextends = "cisco-hardening"\n' + TOML)
    (tmp_path / "child.toml").write_text(f'name = "child"\ntitle = "Child"\nextends = "{tmp_path / "base.toml"}"\n')
    assert load_policy(str(tmp_path / "child.toml")).waivers[0].owner == "J. Doe"
    parsed = parse_inventory(TEMPLATE + "\n" + TOML)
    assert parsed.waivers[0].last_day == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expires": None}, "no waiver lasts for ever"),
        ({"expires": "2026-06-30"}, "must be a date"),
        ({"owner": ""}, "owner"),
        ({"reason": None}, "reason: is missing"),
        ({"check": "*"}, "no check's id"),
        ({"until": 1}, "unknown key"),
        ({"subject": 5}, "must be a text"),
    ],
)
def test_a_waiver_without_owner_reason_or_end_is_refused(change, said):
    table = {key: value for key, value in (TABLE | change).items() if value is not None}
    with pytest.raises(ValueError, match=said):
        waivers_of([table])


@pytest.mark.parametrize("tables", [None, "x", [1], {"check": "x"}])
def test_what_is_no_list_of_tables_is_refused(tables):
    with pytest.raises(ValueError, match="tables"):
        waivers_of(tables)


def test_a_wrong_waiver_is_a_problem_of_its_file():
    with pytest.raises(ConfigurationInvalid, match="owner"):
        parse_inventory(TEMPLATE + "\n" + TOML.replace("J. Doe", ""))


@pytest.mark.parametrize(("options", "code"), [((), 1), (("--accept-waived",), 0)])
def test_judge_accepts_waived_findings_only_when_asked_and_names_every_waiver(tmp_path, monkeypatch, capsys, options, code):
    idle = waiver(check="trunk_keeps_all_digits")
    finding = tuple(verdict for verdict in judged(waiver()) if (verdict.check, verdict.subject) == ("trunk_allows_srtp", "A"))
    again = rejudging.Rejudged(finding, {}, 0, (), (waiver(), idle))
    monkeypatch.setattr(rejudging, "rejudge", lambda *_: again)
    assert main(["judge", str(tmp_path), *options]) == code
    said = capsys.readouterr().out
    assert "FAIL" in said
    assert "trunk_allows_srtp (A): FAIL, waived by J. Doe" in said
    assert "trunk_keeps_all_digits (A): nothing to waive" in said
