"""Captures, traces and certificates of anybody: who is who is found, what they prove is judged, what is missing is asked for."""

import argparse
import json
import shutil
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.capture.second_reading import second_reading
from pytest_cucmtls.commands.judge import add_commands
from pytest_cucmtls.evidence import judged_files
from pytest_cucmtls.evidence.given.given_files import GivenFiles
from pytest_cucmtls.evidence.judged_files import JudgedFiles, judge_files, what_to_collect
from pytest_cucmtls.evidence.rejudge import rejudge
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.model.errors import CucmTlsError, NoEvidence
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from tests.judged_cases import FIRST, NOW, SECOND, capture_bytes, given_of, write_case
from tests.packet_writer import TcpConversation, frames, pcap
from tests.tls_pairs import TlsPair, identity
from tests.trace_writer import NodeTrace, invite


@pytest.fixture(scope="module", autouse=True)
def no_second_witness() -> Iterator[None]:
    """Starting Wireshark for every run of this module would take most of its time; one test asks it."""
    with pytest.MonkeyPatch.context() as patch:

        def unavailable(_path: Path, _ports: set[int]) -> dict[str, object]:
            raise NoEvidence("the second reading of captures", "not in these tests", collect="")

        patch.setattr(judged_files, "second_reading", unavailable)
        yield


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def judged(case: Path, tmp_path_factory: pytest.TempPathFactory) -> JudgedFiles:
    return judge_files(given_of(case), tmp_path_factory.mktemp("out") / "judged")


def found(judged: JudgedFiles, check: str, subject: str) -> Verdict:
    return next(verdict for verdict in judged.verdicts if (verdict.check, verdict.subject) == (check, subject))


@pytest.mark.parametrize(
    "check",
    [
        "tls_connection_is_established",
        "both_sides_authenticate",
        "negotiated_suite_encrypts",
        "server_presents_admin_certificate",
        "client_presents_admin_certificate",
        "call_is_placed",
        "caller_digit_analysis_finds_the_pattern",
        "called_side_analyses_all_digits",
        "invite_travels_over_tls",
        "traced_call_is_the_captured_one",
        "trace_agrees_with_the_wire",
    ],
)
def test_what_the_files_prove_passes(judged: JudgedFiles, check: str) -> None:
    verdict = found(judged, check, "A->B")
    assert verdict.outcome is Outcome.PASS, verdict.diagnosis
    assert verdict.evidence
    assert all((judged.folder / item.path).exists() for item in verdict.evidence)


def test_nothing_fails_for_want_of_evidence_and_no_check_crashes(judged: JudgedFiles) -> None:
    assert {verdict.check for verdict in judged.verdicts if verdict.outcome is Outcome.ERROR} == set()
    about_files = [verdict for verdict in judged.verdicts if verdict.outcome is Outcome.FAIL]
    assert {verdict.check for verdict in about_files} <= {
        "identity_is_issued_by_authority",
        "certificate_names_are_complete",
        "certificate_fits_both_roles",
        "key_usage_is_as_required",
    }, [verdict.diagnosis for verdict in about_files]


def test_what_is_missing_is_asked_for(judged: JudgedFiles) -> None:
    undecided = [verdict for verdict in judged.verdicts if verdict.outcome is Outcome.INCONCLUSIVE]
    assert undecided
    wanted = {collect for _, _, collect in what_to_collect(judged.verdicts)}
    assert "Read it with AXL getSipTrunk." in wanted
    assert sum(count for count, _, _ in what_to_collect(judged.verdicts)) <= len(undecided)


def test_the_other_direction_without_a_call_is_undecided(judged: JudgedFiles) -> None:
    assert found(judged, "call_is_placed", "B->A").outcome is Outcome.INCONCLUSIVE
    assert found(judged, "tls_connection_is_established", "B->A").outcome is Outcome.INCONCLUSIVE


def test_the_files_are_kept_as_received_and_judge_the_same_again(judged: JudgedFiles, case: Path) -> None:
    kept = {path.read_bytes() for path in (judged.folder / "raw").rglob("*") if path.is_file()}
    for name in ("packets.cap", "SDL-a.txt", "SDL-b.txt", "cucma.pem", "cucm10.pem"):
        assert (case / name).read_bytes() in kept
    again = rejudge(judged.folder)
    assert again.differences == ()
    assert again.compared == len(judged.verdicts)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="the second witness is tshark")
def test_the_second_witness_reads_the_same_capture(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_files, "second_reading", second_reading)
    judged = judge_files(GivenFiles(captures=(case / "packets.cap",)), tmp_path / "o")
    assert found(judged, "capture_readers_agree", "pair").outcome is Outcome.PASS


def test_the_release_is_read_from_the_trace(judged: JudgedFiles) -> None:
    verdict = found(judged, "release_is_known", "A/cucma")
    assert verdict.outcome is Outcome.PASS
    assert "14.0.1.10000-20" in verdict.observed


