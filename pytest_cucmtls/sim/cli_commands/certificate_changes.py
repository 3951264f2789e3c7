"""`set csr gen`, `set cert import`, `set cert regen`, `set cert delete`."""

import asyncio
from collections.abc import Sequence

from pytest_cucmtls.sim.certificates.store import read_certificates
from pytest_cucmtls.sim.cli_command import ASSUMED, RECORDED, CliCommand, CliContext, CommandFailed, argument, confirmed

_FIRST_RELEASE_ASKING_FOR_OU = 14
_LONGEST_PASTE_LINES = 5000


async def _generate_request(context: CliContext, arguments: Sequence[str]) -> None:
    """Newer releases ask about the OU; the answer is not used, as the store's subject is the node's (ASSUMED)."""
    unit = argument(arguments, 0, "certificate name")
    context.node.cluster.record_write("cli", f"set csr gen {unit}")
    if context.node.cluster.release.major >= _FIRST_RELEASE_ASKING_FOR_OU:
        await confirmed(context.terminal, "Include OU in CSR (yes|no)? ")
    await asyncio.to_thread(context.node.certificates.generate_request, unit)
    spaces = "  " if context.node.cluster.release.major < 10 else " "
    context.terminal.line(f"Successfully Generated CSR{spaces}for {unit}.")


async def _import(context: CliContext, arguments: Sequence[str]) -> None:
    kind = argument(arguments, 0, "own|trust")
    unit = argument(arguments, 1, "certificate name")
    if kind not in {"own", "trust"}:
        raise CommandFailed("Enter own or trust.")
    context.node.cluster.record_write("cli", f"set cert import {kind} {unit}")
    pasted = read_certificates(await _paste(context))
    if kind == "trust":
        for der in pasted:
            context.node.certificates.import_trust(unit, der)
    else:
        context.node.certificates.import_identity(unit, pasted)
    context.terminal.line()
    context.terminal.line(f"Successfully imported certificate for {unit}.")
    context.terminal.line(f"Please restart services related to {unit} for the new certificate to become active.")


async def _paste(context: CliContext) -> bytes:
    """Everything up to the first empty line after something was pasted."""
    context.terminal.line("Paste the Certificate and Hit Enter")
    lines: list[str] = []
    while len(lines) < _LONGEST_PASTE_LINES:
        line = (await context.terminal.read_line()).strip()
        if lines and not line:
            break
        if line:
            lines.append(line)
    return "\n".join(lines).encode()


async def _regenerate(context: CliContext, arguments: Sequence[str]) -> None:
    unit = argument(arguments, 0, "certificate name")
    context.node.cluster.record_write("cli", f"set cert regen {unit}")
    context.terminal.line(f"WARNING: This operation will overwrite the existing certificate for {unit}.")
    if not await confirmed(context.terminal, "Proceed with regeneration (yes|no)? "):
        return
    await asyncio.to_thread(context.node.certificates.regenerate, unit)
    context.terminal.line(f"Successfully Regenerated Certificate for {unit}.")
    context.terminal.line(f"You must restart the services related to {unit} for the regenerated certificates to become active.")


async def _delete(context: CliContext, arguments: Sequence[str]) -> None:
    unit, file_name = argument(arguments, 0, "unit"), argument(arguments, 1, "certificate name")
    if not unit.endswith("-trust"):
        raise CommandFailed(f"Certificates of {unit} cannot be deleted.")
    context.node.cluster.record_write("cli", f"set cert delete {unit} {file_name}")
    if not await confirmed(context.terminal, f"Do you want to delete {unit}/{file_name}. Continue (yes/no) ? "):
        return
    context.node.certificates.delete_trust(unit, file_name)
    context.terminal.line(f"Successfully deleted {file_name} from {unit}.")


COMMANDS = (
    CliCommand(("set", "csr", "gen"), _generate_request, "set csr gen name", RECORDED, "platform.md §3.3"),
    CliCommand(("set", "cert", "import"), _import, "set cert import {own|trust} name [caCert]", RECORDED, "platform.md §3.3"),
    CliCommand(
        ("set", "cert", "regen"), _regenerate, "set cert regen name", RECORDED, "platform.md §3.3: question seen for one unit"
    ),
    CliCommand(("set", "cert", "delete"), _delete, "set cert delete unit name", ASSUMED, "platform.md §3.3: wording assumed"),
)
