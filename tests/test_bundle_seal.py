"""Whatever is changed, removed, added or exchanged in a sealed bundle is named."""

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_cucmtls.evidence.bundles.layout import CMS, CUSTODY, ENVELOPE, MANIFEST, SIGNER, STATEMENT
from pytest_cucmtls.evidence.bundles.manifest import sha256_of
from pytest_cucmtls.evidence.bundles.opened import is_sealed, opened_bundle
from pytest_cucmtls.evidence.bundles.seal import Occasion, seal
from pytest_cucmtls.evidence.bundles.signer_trust import ExpectedSigner, expected_signer
from pytest_cucmtls.evidence.bundles.verification import SealReport, verify_bundle
from pytest_cucmtls.evidence.comparison.compare_runs import compare_runs
from pytest_cucmtls.evidence.custody import CustodyAct, continued
from pytest_cucmtls.evidence.folder_walk import walk
from pytest_cucmtls.evidence.inventory_json import inventory_as_json
from pytest_cucmtls.evidence.kept_policy import policy_digest, policy_in
from pytest_cucmtls.evidence.rejudge import rejudge
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.policies import load_policy
from tests.sealed_bundles import NTP, ed25519_signer, enterprise_signer, pem, run_folder, sealed, sealing


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A bundle nobody may change; tests copy it."""
    return sealed(tmp_path_factory.mktemp("sealed"), enterprise_signer()[0]).folder


@pytest.fixture
def bundle(original, tmp_path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def verified(folder: Path, expected: ExpectedSigner | None = None) -> SealReport:
    return verify_bundle(folder, datetime.now(UTC), expected)


def named(report: SealReport) -> set[tuple[str, str]]:
    return {(problem.kind, problem.path) for problem in report.problems}


def test_a_bundle_that_nobody_touched_is_intact(bundle):
    report = verified(bundle)
    assert report.problems == []
    assert not report.signer_expected, "nobody said who should have signed"


def test_one_flipped_byte_anywhere_is_named(bundle):
    for path, _ in list(walk(bundle)):
        place = bundle / path
        data = place.read_bytes()
        for position in {0, len(data) // 2, len(data) - 1}:
            place.write_bytes(data[:position] + bytes((data[position] ^ 1,)) + data[position + 1 :])
            assert path in {problem.path for problem in verified(bundle).problems}, (path, position)
        place.write_bytes(data)
    assert verified(bundle).intact


def test_every_byte_of_the_seal_itself_counts(bundle):
    for path in (CMS, SIGNER):
        place = bundle / path
        data = place.read_bytes()
        for position in range(0, len(data), 7):
            place.write_bytes(data[:position] + bytes((data[position] ^ 0x20,)) + data[position + 1 :])
            assert path in {problem.path for problem in verified(bundle).problems}, (path, position)
        place.write_bytes(data)


def test_a_removed_file_is_named(bundle):
    for path in [path for path, _ in walk(bundle)]:
        data = (bundle / path).read_bytes()
        (bundle / path).unlink()
        assert path in {problem.path for problem in verified(bundle).problems}
        (bundle / path).write_bytes(data)


def test_an_added_file_is_named(bundle):
    (bundle / "raw" / "A" / "more.txt").write_text("planted")
    assert named(verified(bundle)) == {("added", "raw/A/more.txt")}


def test_a_link_in_place_of_a_file_is_named(bundle):
    (bundle / "run.json").rename(bundle.parent / "run.json")
    (bundle / "run.json").symlink_to(bundle.parent / "run.json")
    assert "run.json" in {problem.path for problem in verified(bundle).problems}


def test_a_name_made_to_fool_a_terminal_is_shown_escaped(bundle):
    (bundle / "raw" / "\x1b[31mx").write_text("planted")
    assert verified(bundle).problems[0].path == "'raw/\\x1b[31mx'"


def test_exchanged_custody_lines_are_named(bundle):
    lines = (bundle / CUSTODY).read_text().splitlines()
    lines[1], lines[2] = lines[2], lines[1]
    (bundle / CUSTODY).write_text("\n".join(lines) + "\n")
    sentences = [problem.detail for problem in verified(bundle).problems]
    assert any("line 2 " in sentence and "does not continue line 1" in sentence for sentence in sentences)


def test_a_custody_log_cut_after_the_seal_is_named(bundle):
    lines = (bundle / CUSTODY).read_text().splitlines(keepends=True)
    (bundle / CUSTODY).write_text("".join(lines[:-1]))
    assert [problem.detail for problem in verified(bundle).problems] == [f"does not note that {CMS} was made"]


def test_a_custody_log_cut_before_the_seal_is_named(bundle):
    lines = (bundle / CUSTODY).read_text().splitlines(keepends=True)
    (bundle / CUSTODY).write_text("".join(lines[:2]))
    assert any("2 lines" in problem.detail for problem in verified(bundle).problems if problem.path == CUSTODY)


def test_a_hand_over_continues_the_chain(bundle):
    act = CustodyAct("handed over", MANIFEST, "0" * 64, "bob", datetime.now(UTC), "second opinion")
    (bundle / CUSTODY).write_bytes(continued((bundle / CUSTODY).read_bytes(), [act]))
    report = verified(bundle)
    assert report.intact
    assert report.custody[-1].purpose == "second opinion"


def test_a_changed_hand_over_is_named_even_in_the_last_line(bundle):
    act = CustodyAct("handed over", MANIFEST, "0" * 64, "bob", datetime.now(UTC))
    log = continued((bundle / CUSTODY).read_bytes(), [act])
    (bundle / CUSTODY).write_bytes(log.replace(b'"actor": "bob"', b'"actor": "eve"'))
    assert named(verified(bundle)) == {("custody", CUSTODY)}


@pytest.mark.parametrize("shift", [timedelta(days=-1), timedelta(days=1)])
def test_a_hand_over_at_an_impossible_time_is_named(bundle, shift):
    act = CustodyAct("handed over", MANIFEST, "0" * 64, "bob", datetime.now(UTC) + shift)
    (bundle / CUSTODY).write_bytes(continued((bundle / CUSTODY).read_bytes(), [act]))
    assert CUSTODY in {problem.path for problem in verified(bundle).problems}


def test_a_seal_from_the_future_is_named_and_five_minutes_are_granted(original):
    sealed_at = verified(original).manifest.sealed_at
    assert verify_bundle(original, sealed_at - timedelta(minutes=5)).problems == []
    report = verify_bundle(original, sealed_at - timedelta(minutes=5, seconds=1))
    assert {problem.kind for problem in report.problems} == {"clock"}


def test_evidence_collected_after_the_seal_is_named(tmp_path):
    early = Occasion("alice", datetime(2026, 5, 31, tzinfo=UTC))
    bundle = seal(run_folder(tmp_path / "run"), tmp_path / "bundle", ed25519_signer(), early).folder
    assert ("clock", "raw/A/CUCMA/ntp-1.txt") in named(verified(bundle))


def test_the_expected_signer_is_recognised_by_key_and_by_certificate(tmp_path):
    signer, authority = enterprise_signer("ec")
    bundle = sealed(tmp_path, signer).folder
    (tmp_path / "leaf.pem").write_bytes(pem(signer.chain[0]))
    (tmp_path / "authority.pem").write_bytes(pem(authority))
    assert verified(bundle, expected_signer(tmp_path / "leaf.pem", None)).signer_expected
    assert verified(bundle, expected_signer(None, tmp_path / "authority.pem")).signer_expected


def test_another_signer_is_named(tmp_path):
    bundle = sealed(tmp_path).folder
    report = verified(bundle, ExpectedSigner(ed25519_signer().identity))
    assert named(report) == {("signer", SIGNER)}
    assert "not with the expected" in report.problems[0].detail


def test_a_signer_of_another_authority_is_named(tmp_path):
    signer, _ = enterprise_signer()
    _, stranger = enterprise_signer()
    (tmp_path / "stranger.pem").write_bytes(pem(stranger))
    report = verified(sealed(tmp_path, signer).folder, expected_signer(None, tmp_path / "stranger.pem"))
    assert named(report) == {("signer", SIGNER)}
    assert "no trusted authority" in report.problems[0].detail


def test_a_bare_key_does_not_satisfy_an_authority(tmp_path):
    (tmp_path / "authority.pem").write_bytes(pem(enterprise_signer()[1]))
    report = verified(sealed(tmp_path).folder, expected_signer(None, tmp_path / "authority.pem"))
    assert "no certificate leads" in report.problems[0].detail


def test_a_certificate_that_had_expired_when_it_sealed_is_named(tmp_path):
    signer, _ = enterprise_signer(begins=datetime.now(UTC) - timedelta(days=40), days=30)
    assert ("clock", SIGNER) in named(verified(sealed(tmp_path, signer).folder))


def test_a_forger_who_signs_anew_is_found_by_the_key(bundle, tmp_path):
    forger = ed25519_signer()
    forged = seal(run_folder(tmp_path / "other"), tmp_path / "forged", forger, sealing()).folder
    report = verified(forged, ExpectedSigner(verified(bundle).signer))
    assert named(report) == {("signer", SIGNER)}


def test_a_manifest_of_another_bundle_is_called_that(bundle, tmp_path):
    other = sealed(tmp_path / "other").folder
    shutil.copy(other / MANIFEST, bundle / MANIFEST)
    (problem,) = [problem for problem in verified(bundle).problems if problem.path == MANIFEST]
    assert "manifest of another bundle" in problem.detail


def test_a_statement_other_than_the_signed_one_is_named(bundle):
    values = json.loads((bundle / STATEMENT).read_text())
    values["predicate"]["result"] = "PASSED"
    (bundle / STATEMENT).write_text(json.dumps(values))
    assert ("changed", STATEMENT) in named(verified(bundle))


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_a_truncated_envelope_is_named(bundle, kept):
    data = (bundle / ENVELOPE).read_bytes()
    (bundle / ENVELOPE).write_bytes(data[:kept])
    assert ("signature", ENVELOPE) in named(verified(bundle))


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"schema": 1, "schema": 2}', b"[" * 100_000, b"\xff\xfe", b"NaN"])
def test_nonsense_in_place_of_any_document_is_named(bundle, content):
    for path in (MANIFEST, STATEMENT, ENVELOPE, SIGNER, CUSTODY, CMS):
        data = (bundle / path).read_bytes()
        (bundle / path).write_bytes(content)
        assert path in {problem.path for problem in verified(bundle).problems}, path
        (bundle / path).write_bytes(data)


def test_what_is_private_or_hidden_never_enters(bundle):
    names = [path for path, _ in walk(bundle)]
    assert not [name for name in names if "private" in name or "/." in f"/{name}"]
    assert not [path for path in names if b"hunter2" in (bundle / path).read_bytes()]


def test_a_private_key_in_the_run_stops_the_seal(tmp_path):
    run = run_folder(tmp_path / "run")
    (run / "notes.txt").write_text("-----BEGIN RSA PRIVATE KEY-----\nxyz\n")
    with pytest.raises(FileUnreadable, match=r"notes\.txt: holds a private key"):
        seal(run, tmp_path / "bundle", ed25519_signer(), sealing())
    assert sorted(place.name for place in tmp_path.iterdir()) == ["run"], "nothing half-made is left"


def test_evidence_changed_before_the_seal_stops_it(tmp_path):
    run = run_folder(tmp_path / "run")
    (run / "raw" / "A" / "CUCMA" / "ntp-1.txt").write_text("other")
    with pytest.raises(FileUnreadable, match="was changed after it was kept"):
        seal(run, tmp_path / "bundle", ed25519_signer(), sealing())


def test_a_custody_log_broken_before_the_seal_stops_it(tmp_path):
    run = run_folder(tmp_path / "run")
    log = (run / "custody.jsonl").read_text()
    (run / "custody.jsonl").write_text(log.replace('"kept"', '"made"', 1))
    with pytest.raises(FileUnreadable, match="custody log is broken"):
        seal(run, tmp_path / "bundle", ed25519_signer(), sealing())


def test_evidence_the_custody_log_does_not_know_stops_the_seal(tmp_path):
    run = run_folder(tmp_path / "run")
    index = run / "raw" / "index.jsonl"
    (run / "raw" / "A" / "CUCMA" / "ntp-1.txt").write_text("other")
    digests = [sha256_of(NTP), sha256_of(b"other")]
    index.write_text(index.read_text().replace(*digests).replace(f'"size_bytes": {len(NTP)}', '"size_bytes": 5'))
    with pytest.raises(FileUnreadable, match=r"ntp-1\.txt: is not what the custody log says was kept"):
        seal(run, tmp_path / "bundle", ed25519_signer(), sealing())


def test_the_users_own_policy_goes_with_the_bundle(tmp_path):
    policy = tmp_path / "own.toml"
    policy.write_text('name = "own"\ntitle = "Ours"\nextends = "rfc9325"\n')
    run = run_folder(tmp_path / "run")
    folder = RunFolder(run)
    values = folder.run_values() | {"inventory": inventory_as_json(replace(folder.inventory(), policy=str(policy)))}
    folder.run_file.write_text(json.dumps(values))
    bundle = seal(run, tmp_path / "bundle", ed25519_signer(), sealing()).folder
    policy.unlink()
    assert load_policy(policy_in(bundle, str(policy))).title == "Ours"
    assert compare_runs(bundle, bundle).policy == "own"
    statement = json.loads((bundle / STATEMENT).read_text())["predicate"]["cucmtls"]
    assert statement["policy"]["sha256"] == policy_digest(load_policy(str(bundle / "policy.toml")))


def test_an_existing_bundle_is_not_overwritten(bundle, tmp_path):
    with pytest.raises(FileUnreadable, match="exists already"):
        seal(run_folder(tmp_path / "again"), bundle, ed25519_signer(), sealing())


def test_a_run_without_verdicts_is_judged_when_it_is_sealed(tmp_path):
    run = run_folder(tmp_path / "run")
    (run / "verdicts.json").unlink()
    made = seal(run, tmp_path / "bundle", ed25519_signer(), sealing())
    assert (made.folder / "verdicts.json").exists()
    assert any("interrupted" in note for note in made.notes)


def test_recorded_verdicts_that_differ_are_told_to_the_sealer(tmp_path):
    run = run_folder(tmp_path / "run")
    document = json.loads((run / "verdicts.json").read_text())
    document["verdicts"][0]["outcome"] = "PASS" if document["verdicts"][0]["outcome"] != "PASS" else "FAIL"
    (run / "verdicts.json").write_text(json.dumps(document))
    made = seal(run, tmp_path / "bundle", ed25519_signer(), sealing())
    assert any("differs from the recorded verdicts" in note for note in made.notes)


def test_undecided_verdicts_make_no_passed_statement(bundle):
    predicate = json.loads((bundle / STATEMENT).read_text())["predicate"]
    assert predicate["result"] == "FAILED"
    assert set(predicate["cucmtls"]["undecided"]) <= set(predicate["failedTests"])


def test_the_subject_of_the_statement_is_the_manifest(bundle):
    (subject,) = json.loads((bundle / STATEMENT).read_text())["subject"]
    assert subject == {"name": MANIFEST, "digest": {"sha256": sha256_of((bundle / MANIFEST).read_bytes())}}


def test_derived_facts_point_into_raw_files_of_the_bundle(bundle):
    facts = json.loads((bundle / "derived" / "facts.json").read_text())["facts"]
    assert facts
    for fact in facts:
        assert sha256_of((bundle / fact["from"]["path"]).read_bytes()) == fact["from"]["sha256"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the OpenSSL program as the second opinion")
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_the_openssl_program_accepts_the_cms_signature(tmp_path, kind):
    signer, authority = enterprise_signer(kind)
    bundle = sealed(tmp_path, signer).folder
    (tmp_path / "authority.pem").write_bytes(pem(authority))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(bundle / CMS), "-purpose", "any"]
    command += ["-content", str(bundle / STATEMENT), "-CAfile", str(tmp_path / "authority.pem"), "-out", str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "out").read_bytes() == (bundle / STATEMENT).read_bytes()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the OpenSSL program")
def test_a_cms_signature_by_the_openssl_program_is_accepted(tmp_path, bundle):
    from cryptography.hazmat.primitives import serialization

    from pytest_cucmtls.evidence.bundles.cms import verify_detached

    signer, _ = enterprise_signer()
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(signer.key.private_bytes(*encoding))
    (tmp_path / "leaf.pem").write_bytes(pem(signer.chain[0]))
    command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-in", str(bundle / STATEMENT), "-md", "sha256"]
    command += ["-signer", str(tmp_path / "leaf.pem"), "-inkey", str(tmp_path / "key.pem"), "-out", str(tmp_path / "p7s")]
    subprocess.run(command, capture_output=True, check=True)
    content = (bundle / STATEMENT).read_bytes()
    verify_detached((tmp_path / "p7s").read_bytes(), content, signer.chain[0], "p7s")
    with pytest.raises(FileUnreadable, match="another statement"):
        verify_detached((tmp_path / "p7s").read_bytes(), content + b" ", signer.chain[0], "p7s")
    with pytest.raises(FileUnreadable, match="not made with the key"):
        verify_detached((tmp_path / "p7s").read_bytes(), content, enterprise_signer()[0].chain[0], "p7s")


def test_a_bundle_is_judged_like_a_run_folder(bundle):
    with opened_bundle(bundle) as folder:
        again = rejudge(folder)
    assert again.compared
    assert again.differences == ()


def test_a_bundle_that_is_not_intact_is_not_judged(bundle):
    (bundle / "raw" / "A" / "CUCMA" / "ntp-1.txt").write_text("other")
    with pytest.raises(FileUnreadable, match=r"raw/A/CUCMA/ntp-1\.txt"), opened_bundle(bundle):
        pass


def test_a_run_folder_is_opened_as_it_is(tmp_path):
    run = run_folder(tmp_path / "run")
    assert not is_sealed(run)
    with opened_bundle(run) as folder:
        assert folder == run


def test_a_folder_that_is_no_bundle_says_so(tmp_path):
    with pytest.raises(FileUnreadable, match="no sealed bundle"):
        verified(tmp_path)
    with pytest.raises(FileUnreadable, match="neither a folder nor an archive"), opened_bundle(tmp_path / "nothing"):
        pass