def test_the_notes_say_who_is_who_and_which_call_is_meant(judged: JudgedFiles) -> None:
    notes = "\n".join(judged.notes)
    assert f"A is cucma ({FIRST})" in notes
    assert f"B is cucm10 ({SECOND})" in notes
    assert "call A->B: 1018 to 9898" in notes


def test_dates_are_judged_at_the_time_of_the_files(case: Path, tmp_path: Path) -> None:
    old = case.parent / "old.cap"
    old.write_bytes(capture_bytes(at=NOW - timedelta(days=400)))
    given = GivenFiles(captures=(old,), certificates=given_of(case).certificates)
    verdict = found(judge_files(given, tmp_path / "o"), "certificate_is_in_date", "A/cucma")
    assert verdict.outcome is Outcome.FAIL
    assert "becomes valid" in verdict.diagnosis


def test_another_certificate_than_the_presented_one_is_a_finding(case: Path, tmp_path: Path) -> None:
    given = given_of(case, certificates=(("A", case / "cucma.pem"), ("B", case / "stranger.pem")))
    verdict = found(judge_files(given, tmp_path / "o"), "server_presents_admin_certificate", "A->B")
    assert verdict.outcome is Outcome.FAIL


def test_a_capture_and_an_undated_trace_of_other_calls_are_not_paired(case: Path, tmp_path: Path) -> None:
    undated = tmp_path / "excerpt.txt"
    undated.write_text("".join(f"{line}\n" for line in (case / "SDL-a.txt").read_text().splitlines()[1:]))
    judged = judge_files(given_of(case, traces=(undated,)), tmp_path / "o")
    verdict = found(judged, "traced_call_is_the_captured_one", "A->B")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "no common connection" in verdict.diagnosis
    assert found(judged, "call_is_placed", "A->B").outcome is Outcome.PASS
    assert found(judged, "certificate_names_its_node", "A/cucma").outcome is Outcome.INCONCLUSIVE


def test_a_pattern_nobody_declared_is_not_called_wrong(case: Path, tmp_path: Path) -> None:
    wide = tmp_path / "wide.txt"
    wide.write_text((case / "SDL-a.txt").read_text().replace("|DialingPattern=9898", "|DialingPattern=98XX"))
    check = "caller_digit_analysis_finds_the_pattern"
    for patterns, outcome in (
        ((), Outcome.INCONCLUSIVE),
        ((("A", "98XX"),), Outcome.PASS),
        ((("A", "97XX"),), Outcome.FAIL),
        ((("A", "98XX@X_PT"),), Outcome.FAIL),
    ):
        given = given_of(case, traces=(wide, case / "SDL-b.txt"), patterns=patterns)
        judged = judge_files(given, tmp_path / f"o{len(list(tmp_path.iterdir()))}")
        assert found(judged, check, "A->B").outcome is outcome


def test_the_extension_chooses_among_several_calls(case: Path, tmp_path: Path) -> None:
    later = NodeTrace("cucma", FIRST, NOW + timedelta(minutes=5), number=2).head()
    later.digits("1018", "5555", device="to-b", process="SIPD", ci="900")
    later.sip("out", SECOND, 5061, invite(number="5555", call_id="later@x"))
    (tmp_path / "later.txt").write_text(later.text)
    traces = (case / "SDL-a.txt", case / "SDL-b.txt", tmp_path / "later.txt")
    newest = judge_files(given_of(case, traces=traces), tmp_path / "o1")
    chosen = judge_files(given_of(case, traces=traces, extensions=(("B", "9898"),)), tmp_path / "o2")
    assert "1018 to 5555" in " ".join(newest.notes)
    assert "1018 to 9898" in " ".join(chosen.notes)


def test_traces_of_a_third_node_are_kept_and_not_judged(case: Path, tmp_path: Path) -> None:
    third = tmp_path / "third.txt"
    third.write_text(NodeTrace("elsewhere", "10.9.9.9", NOW).head().text)
    judged = judge_files(given_of(case, traces=(*given_of(case).traces, third)), tmp_path / "o")
    assert any("third.txt belongs to neither side" in note for note in judged.notes)
    assert (judged.folder / "raw" / "unused_file-1.txt").read_bytes() == third.read_bytes()


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    parsed = parser.parse_args(["judge", *arguments])
    code: int = parsed.run(parsed)
    return code


