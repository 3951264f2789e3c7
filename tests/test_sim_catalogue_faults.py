"""Faults of forwarding and routing, and bringing a cluster back to what it was before a rehearsal."""

import json

import pytest

from pytest_cucmtls.sim.catalogue_faults import OTHER_NUMBER, PLAIN_TRUNK
from pytest_cucmtls.sim.database import repeated
from pytest_cucmtls.sim.fault_register import UnknownFault
from pytest_cucmtls.sim.faults import FAULTS
from pytest_cucmtls.sim.state import NodeState
from tests.sim_node_stand import RunningNodes, StandInCallManager, ask
from tests.test_sim_faults import configure, inject


@pytest.fixture
def node(nodes: RunningNodes) -> NodeState:
    return nodes.node()


@pytest.mark.parametrize(
    ("fault", "first"), [("clear_text_member_first", PLAIN_TRUNK), ("clear_text_member_as_fallback", "to-b")]
)
def test_a_pattern_leads_to_a_list_with_a_clear_text_member(node: NodeState, fault: str, first: str) -> None:
    configure(node.cluster)
    inject(fault, node.cluster)
    database = node.cluster.database
    assert database.rows("routePattern")[0]["destination"] == {"routeListName": "RL-1"}
    groups = [repeated(row, "members")[0]["deviceName"] for row in database.rows("routeGroup")]
    assert groups[0] == first
    assert set(groups) == {PLAIN_TRUNK, "to-b"}
    plain = database.find("sipTrunk", name=PLAIN_TRUNK)
    assert plain is not None
    assert [place["port"] for place in repeated(plain, "destinations")] == [5060]


def test_every_line_is_forwarded(node: NodeState) -> None:
    inject("all_calls_forwarded", node.cluster)
    lines = node.cluster.database.rows("line")
    assert lines
    assert {line["callForwardAll"]["destination"] for line in lines} == {OTHER_NUMBER}


def test_a_cluster_without_a_pattern_cannot_be_routed_wrongly(node: NodeState) -> None:
    with pytest.raises(UnknownFault, match="after it was configured"):
        FAULTS["clear_text_member_first"].effect(node.cluster)


def test_what_was_remembered_comes_back(node: NodeState) -> None:
    configure(node.cluster)
    certificates = node.certificates
    own, trust = certificates.own("CallManager"), certificates.trust("CallManager")
    assert ask(node, "/simulator/checkpoint", "", role=None).status == 200
    inject("srtp_not_allowed", node.cluster)
    inject("trust_missing", node.cluster)
    inject("clock_ahead", node.cluster)
    certificates.regenerate("CallManager")
    assert isinstance(node.call_manager, StandInCallManager)
    node.call_manager.may_start.set()
    answer = ask(node, "/simulator/restore", "", role=None)
    assert answer.status == 200
    assert ("restart",) in node.call_manager.asked
    assert json.loads(answer.body)["faults"] == []
    assert node.cluster.database.rows("sipTrunk")[0]["srtpAllowed"] is True
    assert certificates.own("CallManager") == own
    assert certificates.trust("CallManager") == trust
    assert certificates.after_identity is None
    assert not node.clock_offset


def test_nothing_comes_back_before_it_was_remembered(node: NodeState) -> None:
    answer = ask(node, "/simulator/restore", "", role=None)
    assert answer.status == 409
    assert "checkpoint" in json.loads(answer.body)["message"]
