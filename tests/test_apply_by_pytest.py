"""Mode apply of a pytest run: simulated clusters need no plan, any others an approved one, and it binds the proof as well."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.procedure.journal import Journal
from pytest_cucmtls.run import acceptance
from pytest_cucmtls.run.acceptance import Acceptance
from pytest_cucmtls.run.settings import Settings
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.acceptance_runs import accept
from tests.cluster_truth import truth_of
from tests.plan_runs import Desk
from tests.restored_pairs import fresh_desk, remembered_pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    with remembered_pair(tmp_path_factory.mktemp("by-pytest")) as started:
        yield started


@pytest.fixture
def desk(pair: SimulatedPair, tmp_path: Path) -> Desk:
    return fresh_desk(pair, tmp_path)


def acceptance_of(desk: Desk, *, plan: Path | None) -> Acceptance:
    settings = Settings(folder=desk.run_folder, inventory_file=desk.pair.inventory_file, mode=Mode.APPLY, plan=plan, session="1")
    return Acceptance(settings, lambda _text: None)


def test_clusters_no_simulator_serves_are_not_changed_without_a_plan(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "is_simulated", lambda _inventory: False)
    before = truth_of(desk.pair)
    run = acceptance_of(desk, plan=None)
    try:
        with pytest.raises(UnsafeToAct, match=r"real clusters are changed by an approved plan only.*--cucm-plan"):
            run.through(10)
    finally:
        run.close()
        run.finish()
    assert truth_of(desk.pair) == before


def test_with_an_approved_plan_they_are(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "is_simulated", lambda _inventory: False)
    assert desk.plan().code == desk.approve().code == 0
    run = acceptance_of(desk, plan=desk.plan_file)
    try:
        run.through(8)
    finally:
        run.close()
        run.finish()
    assert "A security profile Secure SIP Trunk Profile TLS" in truth_of(desk.pair).parts


def test_a_run_with_a_plan_nobody_approved_is_blocked(desk: Desk) -> None:
    assert desk.plan().code == 0
    before = truth_of(desk.pair)
    options = ("--cucm-inventory", str(desk.pair.inventory_file), "--cucm-plan", str(desk.plan_file))
    run = accept(desk.folder / "pytest", *options, "-k", "step_08")
    assert run.exit_code == 3, run.output
    assert "is not approved" in run.output
    assert truth_of(desk.pair) == before


def test_the_whole_acceptance_run_stays_inside_its_plan(desk: Desk) -> None:
    assert desk.plan().code == desk.approve().code == 0
    options = ("--cucm-inventory", str(desk.pair.inventory_file), "--cucm-plan", str(desk.plan_file))
    run = accept(desk.folder / "pytest", *options)
    assert run.exit_code == 0, run.output
    begun = [entry for entry in Journal(run.folder / "journal.jsonl").entries() if entry.event == "change_begun"]
    assert len(begun) == len(desk.planned().changes), "the resets before the test calls are announced, too"