def test_the_command_writes_what_a_live_run_writes(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    options = ["--capture", str(case / "packets.cap"), "--trace", str(case / "SDL-a.txt"), str(case / "SDL-b.txt")]
    options += ["--certificate", f"A={case / 'cucma.pem'}", "--certificate", f"B={case / 'cucm10.pem'}", "--policy", "rfc9325"]
    code = run(*options, "--out", str(out), "--json")
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((out / "verdicts.json").read_text())
    assert document["schema"] == "cucmtls-verdicts-1"
    assert document["run"]["policy"] == "rfc9325"
    assert code in (1, 3)
    assert run(str(out)) == code
    assert "the same as the" in capsys.readouterr().out


def test_the_command_in_words(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--capture", str(case / "packets.cap"), "--out", str(tmp_path / "o")) in (1, 3)
    said = capsys.readouterr().out
    assert "A->B: " in said
    assert "to decide" in said
    assert f"are in {tmp_path / 'o'}" in said


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ([], "nothing to judge"),
        (["--certificate", "cucma.pem"], "must look like A="),
        (["--certificate", "A="], "must look like A="),
        (["--node", "=10.0.0.1", "--capture", "x"], "must look like A="),
        (["folder", "--capture", "x"], "without further files"),
        (["absent-folder"], "absent-folder"),
    ],
)
def test_mistakes_on_the_command_line_are_explained(arguments: list[str], match: str) -> None:
    with pytest.raises(CucmTlsError, match=match):
        run(*arguments)


def changed_trace(case: Path, tmp_path: Path, *replacements: tuple[str, str]) -> tuple[Path, ...]:
    """The calling side's trace with some text replaced, and the called side's as it is."""
    text = (case / "SDL-a.txt").read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "SDL-a.txt").write_text(text)
    return tmp_path / "SDL-a.txt", case / "SDL-b.txt"


def test_a_cipher_that_contradicts_the_wire_is_a_finding(case: Path, tmp_path: Path) -> None:
    traces = changed_trace(case, tmp_path, ("--Cipher ECDHE-RSA-AES128-GCM-SHA256", "--Cipher AES128-SHA"))
    verdict = found(judge_files(given_of(case, traces=traces), tmp_path / "o"), "trace_agrees_with_the_wire", "A->B")
    assert verdict.outcome is Outcome.FAIL
    assert "contradicts itself" in verdict.diagnosis


def test_an_indication_of_another_connection_is_not_taken(case: Path, tmp_path: Path) -> None:
    traces = changed_trace(case, tmp_path, ("connIdx= 12 ", "connIdx= 13 "), ("/CN=cucm10", "/CN=somebody"))
    verdict = found(judge_files(given_of(case, traces=traces), tmp_path / "o"), "trace_agrees_with_the_wire", "A->B")
    assert "somebody" not in verdict.diagnosis + verdict.observed


