"""Which side of a difference is better, which differences were named beforehand, and what a rules file may say."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cucmtls.evidence.comparison.compared_run import value_text
from pytest_cucmtls.evidence.comparison.expected_changes import ExpectedChange, ExpectedChanges, read_expected_changes
from pytest_cucmtls.evidence.given.preference import _MERITS, Change, change_of, change_of_outcome, release_rank
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.verdicts import Outcome

ORDERED = [
    ("tls_version", "TLSv1.0", "TLSv1.2"),
    ("tls_version", "TLSv1.2", "TLSv1.3"),
    ("cipher_suite", "TLS_RSA_WITH_NULL_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
    ("cipher_suite", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"),
    ("cipher_suite", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    ("cipher_suite", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
    ("mutual_authentication", "unknown", "yes"),
    ("mutual_authentication", "no", "unknown"),
    ("security_mode", "Authenticated", "Encrypted"),
    ("signature_hash", "SHA-1", "SHA-256"),
    ("key", "RSA 1024", "RSA 2048"),
    ("key", "RSA 2048", "EC 256"),
    ("key", "RSA 512", "RSA 1024"),
    ("not_after", "2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z"),
    ("profile", "RTP/AVP", "RTP/SAVP"),
    ("outgoing_transport", "TCP", "TLS"),
    ("incoming_transport", "TCP+UDP", "TLS"),
    ("srtp_allowed", False, True),
    ("srtp_fallback_allowed", True, False),
    ("plaintext_sip", True, False),
    ("final_response", 503, 200),
    ("RouteBlockFlag", "BlockThisPattern", "RouteThisPattern"),
]


@pytest.mark.parametrize(("name", "worse", "better"), ORDERED)
def test_each_fact_has_a_better_side(name, worse, better):
    assert change_of(name, worse, better) is Change.IMPROVED
    assert change_of(name, better, worse) is Change.WORSE


def test_a_suite_that_wins_here_and_loses_there_is_unexplained():
    before, after = "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert change_of("cipher_suite", before, after) is Change.UNEXPLAINED


@pytest.mark.parametrize(("before", "after"), [("to-b", "to-c"), (None, "x"), ("x", None)])
def test_what_has_no_better_side_is_unexplained(before, after):
    assert change_of("gateway_name", before, after) is Change.UNEXPLAINED


@given(st.sampled_from(sorted(_MERITS)), *[st.none() | st.booleans() | st.integers() | st.text(max_size=30)] * 2)
def test_no_value_breaks_the_classing_and_it_is_antisymmetric(name, before, after):
    mirrored = {Change.IMPROVED: Change.WORSE, Change.WORSE: Change.IMPROVED, Change.UNEXPLAINED: Change.UNEXPLAINED}
    assert change_of(name, after, before) is mirrored[change_of(name, before, after)]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (Outcome.PASS, Outcome.FAIL, Change.WORSE),
        (Outcome.PASS, Outcome.WARN, Change.WORSE),
        (Outcome.PASS, Outcome.INCONCLUSIVE, Change.WORSE),
        (Outcome.PASS, Outcome.ERROR, Change.WORSE),
        (Outcome.PASS, None, Change.WORSE),
        (Outcome.PASS, Outcome.NOT_APPLICABLE, Change.UNEXPLAINED),
        (Outcome.FAIL, Outcome.PASS, Change.IMPROVED),
        (Outcome.FAIL, Outcome.INCONCLUSIVE, Change.UNEXPLAINED),
        (Outcome.FAIL, Outcome.NOT_APPLICABLE, Change.UNEXPLAINED),
        (Outcome.FAIL, None, Change.UNEXPLAINED),
        (Outcome.INCONCLUSIVE, Outcome.ERROR, Change.UNEXPLAINED),
        (Outcome.INCONCLUSIVE, Outcome.FAIL, Change.WORSE),
        (Outcome.NOT_APPLICABLE, Outcome.PASS, Change.IMPROVED),
        (Outcome.NOT_APPLICABLE, Outcome.FAIL, Change.WORSE),
        (None, Outcome.PASS, Change.IMPROVED),
        (None, Outcome.FAIL, Change.WORSE),
        (None, Outcome.WARN, Change.UNEXPLAINED),
    ],
)
def test_outcomes_are_classed(before, after, change):
    assert change_of_outcome(before, after) is change


def test_a_verdict_that_is_lost_is_never_an_improvement():
    for before, after in product([*Outcome, None], repeat=2):
        if after is not Outcome.PASS and before in {Outcome.PASS, Outcome.NOT_APPLICABLE, None}:
            assert change_of_outcome(before, after) is not Change.IMPROVED


def test_releases_are_ordered_by_their_numbers():
    assert release_rank("9.1.2.10000-28") < release_rank("10.5.2.10000-5") < release_rank("15.0.1.12900-234")
    assert release_rank(None) is None
    assert release_rank("unknown") is None


@pytest.mark.parametrize(("value", "text"), [(None, "-"), ((), "(none)"), (("a", "b"), "a, b"), (True, "true"), (5061, "5061")])
def test_values_are_shown_in_one_way(value, text):
    assert value_text(value) == text


def rules_of(tmp_path, text: str) -> ExpectedChanges:
    (tmp_path / "rules.toml").write_text(text)
    return read_expected_changes(tmp_path / "rules.toml")


def test_a_rules_file_is_read(tmp_path):
    found = rules_of(
        tmp_path,
        '[[expected]]\narea = "certificate"\nsubject = "A/*"\nwhy = "renewed"\nuntil = 2027-01-31\n'
        "[timings]\nfactor = 2\nseconds = 1.5\n",
    )
    (rule,) = found.rules
    assert (rule.number, rule.why, rule.until) == (1, "renewed", date(2027, 1, 31))
    assert (found.timing_factor, found.timing_seconds) == (2.0, 1.5)


def test_without_a_file_nothing_is_expected():
    assert read_expected_changes(None) == ExpectedChanges()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[expected]]\narea = "x"\n', "why"),
        ('[[expected]]\narea = "x"\nwhy = " "\n', "why"),
        ('[[expected]]\nwhy = "everything"\n', "expected\\[1\\]"),
        ('[[expected]]\narea = 1\nwhy = "x"\n', "area"),
        ('[[expected]]\narae = "x"\nwhy = "x"\n', "arae"),
        ('[[expected]]\narea = "x"\nwhy = "x"\nuntil = "soon"\n', "until"),
        ('expected = "x"\n', "expected"),
        ("expected = [1]\n", "expected"),
        ("timings = 1\n", "timings"),
        ("[timings]\nfactor = 0.5\n", "factor"),
        ("[timings]\nseconds = -1\n", "seconds"),
        ("[timings]\nfactor = true\n", "factor"),
        ("[timings]\nfactor = nan\n", "factor"),
        ("[timing]\nfactor = 2\n", "timing"),
        ("= 1", "TOML"),
    ],
)
def test_a_wrong_rules_file_says_where(tmp_path, text, key):
    with pytest.raises(ConfigurationInvalid, match=key):
        rules_of(tmp_path, text)


def test_a_rules_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FileUnreadable):
        read_expected_changes(tmp_path / "nothing.toml")


DESCRIBED = {
    "area": "certificate",
    "subject": "A/cucma",
    "about": "CallManager identity",
    "name": "identity",
    "before": "1",
    "after": "2",
}


@pytest.mark.parametrize(
    ("patterns", "fits"),
    [
        ({"area": "certificate"}, True),
        ({"area": "Certificate"}, False),
        ({"subject": "A/*", "name": "i*"}, True),
        ({"subject": "B/*", "name": "i*"}, False),
        ({"after": "3"}, False),
    ],
)
def test_every_pattern_of_a_rule_must_fit(patterns, fits):
    assert ExpectedChange(1, tuple(patterns.items()), "x").matches(DESCRIBED, date(2026, 6, 1)) is fits


def test_a_rule_holds_through_its_last_day():
    rule = ExpectedChange(1, (("area", "*"),), "x", date(2026, 6, 1))
    assert rule.matches(DESCRIBED, date(2026, 6, 1))
    assert not rule.matches(DESCRIBED, date(2026, 6, 2))
