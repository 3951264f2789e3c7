"""One node at a time: the next restart waits until what was in service before is in service again, within a limit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.cucm import DeviceStatus
from pytest_cucmtls.model.errors import AnswerTimedOut, ClusterUnreachable
from pytest_cucmtls.model.inventory import ClusterSpec, NodeAddress
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.procedure import restarting
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.journal import Entry, Journal
from pytest_cucmtls.procedure.restarting import InService, in_service, restart, restart_target
from pytest_cucmtls.procedure.runner import make_change

INVENTORY = parse_inventory(TEMPLATE.replace("cucm://10.0.0.", "cucm://127.0.0."))


@dataclass
class Scene:
    """Answers RISPort gives, one after the other (the last one for ever), and what was restarted when."""

    trunks: dict[str, list[bool]]
    phones: dict[str, list[bool]]
    happened: list[str] = field(default_factory=list)
    silent: int = 0
    """How many questions after a restart find nobody."""

    def next(self, answers: list[bool]) -> bool:
        return answers.pop(0) if len(answers) > 1 else answers[0]


@dataclass
class Cluster:
    """A cluster whose devices do what the scene says."""

    spec: ClusterSpec
    scene: Scene

    @property
    def name(self) -> str:
        return self.spec.name

    def risport(self) -> "Cluster":
        return self

    def control_center(self, node: NodeAddress) -> "Cluster":
        del node
        return self

    def restart_and_wait(self, node_name: str, service: str, *, poll_seconds: float) -> None:
        del service, poll_seconds
        self.scene.happened.append(f"restart {node_name}")

    def read_trunk_status(self, name: str) -> Reading[tuple[DeviceStatus, ...]]:
        return self._rows("trunk", name, self.scene.trunks[self.name])

    def read_phone_status(self, name: str) -> Reading[tuple[DeviceStatus, ...]]:
        return self._rows("phone", name, self.scene.phones[self.name])

    def _rows(self, kind: str, name: str, answers: list[bool]) -> Reading[tuple[DeviceStatus, ...]]:
        if self.scene.silent and self.scene.happened and self.scene.happened[-1].startswith("restart"):
            self.scene.silent -= 1
            raise ClusterUnreachable("risport", "127.0.0.10", 8443, "connection refused")
        there = self.scene.next(answers)
        self.scene.happened.append(f"{kind} of {self.name} {'there' if there else 'away'}")
        row = DeviceStatus(name, "Registered" if there else "UnRegistered", node=self.spec.publisher.name)
        return Reading((row,), b"", "risport", "selectCmDevice", datetime(2026, 1, 1, tzinfo=UTC))

    def transcripts(self) -> list[tuple[str, str]]:
        return []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarting, "LEAST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(Run, "poll_seconds", 0.001)
    monkeypatch.setattr(Run, "writer", lambda _run, cluster: cluster)


@contextmanager
def run_in(scene: Scene, tmp_path: Path) -> Iterator[tuple[Run, list[str]]]:
    said: list[str] = []
    clusters = cast(Any, tuple(Cluster(spec, scene) for spec in INVENTORY.clusters))
    journal = Journal(tmp_path / "journal.jsonl")
    yield Run(INVENTORY, RunFolder(tmp_path), clusters, None, journal, said.append, return_limit_seconds=0.2), said


def act(run: Run, place: int) -> None:
    cluster, node = run.nodes()[place]
    make_change(run, 7, restart(run, cluster, node))


def identity_changed(run: Run, place: int) -> None:
    cluster, node = run.nodes()[place]
    run.journal.append(Entry("change_begun", 7, target=f"{cluster.name}/{node.name} CallManager identity"))


def scene(**answers: list[bool]) -> Scene:
    def found(name: str) -> list[bool]:
        return list(answers.get(name, [False]))

    return Scene({"A": found("trunk_a"), "B": found("trunk_b")}, {"A": found("phone_a"), "B": found("phone_b")})


def test_a_phone_that_was_registered_is_waited_for(tmp_path: Path) -> None:
    play = scene(phone_a=[True, False, False, True])
    with run_in(play, tmp_path) as (run, _):
        act(run, 0)
        assert play.happened[-3:] == ["phone of A away", "phone of A away", "phone of A there"]


def test_what_was_not_in_service_before_is_not_waited_for(tmp_path: Path) -> None:
    play = scene()
    with run_in(play, tmp_path) as (run, _):
        act(run, 0)
        assert play.happened[-1].startswith("restart")


def test_the_trunk_is_waited_for_once_both_ends_have_loaded_their_certificates(tmp_path: Path) -> None:
    play = scene(trunk_a=[True, False, True], trunk_b=[True, True])
    with run_in(play, tmp_path) as (run, said):
        identity_changed(run, 0)
        identity_changed(run, 1)
        act(run, 0)
        assert play.happened[-1].startswith("restart"), "the peer still serves what the first no longer trusts"
        assert "not yet waiting for the trunk: B must load its certificates first" in said
        act(run, 1)
        after = play.happened[play.happened.index("restart cucm-b.example.org") + 1 :]
        assert after == ["trunk of A away", "trunk of B there", "trunk of A there", "trunk of B there"]


def test_what_does_not_come_back_is_named_and_the_change_stays_open(tmp_path: Path) -> None:
    with run_in(scene(trunk_a=[True, False], phone_a=[True, False]), tmp_path) as (run, _):
        with pytest.raises(AnswerTimedOut, match=r"trunk to-cluster-b on cucm-a\.example\.org and phone SEP001122334455 of A"):
            act(run, 0)
        cluster, node = run.nodes()[0]
        events = [entry.event for entry in run.journal.entries() if entry.target == restart_target(cluster, node)]
        assert events == ["change_begun"], "a restart whose devices are missing is not done"


def test_a_ris_port_that_is_away_after_the_restart_is_asked_again(tmp_path: Path) -> None:
    play = scene(phone_a=[True])
    play.silent = 3
    with run_in(play, tmp_path) as (run, _):
        act(run, 0)
        assert play.silent == 0
        assert play.happened[-1] == "phone of A there"


def test_what_was_in_service_is_looked_at_once_before_the_first_restart(tmp_path: Path) -> None:
    play = scene(trunk_a=[True], trunk_b=[True], phone_a=[True], phone_b=[False])
    with run_in(play, tmp_path) as (run, _):
        a, b = (spec.publisher.name for spec in INVENTORY.clusters)
        assert in_service(run) == InService(frozenset({("A", a), ("B", b)}), frozenset({"A"}))
