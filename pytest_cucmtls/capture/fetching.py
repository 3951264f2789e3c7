"""Brings a file from a node to us: by DIME and by `file get` to an SFTP server of ours, one where the other fails."""

import socket
import threading
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from pytest_cucmtls.clients.dime import Dime
from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.clients.sftp_sink import SftpSink
from pytest_cucmtls.model.errors import CucmTlsError, InterfaceRefused
from pytest_cucmtls.model.inventory import NodeAddress

_ACTIVE_LOG = "/var/log/active/"


class NodeFiles(Protocol):
    """What fetching needs of a cluster."""

    def dime(self, node: NodeAddress) -> Dime:
        """Files one at a time over HTTPS."""

    def cli(self, node: NodeAddress) -> PlatformCliReader:
        """The platform CLI."""


WAYS = ("dime", "sftp")
_fixed_port = threading.Lock()


def fetch_file(
    cluster: NodeFiles, node: NodeAddress, path: str, *, ways: tuple[str, ...] = WAYS, sftp_port: int = 0
) -> tuple[bytes, str]:
    """(bytes, the way that gave them) of a file below ``/var/log/active``; `ways` are tried in their order.

    `sftp_port` is where this machine listens for uploads: 0 takes any free port, another one is used by one node at a time.

    Raises: the only way's error; with several ways InterfaceRefused that says what each of them ended with.
    """
    problems: list[CucmTlsError] = []
    for way in ways:
        try:
            if way == "dime":
                return cluster.dime(node).read_file(path).value, way
            return fetch_by_sftp(cluster.cli(node), node, path, port=sftp_port), way
        except CucmTlsError as problem:
            problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    detail = "; ".join(f"by {way}: {problem.message}" for way, problem in zip(ways, problems, strict=True))
    raise InterfaceRefused("file transfer", path, "", detail, remedy=problems[-1].remedy) from problems[-1]


def fetch_by_sftp(cli: PlatformCliReader, node: NodeAddress, path: str, *, port: int = 0) -> bytes:
    """The node pushes the file to an SFTP server that lives as long as this call, with algorithms the node's release knows."""
    with (
        _fixed_port if port else nullcontext(),
        TemporaryDirectory(prefix="cucmtls-") as folder,
        SftpSink(Path(folder), own_address_towards(node.address), port, legacy_algorithms=cli.legacy_algorithms) as sink,
    ):
        return cli.fetch_file(path.removeprefix(_ACTIVE_LOG), sink).read_bytes()


def own_address_towards(address: str) -> str:
    """The local address packets to the node leave from; connecting a datagram socket sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        return str(probe.getsockname()[0])
