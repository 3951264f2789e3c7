"""`file get activelog …`: the node uploads files to an SFTP server somebody runs."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncssh

from pytest_cucmtls.sim.cli_command import RECORDED, CliCommand, CliContext, CommandFailed, argument, confirmed
from pytest_cucmtls.sim.logs.active import matching_files
from pytest_cucmtls.sim.state import NodeState

_CONNECT_SECONDS = 20.0
_LAST_OLD_MAJOR = 11
_OLD_ALGORITHMS: dict[str, Any] = {
    "kex_algs": ["diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1", "diffie-hellman-group1-sha1"],
    "server_host_key_algs": ["ssh-rsa"],
}
"""What the SSH client of OpenSSH 5.3 has in common with anybody; which releases are that old is ASSUMED."""
_OPTIONS_WITH_VALUES = {"reltime": 2, "abstime": 2, "match": 1}


async def _get(context: CliContext, arguments: Sequence[str]) -> None:
    """``match`` and ``recurs`` are applied; time options are accepted and are not."""
    if context.node.traces is not None:
        context.node.traces.flush()
    show = context.terminal.line
    files = _selected(context.node, argument(arguments, 0, "file-spec"), list(arguments[1:]))
    show("Please wait while the system is gathering files info ...done.")
    if "recurs" not in arguments:
        show("Sub-directories were not traversed.")
    if not files:
        raise CommandFailed("No files were found.")
    total = sum(path.stat().st_size for path in files)
    show(f"Number of files affected: {len(files)}")
    show(f"Total size in Bytes: {total}")
    show(f"Total size in Kbytes: {total / 1024:.4f}")
    if not await confirmed(context.terminal, "Would you like to proceed [y/n]? "):
        return
    await _transfer(context, files)


async def _transfer(context: CliContext, files: list[Path]) -> None:
    terminal = context.terminal
    address = (await terminal.read_line("SFTP server IP: ")).strip()
    port_text = (await terminal.read_line("SFTP server port [22]: ")).strip() or "22"
    user = (await terminal.read_line("User ID: ")).strip()
    password = await terminal.read_line("Password: ", mask="*")
    folder = (await terminal.read_line("\nDownload directory: ")).strip()
    if not port_text.isdigit() or not 0 < int(port_text[:6]) < 65536 or not folder.startswith("/"):
        raise CommandFailed("Invalid SFTP server port or download directory.")
    terminal.line()
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = await _connect(context, address, int(port_text), user, password)
        async with connection, connection.start_sftp_client() as sftp:
            await _upload(context, sftp, files, folder)
    except (OSError, asyncssh.Error, TimeoutError) as problem:
        raise CommandFailed(f"SFTP transfer failed: {type(problem).__name__}") from None
    terminal.line("Transfer completed.")


async def _connect(context: CliContext, address: str, port: int, user: str, password: str) -> asyncssh.SSHClientConnection:
    """A first contact asks whether the server is the right one, as the file transfer's ssh does."""
    old = context.node.cluster.release.major <= _LAST_OLD_MAJOR
    algorithms = _OLD_ALGORITHMS if old else {}
    key = await asyncssh.get_server_host_key(address, port, config=None, **algorithms)
    if key is None:
        raise OSError("no host key")
    context.terminal.line(f"The authenticity of host '{address} ({address})' can't be established.")
    context.terminal.line(f"RSA key fingerprint is {key.get_fingerprint('sha256')}.")
    if not await confirmed(context.terminal, "Are you sure you want to continue connecting (yes/no)? "):
        raise CommandFailed("Host key verification failed.")
    return await asyncssh.connect(
        address,
        port,
        username=user,
        password=password,
        known_hosts=([key], [], []),
        config=None,
        agent_path=None,
        client_keys=None,
        **algorithms,
    )


async def _upload(context: CliContext, sftp: asyncssh.SFTPClient, files: list[Path], folder: str) -> None:
    """Below ``<folder>/<host>/<time>/``, as ``active/<path>`` lies in the log tree."""
    node = context.node
    below = f"{folder.rstrip('/')}/{node.ip}/{node.now():%Y-%m-%d_%H-%M-%S}"
    for path in files:
        relative = path.relative_to(node.active_log.resolve()).as_posix()
        target = f"{below}/{relative}"
        await sftp.makedirs(target.rpartition("/")[0], exist_ok=True)
        await sftp.put(str(path), target)
        context.terminal.line(f"Get file: active/{relative}" if node.cluster.release.major >= 12 else ".")
    if node.cluster.release.major >= 12:
        context.terminal.line("done.")


def _selected(node: NodeState, spec: str, options: list[str]) -> list[Path]:
    expression, recursive = "", "recurs" in options
    while options:
        word = options.pop(0)
        values = [options.pop(0) for _ in range(min(_OPTIONS_WITH_VALUES.get(word, 0), len(options)))]
        if word == "match" and values:
            expression = values[0]
    found = matching_files(node.active_log, spec, recursive=recursive)
    try:
        return [path for path in found if re.search(expression, path.name)]
    except re.error:
        raise CommandFailed("The regular expression is not valid.") from None


COMMANDS = (
    CliCommand(
        ("file", "get", "activelog"),
        _get,
        "file get activelog file-spec [reltime|abstime] [match] [recurs]",
        RECORDED,
        "platform.md §3.5 (failure texts ASSUMED)",
    ),
)
