"""The run folder keeps bytes as received, says who kept them, and notices every change; verdicts survive a round trip."""

import hashlib
import json
import multiprocessing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_cucmtls.evidence.inventory_json import inventory_as_json, inventory_from_json
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.evidence.verdicts_json import read_verdicts, write_verdicts
from pytest_cucmtls.evidence.witnesses import disagreements
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.model.verdicts import EvidenceItem, Outcome
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.wire.x509 import pem_of
from tests.evidence_builders import NOW, capture, certificate, good_pair, handshake, inventory, root, verdict_of


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.begin(inventory(), started_at=NOW)
    return made


def test_bytes_are_kept_exactly_as_received(folder):
    data = bytes(range(256)) + b"\r\n"
    kept = folder.keep(data, kind="capture", cluster="A", node="CUCMA", media_type="application/vnd.tcpdump.pcap")
    assert folder.read(kept) == data
    assert kept.path == "raw/A/CUCMA/capture-1.pcap"
    assert kept.sha256 == hashlib.sha256(data).hexdigest()


def test_a_reading_brings_interface_operation_and_time(folder):
    folder.keep_reading(Reading("x", b"y", "axl", "getSipTrunk", NOW, "text/xml"), kind="sip_trunk", cluster="A")
    (line,) = folder.entries("sip_trunk")
    assert (line.interface, line.operation, line.at, line.size_bytes) == ("axl", "getSipTrunk", NOW, 1)


def test_one_changed_byte_is_named(folder):
    kept = folder.keep(b"abc", kind="ntp", cluster="A")
    (folder.path / kept.path).write_bytes(b"abd")
    with pytest.raises(FileUnreadable, match="changed after it was kept"):
        folder.read(kept)


def test_a_removed_file_is_named(folder):
    kept = folder.keep(b"abc", kind="ntp", cluster="A")
    (folder.path / kept.path).unlink()
    with pytest.raises(FileUnreadable, match="ntp-1"):
        folder.read(kept)


@pytest.mark.parametrize("path", ["../outside", "raw/../../outside", "/etc/hostname"])
def test_nothing_outside_the_folder_is_read(folder, path):
    with pytest.raises(FileUnreadable):
        folder.read(EvidenceItem(path, "0" * 64))


@pytest.mark.parametrize("name", ["../../x", "a/b", "", ".hidden", "n" * 300, "ä ö"])
def test_hostile_names_stay_inside_the_folder(folder, name):
    kept = folder.keep(b"x", kind=name or "empty", cluster=name, node=name)
    assert (folder.path / kept.path).resolve().is_relative_to(folder.path.resolve())
    assert folder.read(kept) == b"x"


def test_an_unfinished_index_line_is_a_reason_and_the_rest_is_read(folder):
    folder.keep(b"abc", kind="ntp", cluster="A")
    with folder.index_file.open("ab") as file:
        file.write(b'{"path": "raw/')
    lines, problems = folder.index()
    assert (len(lines), len(problems)) == (1, 1)
    assert "line 2" in problems[0]


def test_custody_is_a_chain(folder):
    folder.keep(b"a", kind="x")
    folder.keep(b"b", kind="x")
    first, second = folder.custody_file.read_bytes().splitlines()
    assert json.loads(second)["previous"] == hashlib.sha256(first).hexdigest()
    assert json.loads(first)["action"] == "kept"


def _keep_many(path: str, worker: int) -> None:
    for number in range(8):
        RunFolder(path).keep(f"{worker} {number}".encode(), kind="ntp", cluster="A")


def test_several_processes_keep_everything_once(folder):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_keep_many, args=(str(folder.path), number)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    lines, problems = folder.index()
    assert not problems
    assert len({folder.read(line) for line in lines}) == 16
    custody = folder.custody_file.read_bytes().splitlines()
    assert all(json.loads(line)["previous"] == hashlib.sha256(before).hexdigest() for before, line in pairwise(custody))


def test_beginning_again_changes_nothing(folder):
    before = folder.run_file.read_bytes()
    folder.begin(inventory(policy="rfc9325"), started_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert folder.run_file.read_bytes() == before


def test_the_inventory_survives_and_holds_no_password(folder):
    assert folder.inventory() == inventory()
    assert "password_variable" in folder.run_file.read_text()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"schema": "cucmtls-run-1"}', b"\xff", b"[" * 100_000])
def test_a_folder_without_usable_description_is_refused(folder, content):
    folder.run_file.write_bytes(content)
    with pytest.raises(FileUnreadable):
        folder.inventory()


def test_an_inventory_with_a_missing_field_is_refused():
    values = inventory_as_json(inventory())
    del values["cluster_a"]["trunk"]
    with pytest.raises(FileUnreadable):
        inventory_from_json(values)


def test_a_folder_without_index_is_no_run_folder(tmp_path):
    with pytest.raises(FileUnreadable):
        load_evidence(tmp_path)


