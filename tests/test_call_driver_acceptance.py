"""Acceptance runs whose test calls are placed and answered by SIP phones of our own, on the simulated pair."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.call_setup import CallSetup
from pytest_cucmtls.model.inventory import ClusterSpec
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.journal import Journal
from pytest_cucmtls.run.replaying import keep_replayed_call, replays
from pytest_cucmtls.wire.x509_sign import private_key_pem
from tests.acceptance_runs import FinishedRun, accept
from tests.other_sip_stacks import write_identity
from tests.simulated_nodes import KEYS, Authority


def inventory(folder: Path, transport: str, drivers: tuple[str, str] = ("sip-phone", "sip-phone")) -> Path:
    """Two simulated clusters whose test phones have to register; an authority of the files' kind signs everybody."""
    ca = Authority()
    own, trusted = write_identity(folder, ca.identity("phone", 2), ca.der)
    (folder / "ca.key").write_bytes(private_key_pem(ca.key))
    phone_key = folder / "phone.key"
    phone_key.write_bytes(private_key_pem(KEYS[2048][2]))
    text = f"""
mode = "apply"
[authority]
kind = "files"
certificate_file = "{trusted}"
key_file = "{folder / "ca.key"}"
"""
    for name, release, number, driver in (("A", "15", "1018", drivers[0]), ("B", "14", "9898", drivers[1])):
        text += f"""
[clusters.{name}]
extension = "{number}"
phone = "SEP0011223344{number[:2]}"
trunk = "to-the-other"
call_driver = "{driver}"
"""
        if driver == "sip-phone":
            files = f'ca_file = "{trusted}"\ncertificate_file = "{own}"\nkey_file = "{phone_key}"\n' if transport == "tls" else ""
            text += f'[clusters.{name}.sip_phone]\ntransport = "{transport}"\n{files}'
        text += f"""
[[clusters.{name}.nodes]]
name = "cucm-{name.lower()}.example.org"
address = "sim://{release}"
"""
    file = folder / "clusters.toml"
    file.write_text(text)
    return file


def kept(run: FinishedRun, kind: str) -> list[dict[str, object]]:
    """Every raw item of a kind, parsed."""
    return [json.loads(file.read_text()) for file in sorted(run.folder.glob(f"raw/*/{kind}-*.json"))]


def test_two_phones_of_ours_prove_everything_srtp_of_the_packets_included(tmp_path: Path) -> None:
    run = accept(tmp_path, "--cucm-inventory", str(inventory(tmp_path, "tls")))
    assert run.exit_code == 0, run.output
    assert run.outcomes("FAIL", "INCONCLUSIVE", "ERROR", "BLOCKED") == set()
    passed = run.outcomes("PASS")
    for check in (
        "media_packets_are_srtp",
        "conversation_is_heard_both_ways",
        "right_party_answers",
        "media_is_negotiated_as_srtp",
    ):
        assert {(check, "A->B"), (check, "B->A")} <= passed
    assert ("no_media_in_clear", "pair") in passed
    proofs = kept(run, "media_proof")
    assert len(proofs) == 4
    assert all(proof["encrypted"] and proof["marker_heard"] and proof["authenticated"] == proof["packets"] for proof in proofs)
    assert len({proof["marker"] for proof in proofs}) == 4
    assert [call["outcome"] for call in kept(run, "call")] == ["answered", "answered"]
    assert len(list(run.folder.glob("raw/*/phone_capture-*.pcap"))) == 4
    verdicts = {(one.check, one.subject): one.outcome for one in replayed(run.folder, tmp_path / "replay")}
    for check in ("call_is_placed", "tls_connection_is_established", "both_sides_authenticate"):
        assert verdicts[check, "A->B"] is verdicts[check, "B->A"] is Outcome.PASS, check
    assert verdicts["conversation_is_heard_both_ways", "A->B"] is Outcome.NOT_APPLICABLE


def replayed(before: Path, place: Path) -> list[Verdict]:
    """The verdicts when the call comes from captures and traces of a run made before, and nothing else is known."""
    inventory = RunFolder(before).inventory()

    def replaying(spec: ClusterSpec) -> ClusterSpec:
        def files(kind: str) -> tuple[str, ...]:
            return tuple(map(str, sorted(before.glob(f"raw/{spec.name}/*/{kind}-*"))))

        setup = CallSetup("replay", captures=files("capture"), traces=(*files("sdl_trace"), *files("calllog")))
        return replace(spec, calling=setup)

    first, second = map(replaying, inventory.clusters)
    inventory = replace(inventory, cluster_a=first, cluster_b=second)
    folder = RunFolder(place)
    folder.begin(inventory, started_at=datetime.now(UTC))
    assert replays(inventory)
    # Nothing of a cluster is asked: there is none.
    keep_replayed_call(Run(inventory, folder, (None, None), None, Journal(place / "journal.jsonl"), print))  # type: ignore[arg-type]
    return judge(load_evidence(place), load_policy(inventory.policy))


def test_one_phone_of_ours_talks_to_one_of_the_cluster(tmp_path: Path) -> None:
    run = accept(tmp_path, "--cucm-inventory", str(inventory(tmp_path, "tls", ("webdialer", "sip-phone"))), "-k", "verify")
    assert run.exit_code == 0, run.output
    for direction in ("A->B", "B->A"):
        assert ("media_packets_are_srtp", direction) in run.outcomes("PASS")
        assert ("conversation_is_heard_both_ways", direction) in run.outcomes("NOT_APPLICABLE")
        assert ("right_party_answers", direction) in run.outcomes("PASS")
    assert [call["driver"] for call in kept(run, "call")] == ["WebDialer", "SIP phone"]
