"""Three simulated clusters, one trunk between them broken, verified by two workers: collected once, told apart, merged once."""

import json
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.clusters import ClusterWriter
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.mesh_inventory import read_mesh
from pytest_cucmtls.simulated_clusters import SimulatedPair, start_simulated_pair
from tests.acceptance_runs import FinishedRun, accept
from tests.mesh_files import simulated_mesh

TRUNKS = ("c01--c02", "c01--c03", "c02--c03")
BROKEN = "c01--c02"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three configured clusters of two nodes whose first two disagree about their trunk, refusing every change from then on."""
    place = tmp_path_factory.mktemp("mesh")
    file = simulated_mesh(place / "mesh.toml", 3, 2)
    pair = start_simulated_pair(file, place / "simulator", parent_process_id=os.getpid(), configured=True)
    try:
        _break(pair)
        pair.protect()
        yield pair
    finally:
        pair.stop()


def _break(pair: SimulatedPair) -> None:
    """The first cluster's profile for the second one names somebody else."""
    spec = read_mesh(pair.inventory_file).trunk(BROKEN).cluster_a
    cluster = ClusterWriter(spec, Credentials(pair.credentials_file))
    try:
        profile = cluster.axl().read_security_profile(spec.security_profile).value
        assert profile is not None
        foreign = replace(profile, x509_subject_name="cucm.elsewhere.example")
        cluster.axl().update_security_profile(spec.security_profile, foreign)
        cluster.axl().reset_sip_trunk(spec.trunk)
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def finished(running: SimulatedPair, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """The packaged test cases of two steps over the mesh, two workers; every trunk is judged by every check all the same."""
    options = ["-n", "2", "--dist", "loadgroup", "--cucm-inventory", str(running.inventory_file), "-k", "step_08 or step_10"]
    return accept(tmp_path_factory.mktemp("run"), *options)


@pytest.fixture(scope="module")
def matrix(finished: FinishedRun) -> dict[str, Any]:
    """What the run says of every direction."""
    document: dict[str, Any] = json.loads((finished.folder / "matrix.json").read_text(encoding="utf-8"))
    return document


def test_exactly_the_two_directions_of_the_broken_trunk_are_refuted(matrix: dict[str, Any]) -> None:
    standings = {row["direction"]: row["standing"] for row in matrix["directions"]}
    assert {direction for direction, standing in standings.items() if standing == "refuted"} == {"c01->c02", "c02->c01"}
    assert {standing for direction, standing in standings.items() if "c03" in direction} == {"proven"}
    assert len(standings) == 6


def test_the_broken_trunk_is_the_odd_one_out(matrix: dict[str, Any], finished: FinishedRun) -> None:
    assert [(suspect["kind"], suspect["name"]) for suspect in matrix["suspects"]] == [("trunk", BROKEN)]
    assert "refuted: trunk c01--c02" in finished.output
    assert finished.exit_code == 1


def test_nothing_was_changed_on_any_cluster(finished: FinishedRun, running: SimulatedPair) -> None:
    assert finished.folder.exists()
    assert running.writes() == []


def test_every_node_was_captured_once_and_its_files_are_kept_once(finished: FinishedRun) -> None:
    shared = RunFolder(finished.folder / "shared")
    nodes = {(f"c{cluster:02d}", f"cucm{node}.c{cluster:02d}.example") for cluster in (1, 2, 3) for node in (1, 2)}
    for kind in ("capture", "version", "own_certificate", "witness"):
        assert Counter((line.cluster, line.node) for line in shared.entries(kind)) == Counter(nodes), kind
    files = [line.item.path for line in shared.entries() if line.kind == "sdl_trace"]
    assert len(files) == len(set(files))


def test_the_answers_of_a_cluster_are_one_file_for_all_trunks(finished: FinishedRun) -> None:
    lines = [line for line in RunFolder(finished.folder / "shared").entries("trunk_status") if line.cluster == "c01"]
    assert len(lines) == 2
    assert len({line.item.path for line in lines}) == 1
    for name, trunk in (("c01--c02", "to-c02"), ("c01--c03", "to-c03")):
        status = load_evidence(finished.folder / "trunks" / name).clusters[0].trunk_status
        assert status is not None
        assert status.value.name == trunk


def test_one_call_was_placed_in_each_direction(finished: FinishedRun) -> None:
    calls = [
        json.loads(RunFolder(finished.folder / "shared").read(line))
        for line in RunFolder(finished.folder / "shared").entries("call")
    ]
    assert Counter(call["direction"] for call in calls) == Counter(
        f"{one}->{other}" for one in ("c01", "c02", "c03") for other in ("c01", "c02", "c03") if one != other
    )


@pytest.mark.parametrize("name", TRUNKS)
def test_each_trunk_has_a_run_folder_like_that_of_a_pair(finished: FinishedRun, name: str) -> None:
    folder = finished.folder / "trunks" / name
    first, second = name.split("--")
    evidence = load_evidence(folder)
    assert [cluster.name for cluster in evidence.clusters] == [first, second]
    assert evidence.unusable == ()
    assert {call.value.direction for call in evidence.calls} == {f"{first}->{second}", f"{second}->{first}"}
    assert (folder / "report.html").exists()
    assert {line.cluster for line in RunFolder(folder).entries()} <= {first, second, None}


@pytest.mark.parametrize("name", TRUNKS)
def test_what_was_cut_says_what_it_was_cut_from(finished: FinishedRun, name: str) -> None:
    folder = RunFolder(finished.folder / "trunks" / name)
    whole = {line.item.path: line.item.sha256 for line in RunFolder(finished.folder / "shared").entries()}
    cut = [line for kind in ("capture", "sdl_trace", "calllog", "witness") for line in folder.entries(kind)]
    assert cut
    for line in cut:
        origin = line.attributes["cut_from"]
        assert whole[origin["path"]] == origin["sha256"]


@pytest.mark.parametrize("name", TRUNKS)
def test_a_trunks_capture_and_traces_show_nothing_of_the_third_cluster(finished: FinishedRun, name: str) -> None:
    folder = RunFolder(finished.folder / "trunks" / name)
    third = ({"c01", "c02", "c03"} - set(name.split("--"))).pop()
    mesh = json.loads((finished.folder / "trunks" / TRUNKS[2] / "run.json").read_text())["inventory"]
    others = json.loads((finished.folder / "trunks" / TRUNKS[0] / "run.json").read_text())["inventory"]
    specs = {side["name"]: side for run in (mesh, others) for side in (run["cluster_a"], run["cluster_b"])}
    addresses = [node["address"] for node in specs[third]["nodes"]]
    evidence = load_evidence(folder.path)
    captured = {
        ip for cluster in evidence.clusters for node in cluster.nodes for one in node.captures for ip in one.value.addresses
    }
    assert not captured & set(addresses)
    traced = b"".join(folder.read(line) for kind in ("sdl_trace", "calllog") for line in folder.entries(kind)).decode()
    assert not [address for address in addresses if re.search(rf"\b{re.escape(address)}\b", traced)]


def test_a_trunks_folder_is_judged_again_to_the_same_verdicts(finished: FinishedRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(finished.folder / "trunks" / "c02--c03")]) == 0
    assert main(["judge", str(finished.folder / "trunks" / BROKEN)]) == 1
    capsys.readouterr()


