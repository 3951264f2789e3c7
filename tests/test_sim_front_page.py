"""The page for people at ``/``: it shows the state, escaped, and needs nothing from elsewhere."""

import asyncio
from html.parser import HTMLParser
from pathlib import Path

from pytest_cucmtls.sim.calls.manager import CallManager
from pytest_cucmtls.sim.configured import configure
from pytest_cucmtls.sim.interfaces.front_page import page
from pytest_cucmtls.sim.server import start_pair
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.sim.stuck_service import RestartWithoutEffect
from tests.sim_node_stand import RunningNodes, ask

HOSTILE = "<script>alert('x')</script>\"&"


class Tags(HTMLParser):
    """Every start tag with its attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "action"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_is_served_without_credentials_and_loads_nothing(nodes: RunningNodes) -> None:
    answer = ask(nodes.shared, "/", role=None)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    seen = Tags(answer.body.decode())
    assert seen.links == []
    assert not {"script", "img", "link", "iframe"} & set(seen.tags)


def test_what_came_from_outside_is_escaped(nodes: RunningNodes) -> None:
    node = nodes.node()
    node.cluster.database.add("sipTrunk", {"name": HOSTILE, "securityProfileName": HOSTILE})
    node.cluster.record_write(HOSTILE, HOSTILE)
    seen = Tags(page(node))
    assert "script" not in seen.tags
    assert seen.text.count(HOSTILE) == 4


def test_a_certificate_that_is_not_in_use_yet_is_pointed_out(nodes: RunningNodes) -> None:
    node = nodes.node()
    assert "has not been restarted" not in page(node)
    assert "none" in page(node)


def test_it_shows_certificates_trunks_and_calls_of_every_node_of_a_running_cluster(tmp_path: Path) -> None:
    async def check() -> None:
        pair = await start_pair("two-nodes", tmp_path, prepare=configure, faults=("old_certificate_still_served",))
        try:
            publisher, subscriber = pair.cluster("A").nodes
            publisher.certificates.regenerate("CallManager")
            assert isinstance(publisher.call_manager, RestartWithoutEffect)
            service = publisher.call_manager.inner
            assert isinstance(service, CallManager)
            await service.make_call("SEP001122334418", "1018", "4711")
            await service.wait_until_idle()
            shown = Tags(page(subscriber)).text
        finally:
            await pair.close()
        for expected in (
            "cucm-a.alpha.example",
            "cucm-a-sub.alpha.example",
            "CN=Simulated CA",
            "to-cluster-b",
            "SEP001122334418",
            "4711",
            "not answered",
            "The service has not been restarted since the certificate changed.",
            "Faults injected: old_certificate_still_served",
        ):
            assert expected in shown

    asyncio.run(check())


def test_no_secret_is_shown(nodes: RunningNodes) -> None:
    node: NodeState = nodes.shared
    shown = page(node)
    assert not [account for account in node.cluster.accounts if account.password in shown]
    assert "PRIVATE KEY" not in shown
