"""Runs SIP programs that nobody here wrote against simulated nodes: OpenSSL, SIPp, Kamailio and baresip from Debian."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pytest_cucmtls.sim.certificates.identities import Identity
from pytest_cucmtls.sim.database import Row
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.x509 import pem_of
from tests.simulated_nodes import manager

LIMIT_SECONDS = 20


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Skip, saying which Debian package would help, when a program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed (Debian: {package})")


@contextlib.asynccontextmanager
async def running(*command: str, cwd: Path | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that is ended with the block, whatever happens."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT, cwd=cwd, limit=1 << 20
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.communicate(), 5)
            except TimeoutError:
                # Only then: a program that is killed cannot end its own children.
                process.kill()
                await process.communicate()


async def ended(process: asyncio.subprocess.Process, given: bytes | None = None) -> tuple[int, str]:
    """Exit code and everything printed, within the limit."""
    output, _ = await asyncio.wait_for(process.communicate(given), LIMIT_SECONDS)
    assert process.returncode is not None
    return process.returncode, output.decode("utf-8", "replace")


async def line_with(process: asyncio.subprocess.Process, text: str) -> str:
    """The first printed line that holds a text; fails when the program ends before it."""
    assert process.stdout is not None
    seen = ""
    async with asyncio.timeout(LIMIT_SECONDS):
        while line := (await process.stdout.readline()).decode("utf-8", "replace"):
            seen += line
            if text in line:
                return line
    raise AssertionError(f"{text!r} was never printed:\n{seen}")


def write_identity(folder: Path, identity: Identity, authority: bytes) -> tuple[Path, Path]:
    """(key with certificate and chain, authority) as PEM files."""
    own, ca = folder / "own.pem", folder / "ca.pem"
    own.write_bytes(identity.pem())
    ca.write_text(pem_of(authority))
    return own, ca


def add_external_phone(node: NodeState, name: str, number: str, user: str, password: str) -> Row:
    """A third-party SIP phone with its line and the end user whose digest credentials it has."""
    database = node.cluster.database
    database.add("line", {"pattern": number, "routePartitionName": ""})
    database.add("user", {"userid": user, "lastName": user, "digestCredentials": password})
    lines = {"line": [{"index": 1, "dirn": {"pattern": number, "routePartitionName": ""}}]}
    return database.add("phone", {"name": name, "digestUser": user, "callingSearchSpaceName": "", "lines": lines})


async def registered(node: NodeState, device: str) -> None:
    """Until a phone has registered."""
    await asyncio.wait_for(manager(node).registrar.wait_for(device), LIMIT_SECONDS)


async def listening(address: str, port: int, transport: str) -> None:
    """Until a program has its port open, as the kernel's table of sockets says."""
    wanted = f"{bytes(reversed(IPv4Address(address).packed)).hex().upper()}:{port:04X} 00000000:0000"
    async with asyncio.timeout(LIMIT_SECONDS):
        while wanted not in Path("/proc/net", transport.lower()).read_text():
            await asyncio.sleep(0)
