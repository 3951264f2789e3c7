"""What will break and when: certificates, dated rules, public CAs, upgrades; and the commands that say so."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls import cli
from pytest_cucmtls.checks.forecast import CLIENT_AUTH_SUNSET, change_days, forecast, policy_as_of
from pytest_cucmtls.checks.release_facts import RELEASES, facts_named, facts_of
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.cucm import Release
from pytest_cucmtls.model.policy import Policy, Rule
from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.model.verdicts import Clause
from pytest_cucmtls.policies import DECLARED_ONLY, PARAMETERS, load_policy, policy_names
from pytest_cucmtls.policies.comparison import MEANINGS, compare_policies
from pytest_cucmtls.wire.x509 import pem_of
from tests.evidence_builders import (
    NOW,
    certificate,
    good_pair,
    inventory,
    root,
    sourced,
    trusted,
    with_identity,
    with_node,
    with_profile,
)
from tests.probe_reports import probe, turned, with_probe

DEFAULT, BSI = load_policy("cisco-hardening"), load_policy("bsi-tr-02102-2")
RULE_CLAUSE = Clause("House", "1", "V")


def of_kind(events, kind):
    return [event for event in events if event.kind == kind]


def release(major, minor, text="x"):
    return sourced(Release(text, major, minor), "version")


def test_every_certificate_of_every_path_has_its_day_in_order_and_only_once():
    events = of_kind(forecast(good_pair(), DEFAULT), "expiry")
    assert [event.on for event in events] == sorted(event.on for event in events)
    assert [event.on for event in events] == [certificate("CUCMA").not_after.date()] * 2 + [root().not_after.date()]
    assert all(event.breaks and event.remedies and event.evidence for event in events)
    anchor = events[-1]
    for place in ("the authority", "CallManager-trust of A/CUCMA", "CallManager-trust of B/CUCM10"):
        assert place in anchor.sentence


def test_an_intermediate_found_only_in_a_trust_store_is_part_of_the_path_and_a_stranger_is_not():
    middle = certificate("Issuing", issuer="CA", is_ca=True, days=90, serial=5)
    leaf = certificate("CUCMA", issuer="Issuing", issuer_key="Issuing")
    evidence = with_identity(good_pair(authority_chain=()), "A", leaf)
    evidence = with_node(evidence, "B", trust=(trusted(root()), trusted(middle), trusted(root("Other CA", "other"))))
    said = [event.sentence for event in of_kind(forecast(evidence, DEFAULT), "expiry")]
    assert any("CN=Issuing" in sentence for sentence in said)
    assert not any("Other CA" in sentence for sentence in said)


def test_renewal_is_due_the_policys_margin_before_the_end():
    first = of_kind(forecast(good_pair(), DEFAULT), "renewal")[0]
    assert first.on == (certificate("CUCMA").not_after - timedelta(days=30)).date()
    assert not first.breaks
    assert not of_kind(forecast(good_pair(), Policy("none", "None", ())), "renewal")


@pytest.mark.parametrize(("days", "verb"), [(29, "expired"), (30, "expires")])
def test_what_has_expired_already_comes_first_and_is_said_in_the_past(days, verb):
    leaf = certificate("CUCMA", days=days)  # issued 30 days before the call
    event = of_kind(forecast(with_identity(good_pair(), "A", leaf), DEFAULT), "expiry")[0]
    assert event.on == leaf.not_after.date()
    assert verb in event.sentence


def test_a_certificate_of_a_public_ca_loses_client_auth_at_its_next_renewal():
    leaf = certificate("CUCMA", issuer="DigiCert Global CA")
    events = forecast(with_identity(good_pair(), "A", leaf), DEFAULT)
    sunset = of_kind(events, "client_auth")
    assert [event.on for event in sunset] == [CLIENT_AUTH_SUNSET]
    assert "by its name" in sunset[0].sentence
    assert sunset[0].breaks
    assert [event.on for event in of_kind(events, "public_validity")] == [date(2027, 3, 15), date(2029, 3, 15)]
    assert not of_kind(forecast(good_pair(), DEFAULT), "client_auth")


def test_a_rule_that_changes_is_foreseen_on_the_day_it_changes_with_the_new_diagnosis():
    events = of_kind(forecast(good_pair(), BSI), "rule")
    versions = [event for event in events if "version_meets_policy" in event.sentence]
    assert {event.on for event in versions} == {date(2032, 1, 1)}
    assert {event.subject for event in versions} == {"A->B", "B->A"}
    assert all("TLS 1.3" in event.sentence for event in versions)
    assert not of_kind(forecast(good_pair(), DEFAULT), "rule")


def rules(*spans):
    return Policy(
        "p",
        "P",
        tuple(Rule("cert.rsa_min", 2048 + place, RULE_CLAUSE, begins, ends) for place, (begins, ends) in enumerate(spans)),
    )


@pytest.mark.parametrize(("after", "days"), [(date(2029, 12, 31), 1), (date(2030, 1, 1), 0)])
def test_the_day_after_a_rules_last_day_is_a_day_of_change(after, days):
    policy = rules((None, date(2029, 12, 31)), (date(2030, 1, 1), None))
    assert change_days(policy, after) == (date(2030, 1, 1),) * days


def test_a_rule_that_holds_for_ever_never_changes():
    assert change_days(rules((None, date.max)), NOW.date()) == ()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.dates(), st.none() | st.dates(max_value=date(9999, 12, 30))), max_size=5),
    st.dates(),
    st.dates(),
)
def test_a_policy_as_of_a_day_judges_every_day_as_that_day(spans, day, other):
    policy = rules(*spans)
    then, now = policy_as_of(policy, day).rule("cert.rsa_min", other), policy.rule("cert.rsa_min", day)
    assert (then and then.value) == (now and now.value)
    assert list(change_days(policy, day)) == sorted(set(change_days(policy, day)))


def upgraded(evidence, *upgrades, policy=DEFAULT):
    return of_kind(forecast(evidence, policy, upgrades), "upgrade")


def test_upgrading_one_side_past_a_9_1_leaves_no_common_version():
    evidence = with_node(good_pair(), "A", release=release(9, 1))
    events = upgraded(evidence, ("B", "15"))
    assert [event.breaks for event in events] == [True]
    assert "no common TLS version" in events[0].sentence
    assert "TLSv1.0" in events[0].sentence
    assert events[0].on is None


def test_upgrading_both_sides_together_repairs_it_and_upgrading_a_9_1_alone_does_too():
    evidence = with_node(good_pair(), "A", release=release(9, 1))
    assert not any(event.breaks for event in upgraded(evidence, ("A", "15"), ("B", "15")))
    assert not any(event.breaks for event in upgraded(evidence, ("A", "14")))


def test_with_tls_1_3_on_both_sides_the_capture_no_longer_shows_certificates():
    events = upgraded(good_pair(), ("A", "15SU2"), ("B", "15SU2"))
    assert sum("hides both certificates" in event.sentence for event in events) == 2
    assert not any("hides" in event.sentence for event in upgraded(good_pair(), ("A", "15SU2")))


def test_what_a_listener_was_seen_to_accept_counts_more_than_its_release():
    both = turned(probe(), "version", "TLSv1.3", Answer.ACCEPTED)
    events = upgraded(with_probe(good_pair(), both), ("B", "15SU2"))
    assert any("its listeners probed" in event.sentence for event in events)
    assert any("hides both certificates" in event.sentence for event in events)


def test_an_old_version_that_stays_below_the_policy_is_said():
    evidence = with_node(good_pair(), "A", release=release(9, 1))
    events = upgraded(evidence, ("B", "10.5"))
    assert any("stays below the TLSv1.2" in event.sentence and event.breaks for event in events)


def test_authenticated_mode_does_not_survive_tls_1_3():
    evidence = with_profile(good_pair(), "B", security_mode="Authenticated")
    assert any("Authenticated" in event.sentence and event.breaks for event in upgraded(evidence, ("B", "15SU2")))
    assert not any("Authenticated" in event.sentence for event in upgraded(evidence, ("B", "15")))


def test_a_peer_nothing_is_known_of_is_said_to_be_unknown():
    evidence = with_node(good_pair(), "A", release=None)
    events = upgraded(evidence, ("B", "15"))
    assert "is not known" in events[0].sentence


@pytest.mark.parametrize(
    ("written", "name"), [("15", "15"), ("15 SU2", "15SU2"), ("15su2", "15SU2"), ("10.5(2)", "10.5"), ("14.0", "14")]
)
def test_releases_are_understood_as_people_write_them(written, name):
    assert facts_named(written).name == name


def test_an_unknown_release_names_the_known_ones():
    with pytest.raises(ValueError, match="15SU2"):
        forecast(good_pair(), DEFAULT, (("B", "16"),))
    with pytest.raises(KeyError):
        forecast(good_pair(), DEFAULT, (("C", "15"),))


@pytest.mark.parametrize(
    ("major", "minor", "name"), [(9, 1, "9.1"), (10, 5, "10.5"), (11, 0, "10.5"), (14, 0, "14"), (16, 0, "15"), (8, 6, None)]
)
def test_a_release_between_two_known_ones_is_taken_for_the_older(major, minor, name):
    found = facts_of(Release("x", major, minor))
    assert (found.name if found else None) == name


def test_versions_of_a_release_are_a_range():
    assert facts_named("10.5").versions == ("TLSv1.0", "TLSv1.1", "TLSv1.2")
    assert all(facts.oldest in facts.versions and facts.newest in facts.versions for facts in RELEASES)


def test_a_forecast_is_the_same_twice():
    assert forecast(good_pair(), BSI) == forecast(good_pair(), BSI)


def test_every_parameter_of_every_policy_has_a_meaning():
    assert set(MEANINGS) == set(PARAMETERS) | set(DECLARED_ONLY)


@pytest.mark.parametrize("name", policy_names())
def test_a_policy_differs_from_itself_in_nothing(name):
    policy = load_policy(name)
    assert all(row.same for row in compare_policies(policy, policy, NOW.date()))


def test_a_comparison_sees_values_grades_dates_and_what_only_one_judges():
    base, changed = rules((None, None)), replace(rules((None, None)), name="q")
    stricter = replace(changed, rules=(replace(changed.rules[0], value=3072),))
    assert not compare_policies(base, stricter, NOW.date())[0].same
    assert compare_policies(base, Policy("empty", "E", ()), NOW.date())[0].second is None
    later = rules((date(2030, 1, 1), None))
    assert not compare_policies(later, later, date(2029, 12, 31))
    assert compare_policies(later, later, date(2030, 1, 1))


def run_folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.begin(inventory(), started_at=NOW)
    folder.keep(pem_of(root().der).encode(), kind="authority_certificate", interface="authority", at=NOW)
    return folder.path


def test_the_forecast_command_prints_days_and_json(tmp_path, capsys):
    path = str(run_folder(tmp_path))
    assert cli.main(["forecast", path]) == 0
    assert root().not_after.date().isoformat() in capsys.readouterr().out
    assert cli.main(["forecast", path, "--json", "--policy", "rfc9325", "--upgrade", "B=15 SU2"]) == 0
    assert '"kind": "upgrade"' in capsys.readouterr().out


@pytest.mark.parametrize("upgrade", ["B", "B=", "C=15", "B=99"])
def test_an_impossible_upgrade_is_a_mistake_of_the_caller(upgrade, tmp_path, capsys):
    assert cli.main(["forecast", str(run_folder(tmp_path)), "--upgrade", upgrade]) == 2
    assert "--upgrade" in capsys.readouterr().err


def test_the_policies_command_lists_shows_explains_and_compares(capsys):
    assert cli.main(["policies"]) == 0
    assert "rfc9325" in capsys.readouterr().out
    assert cli.main(["policies", "rfc9325"]) == 0
    assert "tls.negotiated_min" in capsys.readouterr().out
    assert cli.main(["policies", "nist-800-52r2", "--explain"]) == 0
    assert "clause not yet confirmed" in capsys.readouterr().out
    assert cli.main(["policies", "--compare", "legacy-2015", "rfc9325", "--on", "2026-11-23"]) == 0
    said = capsys.readouterr().out
    assert "cert.rsa_min" in said
    assert "differ" in said
    assert cli.main(["policies", "bsi-tr-02102-2", "--on", "2032-01-01"]) == 0
    assert "TLSv1.3" in capsys.readouterr().out
    assert cli.main(["policies", "--compare", "rfc9325", "nonsense"]) == 2
