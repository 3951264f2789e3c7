"""A plan made on a simulated pair: whole, read-only, bound to the state, and blocked by what other people made."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_cucmtls.clients.axl_writer import AxlWriter
from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk, SipTrunkSecurityProfile, TrunkDestination
from pytest_cucmtls.model.intended import intended_profile, intended_route_pattern, intended_trunk
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.plan_values import PROOF_STEP
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.cluster_truth import truth_of
from tests.plan_runs import Desk
from tests.procedure_runs import run_on
from tests.restored_pairs import fresh_desk, remembered_pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    with remembered_pair(tmp_path_factory.mktemp("plan")) as started:
        yield started


@pytest.fixture
def desk(pair: SimulatedPair, tmp_path: Path) -> Desk:
    return fresh_desk(pair, tmp_path)


Made = Callable[[AxlWriter, Run], object]


def somebody(desk: Desk, makes: Made) -> None:
    """Somebody else changes cluster A by hand."""
    with run_on(desk.pair, desk.folder / "somebody-else") as run:
        makes(run.writer(run.clusters[0]).axl(), run)


def trunk_of(run: Run, name: str, **fields: object) -> SipTrunk:
    wanted = intended_trunk(run.inventory, run.clusters[0].spec)
    return replace(wanted, name=name, security_profile_name="Non Secure SIP Trunk Profile", srtp_allowed=False, **fields)


def elsewhere(run: Run, name: str = "elsewhere") -> SipTrunk:
    return trunk_of(run, name, destinations=(TrunkDestination("192.0.2.9", 5060),))


def a_copy_of_the_trunk(axl: AxlWriter, run: Run) -> None:
    axl.add_sip_trunk(trunk_of(run, "old-trunk"))


def a_profile_with_our_names(axl: AxlWriter, run: Run) -> None:
    axl.add_security_profile(replace(intended_profile(run.inventory, run.clusters[0].spec), name="old profile"))


def a_half_made_trunk(axl: AxlWriter, run: Run) -> None:
    axl.add_sip_trunk(elsewhere(run, run.clusters[0].spec.trunk))


def a_profile_of_our_name(axl: AxlWriter, run: Run) -> None:
    name = run.clusters[0].spec.security_profile
    axl.add_security_profile(SipTrunkSecurityProfile(name, security_mode="Non Secure", incoming_port=5070))


def our_pattern_to_another_place(axl: AxlWriter, run: Run) -> None:
    axl.add_sip_trunk(elsewhere(run))
    axl.add_route_pattern(replace(intended_route_pattern(run.inventory, run.clusters[0].spec), gateway_name="elsewhere"))


def a_pattern_as_close_as_ours(axl: AxlWriter, run: Run) -> None:
    axl.add_sip_trunk(elsewhere(run))
    axl.add_route_pattern(RoutePattern("[9]898", gateway_name="elsewhere"))


OBSTACLES: list[tuple[Made, str, str]] = [
    (a_copy_of_the_trunk, "A trunk old-trunk already leads to", 'adopt it (trunk = "old-trunk" in [clusters.A])'),
    (a_profile_with_our_names, "A security profile old profile already has", 'adopt it (security_profile = "old profile"'),
    (a_half_made_trunk, "A trunk to-cluster-b exists already with other values", "trunk of cluster A in the inventory"),
    (
        a_profile_of_our_name,
        "exists already with other values (security_mode: is 'Non Secure'",
        "by correcting these fields by hand",
    ),
    (our_pattern_to_another_place, "A route pattern 9898 exists already", "route_pattern of cluster A"),
    (a_pattern_as_close_as_ours, "[9]898 to elsewhere takes 9898 as closely", 'adopt it (route_pattern = "[9]898"'),
]


@pytest.mark.parametrize(("makes", "what", "proposal"), OBSTACLES, ids=[case[0].__name__ for case in OBSTACLES])
def test_what_somebody_else_made_blocks_the_plan_with_a_proposal(desk: Desk, makes: Made, what: str, proposal: str) -> None:
    somebody(desk, makes)
    before = truth_of(desk.pair)
    said = desk.plan()
    assert said.code == 3
    assert what in said.output
    assert proposal in said.output
    assert desk.approve().code == 3
    assert truth_of(desk.pair) == before


def test_an_object_of_our_name_that_is_as_wanted_is_adopted(desk: Desk) -> None:
    def as_wanted(axl: AxlWriter, run: Run) -> None:
        axl.add_security_profile(intended_profile(run.inventory, run.clusters[0].spec))

    somebody(desk, as_wanted)
    assert desk.plan().code == 0
    targets = [change.target for change in desk.planned().changes]
    assert "A security profile Secure SIP Trunk Profile TLS" not in targets
    assert "B security profile Secure SIP Trunk Profile TLS" in targets


def test_a_wider_pattern_is_named_beside_the_one_that_takes_its_calls(desk: Desk) -> None:
    def wide(axl: AxlWriter, run: Run) -> None:
        axl.add_sip_trunk(elsewhere(run))
        axl.add_route_pattern(RoutePattern("9XXX", gateway_name="elsewhere"))

    somebody(desk, wide)
    assert desk.plan().code == 0
    pattern = next(change for change in desk.planned().changes if change.target == "A route pattern 9898")
    assert pattern.references == ("route pattern 9XXX to elsewhere is wider: calls to this number leave it",)


def test_planning_changes_nothing_and_covers_all_steps_beforehand(desk: Desk) -> None:
    before = truth_of(desk.pair)
    assert desk.plan().code == 0
    assert truth_of(desk.pair) == before
    plan = desk.planned()
    assert "| 7 | A/cucm-a.alpha.example CallManager identity |" in desk.plan_file.with_suffix(".md").read_text()
    assert {change.step for change in plan.changes} == {3, 4, 6, 7, 8, 9, 10, PROOF_STEP}
    assert sum(change.foreseen for change in plan.changes) >= 8
    assert [change.target for change in plan.irreversible] == [
        "A/cucm-a.alpha.example CallManager identity",
        "B/cucm-b.beta.example CallManager identity",
    ]
    restarts = [change for change in plan.changes if change.interface == "control-center"]
    assert all("drops the calls in progress" in change.risk for change in restarts)


def test_the_same_state_gives_the_same_plan_and_another_state_another(desk: Desk) -> None:
    desk.plan()
    first = desk.planned().digest
    desk.plan()
    assert desk.planned().digest == first
    somebody(desk, lambda axl, run: axl.add_sip_trunk(elsewhere(run)))
    desk.plan()
    assert desk.planned().digest == first, "a trunk that has nothing to do with ours is none of the plan's business"
    somebody(desk, lambda axl, _run: axl.add_route_pattern(RoutePattern("98XX", gateway_name="elsewhere")))
    desk.plan()
    assert desk.planned().digest != first


def test_once_a_plan_is_applied_the_next_one_is_empty(desk: Desk) -> None:
    assert desk.plan().code == desk.approve().code == desk.apply().code == 0
    with run_on(desk.pair, desk.run_folder) as run:
        assert run.journal.path.exists()
    from tests.plan_runs import cucmtls

    said = cucmtls("plan", "--inventory", desk.pair.inventory_file, "--run", desk.run_folder)
    assert said.code == 0
    assert said.output.strip().endswith("nothing to change")


def test_a_shared_profile_names_the_trunks_that_use_it(desk: Desk) -> None:
    def shared(axl: AxlWriter, run: Run) -> None:
        spec = run.clusters[0].spec
        axl.add_security_profile(intended_profile(run.inventory, spec))
        axl.add_sip_trunk(replace(elsewhere(run), security_profile_name=spec.security_profile))

    somebody(desk, shared)
    assert desk.plan().code == 0
    identity = next(change for change in desk.planned().changes if change.target == "A/cucm-a.alpha.example CallManager identity")
    assert identity.references == ("trunk elsewhere (profile Secure SIP Trunk Profile TLS)",)
