"""Random sequences of apply, kill, continue and undo in bad network weather: the journal stays true, nothing is lost.

Six seeded sequences in the ordinary suite; `CUCMTLS_CHAOS=100` runs that many, `CUCMTLS_CHAOS_SEED=n` begins at another.
"""

import base64
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_cucmtls.inventory import Credentials, read_inventory
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.cluster_truth import Truth, bring_back, lost, remember, truth_of, untold
from tests.fault_proxy import FAULTS_OF_HTTPS, FAULTS_OF_TCP, FaultProxy, Weather, papers, running
from tests.killed_runs import KILLED, MOMENTS, Death, Ended, run_command
from tests.plan_runs import Desk
from tests.procedure_runs import simulated_pair

SEQUENCES = int(os.environ.get("CUCMTLS_CHAOS", "6"))
FIRST_SEED = int(os.environ.get("CUCMTLS_CHAOS_SEED", "1"))
LIMIT_SECONDS = 60.0
"""Of one command, with the clients' own limits lowered to a second or two."""
WRITES = 45
STATES = {0, 3}
"""How a command may end besides being killed: done, or undecided with a sentence that says why."""


@dataclass
class Stage:
    """The pair behind its proxies, and what must never be printed."""

    desk: Desk
    direct: SimulatedPair
    proxies: dict[str, FaultProxy]
    start: Truth
    secrets: list[bytes]
    tally: Counter[str]

    def calm(self) -> None:
        for proxy in self.proxies.values():
            proxy.change_weather(Weather())

    def storm(self, chance: random.Random) -> str:
        """One fault on one interface; returns its name, with where it strikes."""
        self.calm()
        place = chance.choice(sorted(self.proxies))
        fault = chance.choice(FAULTS_OF_HTTPS if "https" in place else FAULTS_OF_TCP)
        few = 8 if "https" in place else 1
        self.proxies[place].weather = Weather(
            fault, chance.randrange(few), chance.randint(1, 3), chance.choice([0, 900, 2500, 6000])
        )
        return f"{fault} at {place}"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("chaos")
    limitless = ("device_queries_unlimited@A", "device_queries_unlimited@B")
    with pytest.MonkeyPatch.context() as patch, simulated_pair(folder / "simulator", faults=limitless) as pair:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        proxies = proxies_of(pair, folder)
        with running(list(proxies.values())):
            behind = SimulatedPair(inventory_behind(pair, proxies, folder), pair.credentials_file, pair.process_id)
            desk = Desk(behind, folder)
            remember(pair)
            assert desk.plan().code == 0
            assert desk.approve().code == 0
            yield Stage(desk, pair, proxies, truth_of(pair), secrets_of(pair), Counter())


def proxies_of(pair: SimulatedPair, folder: Path) -> dict[str, FaultProxy]:
    found, inventory = {}, read_inventory(pair.inventory_file)
    for cluster in inventory.clusters:
        node = cluster.publisher
        trusted, untrusted = (papers(node.address, folder, name) for name in ("proxy", "stranger"))
        found[f"{cluster.name} https"] = FaultProxy(node.address, node.https_port, trusted, untrusted)
        found[f"{cluster.name} ssh"] = FaultProxy(node.address, node.ssh_port, trusted, untrusted)
        for kind in ("https", "ssh"):
            found[f"{cluster.name} {kind}"].other_node = inventory.peer_of(cluster.name).publisher.address
        bundle = folder / f"bundle-{cluster.name}.pem"
        bundle.write_text(Path(cluster.ca_bundle or "").read_text() + trusted.pem)
    return found


