"""CallManager-trust holds one certificate per common name: whose root is in the way is said, and comes back on undo."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.simulated_clusters import SimulatedPair
from pytest_cucmtls.wire.x509 import parse_certificate, pem_of
from tests.cluster_truth import truth_of
from tests.plan_runs import Desk, Said, cucmtls
from tests.procedure_runs import run_on
from tests.restored_pairs import fresh_desk, remembered_pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    with remembered_pair(tmp_path_factory.mktemp("same-name")) as started:
        yield started


@pytest.fixture
def desk(pair: SimulatedPair, tmp_path: Path) -> Desk:
    """The run folder has its authority already, so that the plan knows its certificate."""
    made = fresh_desk(pair, tmp_path)
    EmbeddedAuthority(made.run_folder / "private" / "authority")
    return made


def trusted_by_somebody(desk: Desk, issued_at: datetime) -> str:
    """Another CA of the same name as ours, trusted on A; returns its SHA-256."""
    root = EmbeddedAuthority(desk.folder / "theirs", now=lambda: issued_at).chain()[0]
    with run_on(desk.pair, desk.folder / "somebody-else") as run:
        cluster, node = run.nodes()[0]
        run.writer(cluster).cli(node).import_trust("CallManager", pem_of(root))
    return parse_certificate(root).sha256


def plan(desk: Desk) -> Said:
    words = ("--inventory", desk.pair.inventory_file, "--run", desk.run_folder, "--out", desk.plan_file)
    return cucmtls("plan", *words)


def trust_on_a(desk: Desk) -> set[str]:
    return {
        text for name, text in truth_of(desk.pair).parts.items() if name.startswith("A/cucm-a.alpha.example CallManager-trust")
    }


def test_a_known_authority_is_bound_by_its_fingerprint(desk: Desk) -> None:
    assert plan(desk).code == 0
    root = parse_certificate(EmbeddedAuthority(desk.run_folder / "private" / "authority").chain()[0])
    bound = {change.bound for change in desk.planned().changes if change.step == 6}
    assert bound == {root.sha256}
    assert "authority" in desk.planned().state


def test_an_older_root_of_the_same_name_is_replaced_as_planned_and_comes_back(desk: Desk) -> None:
    theirs = trusted_by_somebody(desk, datetime.now(UTC) - timedelta(days=2))
    said = plan(desk)
    assert said.code == 0
    assert f"SHA-256 {theirs} under the same name" in said.output
    assert "whom only it vouched for is refused" in said.output
    desk.approve()
    assert desk.apply().code == 0
    assert theirs not in trust_on_a(desk)
    undone = desk.undo("--replace-identities")
    assert "the one of the same name that it had replaced is back" in undone.output
    assert trust_on_a(desk) == {theirs}


def test_a_newer_root_of_the_same_name_blocks_because_ours_would_be_ignored(desk: Desk) -> None:
    theirs = trusted_by_somebody(desk, datetime.now(UTC) + timedelta(minutes=5))
    said = plan(desk)
    assert said.code == 3
    assert f"(SHA-256 {theirs}), which is not older" in said.output
    assert "the import would be ignored without a word" in said.output


def test_a_plan_that_did_not_know_the_authority_replaces_nobodys_root(desk: Desk) -> None:
    theirs = trusted_by_somebody(desk, datetime.now(UTC) - timedelta(days=2))
    assert desk.plan().code == desk.approve().code == 0
    said = desk.apply()
    assert said.code == 3
    assert "is not in the approved plan" in said.output
    assert trust_on_a(desk) == {theirs}
