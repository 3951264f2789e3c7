"""The simulated CLI's shell: banner, prompt, command dispatch, failures, help."""

import asyncio
import contextlib

from pytest_cucmtls.sim.certificates.store import CertificateRefused
from pytest_cucmtls.sim.cli_command import FAILURE_TRAILER, CliContext, CommandFailed
from pytest_cucmtls.sim.cli_commands import all_commands, find_command
from pytest_cucmtls.sim.cli_terminal import CliTerminal, Interrupted, TerminalClosed
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.state import NodeState, WriteForbidden

BANNER = (
    "Command Line Interface is starting up, please wait ...\n"
    "\n"
    "   Welcome to the Platform Command Line Interface\n"
    "\n"
    "VMware Installation:\n"
    "\t2 vCPU: Intel(R) Xeon(R) CPU E5-2630 v3 @ 2.40GHz\n"
    "\tDisk 1: 80GB, Partitions aligned\n"
    "\t6144 Mbytes RAM\n"
    "\n"
)
"""RECORDED (platform.md §3.1); the hardware lines vary in reality."""
PROMPT = "admin:"
"""RECORDED: the same in every published transcript, whatever the administrator's name; public clients wait for it by name."""
NOT_SUPPORTED = "The command is not supported on this platform."
"""ASSUMED: the real wording for an unknown command could not be confirmed (platform.md §3.2)."""
NOT_ALLOWED = "You do not have permission to run this command."
"""ASSUMED: what a cluster that must not be changed answers."""

BEHAVIOURS = (
    Behaviour("platform CLI", "failure trailer Executed command unsuccessfully", Provenance.RECORDED, "platform.md §3.2"),
    Behaviour("platform CLI", "pager line and its keys", Provenance.RECORDED, "platform.md §3.2; keys assumed"),
    Behaviour("platform CLI", "Control-C pressed", Provenance.RECORDED, "platform.md §3.2"),
    Behaviour(
        "platform CLI", "families of confirmations", Provenance.RECORDED, "platform.md §3.2; which command asks which: in part"
    ),
    Behaviour(
        "platform CLI", "texts for unknown commands and refused changes; layout of command ?", Provenance.ASSUMED, "none found"
    ),
)

PROMPT_DIFFERS = "cli_prompt_differs"
SESSION_DROPPED = "cli_session_dropped"
_COMMANDS_BEFORE_DROP = 3
STAYS_SILENT = "cli_stays_silent"
PRIVILEGE_ZERO = "platform_privilege_zero"
_NEED_PRIVILEGE_ONE = ({"show", "set"}, {"cert", "csr"}), ({"file"}, {"delete", "dump"})
"""First and second words of commands for privilege level 1 (platform.md §3.2)."""


async def serve_shell(node: NodeState, terminal: CliTerminal, banner_delay_seconds: float) -> None:
    """Talk until the other side quits or goes away."""
    faults = node.cluster.faults
    with contextlib.suppress(TerminalClosed):
        terminal.write(BANNER)
        if banner_delay_seconds or STAYS_SILENT in faults:
            await _wait(terminal, banner_delay_seconds if STAYS_SILENT not in faults else None)
        prompt = f"{node.name}# " if PROMPT_DIFFERS in faults else PROMPT
        commands = 0
        while await _one_command(CliContext(node, terminal), prompt):
            commands += 1
            if SESSION_DROPPED in faults and commands == _COMMANDS_BEFORE_DROP:
                return


async def _wait(terminal: CliTerminal, seconds: float | None) -> None:
    """Let time pass (None: for ever), or less if the other side goes away."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await terminal.interrupted.wait()


async def _one_command(context: CliContext, prompt: str) -> bool:
    """Prompt, read, run; False when the user leaves."""
    terminal = context.terminal
    try:
        typed = (await terminal.read_line(prompt)).strip()
        if typed in {"quit", "exit"}:
            return False
        if typed:
            terminal.interrupted.clear()
            await _run(context, typed)
    except Interrupted:
        terminal.line("^C")
        terminal.line("Control-C pressed")
    return True


async def _run(context: CliContext, typed: str) -> None:
    if typed.endswith("?"):
        _help(context.terminal, typed[:-1].split())
        return
    words = typed.split()
    command = find_command(words)
    try:
        if command is None:
            raise CommandFailed(NOT_SUPPORTED)
        if PRIVILEGE_ZERO in context.node.cluster.faults and _needs_privilege_one(words):
            raise CommandFailed(NOT_ALLOWED)
        await command.run(context, words[len(command.words) :])
    except (CommandFailed, CertificateRefused) as refusal:
        context.terminal.line(str(refusal))
        context.terminal.line(FAILURE_TRAILER)
    except WriteForbidden:
        context.terminal.line(NOT_ALLOWED)
        context.terminal.line(FAILURE_TRAILER)


def _needs_privilege_one(words: list[str]) -> bool:
    return any(words[0] in first and words[1:2] != [] and words[1] in second for first, second in _NEED_PRIVILEGE_ONE)


def _help(terminal: CliTerminal, words: list[str]) -> None:
    """``command ?``: the syntax of every command that goes on like this (layout ASSUMED)."""
    terminal.line("Syntax:")
    for syntax in sorted({c.syntax for c in all_commands() if c.words[: len(words)] == tuple(words)}):
        terminal.line(syntax)
