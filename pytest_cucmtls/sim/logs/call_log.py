"""Call log lines (`calllogs_*.txt`): one line per call event, with the full date (platform.md §6.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pytest_cucmtls.sim.logs.files import RotatingFile


@dataclass(frozen=True, slots=True)
class CallParties:
    """Both call identifiers and the numbers of one call as the log prints them."""

    ci_a: int
    ci_b: int
    calling: str
    called: str
    dialled: str


class CallLog:
    """Writes one node's call log; lines are stamped in the node's zone."""

    def __init__(self, file: RotatingFile, now: Callable[[], datetime], node_number: int, node_ip: str) -> None:
        self._file = file
        self._now = now
        self._node_number = node_number
        self._node_ip = node_ip

    def setup(self, parties: CallParties) -> None:
        """The calling side dialled."""
        self._line("CC", "SETUP", *_numbers(parties))

    def offered(self, parties: CallParties, calling_device: str, called_device: str) -> None:
        """The call was extended to a device (a phone or, by its name, a trunk)."""
        self._line("CC", "OFFERED", *_numbers(parties), calling_device, called_device)

    def release(self, parties: CallParties, cause: int) -> None:
        """The call ended; `cause` is a Q.850 value."""
        self._line("CC", "RELEASE", str(parties.ci_a), str(parties.ci_b), str(cause))

    def trunk_message(
        self,
        *,
        ci: int,
        direction: str,
        local_port: int,
        device: str,
        subsystem: str,
        transport: str,
        peer: tuple[str, int],
        index: int,
        net_id: int,
        call_id: str,
        words: str,
    ) -> None:
        """A SIP message over a trunk (SIPT) or of a phone (SIPL); TLS prints as TCP (ASSUMED: not seen)."""
        tag = f"{self._node_number},100,14,{index}.{net_id}^{peer[0]}^*"
        ends = (self._node_ip, str(local_port), device, peer[0], str(peer[1]))
        self._line(subsystem, str(ci), transport, direction.upper(), *ends, tag, str(net_id), call_id, words)

    def _line(self, subsystem: str, *columns: str) -> None:
        now = self._now()
        stamp = f"{now:%Y/%m/%d %H:%M:%S}.{now.microsecond // 1000:03d}"
        self._file.write("|".join((stamp, subsystem, *columns)))


def _numbers(parties: CallParties) -> tuple[str, str, str, str, str]:
    return str(parties.ci_a), str(parties.ci_b), parties.calling, parties.called, parties.dialled
