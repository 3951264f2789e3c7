"""`file list|view|search|delete activelog …`."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.sim.cli_command import (
    ASSUMED,
    RECORDED,
    SPECIFIED,
    CliCommand,
    CliContext,
    CommandFailed,
    argument,
    confirmed,
)
from pytest_cucmtls.sim.logs.active import folder_of, matching_files, one_file

_LARGEST_VIEW_BYTES = 1 << 20
_LONGEST_EXPRESSION = 200


async def _list(context: CliContext, arguments: Sequence[str]) -> None:
    _flush(context)
    folder, pattern = folder_of(context.node.active_log, argument(arguments, 0, "file-spec"))
    options = set(arguments[1:])
    files = matching_files(context.node.active_log, arguments[0])
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if pattern == "*" else []
    if not files and not folders:
        raise CommandFailed(f"no such file or directory can be found: {arguments[0]}")
    ordered = _ordered(files, options)
    if "detail" in options:
        rows = [_detail(path, "<dir>") for path in folders] + [_detail(path, f"{path.stat().st_size:,}") for path in ordered]
    else:
        rows = [f"<dir>   {path.name}" for path in folders] + [path.name for path in ordered]
    rows.append(f"dir count = {len(folders)}, file count = {len(files)}")
    await context.terminal.show("\n".join(rows))


def _ordered(files: list[Path], options: set[str]) -> list[Path]:
    if "date" in options:
        files = sorted(files, key=lambda path: path.stat().st_mtime)
    elif "size" in options:
        files = sorted(files, key=lambda path: path.stat().st_size)
    return files[::-1] if "reverse" in options else files


def _detail(path: Path, size: str) -> str:
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"{modified:%d %b,%Y %H:%M:%S}  {size:>15}  {path.name}"


async def _view(context: CliContext, arguments: Sequence[str]) -> None:
    _flush(context)
    path = one_file(context.node.active_log, argument(arguments, 0, "file-spec"))
    if path.stat().st_size > _LARGEST_VIEW_BYTES:
        raise CommandFailed("The file is too large to be viewed.")
    await context.terminal.show(path.read_bytes().decode("utf-8", "replace"))


async def _search(context: CliContext, arguments: Sequence[str]) -> None:
    _flush(context)
    spec, wanted = argument(arguments, 0, "file-spec"), argument(arguments, 1, "regular expression")
    try:
        expression = re.compile(wanted[:_LONGEST_EXPRESSION].strip('"'), re.IGNORECASE if "ignorecase" in arguments[2:] else 0)
    except re.error:
        raise CommandFailed("The regular expression is not valid.") from None
    rows: list[str] = []
    for path in matching_files(context.node.active_log, spec):
        lines = path.read_bytes()[:_LARGEST_VIEW_BYTES].decode("utf-8", "replace").splitlines()
        found = [line for line in lines if expression.search(line)]
        if found:
            rows += [f"Searching path: {path.name}", *found]
    rows.append("Search completed")
    await context.terminal.show("\n".join(rows))


async def _delete(context: CliContext, arguments: Sequence[str]) -> None:
    spec = argument(arguments, 0, "file-spec")
    files = matching_files(context.node.active_log, spec)
    if not files:
        raise CommandFailed(f"no such file or directory can be found: {spec}")
    if not {path.name for path in files} <= context.node.captures_made:
        context.node.cluster.record_write("cli", f"file delete activelog {spec}")
    if "noconfirm" not in arguments[1:] and not await confirmed(
        context.terminal, f"Number of files affected: {len(files)}\nWould you like to proceed [y/n]? "
    ):
        return
    for path in files:
        path.unlink(missing_ok=True)
    context.terminal.line(f"files: found = {len(files)}, deleted = {len(files)}")


def _flush(context: CliContext) -> None:
    """Traces still in memory belong to what is listed."""
    if context.node.traces is not None:
        context.node.traces.flush()


COMMANDS = (
    CliCommand(
        ("file", "list", "activelog"),
        _list,
        "file list activelog file-spec [page|detail|reverse|[date|size]]",
        RECORDED,
        "platform.md §3.5 (detail)",
    ),
    CliCommand(("file", "view", "activelog"), _view, "file view activelog file-spec", SPECIFIED, "platform.md §3.5"),
    CliCommand(
        ("file", "search", "activelog"),
        _search,
        "file search activelog file-spec reg-exp [ignorecase]",
        ASSUMED,
        "platform.md §3.5: output not found",
    ),
    CliCommand(
        ("file", "delete", "activelog"),
        _delete,
        "file delete activelog file-spec [noconfirm]",
        ASSUMED,
        "platform.md §3.5: output not found",
    ),
)
