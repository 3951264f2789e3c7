"""Clusters of several nodes: which one originates, which ones accept, and whose traces show it."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.packets.capture import PacketCapture
from pytest_cucmtls.sim.state import NodeState, ServiceState
from pytest_cucmtls.wire.traces import parse_trace
from tests.simulated_nodes import PHONES, SHORT, Authority, SimulatedPair, Store, manager, pair, run, sdl_text


class ThreeNodes:
    """Cluster A with a publisher and a subscriber, cluster B with one node that trusts and expects both."""

    def __init__(self, folder: Path, *, order: tuple[str, ...] = ("CUCMA", "CUCMA-SUB"), **trunk: Any) -> None:
        ca = Authority()
        self.both: SimulatedPair = pair(folder, authority=ca)
        self.publisher, self.b = self.both.a, self.both.b
        cluster = self.publisher.cluster
        ip = self.publisher.ip.rpartition(".")[0] + ".204"
        services = {"Cisco CallManager": ServiceState("Cisco CallManager", "Stopped")}
        store: Any = Store(ca.identity("CUCMA-SUB", 2), [ca.der])
        self.subscriber = NodeState("CUCMA-SUB", ip, "subscriber", 2, folder / "sub", cluster, store, services=services)
        cluster.nodes.append(self.subscriber)
        self.subscriber.packet_capture = PacketCapture(self.subscriber)
        self.subscriber.traces = TraceWriter(self.subscriber)
        self.subscriber.call_manager = CallManager(self.subscriber, length=SHORT)
        database = cluster.database
        for node in cluster.nodes:
            database.add("callManager", {"name": f"CM_{node.name}", "processNodeName": node.name})
        for group, names in (("Phones", order), ("Trunks", trunk.pop("group", order))):
            members = [{"callManagerName": f"CM_{name}", "priority": place} for place, name in enumerate(names, 1)]
            database.add("callManagerGroup", {"name": group, "members": {"member": members}})
            database.add("devicePool", {"name": group, "callManagerGroupName": group})
        database.rows("phone")[0]["devicePoolName"] = "Phones"
        database.rows("sipTrunk")[0].update(devicePoolName="Trunks", **trunk)
        other = self.b.cluster.database
        other.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = "CUCMA,CUCMA-SUB"
        places = [{"addressIpv4": node.ip, "port": 5061, "sortOrder": order} for order, node in enumerate(cluster.nodes)]
        other.rows("sipTrunk")[0]["destinations"] = {"destination": places}

    async def __aenter__(self) -> "ThreeNodes":
        for node in (self.publisher, self.subscriber, self.b):
            await manager(node).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in (self.publisher, self.subscriber, self.b):
            await manager(node).stop()

    async def call(self, asked: NodeState | None = None) -> tuple[int, int]:
        """1018 dials 9898, asked for at a node: status and cause at whichever node has the call."""
        nodes = (self.publisher, self.subscriber)
        before = [len(manager(node).calls.finished) for node in nodes]
        await manager(asked or self.publisher).make_call(*PHONES["A"], "9898")
        for node in (*nodes, self.b):
            await manager(node).wait_until_idle()
        finished = [
            call for node, count in zip(nodes, before, strict=True) for call in list(manager(node).calls.finished)[count:]
        ]
        outcome = finished[-1].outcome
        assert outcome is not None
        return outcome.status, outcome.cause


@pytest.mark.parametrize("order", [("CUCMA", "CUCMA-SUB"), ("CUCMA-SUB", "CUCMA")])
@pytest.mark.parametrize("asked", ["publisher", "subscriber"])
def test_the_first_node_of_the_phones_group_originates_whoever_is_asked(
    tmp_path: Path, order: tuple[str, ...], asked: str
) -> None:
    async def work() -> None:
        async with ThreeNodes(tmp_path, order=order) as three:
            assert await three.call(getattr(three, asked)) == (200, 16)
            home, other = (three.publisher, three.subscriber) if order[0] == "CUCMA" else (three.subscriber, three.publisher)
            assert "INVITE sip:9898" in sdl_text(home)
            assert "INVITE" not in sdl_text(other)
            assert f"--X509SubjectName /C=IN/O=cisco/CN={order[0]} " in sdl_text(three.b)
            assert manager(home).phone_status(PHONES["A"][0]) == ("Registered", 0)
            assert manager(other).phone_status(PHONES["A"][0]) == ("UnRegistered", 10)

    run(work())


def test_the_phone_moves_to_the_next_node_when_its_first_one_stops_and_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with ThreeNodes(tmp_path) as three:
            await manager(three.publisher).stop()
            assert await three.call(three.subscriber) == (200, 16)
            assert "INVITE sip:9898" in sdl_text(three.subscriber)
            await manager(three.publisher).start()
            assert manager(three.publisher).phone_status(PHONES["A"][0]) == ("Registered", 0)

    run(work())


def test_a_trunk_that_runs_on_another_node_is_used_there(tmp_path: Path) -> None:
    async def work() -> None:
        async with ThreeNodes(tmp_path, group=("CUCMA-SUB",)) as three:
            assert await three.call() == (200, 16)
            assert 'dd="9898"' in sdl_text(three.publisher)
            assert "INVITE" not in sdl_text(three.publisher)
            assert f"From: <sip:1018@{three.subscriber.ip}>" in sdl_text(three.subscriber)
            assert "CN=CUCMA-SUB " in sdl_text(three.b)
            here, there = sdl_text(three.publisher), sdl_text(three.subscriber)
            assert "SMDMSharedData::findRemoteDeviceAny - Key=" in here
            assert "PID=SIPD(2,100,74,1)" in here
            for signal in ("CcSetupReq", "CcDisconnReq"):
                assert f"|SdlSig-O |{signal}" in here
                assert f"|SdlSig-I |{signal}" in there
            assert parse_trace(BytesIO(there.encode()), file_name="SDL002_100_000001.txt").problem is None

    run(work())


@pytest.mark.parametrize(("order", "crosses"), [(("CUCMA-SUB", "CUCMA"), True), (("CUCMA", "CUCMA-SUB"), False)])
def test_a_call_to_a_phone_of_another_node_is_traced_on_both(tmp_path: Path, order: tuple[str, ...], crosses: bool) -> None:
    async def work() -> None:
        three = ThreeNodes(tmp_path, order=order, group=("CUCMA", "CUCMA-SUB"))
        async with three:
            await manager(three.b).make_call(*PHONES["B"], "1018")
            await manager(three.b).wait_until_idle()
            outcome = manager(three.b).calls.finished[-1].outcome
            assert outcome is not None
            assert outcome.status == 200
            here, there = sdl_text(three.publisher), sdl_text(three.subscriber)
            assert ("|SdlSig-O |CcSetupReq" in here) is crosses
            assert ("LineControl(2,100,157,1)" in there) is crosses
            assert ("findRemoteDeviceAny" in here) is crosses
            assert ("findLocalDevice - Name=SEP001122334418" in here) is not crosses

    run(work())


def test_run_on_every_node_overrules_the_group(tmp_path: Path) -> None:
    async def work() -> None:
        async with ThreeNodes(tmp_path, group=("CUCMA-SUB",), runOnEveryNode="true") as three:
            assert await three.call() == (200, 16)
            assert "INVITE sip:9898" in sdl_text(three.publisher)

    run(work())


@pytest.mark.parametrize(("group", "status"), [(("CUCMA", "CUCMA-SUB"), 200), (("CUCMA",), 503)])
def test_a_peer_reaches_the_trunk_on_the_nodes_that_run_it_only(tmp_path: Path, group: tuple[str, ...], status: int) -> None:
    async def work() -> None:
        three = ThreeNodes(tmp_path, group=group)
        three.b.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = "CUCMA-SUB"
        place = {"addressIpv4": three.subscriber.ip, "port": 5061, "sortOrder": 1}
        three.b.cluster.database.rows("sipTrunk")[0]["destinations"] = {"destination": [place]}
        async with three:
            await manager(three.b).make_call(*PHONES["B"], "1018")
            await manager(three.b).wait_until_idle()
            outcome = manager(three.b).calls.finished[-1].outcome
            assert outcome is not None
            assert outcome.status == status
            assert "INVITE sip:1018" not in sdl_text(three.publisher)

    run(work())


def test_a_name_missing_from_the_peers_list_refuses_that_node_alone(tmp_path: Path) -> None:
    async def work() -> None:
        three = ThreeNodes(tmp_path, order=("CUCMA-SUB", "CUCMA"))
        three.b.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = "CUCMA"
        async with three:
            assert await three.call() == (503, 41)
            await manager(three.subscriber).stop()
            assert await three.call(three.publisher) == (200, 16)

    run(work())


def test_files_of_each_node_carry_its_own_number(tmp_path: Path) -> None:
    async def work() -> None:
        async with ThreeNodes(tmp_path, order=("CUCMA-SUB", "CUCMA")) as three:
            await three.call()
            names = [[path.name for path in node.active_log.rglob("SDL*")] for node in (three.publisher, three.subscriber)]
            assert names == [["SDL001_100_000001.txt"], ["SDL002_100_000001.txt"]]

    run(work())
