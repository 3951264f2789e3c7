"""A call that goes on at another node of the cluster: which node that is, and the signals both nodes trace about it.

Form of the records as in public traces of a two-node 11.5 (`SdlSig-I`, processes with the numbers of both nodes); which
signals a trunk call sends between nodes is ASSUMED.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_cucmtls.sim.cluster_nodes import home_of_phone, other_running_nodes
from pytest_cucmtls.sim.database import Row
from pytest_cucmtls.sim.logs import sdl_records
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.state import NodeState


def node_of_phone(here: NodeState, row: Row) -> NodeState:
    """Where a phone is registered; here when it is nowhere."""
    name = str(row.get("name"))
    for node in (here, *other_running_nodes(here)):
        if node.call_control is not None and node.call_control.registrar.find(name) is not None:
            return node
    return home_of_phone(here.cluster, row) or here


@contextmanager
def crossing(here: NodeState, there: NodeState, process: str, instance: int, ci: int) -> Iterator[None]:
    """While a call that was analysed `here` runs over a device of `there`; nothing is traced when both are one."""
    if here is there:
        yield
        return
    caller = sdl_records.process("Cdcc", here.number, 1)
    device = sdl_records.process(process, there.number, instance)
    _signal(here, there, "CcSetupReq", device, caller, ci)
    try:
        yield
    finally:
        _signal(here, there, "CcDisconnReq", device, caller, ci)


def _signal(here: NodeState, there: NodeState, name: str, receiver: str, sender: str, ci: int) -> None:
    tag = f"{here.number},100,14,{ci}.1^*^*"
    for node, kind, state in ((here, "SdlSig-O", "NA RemoteSignal"), (there, "SdlSig-I", "wait")):
        if isinstance(node.traces, TraceWriter):
            node.traces.signal(name, state, receiver, sender, tag, f"[R:N-H:0,N:0,L:0,V:0,Z:0,D:0]  CI={ci}", kind=kind)
