"""`utils network capture` (screen and file) and `utils network capture-rotate`, on the node's packet capture port."""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_cucmtls.sim.cli_command import RECORDED, SPECIFIED, CliCommand, CliContext, CommandFailed
from pytest_cucmtls.sim.state import PacketCapturePort

DISK_FULL = "disk_full"
"""Behaviour name (`ClusterState.faults`); the message is ASSUMED."""
_SCREEN_LIMIT, _FILE_LIMIT = 1000, 100_000
_DEFAULT_SNAP_LENGTH = 128
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_FOLDER = Path("platform/cli")


@dataclass(slots=True)
class _Options:
    """What was typed."""

    file: str | None = None
    count: int | None = None
    size: int | None = _DEFAULT_SNAP_LENGTH
    """None: all."""
    host: str | None = None
    source: str | None = None
    destination: str | None = None
    port: int | None = None
    numeric: bool = False


async def _capture(context: CliContext, arguments: Sequence[str]) -> None:
    options = _parse(arguments)
    port = context.node.packet_capture
    if port is None:
        raise CommandFailed("Packet capture is not available.")
    if DISK_FULL in context.node.cluster.faults and options.file is not None:
        raise CommandFailed("There is not enough disk space: the log partition is above its high watermark.")
    if options.file is None:
        await _to_screen(context, port, options)
    else:
        await _to_file(context, port, options, options.file)


async def _to_file(context: CliContext, port: PacketCapturePort, options: _Options, name: str) -> None:
    """Runs until Ctrl-C; the port itself stops writing at the count."""
    count = min(options.count or _FILE_LIMIT, _FILE_LIMIT)
    path = _free_path(context.node.active_log / _FOLDER, name)
    context.node.captures_made.add(path.name)
    source = port.start_file(path, count=count, snap_length=options.size, host=_host(options), port=options.port)
    try:
        _header(context, options, count)
        await context.terminal.interrupted.wait()
    finally:
        source.stop()
    context.terminal.line("^C")
    context.terminal.line("Control-C pressed")


async def _to_screen(context: CliContext, port: PacketCapturePort, options: _Options) -> None:
    """Runs until Ctrl-C or the count, at most 1000 packets."""
    count = min(options.count or _SCREEN_LIMIT, _SCREEN_LIMIT)
    shown, done = 0, asyncio.Event()

    def show(line: str) -> None:
        nonlocal shown
        if shown < count:
            shown += 1
            context.terminal.line(line)
        if shown >= count:
            done.set()

    _header(context, options, count)
    source = port.start_screen(show, count=count, numeric=options.numeric, host=_host(options), port=options.port)
    try:
        await _first_of(context.terminal.interrupted, done)
    finally:
        source.stop()
    if context.terminal.interrupted.is_set():
        context.terminal.line("^C")
        context.terminal.line("Control-C pressed")


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await wait


def _header(context: CliContext, options: _Options, count: int) -> None:
    """9.1 shows the options that matter, 10.x and later all of them (platform.md §3.4)."""
    show = context.terminal.line
    show("Executing command with options:")
    if context.node.cluster.release.major < 10:
        show(" interface=eth0")
        show(f" ip={options.host or ''}")
        return
    size = "ALL" if options.size is None else str(options.size)
    show(f" size={size:<18} count={count:<15} interface=eth0")
    show(f" src={options.source or ''}dest={options.destination or '':<20} port={options.port or ''}")
    show(f" ip={options.host or ''}")


def _host(options: _Options) -> str | None:
    """The port filters one address: ``host`` or one of ``src`` and ``dest``."""
    return options.host or options.source or options.destination


def _parse(arguments: Sequence[str]) -> _Options:
    options = _Options()
    words = list(arguments)
    while words:
        _take(words.pop(0), words, options)
    if options.host and (options.source or options.destination):
        raise CommandFailed("host cannot be combined with src or dest.")
    return options


def _take(word: str, rest: list[str], options: _Options) -> None:
    match word:
        case "eth0" | "page":
            return
        case "numeric":
            options.numeric = True
        case "file":
            options.file = _file_name(_value(rest, word))
        case "count":
            options.count = _number(_value(rest, word), 1, _FILE_LIMIT)
        case "size":
            text = _value(rest, word)
            options.size = None if text.lower() == "all" else _number(text, 1, 65535)
        case "src":
            options.source = _value(rest, word)
        case "dest":
            options.destination = _value(rest, word)
        case "port":
            options.port = _number(_value(rest, word), 1, 65535)
        case "host":
            if _value(rest, word) not in {"ip", "arp", "rarp", "all"}:
                raise CommandFailed("Enter one of ip, arp, rarp, all.")
            options.host = _value(rest, "host ip")
        case _:
            raise CommandFailed(f"Invalid parameter {word}")


def _value(rest: list[str], word: str) -> str:
    if not rest:
        raise CommandFailed(f"{word} needs a value.")
    return rest.pop(0)


def _number(text: str, lowest: int, highest: int) -> int:
    if not text.isascii() or not text.isdigit() or not lowest <= int(text[:9]) <= highest:
        raise CommandFailed(f"Enter valid values: {lowest} to {highest}.")
    return int(text)


def _file_name(text: str) -> str:
    if not _FILE_NAME.fullmatch(text):
        raise CommandFailed("The file name must not contain a dot.")
    return text


def _free_path(folder: Path, name: str) -> Path:
    """``<name>.cap``; an earlier file of that name is renamed with the next free numeric suffix (platform.md §3.4)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.cap"
    if path.exists():
        number = 1
        while (older := folder / f"{name}.cap{number:02d}").exists():
            number += 1
        path.rename(older)
    return path


async def _rotate(context: CliContext, arguments: Sequence[str]) -> None:
    """One file only is written here: the rotation itself is not simulated."""
    words = list(arguments)
    kept: list[str] = []
    while words:
        word = words.pop(0)
        if word in {"maxfiles", "sizeperfile"}:
            _number(_value(words, word), 1, 1000)
        else:
            kept.append(word)
    if "file" not in kept:
        raise CommandFailed("The mandatory parameter file is missing.")
    if context.node.cluster.release.major < 11:
        raise CommandFailed("The command is not supported on this platform.")
    await _capture(context, kept)


COMMANDS = (
    CliCommand(
        ("utils", "network", "capture"),
        _capture,
        "utils network capture [eth0] [page] [numeric] [file fname] [count num] [size bytes] [src addr] [dest addr] [port num] "
        "[host protocol addr]",
        RECORDED,
        "platform.md §3.4",
    ),
    CliCommand(
        ("utils", "network", "capture-rotate"),
        _rotate,
        "utils network capture-rotate file fname [maxfiles num] [sizeperfile num]",
        SPECIFIED,
        "platform.md §3.4",
    ),
)
