"""What a restart of a simulated service or node puts in force: the tomcat certificate, the TLS minimum of one node."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from pytest_cucmtls.sim.configured import configure
from pytest_cucmtls.sim.reboot import reboot
from pytest_cucmtls.sim.releases import RELEASE_15_SU2, RELEASES
from pytest_cucmtls.sim.server import start_pair
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.sim.tls_minimum import configured_minimum, minimum_versions, set_minimum, tls_minimum_of
from tests.sim_node_stand import unverified
from tests.simulated_nodes import manager, pair, run


def served(node: NodeState) -> bytes:
    """DER of what HTTPS presents."""
    with socket.create_connection((node.ip, node.https_port), 5) as plain, unverified().wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True) or b""


def https_takes(node: NodeState, version: ssl.TLSVersion) -> bool:
    """HTTPS can be reached with a version alone."""
    context = unverified()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.maximum_version = context.minimum_version = version
    try:
        with socket.create_connection((node.ip, node.https_port), 5) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLError:
        return False


def test_a_new_tomcat_certificate_is_served_after_the_restart_of_cisco_tomcat(tmp_path: Path) -> None:
    async def work() -> None:
        running = await start_pair("modern", tmp_path)
        try:
            node = running.cluster("A").publisher
            before = await asyncio.to_thread(served, node)
            node.certificates.regenerate("tomcat")
            assert await asyncio.to_thread(served, node) == before
            assert node.web_server is not None
            node.web_server.reload()
            now = node.certificates.own("tomcat")
            assert now is not None
            assert await asyncio.to_thread(served, node) == now.der != before
        finally:
            await running.close()

    asyncio.run(work())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")
def test_a_tls_minimum_is_the_nodes_own_until_15_su2_and_reaches_https_too(tmp_path: Path) -> None:
    async def work() -> None:
        running = await start_pair("source-document", tmp_path, prepare=configure)
        try:
            node = running.cluster("B").publisher
            assert await asyncio.to_thread(https_takes, node, ssl.TLSVersion.TLSv1)
            assert set_minimum(node, "1.2") == (node,)
            assert await asyncio.to_thread(https_takes, node, ssl.TLSVersion.TLSv1)
            await reboot(node)
            assert not await asyncio.to_thread(https_takes, node, ssl.TLSVersion.TLSv1)
            assert await asyncio.to_thread(https_takes, node, ssl.TLSVersion.TLSv1_2)
        finally:
            await running.close()

    asyncio.run(work())


def test_the_subscriber_keeps_its_minimum_when_the_publishers_is_raised(tmp_path: Path) -> None:
    async def work() -> None:
        running = await start_pair("two-nodes", tmp_path)
        try:
            publisher, subscriber = running.cluster("A").nodes
            publisher.cluster.release = RELEASES["12.5"]
            set_minimum(publisher, "1.2")
            for node in (publisher, subscriber):
                await manager(node).restart()
            assert [node.loaded.tls_minimum for node in (publisher, subscriber) if node.loaded] == ["TLSv1.2", "TLSv1"]
        finally:
            await running.close()

    asyncio.run(work())


def test_from_15_su2_on_the_minimum_is_the_clusters(tmp_path: Path) -> None:
    node = pair(tmp_path).a
    assert minimum_versions(node) == ("1.0", "1.1", "1.2")
    assert configured_minimum(node) == "1.2"
    node.cluster.release = RELEASE_15_SU2
    assert minimum_versions(node)[-1] == "1.3"
    assert set_minimum(node, "1.3") == tuple(node.cluster.nodes)
    assert (configured_minimum(node), tls_minimum_of(node)) == ("1.3", "TLSv1.3")


def test_authenticated_cannot_work_with_a_minimum_of_1_3(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode="Authenticated")
        for node in (both.a, both.b):
            node.cluster.release, node.tls_minimum = RELEASE_15_SU2, "1.3"
        async with both:
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.status == 503

    run(work())
