"""A simulated cluster whose nodes no longer agree: what each interface of a node that was left behind shows, and a save of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pytest_cucmtls.sim.axl.sql import run_query
from pytest_cucmtls.sim.axl.sql_tables import tables
from pytest_cucmtls.sim.configured import configure
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.fault_register import UnknownFault
from pytest_cucmtls.sim.faults import choose_faults
from pytest_cucmtls.sim.interfaces.front_page import page
from pytest_cucmtls.sim.interfaces.status_page import status_of
from pytest_cucmtls.sim.pairs import build_cluster
from pytest_cucmtls.sim.saved_state import read_state, save_state
from pytest_cucmtls.sim.server import RunningPair, start_pair
from pytest_cucmtls.sim.state import ClusterState
from tests.sim_node_stand import ask
from tests.simulated_nodes import Authority, manager, pair
from tests.test_sim_call_features import until

GET_TRUNK = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<a:getSipTrunk xmlns:a="http://www.cisco.com/AXL/API/14.0"><name>{name}</name></a:getSipTrunk></e:Body></e:Envelope>'
)


@asynccontextmanager
async def two_nodes(folder: Path) -> AsyncIterator[RunningPair]:
    """Two configured clusters of two nodes."""
    running = await start_pair("two-nodes", folder, prepare=configure)
    try:
        yield running
    finally:
        await running.close()


def inject(name: str, cluster: ClusterState) -> None:
    """Put one fault in."""
    for chosen in choose_faults([name], [cluster]):
        chosen.inject()


def test_a_change_after_the_fault_is_seen_on_the_publisher_only_by_every_interface(tmp_path: Path) -> None:
    async def work() -> None:
        async with two_nodes(tmp_path) as running:
            cluster = running.cluster("A")
            publisher, subscriber = cluster.nodes
            inject("database_not_replicated", cluster)
            row = cluster.database.rows("sipTrunk")[0]
            row["name"], row["srtpAllowed"] = "renamed", False
            shown = {}
            for node in (publisher, subscriber):
                answer = await asyncio.to_thread(ask, node, "/axl/", GET_TRUNK.format(name="renamed"))
                names = [row[0][1] for row in run_query("select name from device", tables(node, "device"))]
                in_status = [trunk["name"] for trunk in status_of(node)["trunks"]]
                shown[node.role] = (answer.status, in_status)
                assert ("renamed" in names) is (node is publisher)
            assert "renamed" in page(subscriber)
            assert "to-cluster-b" in page(subscriber)
            assert shown == {"publisher": (200, ["renamed"]), "subscriber": (500, ["to-cluster-b"])}
            for node, trunk in ((publisher, "renamed"), (subscriber, "to-cluster-b")):
                await manager(node).reset_trunk(trunk)
                assert manager(node).targets.own_trunk(trunk, "1") is not None

    asyncio.run(work())


def test_the_view_follows_again_after_a_repair() -> None:
    source = Database()
    view = source.replica()
    source.add("css", {"name": "before"})
    view.cut_off()
    source.add("css", {"name": "after"})
    assert [row["name"] for row in view.rows("css")] == ["before"]
    assert not view.follows(source)
    view.follow(source)
    assert [row["name"] for row in view.rows("css")] == ["before", "after"]


def test_a_cluster_of_one_node_has_nothing_to_replicate(tmp_path: Path) -> None:
    with pytest.raises(UnknownFault, match="no subscriber"):
        inject("database_not_replicated", pair(tmp_path).a.cluster)


def test_waiting_changes_and_old_tables_survive_a_save(tmp_path: Path) -> None:
    async def work() -> None:
        async with two_nodes(tmp_path / "one") as running:
            cluster = running.cluster("A")
            inject("certificates_not_replicated", cluster)
            inject("database_not_replicated", cluster)
            publisher, subscriber = cluster.nodes
            publisher.certificates.import_trust("CallManager", Authority(name="Late").der)
            publisher.certificates.delete_trust("CallManager", "Simulated_CA.pem")
            publisher.certificates.generate_request("CallManager", common_name="all-ms", multi_server=True)
            publisher.tls_minimum = "1.2"
            cluster.database.add("css", {"name": "later"})
            save_state(tmp_path / "state.json", running.plan, running.network, running.clusters)
            held = subscriber.certificates.trust("CallManager")
        state = read_state(tmp_path / "state.json")
        subnet = type("Subnet", (), {"address": staticmethod(lambda host: f"127.1.1.{host}")})()
        clusters = [build_cluster(plan, subnet, tmp_path / "two") for plan in state.plan.clusters]
        state.fill(clusters, tmp_path)
        publisher, subscriber = clusters[0].nodes
        assert (clusters[0].replication.held, clusters[0].replication.waiting) == (True, 3)
        assert subscriber.certificates.trust("CallManager") == held
        assert publisher.tls_minimum == "1.2"
        assert [row["name"] for row in subscriber.database.rows("css")] == []
        assert [row["name"] for row in publisher.database.rows("css")] == ["later"]
        clusters[0].replication.release()
        assert list(subscriber.certificates.trust("CallManager")) == ["Late.pem"]
        assert subscriber.certificates.request("CallManager") is not None

    asyncio.run(work())


def test_a_slow_change_arrives_when_its_time_is_over(tmp_path: Path) -> None:
    async def work() -> None:
        async with two_nodes(tmp_path) as running:
            cluster = running.cluster("A")
            inject("certificates_replicated_slowly", cluster)
            cluster.replication.delay_seconds = 0.05
            publisher, subscriber = cluster.nodes
            publisher.certificates.import_trust("CallManager", Authority(name="Late").der)
            assert "Late.pem" not in subscriber.certificates.trust("CallManager")
            assert cluster.replication.waiting == 1
            await until(lambda: "Late.pem" in subscriber.certificates.trust("CallManager"))

    asyncio.run(work())
