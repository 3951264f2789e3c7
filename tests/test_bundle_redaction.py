"""A redacted copy tells no name, says what was done to it, and is verifiable; what it cannot show is undecided, not refuted."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_cucmtls.evidence.bundles.guide import GUIDE
from pytest_cucmtls.evidence.bundles.manifest import Manifest, parse_manifest, sha256_of
from pytest_cucmtls.evidence.bundles.opened import opened_bundle, redaction_note
from pytest_cucmtls.evidence.bundles.pseudonyms import Pseudonyms, Replacer, Terms, read_pseudonyms, write_pseudonyms
from pytest_cucmtls.evidence.bundles.redaction import redact
from pytest_cucmtls.evidence.bundles.seal import Occasion, seal
from pytest_cucmtls.evidence.bundles.signer_trust import ExpectedSigner
from pytest_cucmtls.evidence.bundles.verification import verify_bundle
from pytest_cucmtls.evidence.folder_walk import walk
from pytest_cucmtls.evidence.rejudge import rejudge
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.wire.x509 import pem_of
from tests.evidence_builders import certificate
from tests.sealed_bundles import ed25519_signer, run_folder, sealed, sealing

KEY = bytes(32)
NAMES = ["cucma", "cucm10", "1018", "9898", "10.1.0.1", "10.2.0.1", "alice", "probe-17"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    """(original, redacted copy)."""
    place = tmp_path_factory.mktemp("redacted")
    run = run_folder(place / "run")
    folder = RunFolder(run)
    text = f"Cert of CUCMA:\n{pem_of(certificate('CUCMA').der)}"
    folder.keep(text.encode(), kind="issued_certificate", cluster="A", node="CUCMA", interface="authority")
    (run / "embedded.html").write_text('<img src="data:image/png;base64,' + "aWNvbiBvZiBub2JvZHkg" * 6 + '"> and CUCM10')
    original = seal(run, place / "bundle", ed25519_signer(), sealing()).folder
    _, copy = redact(original, place / "copy", ed25519_signer(), sealing(), Pseudonyms(KEY))
    assert copy is not None
    return original, copy.folder


def manifest_of(bundle: Path) -> Manifest:
    return parse_manifest((bundle / "manifest.json").read_bytes(), "m")


def test_no_name_is_left_in_any_file_or_file_name(pair):
    _, copy = pair
    for path, _ in walk(copy):
        if path in {"custody.jsonl", "signer.pem"}:
            continue
        text = (copy / path).read_bytes().decode("latin-1").lower()
        if path == "statement.dsse.json":
            continue
        assert [name for name in NAMES if name in path.lower()] == []
        found = [name for name in NAMES if name in text and not name.isdigit()]
        assert found == [], path


def test_the_copy_is_verifiable_and_so_is_the_original_that_notes_it(pair):
    original, copy = pair
    now = datetime.now(UTC)
    assert verify_bundle(copy, now).problems == []
    report = verify_bundle(original, now)
    assert report.intact
    assert (report.custody[-1].action, report.custody[-1].item) == ("redacted copy made", "copy")


def test_the_copy_names_its_original_and_what_was_done_to_each_file(pair):
    original, copy = pair
    manifest = manifest_of(copy)
    assert manifest.redacted_from == sha256_of((original / "manifest.json").read_bytes())
    before = {file.sha256 for file in manifest_of(original).files}
    changed = [file for file in manifest.files if file.redaction]
    assert {file.redaction for file in changed} == {"pseudonymised", "withheld"}
    assert {file.original_sha256 for file in changed} <= before
    assert {file.sha256 for file in manifest.files if not file.redaction and file.path != GUIDE} <= before


def test_a_capture_and_a_file_with_a_certificate_are_withheld(pair):
    _, copy = pair
    withheld = [file for file in manifest_of(copy).files if file.redaction == "withheld"]
    assert {file.kind for file in withheld} == {"capture", "issued_certificate"}
    stub = json.loads((copy / withheld[0].path).read_text())
    assert stub["sha256"] == withheld[0].original_sha256


def test_an_encoded_picture_without_names_stays(pair):
    text = (pair[1] / "reports" / "embedded.html").read_text()
    assert "aWNvbiBvZiBub2JvZHkg" in text
    assert "CUCM10" not in text


def test_the_index_of_the_copy_fits_its_files(pair):
    _, copy = pair
    folder = RunFolder(copy)
    lines, problems = folder.index()
    assert problems == ()
    for line in lines:
        assert len(folder.read(line)) == line.size_bytes
    assert any(line.attributes.get("redaction") == "withheld" for line in lines)


def test_the_same_name_has_the_same_pseudonym_everywhere(pair):
    _, copy = pair
    node = RunFolder(copy).inventory().cluster_a.nodes[0]
    assert (copy / "raw" / "A" / node.name).is_dir()
    report = (copy / "reports" / "report.html").read_text()
    assert report.startswith(f"<p>{node.name} called ")
    assert f" at {node.address}" in report


def test_a_redacted_copy_refutes_nothing_and_says_why(pair):
    _, copy = pair
    with opened_bundle(copy) as folder:
        again = rejudge(folder)
        note = redaction_note(folder)
    assert not [verdict for verdict in again.verdicts if verdict.outcome is Outcome.FAIL]
    assert note is not None
    assert "2 are withheld" in note
    assert "cannot be reproduced" in note


def test_other_bundles_have_no_redaction_note(pair, tmp_path):
    assert redaction_note(pair[0]) is None
    assert redaction_note(tmp_path) is None


def test_a_changed_byte_of_a_copy_is_named(tmp_path):
    _, copy = redact(sealed(tmp_path).folder, tmp_path / "copy", ed25519_signer(), sealing(), Pseudonyms(KEY))
    assert copy is not None
    (copy.folder / "run.json").write_text("{}")
    assert [problem.path for problem in verify_bundle(copy.folder, datetime.now(UTC)).problems] == ["run.json"]


def test_a_copy_signed_by_somebody_else_is_named(pair):
    expected = ExpectedSigner(ed25519_signer().identity)
    assert {problem.kind for problem in verify_bundle(pair[1], datetime.now(UTC), expected).problems} == {"signer"}


def test_a_broken_original_is_not_redacted(tmp_path):
    bundle = sealed(tmp_path).folder
    (bundle / "run.json").write_text("{}")
    report, copy = redact(bundle, tmp_path / "copy", ed25519_signer(), sealing(), Pseudonyms(KEY))
    assert not report.intact
    assert copy is None
    assert not (tmp_path / "copy").exists()


def test_a_term_of_the_user_is_replaced_as_well(tmp_path):
    run = run_folder(tmp_path / "run")
    (run / "note.txt").write_text("Contact: Acme Telephony")
    bundle = seal(run, tmp_path / "bundle", ed25519_signer(), sealing()).folder
    _, copy = redact(bundle, tmp_path / "copy", ed25519_signer(), sealing(), Pseudonyms(KEY), ["Acme Telephony"])
    assert copy is not None
    assert (copy.folder / "reports" / "note.txt").read_text().startswith("Contact: name-")


def test_a_report_that_tells_a_name_inside_a_longer_word_is_withheld(tmp_path):
    run = run_folder(tmp_path / "run")
    (run / "note.txt").write_text("xCUCM10x")
    bundle = seal(run, tmp_path / "bundle", ed25519_signer(), sealing()).folder
    _, copy = redact(bundle, tmp_path / "copy", ed25519_signer(), sealing(), Pseudonyms(KEY))
    assert copy is not None
    assert "withheld" in (copy.folder / "reports" / "note.txt").read_text()


def test_our_own_options_tell_nothing_though_a_host_is_called_alike():
    replacer = Replacer(Pseudonyms(b"k" * 32), Terms(frozenset(), frozenset({"cucm-b.beta.example"}), frozenset()))
    assert not replacer.tells("No earlier run (--cucm-baseline).")
    assert not replacer.tells("--cucm-baseline")
    assert replacer.told("see x-cucm-bridge, please") == "x-cucm-bridge"
    assert replacer.tells("--cucm-baseline and xcucm-b")


def test_clauses_are_no_addresses():
    replacer = Replacer(Pseudonyms(b"k" * 32), Terms(frozenset(), frozenset(), frozenset()))
    assert replacer.replaced("RFC 5280 §4.1.2.5") == "RFC 5280 §4.1.2.5"
    assert replacer.replaced("at 10.1.2.5:5061") != "at 10.1.2.5:5061"


def test_a_word_that_stops_the_redaction_is_named(tmp_path):
    original = sealed(tmp_path).folder
    with pytest.raises(FileUnreadable, match="part of a longer word: tls_connection_is_established"):
        redact(original, tmp_path / "copy", ed25519_signer(), sealing(), Pseudonyms(b"k" * 32), ["tls_connection_is_est"])


def test_pseudonyms_are_kept_private_and_read_back(tmp_path):
    made = Pseudonyms(KEY)
    other = made.host("cucma.voice.example")
    write_pseudonyms(tmp_path / "p.json", made)
    assert (tmp_path / "p.json").stat().st_mode & 0o777 == 0o600
    assert read_pseudonyms(tmp_path / "p.json").host("CUCMA.voice.example") == other


@pytest.mark.parametrize("text", ["{}", "[]", '{"schema": "cucmtls-pseudonyms-1", "key": "zz", "pseudonyms": {}}', "x"])
def test_a_file_that_holds_no_pseudonyms_is_refused(tmp_path, text):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(FileUnreadable):
        read_pseudonyms(tmp_path / "p.json")


@given(st.lists(st.text("0123456789", min_size=2, max_size=6), unique=True, max_size=15))
def test_numbers_keep_their_length_and_never_meet(numbers):
    made = Pseudonyms(KEY)
    try:
        others = [made.number(number) for number in numbers]
    except FileUnreadable:
        return
    assert [len(other) for other in others] == [len(number) for number in numbers]
    assert len(set(others)) == len(numbers)


def test_short_and_qualified_host_names_get_matching_pseudonyms():
    made = Pseudonyms(KEY)
    assert made.host("cucma.voice.example").split(".")[0] == made.host("CUCMA")


def replacer(**terms) -> Replacer:
    return Replacer(Pseudonyms(KEY), Terms(**{kind: frozenset(values) for kind, values in terms.items()}))


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("sip:1018@10.1.0.1:5061", ["1018", "10.1.0.1"]),
        ("via [fd12:3456::9]:5061", ["fd12:3456::9"]),
        ("SEP001122334418 is up", ["001122334418"]),
        ("eth 00:11:22:33:44:55", ["00:11:22"]),
        ("on cucma.voice.example.", ["cucma", "voice.example"]),
        ("CUCMA-admin:", ["CUCMA"]),
        ("sip:x@voice.example", ["voice.example"]),
    ],
)
def test_names_of_every_kind_are_replaced(text, gone):
    made = replacer(numbers=["1018"], hosts=["cucma.voice.example"]).replaced(text)
    assert [name for name in gone if name in made] == []


@pytest.mark.parametrize("text", ["a1018b", "version 15.0.1.12900-234", "1.3.6.1.5.5.7.3.1", "11018", "127.0.0.1", "0.0.0.0"])
def test_what_is_no_name_stays(text):
    assert replacer(numbers=["1018"], hosts=["cucma.voice.example"]).replaced(text) == text


def test_an_occasion_may_have_its_own_purpose(tmp_path):
    bundle = sealed(tmp_path).folder
    occasion = Occasion("bob", datetime.now(UTC), "request of 2026-06-01")
    _, copy = redact(bundle, tmp_path / "copy", ed25519_signer(), occasion, Pseudonyms(KEY))
    assert copy is not None
    assert "request of 2026-06-01" in (copy.folder / "custody.jsonl").read_text()
