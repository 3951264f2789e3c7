"""The phones of a simulated cluster: each holds an address of its own on the node's subnet and carries its calls' audio."""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address

from pytest_cucmtls.sim.calls.dial_plan import partition_name, search_space, text
from pytest_cucmtls.sim.calls.media import FIRST_PORT, LAST_PORT, PACKET_INTERVAL_SECONDS, AudioStream
from pytest_cucmtls.sim.database import Database, Row, repeated

BUSY_TRIGGER = 2
"""Calls a line takes before the next one hears busy: CUCM's default."""

VOICE_MAIL = "Voice Mail"

_FIRST_HOST, _LAST_HOST = 101, 199
_CLAIM_PORT = 5060


class NoFreeAddress(Exception):
    """Every phone address or media port of the subnet is taken."""


class Phone:
    """One phone of the cluster; a simulated one holds an address from its first call on."""

    def __init__(self, name: str, subnet: str) -> None:
        self.name = name
        self.calls = 0
        """Calls it is in."""
        self.answers = asyncio.Event()
        """Set: it picks up at once. Clear it to let it ring, set it to pick up."""
        self.answers.set()
        self._subnet = subnet
        self._next_port = FIRST_PORT
        """Media ports are taken in turn, so that nothing late of one call reaches the next."""
        self._claim: socket.socket | None = None

    @property
    def address(self) -> str:
        """Its own address. Raises: NoFreeAddress."""
        if self._claim is None:
            self._claim = _claim_address(self._subnet)
        address: str = self._claim.getsockname()[0]
        return address

    @property
    def busy(self) -> bool:
        """Its line takes no more calls."""
        return self.calls >= BUSY_TRIGGER

    async def open_audio(
        self, packets: int, on_finished: Callable[[], None], interval_seconds: float = PACKET_INTERVAL_SECONDS
    ) -> AudioStream:
        """An audio stream on a free even port. Raises: NoFreeAddress."""
        for _ in range(FIRST_PORT, LAST_PORT + 1, 2):
            port, self._next_port = self._next_port, self._next_port + 2 if self._next_port < LAST_PORT else FIRST_PORT
            try:
                _, stream = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: AudioStream(packets, interval_seconds, on_finished), local_addr=(self.address, port)
                )
            except OSError:
                continue
            return stream
        raise NoFreeAddress(f"no media port free on {self.address}")

    def close(self) -> None:
        """Give the address back."""
        if self._claim is not None:
            self._claim.close()
            self._claim = None


class Phones:
    """Phones of a cluster as one node sees them, made when first used; all nodes see the same ones."""

    def __init__(self, database: Database, node_ip: str, phones: dict[str, Phone]) -> None:
        self._database = database
        self._node_ip = node_ip
        self._phones = phones

    def find(self, name: str) -> Phone | None:
        """By device name, without case; None when the database has no such phone."""
        row = self.row(name)
        if row is None:
            return None
        known = text(row.get("name"))
        if known not in self._phones:
            self._phones[known] = Phone(known, self._node_ip)
        return self._phones[known]

    def with_line(self, pattern: str, partition: str) -> Phone | None:
        """The first phone that carries this directory number."""
        for row in self._database.rows("phone"):
            if (pattern, partition) in _directory_numbers(row):
                return self.find(text(row.get("name")))
        return None

    @property
    def voice_mail(self) -> Phone:
        """The answering party behind the voice mail pilot."""
        return self._phones.setdefault(VOICE_MAIL, Phone(VOICE_MAIL, self._node_ip))

    def is_external(self, name: str) -> bool:
        """A real SIP phone has to register for this device."""
        return bool(text((self.row(name) or {}).get("digestUser")))

    def external_device(self, user: str, number: str) -> str | None:
        """The phone of a digest user that has a line with this number."""
        for row in self._database.rows("phone"):
            if text(row.get("digestUser")) == user and any(pattern == number for pattern, _ in _directory_numbers(row)):
                return text(row.get("name"))
        return None

    def search_space(self, name: str, line: str) -> tuple[str, ...]:
        """Partitions a phone's line may dial: the line's calling search space, then the phone's."""
        row = self.row(name) or {}
        partition = next((own for pattern, own in _directory_numbers(row) if pattern == line), "")
        number: Row = next(
            (
                each
                for each in self._database.rows("line")
                if (text(each.get("pattern")), partition_name(each.get("routePartitionName"))) == (line, partition)
            ),
            {},
        )
        spaces = (text(number.get("shareLineAppearanceCssName")), text(row.get("callingSearchSpaceName")))
        return search_space(self._database, *spaces)

    def row(self, name: str) -> Row | None:
        """The phone's row."""
        wanted = name.lower()
        return next((row for row in self._database.rows("phone") if text(row.get("name")).lower() == wanted), None)

    def close(self) -> None:
        """Give all addresses back; a phone of another node that still runs takes one again with its next call."""
        for phone in self._phones.values():
            phone.close()


def _directory_numbers(row: Row) -> list[tuple[str, str]]:
    """(pattern, partition) of a phone's lines in order."""
    numbers = []
    for line in sorted(repeated(row, "lines"), key=lambda each: int(each.get("index") or 0)):
        number = line.get("dirn") or line
        numbers.append((text(number.get("pattern")), partition_name(number.get("routePartitionName"))))
    return numbers


def _claim_address(node_ip: str) -> socket.socket:
    """A socket that holds a free address of the node's /24, so that no other simulated phone takes it."""
    network = int(IPv4Address(node_ip)) & 0xFFFFFF00
    for host in range(_FIRST_HOST, _LAST_HOST + 1):
        address = str(IPv4Address(network | host))
        if address == node_ip:
            continue
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((address, _CLAIM_PORT))
        except OSError:
            claim.close()
            continue
        return claim
    raise NoFreeAddress(f"no phone address free beside {node_ip}")