def test_a_capture_of_other_nodes_is_asked_for_again(case: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.cap"
    other.write_bytes(capture_bytes(client="10.0.0.7", server="10.0.0.8"))
    addresses = (("A", FIRST), ("B", SECOND))
    judged = judge_files(given_of(case, captures=(other,), addresses=addresses), tmp_path / "o")
    verdict = found(judged, "tls_connection_is_established", "A->B")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "never appear" in verdict.diagnosis
    assert any("10.0.0.7 looks like a node of A" in note for note in judged.notes)


def test_cut_packets_leave_the_handshake_open(case: Path, tmp_path: Path) -> None:
    conversation = TcpConversation((FIRST, 33135), (SECOND, 5061)).open().exchange(TlsPair().flights())
    cut = tmp_path / "cut.cap"
    start = int(NOW.timestamp()) * 1_000_000_000
    cut.write_bytes(pcap([frame.cut(96) for frame in frames(conversation.packets, start=start)]))
    judged = judge_files(given_of(case, captures=(cut,)), tmp_path / "o")
    verdict = found(judged, "server_presents_admin_certificate", "A->B")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "size all" in verdict.diagnosis


def test_a_trace_that_begins_after_the_call_is_named_rotated(case: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.txt"
    late.write_text(NodeTrace("cucma", FIRST, NOW + timedelta(hours=3), number=9).head().record("//quiet").text)
    judged = judge_files(given_of(case, traces=(late, case / "SDL-b.txt")), tmp_path / "o")
    verdict = found(judged, "caller_digit_analysis_finds_the_pattern", "A->B")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "rotated away" in verdict.diagnosis


def test_an_archive_of_traces_is_judged_like_the_files(case: Path, tmp_path: Path, judged: JudgedFiles) -> None:
    path = tmp_path / "case.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("SDL-a.txt", "SDL-b.txt"):
            archive.add(case / name, arcname=f"../{name}")
    packed = judge_files(given_of(case, traces=(path,)), tmp_path / "o")
    assert [(one.check, one.subject, one.outcome) for one in packed.verdicts] == [
        (one.check, one.subject, one.outcome) for one in judged.verdicts
    ]


def test_a_certificate_without_readable_dates_crashes_no_check(case: Path, tmp_path: Path) -> None:
    der = identity("cucm10").certificate.public_bytes(serialization.Encoding.DER)
    place = der.index(b"\x17\x0d")
    odd = tmp_path / "odd.der"
    odd.write_bytes(der[: place + 2] + b"99999999999999"[:13] + der[place + 15 :].replace(b"\x17\x0d2", b"\x17\x0dx", 1))
    judged = judge_files(given_of(case, certificates=(("A", case / "cucma.pem"), ("B", odd))), tmp_path / "o")
    assert {verdict.check for verdict in judged.verdicts if verdict.outcome is Outcome.ERROR} == set()


HOSTILE = (
    "00000000.000 |00:00:00.000 |FileHead |UTC:+14:00,Date: 9999/12/31, HostName: x, HostIPAddress: 10.0.0.203\n",
    "00000000.000 |00:00:00.000 |FileHead |UTC:-14:00,Date: 0001/01/01, HostName: x, HostIPAddress: 10.0.0.203\n",
    "\n[1,NET]\nINVITE sip:@:0 SIP/2.0\nVia: SIP/2.0/TLS\nCall-ID: \nFrom: ;tag=1~\nTo:\nContent-Length: 99999999999\n\n",
    "00000001.000 |10:00:00.000 |SdlSig |SIPCertificateInd connIdx= 12 --remoteIP= --remotePort = 99999 --X509SubjectName =\n",
)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("line", [0, 1, 12, 30])
def test_hostile_lines_in_a_trace_crash_no_check(case: Path, tmp_path: Path, hostile: str, line: int) -> None:
    lines = (case / "SDL-a.txt").read_text().splitlines(keepends=True)
    odd = tmp_path / "odd.txt"
    odd.write_text("".join((*lines[:line], hostile, *lines[line:])))
    judged = judge_files(given_of(case, traces=(odd, case / "SDL-b.txt")), tmp_path / "o")
    assert {verdict.check for verdict in judged.verdicts if verdict.outcome is Outcome.ERROR} == set()


def test_an_invite_without_its_call_id_is_undecided(case: Path, tmp_path: Path) -> None:
    traces = changed_trace(case, tmp_path, ("Call-ID: 77-1@10.0.0.203\n", ""))
    judged = judge_files(given_of(case, traces=traces[:1]), tmp_path / "o")
    assert {verdict.check for verdict in judged.verdicts if verdict.outcome is Outcome.ERROR} == set()
    assert "cut off" in found(judged, "invite_travels_over_tls", "A->B").diagnosis


def test_a_session_description_that_cannot_be_read_is_undecided(case: Path, tmp_path: Path) -> None:
    traces = changed_trace(case, tmp_path, ("m=audio 16384", "m=audio 1:384"))
    judged = judge_files(given_of(case, traces=traces[:1]), tmp_path / "o")
    verdict = found(judged, "media_is_negotiated_as_srtp", "A->B")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "no port between 0 and 65535" in verdict.diagnosis


INVENTORY = """
policy = "rfc9325"
[clusters.{0}]
extension = "{1}"
phone = "SEP0"
trunk = "{2}"
axl = {{ user = "u", password_variable = "P" }}
platform = {{ user = "u", password_variable = "P" }}
call = {{ user = "u", password_variable = "P" }}
[[clusters.{0}.nodes]]
name = "{3}"
address = "cucm://{4}"
"""


def test_an_inventory_declares_what_the_files_do_not_say(case: Path, tmp_path: Path) -> None:
    left = INVENTORY.format("west", "1018", "to-b", "cucma", FIRST)
    right = INVENTORY.format("east", "9898", "to-a", "cucm10", SECOND).replace('policy = "rfc9325"', "")
    inventory = parse_inventory(left + right)
    certificates = (("west", case / "cucma.pem"), ("east", case / "cucm10.pem"))
    judged = judge_files(given_of(case, inventory=inventory, certificates=certificates), tmp_path / "o")
    assert judged.about["policy"] == "rfc9325"
    assert judged.about["mode"] == "verify"
    assert found(judged, "caller_digit_analysis_finds_the_pattern", "west->east").outcome is Outcome.PASS
    assert found(judged, "certificate_names_its_node", "west/cucma").outcome is Outcome.PASS


def test_a_trunk_other_than_the_declared_one_is_a_finding(case: Path, tmp_path: Path) -> None:
    left = INVENTORY.format("A", "1018", "another-trunk", "cucma", FIRST)
    right = INVENTORY.format("B", "9898", "to-a", "cucm10", SECOND).replace('policy = "rfc9325"', "")
    judged = judge_files(given_of(case, inventory=parse_inventory(left + right)), tmp_path / "o")
    verdict = found(judged, "caller_digit_analysis_finds_the_pattern", "A->B")
    assert verdict.outcome is Outcome.FAIL
    assert "to-b" in verdict.diagnosis
