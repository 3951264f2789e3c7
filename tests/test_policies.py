"""Policy files: every shipped one is complete, and a wrong one is refused with file, key and line."""

from datetime import date
from pathlib import Path

import pytest

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import DECLARED_ONLY, DEFAULT_POLICY, PARAMETERS, load_policy, policy_names

GOOD_RULE = """
[[rules]]
parameter = "cert.rsa_min"
value = 2048
standard = "House standard"
clause = "1"
mark = "V"
"""
HEAD = 'name = "mine"\ntitle = "Mine"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_all_profiles_of_the_standards_page_ship():
    assert set(policy_names()) >= {
        "legacy-2015",
        "cisco-hardening",
        "rfc9325",
        "nist-800-52r2",
        "bsi-tr-02102-2",
        "bsi-tr-02102-2-2025-01",
        "pci-dss-4.0.1",
        "disa-evvm-sm",
    }
    assert DEFAULT_POLICY in policy_names()


@pytest.mark.parametrize("name", policy_names())
def test_a_shipped_policy_is_named_like_its_file_and_cites_a_clause_for_every_value(name):
    policy = load_policy(name)
    assert policy.name == name
    assert policy.title
    for rule in policy.rules:
        assert rule.clause.standard, rule.parameter
        assert rule.clause.mark in "VSTM"
        assert rule.parameter in PARAMETERS or rule.parameter in DECLARED_ONLY


@pytest.mark.parametrize("name", [name for name in policy_names() if name != "legacy-2015"])
def test_every_strict_policy_asks_for_tls12_forward_secrecy_2048_bits_and_no_sha1(name):
    policy, day = load_policy(name), date(2026, 6, 1)
    assert policy.rule("tls.negotiated_min", day).value >= "TLSv1.2"
    assert policy.rule("kx.forward_secrecy", day).value is True
    assert policy.rule("cert.rsa_min", day).value >= 2048
    assert "SHA-1" not in policy.rule("cert.path_hash", day).value


@pytest.mark.parametrize(
    ("day", "lowest"), [(date(2031, 12, 31), "TLSv1.2"), (date(2032, 1, 1), "TLSv1.3"), (date(2026, 1, 1), "TLSv1.2")]
)
def test_a_dated_rule_holds_on_both_of_its_ends(day, lowest):
    assert load_policy("bsi-tr-02102-2").rule("tls.negotiated_min", day).value == lowest


def test_the_newer_bsi_version_extends_the_older_one():
    older, newer = load_policy("bsi-tr-02102-2-2025-01"), load_policy("bsi-tr-02102-2")
    assert newer.rule("kx.groups").value == older.rule("kx.groups").value
    assert older.rule("cert.signature_scheme") is None
    assert newer.rule("cert.signature_scheme", date(2025, 12, 31)) is None
    assert "RSA-PSS" in newer.rule("cert.signature_scheme", date(2026, 1, 1)).value


def test_a_users_file_replaces_what_it_states_and_inherits_the_rest(tmp_path):
    text = HEAD + 'extends = "cisco-hardening"\n' + GOOD_RULE.replace("2048", "3072")
    policy = load_policy(written(tmp_path, text))
    assert (policy.name, policy.rule("cert.rsa_min").value) == ("mine", 3072)
    assert policy.rule("tls.negotiated_min").value == "TLSv1.2"


def test_a_users_file_may_drop_a_parameter(tmp_path):
    text = HEAD + 'extends = "cisco-hardening"\ndrop = ["cert.san"]\n'
    assert load_policy(written(tmp_path, text)).rule("cert.san") is None


def test_a_users_file_may_extend_another_file_beside_it(tmp_path):
    (tmp_path / "base.toml").write_text(HEAD.replace("mine", "base") + GOOD_RULE, "utf-8")
    assert load_policy(written(tmp_path, HEAD + 'extends = "base.toml"\n')).rule("cert.rsa_min").value == 2048


def test_a_recommendation_may_warn_instead_of_fail(tmp_path):
    policy = load_policy(written(tmp_path, HEAD + GOOD_RULE + 'breach = "WARN"\n'))
    assert policy.rule("cert.rsa_min").breach is Outcome.WARN


@pytest.mark.parametrize(
    ("text", "key", "line", "problem"),
    [
        ("name = ", "", 0, "not TOML"),
        ('title = "Mine"\n', "name", 0, "missing"),
        (HEAD + 'colour = "red"\n', "colour", 3, "unknown key"),
        (HEAD + GOOD_RULE.replace("cert.rsa_min", "cert.rsa_minimum"), "rules[0].parameter", 5, "unknown parameter"),
        (HEAD + GOOD_RULE.replace("2048", '"many"'), "rules[0].value", 6, "positive number"),
        (HEAD + GOOD_RULE.replace("2048", "true"), "rules[0].value", 6, "positive number"),
        (HEAD + GOOD_RULE.replace("2048", "0"), "rules[0].value", 6, "positive number"),
        (HEAD + GOOD_RULE.replace('mark = "V"', 'mark = "Z"'), "rules[0].mark", 9, "none of"),
        (HEAD + GOOD_RULE.replace('clause = "1"\n', ""), "rules[0].clause", 4, "missing"),
        (HEAD + GOOD_RULE + 'weight = 3\n', "rules[0].weight", 10, "unknown key"),
        (HEAD + GOOD_RULE + 'breach = "PANIC"\n', "rules[0].breach", 10, "none of"),
        (HEAD + GOOD_RULE + 'valid_from = "soon"\n', "rules[0].valid_from", 10, "date"),
        (HEAD + GOOD_RULE + 'valid_from = 2026-01-01T00:00:00\n', "rules[0].valid_from", 10, "date"),
        (HEAD + GOOD_RULE + "tolerance_seconds = -1\n", "rules[0].tolerance_seconds", 10, "seconds"),
        (HEAD + "rules = 3\n", "rules", 3, "tables"),
        (HEAD + GOOD_RULE.replace("cert.rsa_min", "tls.negotiated_min").replace("2048", '"TLSv9"'),
         "rules[0].value", 6, "none of"),
        (HEAD + GOOD_RULE.replace("cert.rsa_min", "kx.groups").replace("2048", "[]"), "rules[0].value", 6, "list"),
        (HEAD + 'extends = "no-such-policy"\n', "extends", 0, "no policy"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_key_line_and_reason(tmp_path, text, key, line, problem):
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationInvalid, match=problem) as refused:
        load_policy(path)
    assert (refused.value.key, refused.value.line) == (key, line)
    assert "mine.toml" in str(refused.value)


def test_policies_that_extend_each_other_are_refused(tmp_path):
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(HEAD + f'extends = "{two}"\n', "utf-8")
    two.write_text(HEAD + f'extends = "{one}"\n', "utf-8")
    with pytest.raises(ConfigurationInvalid, match="circle"):
        load_policy(str(one))


@pytest.mark.parametrize("name", ["no-such-policy", "/no/such/file.toml", "", ".."])
def test_an_unknown_policy_is_refused(name):
    with pytest.raises(ConfigurationInvalid):
        load_policy(name)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationInvalid):
        load_policy(str(path))
