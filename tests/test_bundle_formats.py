"""The documents of a seal are read strictly, and nonsense in them is one kind of error."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.bundles.cms import verify_detached
from pytest_cucmtls.evidence.bundles.dsse import (
    Envelope,
    EnvelopeSignature,
    envelope_as_json,
    parse_envelope,
    pre_authentication_encoding,
)
from pytest_cucmtls.evidence.bundles.layout import SEAL_FILES, place_in_bundle, role_of
from pytest_cucmtls.evidence.bundles.manifest import Manifest, ManifestFile, is_inside, manifest_as_json, parse_manifest
from pytest_cucmtls.evidence.bundles.signing_keys import generate_key, needs_password, parse_identity, read_identity, read_signer
from pytest_cucmtls.evidence.bundles.statement import parse_statement, result_of
from pytest_cucmtls.evidence.custody import CustodyAct, continued, read_custody
from pytest_cucmtls.evidence.strict_json import parse_json
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError, FileUnreadable
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from tests.sealed_bundles import NOW, ed25519_signer, enterprise_signer, pem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def test_the_pre_authentication_encoding_is_that_of_the_specification():
    made = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert made == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_counted_in_bytes():
    assert pre_authentication_encoding("é", "ü€".encode()) == b"DSSEv1 2 \xc3\xa9 5 \xc3\xbc\xe2\x82\xac"
    assert pre_authentication_encoding("", b"") == b"DSSEv1 0  0 "


@given(st.tuples(st.text(max_size=20), st.binary(max_size=20)), st.tuples(st.text(max_size=20), st.binary(max_size=20)))
def test_different_envelopes_never_have_the_same_encoding(one, other):
    assert (one == other) == (pre_authentication_encoding(*one) == pre_authentication_encoding(*other))


@given(st.text(min_size=1, max_size=30), st.binary(max_size=200), st.lists(st.binary(max_size=70), min_size=1, max_size=3))
def test_an_envelope_survives_a_round_trip(kind, payload, signatures):
    envelope = Envelope(kind, payload, tuple(EnvelopeSignature(f"k{number}", one) for number, one in enumerate(signatures)))
    assert parse_envelope(envelope_as_json(envelope), "e") == envelope


def test_an_envelope_may_use_the_other_base64_and_unknown_fields():
    text = b'{"payloadType": "t", "payload": "-_8=", "signatures": [{"sig": "AA==", "x": 1}], "y": {}}'
    assert parse_envelope(text, "e") == Envelope("t", b"\xfb\xff", (EnvelopeSignature("", b"\0"),))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"payloadType": "t", "payload": "AA==", "signatures": []}',
        '{"payloadType": "", "payload": "AA==", "signatures": [{"sig": "AA=="}]}',
        '{"payloadType": "t", "payload": "A", "signatures": [{"sig": "AA=="}]}',
        '{"payloadType": "t", "payload": "AA== ", "signatures": [{"sig": "AA=="}]}',
        '{"payloadType": "t", "payload": "AA==", "signatures": [{"keyid": "x"}]}',
        '{"payloadType": "t", "payload": "AA==", "signatures": [{"keyid": 1, "sig": "AA=="}]}',
        '{"payloadType": "t", "payload": "AA==", "signatures": ["AA=="]}',
        '{"payloadType": "t", "payload": "é", "signatures": [{"sig": "AA=="}]}',
    ],
)
def test_half_an_envelope_is_refused(text):
    with pytest.raises(FileUnreadable, match="DSSE"):
        parse_envelope(text.encode(), "e")


@settings(max_examples=100)
@given(JSON | st.fixed_dictionaries({"payloadType": JSON, "payload": JSON, "signatures": JSON}))
def test_any_json_is_an_envelope_or_refused(value):
    for parse in (parse_envelope, parse_manifest, parse_statement):
        with pytest.raises(FileUnreadable):
            parse(json.dumps(value).encode(), "x")


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_the_same_way(data):
    for parse in (parse_envelope, parse_manifest, parse_statement, parse_identity):
        with pytest.raises(FileUnreadable):
            parse(data, "x")
    read_custody(data)


@settings(max_examples=100)
@given(JSON)
def test_a_custody_line_of_any_json_is_a_problem_not_a_crash(value):
    lines, problems = read_custody(json.dumps(value).encode() + b"\n")
    assert not lines
    assert problems


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 5000), value=st.integers(0, 255))
def test_a_damaged_cms_signature_is_refused_or_unharmed(position, value):
    signature, content, certificate = CMS_SAMPLE
    place = position % len(signature)
    damaged = signature[:place] + bytes((value,)) + signature[place + 1 :]
    try:
        verify_detached(damaged, content, certificate, "p7s")
    except FileUnreadable:
        assert damaged != signature


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x80", b"\x30\x03\x02\x01\x00", b"\x30\x82\xff\xff" + bytes(20)])
def test_what_is_no_cms_signature_is_refused(data):
    with pytest.raises(FileUnreadable, match="no CMS signature"):
        verify_detached(data, b"", CMS_SAMPLE[2], "p7s")


def _cms_sample():
    from pytest_cucmtls.evidence.bundles.cms import sign_detached

    signer, _ = enterprise_signer("ec")
    signature = sign_detached(b"content", signer)
    assert signature is not None
    return signature, b"content", signer.chain[0]


CMS_SAMPLE = _cms_sample()


def test_a_key_twice_in_an_object_is_refused():
    with pytest.raises(FileUnreadable, match="'a' occurs twice"):
        parse_json(b'{"a": 1, "a": 2}', "x")


@pytest.mark.parametrize("text", [b"NaN", b"-Infinity", b"1e", b"", b"\xef\xbb\xbf{}", b'"\xff"', b"[" * 200_000, b"9" * 5000])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(FileUnreadable):
        parse_json(text, "x")


def manifest(**changes) -> Manifest:
    file = ManifestFile("raw/A/x.txt", "a" * 64, 3, "raw", "ntp", NOW, "A", "cli utils ntp status")
    values = {"bundle": "b", "run": "r", "sealed_at": NOW, "files": (file,), "custody_lines": 1, "custody_head": "0" * 64}
    return Manifest(**(values | changes))


def test_a_manifest_survives_a_round_trip():
    redacted = ManifestFile("raw/A/y.txt", "b" * 64, 0, "raw", original_sha256="c" * 64, redaction="withheld")
    original = manifest(files=(*manifest().files, redacted), redacted_from="d" * 64)
    assert parse_manifest(manifest_as_json(original), "m") == original


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", "../x"),
        ("path", "/etc/passwd"),
        ("path", "manifest.json"),
        ("path", "a//b"),
        ("path", "a\\b"),
        ("path", "./a"),
        ("path", ""),
        ("path", "a\nb"),
        ("sha256", "A" * 64),
        ("sha256", "a" * 63),
        ("size_bytes", -1),
        ("size_bytes", True),
        ("size_bytes", 1.5),
        ("role", None),
        ("collected_at", "2026-06-01"),
        ("collected_at", "2026-06-01T00:00:00"),
        ("collected_at", 5),
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused(key, value):
    document = json.loads(manifest_as_json(manifest()))
    document["files"][0][key] = value
    with pytest.raises(FileUnreadable, match="no usable manifest"):
        parse_manifest(json.dumps(document).encode(), "m")


def test_a_manifest_that_lists_a_file_twice_is_refused():
    twice = manifest(files=manifest().files * 2)
    with pytest.raises(FileUnreadable, match="twice"):
        parse_manifest(manifest_as_json(twice), "m")


@given(st.text(max_size=30))
def test_a_name_that_is_inside_stays_inside(name):
    if is_inside(name):
        assert Path("/bundle", name).resolve().is_relative_to("/bundle")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("raw/A/x.txt", "raw/A/x.txt"),
        ("verdicts.json", "verdicts.json"),
        ("report.html", "reports/report.html"),
        ("allure-results/1.json", "reports/allure-results/1.json"),
        ("reports/x", "reports/x"),
        ("private/pair.json", None),
        (".lock", None),
        ("raw/.half", None),
        ("manifest.json", None),
        ("derived/facts.json", None),
        ("custody.jsonl", "custody.jsonl"),
    ],
)
def test_every_file_of_a_run_has_its_place(path, place):
    assert place_in_bundle(path) == place


def test_every_place_has_a_role():
    names = ("raw/index.jsonl", "raw/A/x", "run.json", "verdicts.json", "journal.jsonl", "derived/facts.json", "reports/x")
    assert [role_of(name) for name in names] == ["index", "raw", "run", "verdicts", "journal", "derived", "report"]
    assert "custody.jsonl" in SEAL_FILES


def verdict(outcome: Outcome) -> Verdict:
    return Verdict("check", "title", "1", "phase", "pair", outcome, "", "", "")


@pytest.mark.parametrize(
    ("outcomes", "result"),
    [
        ([Outcome.PASS], "PASSED"),
        ([Outcome.PASS, Outcome.NOT_APPLICABLE], "PASSED"),
        ([Outcome.PASS, Outcome.WARN], "WARNED"),
        ([Outcome.WARN, Outcome.FAIL], "FAILED"),
        ([Outcome.PASS, Outcome.INCONCLUSIVE], "FAILED"),
        ([Outcome.ERROR], "FAILED"),
        ([Outcome.BLOCKED], "FAILED"),
        ([], "FAILED"),
    ],
)
def test_nothing_undecided_reads_as_passed(outcomes, result):
    assert result_of([verdict(outcome) for outcome in outcomes]) == result


def act(number: int, at: datetime = NOW) -> CustodyAct:
    return CustodyAct("kept", f"raw/{number}", "a" * 64, "alice", at)


def test_a_chain_continues_line_by_line():
    log = continued(continued(b"", [act(1), act(2)]), [act(3)])
    lines, problems = read_custody(log)
    assert [line.item for line in lines] == ["raw/1", "raw/2", "raw/3"]
    assert problems == ()


@pytest.mark.parametrize(("step", "accepted"), [(5, True), (6, False)])
def test_a_clock_may_step_back_five_seconds(step, accepted):
    _, problems = read_custody(continued(b"", [act(1), act(2, NOW - timedelta(seconds=step))]))
    assert (not problems) == accepted


def test_a_last_line_without_an_end_is_cut_off():
    _, problems = read_custody(continued(b"", [act(1)])[:-1])
    assert problems == ("the last line is cut off",)


@given(st.permutations(range(4)))
def test_lines_in_another_order_are_a_broken_chain(order):
    texts = continued(b"", [act(number) for number in range(4)]).splitlines(keepends=True)
    _, problems = read_custody(b"".join(texts[place] for place in order))
    assert (not problems) == (order == [0, 1, 2, 3])


def test_a_new_key_is_private_and_signs(tmp_path):
    public = generate_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    signature = read_signer(tmp_path / "key").sign(b"data")
    identity = read_identity(public)
    assert identity.verifies(signature, b"data")
    assert not identity.verifies(signature, b"date")
    assert not needs_password(tmp_path / "key")


def test_an_encrypted_key_needs_its_password(tmp_path):
    generate_key(tmp_path / "key", Secret("correct horse"))
    assert needs_password(tmp_path / "key")
    read_signer(tmp_path / "key", Secret("correct horse"))
    for wrong in (None, Secret("battery"), Secret("")):
        with pytest.raises(ConfigurationInvalid) as refused:
            read_signer(tmp_path / "key", wrong)
        assert "battery" not in str(refused.value)


def test_a_key_is_not_overwritten(tmp_path):
    generate_key(tmp_path / "key")
    with pytest.raises(ConfigurationInvalid, match="exists already"):
        generate_key(tmp_path / "key")


def test_a_key_others_may_read_is_refused(tmp_path):
    generate_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(ConfigurationInvalid, match="other accounts may read"):
        read_signer(tmp_path / "key")


def test_a_certificate_of_another_key_is_refused(tmp_path):
    generate_key(tmp_path / "key")
    (tmp_path / "leaf.pem").write_bytes(pem(enterprise_signer()[0].chain[0]))
    with pytest.raises(ConfigurationInvalid, match="not that of the key"):
        read_signer(tmp_path / "key", None, tmp_path / "leaf.pem")


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_enterprise_keys_sign_and_verify(kind):
    signer, _ = enterprise_signer(kind)
    assert signer.identity.verifies(signer.sign(b"data"), b"data")
    assert not signer.identity.verifies(signer.sign(b"data"), b"date")
    assert not ed25519_signer().identity.verifies(signer.sign(b"data"), b"data")


def test_a_short_rsa_key_is_refused(tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 1024)
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_bytes(key.private_bytes(*encoding))
    with pytest.raises(CucmTlsError, match="1024 bits is too short"):
        read_signer(tmp_path / "key")


def test_a_signer_shows_nothing_of_its_key():
    signer = ed25519_signer()
    assert "key=" not in repr(signer)
