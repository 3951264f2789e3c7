"""The bundle and compare commands: exit codes, what they print, and that passwords come from the environment only."""

import argparse
import json
from pathlib import Path

import pytest

from pytest_cucmtls.commands.bundle import PASSWORD_VARIABLE, add_commands
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from tests.sealed_bundles import enterprise_signer, pem, run_folder


def cucmtls(*words: object) -> int:
    """The exit code of one command, as the `cucmtls` program would run it."""
    parser = argparse.ArgumentParser(prog="cucmtls")
    add_commands(parser.add_subparsers(required=True))
    parsed = parser.parse_args([str(word) for word in words])
    code: int = parsed.run(parsed)
    return code


@pytest.fixture
def key(tmp_path) -> Path:
    assert cucmtls("bundle", "keygen", tmp_path / "key") == 0
    return tmp_path / "key"


@pytest.fixture
def bundle(key, tmp_path, capsys) -> Path:
    run = run_folder(tmp_path / "run")
    assert cucmtls("bundle", "seal", run, "--key", key, "--purpose", "acceptance", "--actor", "alice") == 0
    assert "result FAILED" in capsys.readouterr().out
    return tmp_path / "run.bundle"


def test_verify_says_who_signed_and_leaves_the_rest_open_without_a_signer(bundle, key, capsys):
    assert cucmtls("bundle", "verify", bundle) == 3
    assert "nobody said whose" in capsys.readouterr().out
    assert cucmtls("bundle", "verify", bundle, "--signer", f"{key}.pub") == 0
    assert "signed by the expected signer" in capsys.readouterr().out


def test_verify_fails_for_another_signer_and_for_a_change(bundle, tmp_path, capsys):
    cucmtls("bundle", "keygen", tmp_path / "other")
    assert cucmtls("bundle", "verify", bundle, "--signer", tmp_path / "other.pub") == 1
    (bundle / "run.json").write_text("{}")
    assert cucmtls("bundle", "verify", bundle) == 1
    assert "run.json: changed" in capsys.readouterr().out


def test_verify_in_json_lists_the_problems(bundle, capsys):
    (bundle / "run.json").unlink()
    assert cucmtls("bundle", "verify", bundle, "--json") == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["kind"], problem["path"]) == ("missing", "run.json")


def test_show_tells_result_policy_people_and_custody(bundle, capsys):
    assert cucmtls("bundle", "show", bundle) == 0
    shown = capsys.readouterr().out
    for words in ("result     FAILED", "policy     cisco-hardening", "operator   alice on probe-17", "by alice  acceptance"):
        assert words in shown
    assert cucmtls("bundle", "show", bundle, "--json") == 0
    assert json.loads(capsys.readouterr().out)["_type"] == "https://in-toto.io/Statement/v1"


def test_show_of_a_broken_bundle_says_so_and_fails(bundle, capsys):
    (bundle / "manifest.json").write_text("{}")
    assert cucmtls("bundle", "show", bundle) == 1
    assert "manifest.json" in capsys.readouterr().out


def test_export_writes_an_archive_that_verifies(bundle, key, tmp_path, capsys):
    assert cucmtls("bundle", "export", bundle, tmp_path / "b.zip", "--to", "the auditor") == 0
    assert cucmtls("bundle", "verify", tmp_path / "b.zip", "--signer", f"{key}.pub") == 0
    assert cucmtls("bundle", "show", tmp_path / "b.zip") == 0
    assert "to the auditor" in capsys.readouterr().out


def test_export_of_a_broken_bundle_writes_nothing(bundle, tmp_path):
    (bundle / "run.json").unlink()
    assert cucmtls("bundle", "export", bundle, tmp_path / "b.zip") == 1
    assert not (tmp_path / "b.zip").exists()


def test_redact_keeps_the_pseudonyms_apart(bundle, key, tmp_path, capsys):
    words = ["bundle", "redact", bundle, "--output", tmp_path / "copy", "--key", key, "--pseudonyms"]
    for inside in (bundle / "p.json", tmp_path / "copy" / "p.json"):
        with pytest.raises(ConfigurationInvalid, match="inside a bundle"):
            cucmtls(*words, inside)
    assert cucmtls(*words, tmp_path / "p.json") == 0
    assert "keep it apart" in capsys.readouterr().out
    assert cucmtls("bundle", "verify", tmp_path / "copy", "--signer", f"{key}.pub") == 0


def test_redact_of_a_broken_bundle_makes_nothing(bundle, key, tmp_path):
    (bundle / "run.json").unlink()
    words = ["bundle", "redact", bundle, "--output", tmp_path / "copy", "--key", key, "--pseudonyms", tmp_path / "p.json"]
    assert cucmtls(*words) == 1
    assert not (tmp_path / "copy").exists()


def test_a_password_comes_from_the_environment(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    assert cucmtls("bundle", "keygen", tmp_path / "key", "--encrypt") == 0
    assert b"ENCRYPTED" in (tmp_path / "key").read_bytes()
    run = run_folder(tmp_path / "run")
    assert cucmtls("bundle", "seal", run, "--key", tmp_path / "key") == 0
    assert "correct horse" not in capsys.readouterr().out


def test_without_a_password_and_a_terminal_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    cucmtls("bundle", "keygen", tmp_path / "key", "--encrypt")
    monkeypatch.delenv(PASSWORD_VARIABLE)
    with pytest.raises(ConfigurationInvalid, match=PASSWORD_VARIABLE):
        cucmtls("bundle", "seal", tmp_path, "--key", tmp_path / "key")


def test_an_enterprise_certificate_adds_cms_and_is_found_by_its_authority(tmp_path):
    from cryptography.hazmat.primitives import serialization

    signer, authority = enterprise_signer("ec")
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_bytes(signer.key.private_bytes(*encoding))
    (tmp_path / "leaf.pem").write_bytes(pem(signer.chain[0]))
    (tmp_path / "authority.pem").write_bytes(pem(authority))
    run = run_folder(tmp_path / "run")
    assert cucmtls("bundle", "seal", run, "--key", tmp_path / "key", "--certificate", tmp_path / "leaf.pem") == 0
    assert (tmp_path / "run.bundle" / "statement.p7s").exists()
    assert cucmtls("bundle", "verify", tmp_path / "run.bundle", "--authority", tmp_path / "authority.pem") == 0


def test_compare_ends_with_one_when_something_is_unexplained(tmp_path, capsys):
    before, after = run_folder(tmp_path / "before"), run_folder(tmp_path / "after")
    assert cucmtls("compare", before, after) == 0
    assert "no differences" in capsys.readouterr().out
    from pytest_cucmtls.evidence.run_folder import RunFolder
    from tests.sealed_bundles import NTP

    lost = NTP.replace(b"synchronised", b"unsynchronised")
    RunFolder(after).keep(lost, kind="ntp", cluster="A", node="CUCMA", interface="cli", operation="utils ntp status")
    assert cucmtls("compare", before, after, "--json") == 1
    (one,) = [one for one in json.loads(capsys.readouterr().out)["differences"] if one["about"] == "NTP"]
    assert (one["class"], one["name"], one["before"], one["after"]) == ("worse", "synchronised", True, False)
    (tmp_path / "rules.toml").write_text('[[expected]]\nsubject = "A*"\nwhy = "the clock was taken out on purpose"\n')
    assert cucmtls("compare", before, after, "--expected", tmp_path / "rules.toml") == 0


def test_compare_with_something_that_is_no_run_says_so(tmp_path):
    with pytest.raises(FileUnreadable):
        cucmtls("compare", tmp_path, tmp_path)
