"""Where a call goes: digit analysis, forwarding, and the trace records that say so."""

from dataclasses import dataclass

from pytest_cucmtls.sim.calls.dial_plan import DialPlanMatch, analyse, partition_name, search_space, text, trunks_behind, truth
from pytest_cucmtls.sim.calls.inter_node import node_of_phone
from pytest_cucmtls.sim.calls.phones import Phone
from pytest_cucmtls.sim.calls.records import Call
from pytest_cucmtls.sim.calls.trunks import RunningTrunk, RunningTrunks
from pytest_cucmtls.sim.cluster_nodes import other_running_nodes
from pytest_cucmtls.sim.database import Row
from pytest_cucmtls.sim.logs import sdl_records
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.sip.headers import BUSY, NO_ANSWER, UNAVAILABLE
from pytest_cucmtls.sim.state import NodeState

VOICE_MAIL_PILOT_PARAMETER = "Voice Mail Pilot"
"""Key of `ClusterState.enterprise_parameters`: the number of the default voice mail pilot; "" or absent when there is none."""

_DEFAULT_NO_ANSWER_SECONDS = 12.0
"""Service parameter *Forward No Answer Timer*."""
FORWARD_REASONS = {BUSY: "user-busy", NO_ANSWER: "no-answer", UNAVAILABLE: "unavailable"}
"""Words of RFC 5806 for a forwarding after a cause."""
_FORWARDS = {BUSY: "callForwardBusy", NO_ANSWER: "callForwardNoAnswer", UNAVAILABLE: "callForwardNotRegistered"}


@dataclass(frozen=True, slots=True)
class Forward:
    """Where a line sends calls; with `voice_mail` to the pilot."""

    voice_mail: bool
    destination: str
    spaces: tuple[str, ...]


class CallRouting:
    """Decides for one node, from the cluster's database at the moment of the call."""

    def __init__(self, node: NodeState, trunks: RunningTrunks, traces: TraceWriter) -> None:
        self._node = node
        self._trunks = trunks
        self._traces = traces
        self._database = node.database

    @property
    def voice_mail_pilot(self) -> str:
        """Number of the voice mail pilot, "" without one."""
        return self._node.cluster.enterprise_parameters.get(VOICE_MAIL_PILOT_PARAMETER, "")

    def analyse(self, call: Call, digits: str, partitions: tuple[str, ...]) -> DialPlanMatch | None:
        """Digit analysis, traced."""
        found = analyse(self._database, digits, partitions)
        self._traces.digit_analysis(call.calling, digits, partitions, found)
        return found

    def space_of(self, *names: str) -> tuple[str, ...]:
        """Partitions of calling search spaces."""
        return search_space(self._database, *names)

    def forward_all(self, found: DialPlanMatch) -> Forward | None:
        """Call forward all of the line that was dialled."""
        return self._forward(found, "callForwardAll")

    def forward_after(self, found: DialPlanMatch, cause: int) -> Forward | None:
        """What the line does with a call that met this cause; None when it leaves it at that."""
        return self._forward(found, _FORWARDS[cause]) if cause in _FORWARDS else None

    def no_answer_seconds(self, found: DialPlanMatch) -> float | None:
        """How long a line rings before it forwards; None when it does not forward."""
        if self.forward_after(found, NO_ANSWER) is None:
            return None
        value = text((found.entry.row.get("callForwardNoAnswer") or {}).get("duration"))
        try:
            return float(value) if value else _DEFAULT_NO_ANSWER_SECONDS
        except ValueError:
            return _DEFAULT_NO_ANSWER_SECONDS

    def trunks_of(self, call: Call, found: DialPlanMatch) -> tuple[str, ...]:
        """Trunks behind a route pattern, with the trace that says where the call goes."""
        names = trunks_behind(self._database, found.entry.row)
        list_name = text((found.entry.row.get("destination") or {}).get("routeListName"))
        if list_name:
            row = self._database.find("routeList", name=list_name) or {}
            self._trace_device(call, found, list_name, text(row.get("uuid")), "RouteListControl", 1)
        for name in names:
            trunk = self._trunks.find(name)
            elsewhere = None if trunk is not None else self._remote_trunk(name)
            if elsewhere is not None:
                node, remote = elsewhere
                self._trace_device(call, found, name, remote.uuid, "SIPD", remote.instance, node)
            elif trunk is not None and list_name:
                pid = sdl_records.process_id("SIPD", self._node.number, trunk.instance)
                self._traces.app_info(sdl_records.local_device(name, trunk.uuid, pid))
            elif trunk is not None:
                self._trace_device(call, found, name, trunk.uuid, "SIPD", trunk.instance)
        return names

    def trace_line(self, call: Call, found: DialPlanMatch, phone: Phone, row: Row | None) -> NodeState:
        """The call goes to a line; returns the node its phone is registered with."""
        node = node_of_phone(self._node, row) if row is not None else self._node
        self._trace_device(call, found, phone.name, text((row or {}).get("uuid")), "LineControl", 1, node)
        return node

    def _remote_trunk(self, name: str) -> tuple[NodeState, RunningTrunk] | None:
        """A trunk that runs on another node only."""
        for node in other_running_nodes(self._node):
            trunk = node.call_control.running_trunk(name) if node.call_control is not None else None
            if trunk is not None:
                return node, trunk
        return None

    def _forward(self, found: DialPlanMatch, name: str) -> Forward | None:
        setting = found.entry.row.get(name) or {}
        voice_mail = truth(setting.get("forwardToVoiceMail")) and bool(self.voice_mail_pilot)
        destination = text(setting.get("destination"))
        if found.entry.usage != 2 or not (destination or voice_mail):
            return None
        spaces = (text(setting.get("callingSearchSpaceName")), text(found.entry.row.get("shareLineAppearanceCssName")))
        return Forward(voice_mail, self.voice_mail_pilot if voice_mail else destination, self.space_of(*spaces))

    def _trace_device(
        self,
        call: Call,
        found: DialPlanMatch,
        name: str,
        key: str,
        process: str,
        instance: int,
        node: NodeState | None = None,
    ) -> None:
        number = (node or self._node).number
        pid = sdl_records.process_id(process, number, instance)
        if number == self._node.number:
            self._traces.app_info(sdl_records.local_device(name, key, pid))
        else:
            protocol = "LINE" if process == "LineControl" else "SIP"
            self._traces.app_info(sdl_records.remote_device(name, key, protocol, pid))
        row = self._database.find("routePartition", name=partition_name(found.entry.partition)) or {}
        target = sdl_records.process(process, number, instance)
        sender = sdl_records.process("Cdcc", number, call.call_id)
        partition = sdl_records.key_of(text(row.get("uuid")))
        self._traces.app_info(sdl_records.device_process(found, partition, target, call.ci, sender))