def _results(finished: FinishedRun) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in (finished.folder / "allure-results").glob("*-result.json")]


def test_allure_has_each_requirement_of_each_trunk_exactly_once(finished: FinishedRun) -> None:
    results = _results(finished)
    told = Counter(result["fullName"] + str(sorted(entry["value"] for entry in result["parameters"])) for result in results)
    assert set(told.values()) == {1}
    by_trunk = Counter(
        trunk for result in results for trunk in TRUNKS if any(trunk in entry["value"] for entry in result["parameters"])
    )
    assert set(by_trunk) == set(TRUNKS)
    assert len(set(by_trunk.values())) == 1
    assert sum(by_trunk.values()) == len(results)


def test_every_verdict_of_every_trunk_was_asked_by_exactly_one_test(finished: FinishedRun) -> None:
    for name in TRUNKS:
        verdicts = json.loads((finished.folder / "trunks" / name / "verdicts.json").read_text())["verdicts"]
        asked = Counter(
            (label(result, "check"), label(result, "subject"))
            for result in _results(finished)
            if any(name in entry["value"] for entry in result["parameters"])
        )
        assert asked
        assert {check for check, _ in asked} <= {verdict["check"] for verdict in verdicts}
        assert set(asked.values()) == {1}


def label(result: dict[str, Any], name: str) -> str:
    return next((str(entry["value"]) for entry in result["labels"] if entry["name"] == name), "")


def test_all_tests_of_a_trunk_ran_in_one_worker(finished: FinishedRun) -> None:
    workers: dict[str, set[str]] = {name: set() for name in TRUNKS}
    for result in _results(finished):
        for name in TRUNKS:
            if any(name in entry["value"] for entry in result["parameters"]):
                workers[name].add(label(result, "thread"))
    assert all(len(threads) == 1 for threads in workers.values()), workers


def test_the_command_concludes_a_collected_mesh_again_without_the_clusters(
    finished: FinishedRun, running: SimulatedPair, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (finished.folder / "matrix.json").read_text()
    options = ["verify-mesh", str(running.inventory_file), "--out", str(finished.folder), "--workers", "1", "--lang", "fr"]
    assert main(options) == 1
    assert "directions: 4 proven, 2 refuted" in capsys.readouterr().out
    assert (finished.folder / "matrix.json").read_text() == before
    assert '<html lang="fr">' in (finished.folder / "matrix.html").read_text()


def test_a_mesh_is_never_applied_to(running: SimulatedPair, tmp_path: Path) -> None:
    run = accept(tmp_path, "--cucm-inventory", str(running.inventory_file), "--cucm-mode", "apply")
    assert run.exit_code == 4
    assert "verified only" in run.output