def inventory_behind(pair: SimulatedPair, proxies: dict[str, FaultProxy], folder: Path) -> Path:
    """The pair's inventory with the proxies' ports and the proxies' certificates trusted beside the nodes' own."""
    first, second = pair.inventory_file.read_text().split("[clusters.B]\n")
    texts = []
    for name, text in (("A", first), ("B", f"[clusters.B]\n{second}")):
        ported = re.sub(r"https_port = \d+", f"https_port = {proxies[f'{name} https'].port}", text)
        ported = re.sub(r"ssh_port = \d+", f"ssh_port = {proxies[f'{name} ssh'].port}", ported)
        texts.append(re.sub(r'ca_bundle = ".*"', f'ca_bundle = "{folder / f"bundle-{name}.pem"}"', ported))
    file = folder / "clusters.toml"
    file.write_text("".join(texts))
    (folder / "credentials.json").write_text(pair.credentials_file.read_text())
    return file


def secrets_of(pair: SimulatedPair) -> list[bytes]:
    """Every password, plain and as it goes into a Basic header."""
    inventory, credentials = read_inventory(pair.inventory_file), Credentials(pair.credentials_file)
    found = []
    for cluster in inventory.clusters:
        for account in (cluster.axl, cluster.platform, cluster.call):
            password = credentials.password(account).reveal()
            found += [password.encode(), base64.b64encode(f"{account.user}:{password}".encode())]
    return found


def command(stage: Stage, what: str, folder: Path, death: Death | None = None, *, impatient: bool = True) -> Ended:
    inventory = str(stage.desk.pair.inventory_file)
    words = {
        "apply": ["apply", str(stage.desk.plan_file), "--inventory", inventory, "--run", str(folder)],
        "undo": ["undo", str(folder), "--inventory", inventory, "--replace-identities"],
    }[what]
    return run_command(words, folder, death=death, limit_seconds=LIMIT_SECONDS, impatient=impatient)


def story_is_true(stage: Stage, folder: Path, told: list[str]) -> Truth:
    """What the clusters hold is what the journal says, and nobody's secret was written down."""
    now = truth_of(stage.direct)
    assert untold(stage.start, now, folder) == [], told
    assert lost(stage.start, now, folder) == [], told
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [file for secret in stage.secrets if secret in content], (file, told)
    return now


def play(stage: Stage, seed: int, folder: Path) -> list[str]:
    """Two to four commands in bad weather, then one in calm weather that has to succeed; returns what was played."""
    chance = random.Random(seed)
    told = [f"seed {seed}"]
    for _ in range(chance.randint(2, 4)):
        begun = (folder / "journal.jsonl").exists()
        what = "undo" if begun and chance.random() < 0.35 else "apply"
        death = Death(chance.randint(1, WRITES), chance.choice(MOMENTS)) if chance.random() < 0.5 else None
        weather = stage.storm(chance) if chance.random() < 0.75 else "calm"
        ended = command(stage, what, folder, death)
        told.append(f"{what} in {weather}, {death}: {ended.code}")
        stage.tally.update([what, weather.split()[0], "killed" if ended.code == KILLED else f"exit {ended.code}"])
        assert ended.code in STATES | {KILLED}, (told, ended.output[-3000:])
        assert "Traceback" not in ended.output, (told, ended.output[-3000:])
        stage.calm()
        story_is_true(stage, folder, told)
    what = "apply" if chance.random() < 0.6 or not (folder / "journal.jsonl").exists() else "undo"
    ended = command(stage, what, folder, impatient=False)
    told.append(f"{what} in calm: {ended.code}")
    assert ended.code == 0, (told, ended.output[-3000:])
    now = story_is_true(stage, folder, told)
    expected = len(stage.start.objects()) + (6 if what == "apply" else 0)
    assert len(now.objects()) == expected, told
    return told


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEQUENCES))
def test_whatever_happens_the_journal_tells_what_the_clusters_hold(stage: Stage, seed: int) -> None:
    stage.calm()
    bring_back(stage.direct)
    folder = stage.desk.folder / f"run-{seed}"
    told = play(stage, seed, folder)
    assert len(told) >= 4
    if report := os.environ.get("CUCMTLS_CHAOS_REPORT"):
        with Path(report).open("a", encoding="utf-8") as file:
            file.write("\n".join([*told, str(dict(stage.tally)), ""]))