def test_verdicts_survive_a_round_trip(tmp_path):
    verdicts = judge(good_pair(), load_policy("cisco-hardening"))
    write_verdicts(tmp_path / "verdicts.json", verdicts, {"policy": "cisco-hardening"})
    run, again = read_verdicts(tmp_path / "verdicts.json")
    assert again == verdicts
    assert run == {"policy": "cisco-hardening"}
    document = json.loads((tmp_path / "verdicts.json").read_text())
    assert document["schema"] == "cucmtls-verdicts-1"
    assert {entry["direction"] for entry in document["verdicts"]} == {None, "A->B", "B->A"}


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"schema": "other"}', b'{"schema": "cucmtls-verdicts-1", "run": {}}'])
def test_a_file_that_is_no_verdicts_document_is_refused(tmp_path, content):
    (tmp_path / "v.json").write_bytes(content)
    with pytest.raises(FileUnreadable):
        read_verdicts(tmp_path / "v.json")


def loaded(folder: RunFolder):
    return load_evidence(folder.path)


def test_the_loader_reads_certificates_of_the_authority(folder):
    folder.keep(root().der, kind="authority_certificate", interface="authority", media_type="application/pkix-cert")
    folder.keep(
        pem_of(certificate("CUCMA").der).encode(), kind="issued_certificate", cluster="A", node="CUCMA", interface="authority"
    )
    evidence = loaded(folder)
    assert evidence.authority_chain[0].value.sha256 == root().sha256
    assert evidence.cluster("A").nodes[0].issued.value.sha256 == certificate("CUCMA").sha256


@pytest.mark.parametrize(
    "kind", ["capture", "sdl_trace", "call", "csr", "issued_certificate", "version", "security_profile", "witness"]
)
@pytest.mark.parametrize("data", [b"", b"garbage", b"\x00" * 5000, b"[" * 5000, b"<a>" * 1000, b"null", b"[]"])
def test_an_unreadable_item_never_stops_the_loader(folder, kind, data):
    interface = {"version": "cli", "security_profile": "axl"}.get(kind, "tool")
    folder.keep(data, kind=kind, cluster="A", node="CUCMA", interface=interface)
    assert loaded(folder).inventory == inventory()


def test_an_unreadable_item_is_the_reason_of_the_undecided_verdict(folder):
    folder.keep(b"garbage", kind="security_profile", cluster="A", interface="axl")
    verdict = verdict_of(judge(loaded(folder), load_policy("cisco-hardening")), "profile_demands_encryption", "A")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "security_profile-1" in verdict.diagnosis


def test_what_could_not_be_gathered_is_the_reason_too(folder):
    folder.keep_missing("version of A/CUCMA", "the node did not answer within 30 s")
    verdict = verdict_of(judge(loaded(folder), load_policy("cisco-hardening")), "release_is_known", "A/CUCMA")
    assert "did not answer within 30 s" in verdict.diagnosis


def test_an_item_of_unknown_kind_is_a_reason(folder):
    folder.keep(b"x", kind="hologram", cluster="A")
    assert any("no reader" in why for _, why in loaded(folder).reasons)


def test_a_changed_item_is_a_reason_and_not_evidence(folder):
    kept = folder.keep(root().der, kind="authority_certificate", interface="authority")
    (folder.path / kept.path).write_bytes(root("CA", "CA old").der)
    evidence = loaded(folder)
    assert not evidence.authority_chain
    assert any("changed after it was kept" in why for _, why in evidence.reasons)


def test_every_verdict_of_an_empty_folder_is_undecided(folder):
    folder.keep_missing("everything", "nothing was done")
    outcomes = {verdict.outcome for verdict in judge(loaded(folder), load_policy("cisco-hardening"))}
    assert outcomes <= {Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE}


def reading(**changes):
    plain = {
        "client": {"ip": "10.1.0.1", "port": 33135},
        "server": {"ip": "10.2.0.1", "port": 5061},
        "version": "TLSv1.2",
        "cipher_suite": {"id": "0xC030"},
        "server_certificates": [{"sha256": certificate("CUCM10").sha256}, {"sha256": root().sha256}],
        "client_certificates": [{"sha256": certificate("CUCMA").sha256}, {"sha256": root().sha256}],
    }
    return {"handshakes": [{**plain, **changes}]}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, None),
        ({"version": None}, "version"),
        ({"client_certificates": []}, "client's certificates"),
        ({"alerts": [{"sender": "server", "level": "fatal", "description": "unknown_ca"}]}, "alerts"),
        ({"alerts": [{"sender": "server", "level": "warning", "description": "close_notify"}]}, None),
        ({"version": "TLSv1.0"}, "version"),
        ({"cipher_suite": {"id": "0x002F"}}, "cipher suite"),
        ({"server_certificates": [{"sha256": "0" * 64}]}, "server's certificates"),
        ({"client": {"ip": "10.1.0.1", "port": 1}}, "saw 1 handshakes, Wireshark's dissectors 0"),
    ],
)
def test_two_readers_contradict_each_other_wherever_they_differ(changes, word):
    found = disagreements(capture(handshake("A", "B")), reading(**changes))
    assert (word is None and not found) or any(word in sentence for sentence in found)


def test_a_second_reading_without_handshakes_is_a_contradiction():
    assert disagreements(capture(handshake("A", "B")), {"handshakes": []})
    for damaged in ({}, [], None, "x", {"handshakes": [1]}, {"handshakes": [{"client": {}}]}, {"handshakes": 3}):
        assert disagreements(capture(handshake("A", "B")), damaged)


def test_paths_in_the_index_are_relative(folder):
    kept = folder.keep(b"x", kind="ntp", cluster="A")
    assert not Path(kept.path).is_absolute()
