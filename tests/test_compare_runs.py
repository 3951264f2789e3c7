"""Two real runs are the same but for what a simulated pair makes anew; whatever is then changed in one is found and classed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.evidence.bundles.manifest import sha256_of
from pytest_cucmtls.evidence.bundles.opened import export, opened_bundle
from pytest_cucmtls.evidence.bundles.seal import Occasion, seal
from pytest_cucmtls.evidence.comparison.compare_runs import Comparison, Difference, compare_runs
from pytest_cucmtls.evidence.comparison.expected_changes import ExpectedChange, ExpectedChanges
from pytest_cucmtls.evidence.given.preference import Change
from pytest_cucmtls.evidence.inventory_json import inventory_as_json
from pytest_cucmtls.evidence.rejudge import rejudge
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.inventory import Inventory, Mode
from tests.acceptance_runs import accept
from tests.sealed_bundles import ed25519_signer, sealing


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> tuple[Path, Path]:
    """Two acceptances of the simulated pair, made once."""
    place = tmp_path_factory.mktemp("runs")
    finished = [accept(place / name) for name in ("one", "two")]
    assert [run.exit_code for run in finished] == [0, 0], "\n".join(run.output for run in finished)
    return finished[0].folder, finished[1].folder


@pytest.fixture
def changed(runs, tmp_path) -> Path:
    """A copy of the second run that a test may change."""
    return Path(shutil.copytree(runs[1], tmp_path / "changed", ignore=shutil.ignore_patterns("private", "allure-results")))


def edit(run: Path, kind: str, cluster: str, old: str, new: str) -> None:
    """Replace text in every item of a kind, and its digest in the index, as if the cluster had answered so."""
    folder = RunFolder(run)
    index = folder.index_file.read_text()
    found = 0
    for line in folder.entries(kind):
        text = folder.read(line).decode()
        if line.cluster != cluster or old not in text:
            continue
        data = text.replace(old, new).encode()
        (run / line.item.path).write_bytes(data)
        index = index.replace(line.item.sha256, sha256_of(data))
        found += 1
    assert found, f"no {kind} of {cluster} holds {old!r}"
    folder.index_file.write_text(index)


def change_inventory(run: Path, change: Callable[[Inventory], Inventory]) -> None:
    folder = RunFolder(run)
    values = folder.run_values() | {"inventory": inventory_as_json(change(folder.inventory()))}
    folder.run_file.write_text(json.dumps(values))


def change_about(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((run / "verdicts.json").read_text())
    change(document["run"])
    (run / "verdicts.json").write_text(json.dumps(document))


def found(comparison: Comparison, change: Change) -> list[Difference]:
    return [one for one in comparison.differences if one.change is change]


def only(comparison: Comparison, area: str, name: str) -> Difference:
    (one,) = [one for one in comparison.differences if (one.area, one.name) == (area, name)]
    return one


def test_two_runs_of_the_same_pair_differ_only_in_what_is_made_anew(runs):
    comparison = compare_runs(*runs)
    assert not comparison.regressed
    assert {(one.change, one.area) for one in comparison.differences} == {(Change.EXPECTED, "certificate")}
    assert comparison.compared > 400


def test_a_run_does_not_differ_from_itself(runs):
    assert compare_runs(runs[0], runs[0]).differences == ()


def test_a_sealed_run_compares_and_judges_like_the_run_folder(runs, tmp_path):
    bundle = seal(runs[0], tmp_path / "bundle", ed25519_signer(), sealing()).folder
    assert export(bundle, tmp_path / "b.tar.gz", Occasion("bob", datetime.now(UTC))).intact
    for sealed_run in (bundle, tmp_path / "b.tar.gz"):
        assert compare_runs(runs[0], sealed_run).differences == ()
        with opened_bundle(sealed_run) as folder:
            again = rejudge(folder)
        assert again.compared > 100
        assert again.differences == ()


def test_a_security_mode_that_went_down_is_worse(runs, changed):
    edit(changed, "security_profile", "A", ">Encrypted<", ">Authenticated<")
    comparison = compare_runs(runs[0], changed)
    one = only(comparison, "configuration", "security_mode")
    assert (one.change, one.subject, one.before, one.after) == (Change.WORSE, "A", "Encrypted", "Authenticated")
    assert any(one.area == "verdict" for one in found(comparison, Change.WORSE)), "the verdict goes down with it"
    assert comparison.regressed


def test_a_security_mode_that_went_up_is_improved(runs, changed):
    edit(changed, "security_profile", "A", ">Encrypted<", ">Authenticated<")
    comparison = compare_runs(changed, runs[0])
    assert only(comparison, "configuration", "security_mode").change is Change.IMPROVED
    assert not comparison.regressed, comparison.lines()


def test_a_setting_nobody_named_is_unexplained_and_names_both_raw_items(runs, changed):
    edit(changed, "phone", "B", ">Default<", ">Elsewhere<")
    one = only(compare_runs(runs[0], changed), "configuration", "device_pool_name")
    assert (one.change, one.after) == (Change.UNEXPLAINED, "Elsewhere")
    assert one.after_item is not None
    assert one.after_item.path == "raw/B/phone-1.xml"


def test_a_rule_of_the_user_makes_a_difference_expected(runs, changed):
    edit(changed, "phone", "B", ">Default<", ">Elsewhere<")
    rule = ExpectedChange(1, (("about", "phone"), ("after", "Else*")), "moved under change 4711")
    comparison = compare_runs(runs[0], changed, ExpectedChanges((rule,)))
    one = only(comparison, "configuration", "device_pool_name")
    assert (one.change, one.why) == (Change.EXPECTED, "moved under change 4711, rule 1")
    assert not comparison.regressed


def test_a_rule_that_fits_nothing_is_told(runs):
    rule = ExpectedChange(1, (("about", "gatekeeper"),), "never happened")
    assert compare_runs(runs[0], runs[1], ExpectedChanges((rule,))).notes == ("rule 1 (never happened) fits no difference",)


def test_a_newer_release_is_expected_and_an_older_one_is_not(runs, changed):
    release = RunFolder(changed).entries("version")[0]
    text = RunFolder(changed).read(release).decode()
    version = next(word for word in text.split() if word.startswith("15.0."))
    edit(changed, "version", release.cluster or "", version, version.replace("15.0.1.", "15.0.2."))
    assert only(compare_runs(runs[0], changed), "release", "release").change is Change.EXPECTED
    assert only(compare_runs(changed, runs[0]), "release", "release").change is Change.UNEXPLAINED


def test_a_route_that_leads_elsewhere_is_explained_by_the_step_that_made_it(runs, changed):
    edit(changed, "route_pattern", "A", ">to-cluster-b<", ">to-cluster-c<")
    one = only(compare_runs(runs[0], changed), "configuration", "gateway_name")
    assert (one.change, one.about, one.after) == (Change.EXPECTED, "route pattern 9898", "to-cluster-c")
    assert "step 10 of this run" in one.why


def test_a_route_that_leads_elsewhere_is_unexplained_when_no_step_made_it(runs, changed):
    edit(changed, "route_pattern", "A", ">to-cluster-b<", ">to-cluster-c<")
    index = RunFolder(changed).index_file
    index.write_text("".join(line for line in index.read_text().splitlines(keepends=True) if '"kind": "step"' not in line))
    assert only(compare_runs(runs[0], changed), "configuration", "gateway_name").change is Change.UNEXPLAINED


def test_a_clear_call_is_worse(runs, changed):
    edit(changed, "sdl_trace", "A", "RTP/SAVP", "RTP/AVP")
    profiles = [one for one in compare_runs(runs[0], changed).differences if one.name == "profile"]
    assert profiles
    assert {one.change for one in profiles} == {Change.WORSE}


def test_a_thing_that_is_gone_is_one_difference(runs, changed):
    edit(changed, "phone", "B", "getPhoneResponse", "Fault")
    (one,) = [one for one in compare_runs(runs[0], changed).differences if one.area == "configuration"]
    assert (one.about, one.name, one.before, one.after, one.change) == (
        "phone",
        "as a whole",
        "there",
        None,
        Change.UNEXPLAINED,
    )


def test_a_node_that_is_gone_is_one_difference(runs, changed):
    def without_b(inventory: Inventory) -> Inventory:
        node = replace(inventory.cluster_b.nodes[0], name="another")
        return replace(inventory, cluster_b=replace(inventory.cluster_b, nodes=(node,)))

    change_inventory(changed, without_b)
    comparison = compare_runs(runs[0], changed)
    assert only(comparison, "inventory", "nodes").after == ("another",)
    assert not [one for one in comparison.differences if one.subject.startswith("B/")]


def test_runs_of_other_clusters_are_not_compared(runs, changed):
    def renamed(inventory: Inventory) -> Inventory:
        return replace(inventory, cluster_a=replace(inventory.cluster_a, name="london"))

    change_inventory(changed, renamed)
    with pytest.raises(FileUnreadable, match="no baseline for this run"):
        compare_runs(runs[0], changed)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (1.0, 6.0, None),
        (1.0, 6.01, Change.WORSE),
        (3.0, 9.0, None),
        (3.0, 9.01, Change.WORSE),
        (9.01, 3.0, Change.IMPROVED),
    ],
)
def test_a_phase_is_slower_only_beyond_both_limits(changed, tmp_path, before, after, change):
    other = Path(shutil.copytree(changed, tmp_path / "other"))
    for run, seconds in ((changed, before), (other, after)):
        change_about(run, lambda about, value=seconds: about.update(phases=[{"phase": "capture", "seconds": value}]))
    differences = [one for one in compare_runs(changed, other).differences if one.area == "timing"]
    assert [one.change for one in differences] == ([change] if change else [])


def test_a_run_that_only_reads_is_compared_with_the_acceptance_before_it(runs, changed):
    change_inventory(changed, lambda inventory: replace(inventory, mode=Mode.VERIFY))
    comparison = compare_runs(runs[0], changed)
    assert not comparison.regressed, comparison.lines()
    assert any("mode apply" in note for note in comparison.notes)


def test_a_policy_can_be_chosen_for_both(runs):
    assert compare_runs(*runs).policy == "cisco-hardening"
    assert compare_runs(*runs, policy_name="nist-800-52r2").policy == "nist-800-52r2"


def test_a_baseline_that_is_not_intact_is_refused(runs, tmp_path):
    bundle = seal(runs[0], tmp_path / "bundle", ed25519_signer(), sealing()).folder
    (bundle / "raw" / "A" / "phone-1.xml").write_text("<x/>")
    with pytest.raises(FileUnreadable, match=r"phone-1\.xml"):
        compare_runs(bundle, runs[1])


def test_the_json_says_what_the_lines_say(runs, changed):
    edit(changed, "security_profile", "A", ">Encrypted<", ">Authenticated<")
    comparison = compare_runs(runs[0], changed)
    document = json.loads(json.dumps(comparison.as_json()))
    assert document["schema"] == "cucmtls-comparison-1"
    assert document["regressed"] is True
    assert len(document["differences"]) == sum(document["counts"].values())
    assert document["differences"][0]["class"] == "worse", "worst first"
    lines = comparison.lines()
    assert len(lines) == len(comparison.differences) + len(comparison.notes) + 1
    assert "worse" in lines[-1]
