"""Applying: only an approved plan, only on the clusters it was made from, only what it holds; twice changes nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_cucmtls.clients.axl_writer import AxlWriter
from pytest_cucmtls.inventory import read_inventory
from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.approval import Approval
from pytest_cucmtls.procedure.approved_plan import ApprovedPlan
from pytest_cucmtls.procedure.claim import claim_clusters, release_clusters
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.foresight import make_plan
from pytest_cucmtls.procedure.journal import Journal
from pytest_cucmtls.procedure.runner import perform
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.run.command_runs import open_planning_run
from pytest_cucmtls.simulated_clusters import SimulatedPair, is_simulated
from tests.cluster_truth import truth_of, untold
from tests.plan_runs import Desk
from tests.procedure_runs import run_on
from tests.restored_pairs import fresh_desk, remembered_pair
from tests.test_plan_on_a_pair import elsewhere, somebody


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    with remembered_pair(tmp_path_factory.mktemp("apply")) as started:
        yield started


@pytest.fixture
def desk(pair: SimulatedPair, tmp_path: Path) -> Desk:
    made = fresh_desk(pair, tmp_path)
    assert made.plan().code == 0
    return made


def test_a_plan_nobody_approved_changes_nothing(desk: Desk) -> None:
    before = truth_of(desk.pair)
    said = desk.apply()
    assert said.code == 3
    assert "is not approved" in said.errors
    assert truth_of(desk.pair) == before


def test_what_was_done_is_what_was_approved_and_twice_changes_nothing(desk: Desk) -> None:
    before = truth_of(desk.pair)
    desk.approve()
    assert desk.apply().code == 0
    after = truth_of(desk.pair)
    assert untold(before, after, desk.run_folder) == []
    plan = desk.planned()
    begun = [entry for entry in Journal(desk.run_folder / "journal.jsonl").entries() if entry.event == "change_begun"]
    assert len(begun) == len([change for change in plan.changes if change.step <= 10])
    again = desk.apply()
    assert again.code == 0
    assert again.output.count("nothing had to be changed") == 10
    assert truth_of(desk.pair) == after


def test_a_cluster_that_changed_since_is_left_alone_and_the_difference_named(desk: Desk) -> None:
    desk.approve()
    somebody(desk, lambda axl, run: axl.add_sip_trunk(elsewhere(run, run.clusters[0].spec.trunk)))
    before = truth_of(desk.pair)
    said = desk.apply()
    assert said.code == 3
    assert "the clusters changed since the plan was made: A trunk to-cluster-b: was absent, is {" in said.errors
    assert truth_of(desk.pair) == before


def test_an_identity_that_changed_since_is_noticed(desk: Desk) -> None:
    desk.approve()
    with run_on(desk.pair, desk.folder / "somebody-else") as run:
        cluster, node = run.nodes()[1]
        run.writer(cluster).cli(node).regenerate("CallManager")
    said = desk.apply()
    assert said.code == 3
    assert "B/cucm-b.beta.example CallManager identity: was " in said.errors


def test_what_changes_by_itself_is_no_difference(desk: Desk) -> None:
    desk.approve()
    with run_on(desk.pair, desk.folder / "somebody-else") as run:
        cluster, node = run.nodes()[0]
        run.writer(cluster).control_center(node).restart_and_wait(node.name, "Cisco CallManager", poll_seconds=0.1)
    assert desk.apply().code == 0


def test_another_inventory_is_refused_by_the_name_of_its_field(desk: Desk) -> None:
    desk.approve()
    text = desk.pair.inventory_file.read_text()
    desk.pair.inventory_file.write_text(text.replace('trunk = "to-cluster-b"', 'trunk = "to-somewhere"'))
    try:
        said = desk.apply()
    finally:
        desk.pair.inventory_file.write_text(text)
    assert said.code == 3
    assert "the inventory changed since the plan was made: cluster_a.trunk" in said.errors


def test_an_edited_plan_is_refused(desk: Desk) -> None:
    desk.approve()
    values = json.loads(desk.plan_file.read_text())
    values["changes"] = values["changes"][:-1]
    desk.plan_file.write_text(json.dumps(values))
    said = desk.apply()
    assert said.code == 3
    assert "was changed after it was made" in said.errors


def test_a_change_that_the_plan_does_not_hold_is_refused_at_run_time(desk: Desk) -> None:
    with open_planning_run(desk.pair.inventory_file, None) as run:
        plan = make_plan(run)
    smaller = replace(plan, changes=tuple(change for change in plan.changes if change.target != "B trunk to-cluster-a"))
    approved = ApprovedPlan(smaller, Approval(smaller.digest, "Ada", datetime.now(UTC), ()))
    before = truth_of(desk.pair)
    with run_on(desk.pair, desk.run_folder) as run:
        approved.bind(run)
        results = [perform(run, step) for step in STEPS[7:9]]
    assert [result.outcome for result in results] == [Outcome.PASS, Outcome.BLOCKED]
    assert "B trunk to-cluster-a: absent → to" in results[1].message
    assert "is not in the approved plan" in results[1].message
    came = set(truth_of(desk.pair).parts) - set(before.parts)
    assert came == {f"{name} security profile Secure SIP Trunk Profile TLS" for name in "AB"}, "not even A's trunk was made"


def test_our_object_that_somebody_changed_meanwhile_stops_the_continuation(desk: Desk) -> None:
    desk.approve()
    assert desk.apply().code == 0

    def moved(axl: AxlWriter, _run: Run) -> None:
        axl.update_sip_trunk("to-cluster-b", SipTrunk("to-cluster-b", srtp_allowed=False))

    somebody(desk, moved)
    said = desk.apply()
    assert said.code == 3
    assert "the clusters changed since the plan was made: A trunk to-cluster-b" in said.errors


def test_our_object_that_somebody_removed_is_as_the_plan_found_it_and_made_again_as_approved(desk: Desk) -> None:
    desk.approve()
    assert desk.apply().code == 0
    after = truth_of(desk.pair)

    def removed(axl: AxlWriter, _run: Run) -> None:
        axl.remove_route_pattern("9898", "")

    somebody(desk, removed)
    said = desk.apply()
    assert said.code == 0
    assert "1 change(s)" in said.output
    assert truth_of(desk.pair) == after


def test_a_run_folder_of_another_plan_is_not_continued(desk: Desk) -> None:
    desk.approve()
    assert desk.apply().code == 0

    def wide(axl: AxlWriter, run: Run) -> None:
        axl.add_sip_trunk(elsewhere(run))
        axl.add_route_pattern(RoutePattern("98XX", gateway_name="elsewhere"))

    somebody(desk, wide)
    desk.plan()
    desk.approve()
    said = desk.apply()
    assert said.code == 3
    assert "holds changes of another plan" in said.errors


def test_two_runs_do_not_meet(desk: Desk) -> None:
    desk.approve()
    inventory = read_inventory(desk.pair.inventory_file)
    claim_clusters(inventory, process_id=1, run_folder=desk.folder / "other")
    try:
        said = desk.apply()
    finally:
        release_clusters(inventory, process_id=1)
    assert said.code == 3
    assert "another run works on these clusters: process 1" in said.errors
    assert desk.apply().code == 0


def test_a_closed_window_stops_before_the_first_change_and_says_how_to_go_on(desk: Desk) -> None:
    text = desk.pair.inventory_file.read_text()
    window = '[maintenance]\nfrom = "2020-01-01T00:00"\nuntil = "2020-01-01T01:00"\n\n'
    desk.pair.inventory_file.write_text(text.replace("[clusters.A]\n", f"{window}[clusters.A]\n"))
    try:
        desk.plan()
        desk.approve()
        before = truth_of(desk.pair)
        said = desk.apply()
    finally:
        desk.pair.inventory_file.write_text(text)
    assert said.code == 3
    assert "is closed at" in said.output
    assert "to continue: cucmtls apply" in said.errors
    assert truth_of(desk.pair) == before


def test_only_what_a_simulator_serves_may_be_changed_without_a_plan(desk: Desk) -> None:
    inventory = read_inventory(desk.pair.inventory_file)
    assert is_simulated(inventory)
    node = replace(inventory.cluster_a.nodes[0], address="192.0.2.1")
    assert not is_simulated(replace(inventory, cluster_a=replace(inventory.cluster_a, nodes=(node,))))
