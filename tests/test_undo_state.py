"""Undo: back to the recorded former state, twice if need be, never over what somebody else decided since."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from pytest_cucmtls.clients.axl_writer import AxlWriter
from pytest_cucmtls.inventory import read_inventory
from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.cluster_truth import ask_simulator, remember, truth_of
from tests.killed_runs import KILLED, Death, run_command
from tests.plan_runs import Desk, cucmtls
from tests.restored_pairs import fresh_desk, remembered_pair
from tests.test_plan_on_a_pair import somebody


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A plan applied once; every test begins with these clusters and a copy of these files."""
    folder = tmp_path_factory.mktemp("undo")
    with remembered_pair(folder) as pair:
        desk = Desk(pair, folder / "desk")
        desk.folder.mkdir()
        assert desk.plan().code == desk.approve().code == desk.apply().code == 0
        remember(pair)
        yield desk


@pytest.fixture
def applied(finished: Desk, tmp_path: Path) -> Desk:
    desk = fresh_desk(finished.pair, tmp_path / "desk")
    copytree(finished.folder, desk.folder)
    return desk


def served(pair: SimulatedPair) -> list[tuple[str, str, str]]:
    """(cluster, identity in the store, identity the running service loaded)."""
    found = []
    for cluster in read_inventory(pair.inventory_file).clusters:
        shown = ask_simulator(cluster, cluster.publisher, "status")["certificates"]
        found.append((cluster.name, shown["store"]["sha256"], shown["loaded"]["sha256"]))
    return found


def test_what_cannot_be_undone_is_said_before_and_left_without_a_yes(applied: Desk) -> None:
    identities = served(applied.pair)
    listed = applied.undo("--list")
    assert listed.code == 0
    assert listed.output.count("the former one cannot come back") == 2
    assert listed.output.count("it stays, unless you agree to replace it") == 2
    said = applied.undo()
    assert said.code == 0
    assert said.output.index("the former one cannot come back") < said.output.index("removed")
    assert served(applied.pair) == identities
    assert said.output.count("restart it at a convenient time") == 2


def test_listing_changes_nothing(applied: Desk) -> None:
    before, journal = truth_of(applied.pair), (applied.run_folder / "journal.jsonl").read_bytes()
    applied.undo("--list", "--replace-identities")
    assert truth_of(applied.pair) == before
    assert (applied.run_folder / "journal.jsonl").read_bytes() == journal


def test_the_former_certificate_is_kept_where_undo_says(applied: Desk) -> None:
    said = applied.undo("--list")
    kept = [Path(line.rpartition("is kept in ")[2]) for line in said.output.splitlines() if "is kept in" in line]
    assert len(kept) == 2
    assert all("cucm-" in file.read_text() for file in kept)


def test_with_a_yes_the_services_serve_new_identities_and_nothing_of_the_run_is_left(applied: Desk) -> None:
    before = truth_of(applied.pair)
    said = applied.undo("--yes-replace-identities")
    assert said.code == 0
    now = truth_of(applied.pair)
    assert len(now.objects()) == len(before.objects()) - 6
    assert not any("CallManager-trust" in name and name not in before.parts for name in now.parts)
    for _, store, loaded in served(applied.pair):
        assert store == loaded
        assert store not in before.parts.values()


def test_undone_twice_is_undone_once(applied: Desk) -> None:
    applied.undo("--replace-identities")
    before = truth_of(applied.pair)
    said = applied.undo("--replace-identities")
    assert said.code == 0
    assert said.output == "nothing to undo\n"
    assert truth_of(applied.pair) == before


def test_after_undo_the_same_plan_is_applied_again(applied: Desk) -> None:
    after = truth_of(applied.pair)
    applied.undo("--replace-identities")
    assert applied.apply().code == 0
    assert truth_of(applied.pair).objects() == after.objects()


def test_a_partial_apply_is_undone_as_far_as_it_went(applied: Desk) -> None:
    applied.undo("--replace-identities")
    before = truth_of(applied.pair)
    words = ["apply", applied.plan_file, "--inventory", applied.pair.inventory_file, "--run", applied.run_folder]
    assert run_command([str(word) for word in words], applied.run_folder, death=Death(18, "after")).code == KILLED
    assert applied.undo("--replace-identities").code == 0
    assert truth_of(applied.pair).objects() == before.objects()


def test_an_object_somebody_changed_since_is_left_to_them(applied: Desk) -> None:
    def changed(axl: AxlWriter, _run: Run) -> None:
        axl.update_sip_trunk("to-cluster-b", SipTrunk("to-cluster-b", srtp_allowed=False))

    somebody(applied, changed)
    said = applied.undo()
    assert said.code == 3
    assert "A trunk to-cluster-b: left as it is: somebody changed it since" in said.output
    assert "srtp_allowed: this run wrote True, it is False" in said.output
    assert "A trunk to-cluster-b" in truth_of(applied.pair).parts
    assert "B trunk to-cluster-a: removed" in said.output
    assert "A security profile Secure SIP Trunk Profile TLS: left as it is" in said.output, "the trunk still uses it"
    assert applied.undo().output.count("left as it is: ") == 2, "still open, and said again"


def test_an_object_somebody_came_to_use_is_left_to_them(applied: Desk) -> None:
    def used(axl: AxlWriter, _run: Run) -> None:
        axl.add_route_pattern(RoutePattern("77XX", gateway_name="to-cluster-b"))

    somebody(applied, used)
    said = applied.undo()
    assert said.code == 3
    assert "A trunk to-cluster-b: left as it is" in said.output
    assert "A route pattern 77XX" in truth_of(applied.pair).parts


def test_an_object_somebody_removed_already_is_no_problem(applied: Desk) -> None:
    def removed(axl: AxlWriter, _run: Run) -> None:
        axl.remove_route_pattern("9898", "")

    somebody(applied, removed)
    said = applied.undo()
    assert said.code == 0
    assert "A route pattern 9898: was gone already" in said.output


def test_what_is_no_run_folder_cannot_be_undone(finished: Desk, tmp_path: Path) -> None:
    said = cucmtls("undo", tmp_path, "--inventory", finished.pair.inventory_file)
    assert said.code == 2
    assert "is no run folder" in said.errors
