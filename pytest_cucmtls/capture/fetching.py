"""Brings a capture file from a node to us: through DIME, and where that fails through `file get` to an SFTP server of ours."""

import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from pytest_cucmtls.clients.dime import Dime
from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.clients.sftp_sink import SftpSink
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.inventory import NodeAddress

_ACTIVE_LOG = "/var/log/active/"


class NodeFiles(Protocol):
    """What fetching needs of a cluster."""

    def dime(self, node: NodeAddress) -> Dime:
        """Files one at a time over HTTPS."""

    def cli(self, node: NodeAddress) -> PlatformCliReader:
        """The platform CLI."""


def fetch_file(cluster: NodeFiles, node: NodeAddress, path: str) -> tuple[bytes, str]:
    """(bytes, ``dime`` or ``sftp``) of a file below ``/var/log/active``. Raises: the errors of the second way."""
    try:
        return cluster.dime(node).read_file(path).value, "dime"
    except CucmTlsError:
        return fetch_by_sftp(cluster.cli(node), node, path), "sftp"


def fetch_by_sftp(cli: PlatformCliReader, node: NodeAddress, path: str) -> bytes:
    """The node pushes the file to an SFTP server that lives as long as this call."""
    with (
        TemporaryDirectory(prefix="cucmtls-") as folder,
        SftpSink(Path(folder), address=own_address_towards(node.address)) as sink,
    ):
        return cli.fetch_file(path.removeprefix(_ACTIVE_LOG), sink).read_bytes()


def own_address_towards(address: str) -> str:
    """The local address packets to the node leave from; connecting a datagram socket sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        return str(probe.getsockname()[0])
