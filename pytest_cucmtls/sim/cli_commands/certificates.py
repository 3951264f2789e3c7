"""`show cert …` and `show csr …`."""

from collections.abc import Sequence

from pytest_cucmtls.sim.certificates.printed import armoured, certificate_text
from pytest_cucmtls.sim.cli_command import ASSUMED, RECORDED, CliCommand, CliContext, CommandFailed, argument


def _own_name(word: str) -> str:
    """``CallManager`` of ``CallManager``, ``CallManager/CallManager.pem`` or ``…csr``."""
    unit, _, file_name = word.partition("/")
    if file_name and file_name.rpartition(".")[0] != unit:
        raise CommandFailed(f"File {file_name} does not exist")
    return unit


async def _show_own(context: CliContext, arguments: Sequence[str]) -> None:
    unit = _own_name(argument(arguments, 0, "certificate name"))
    identity = context.node.certificates.own(unit)
    if identity is None:
        raise CommandFailed(f"File {unit}/{unit}.pem does not exist")
    await context.terminal.show(certificate_text(identity.der, context.node.cluster.release.certificate_print))


async def _show_trust(context: CliContext, arguments: Sequence[str]) -> None:
    """``unit-trust/file.pem``, or the file name alone: the first store that holds it."""
    wanted = argument(arguments, 0, "certificate name")
    store, slash, file_name = wanted.rpartition("/")
    for unit in context.node.certificates.trust_units:
        entry = context.node.certificates.trust(unit).get(file_name)
        if entry is not None and (not slash or store == f"{unit}-trust"):
            await context.terminal.show(certificate_text(entry.der, context.node.cluster.release.certificate_print))
            return
    raise CommandFailed(f"File {wanted} does not exist")


async def _list(context: CliContext, arguments: Sequence[str]) -> None:
    kind = argument([word for word in arguments if word != "type"], 0, "own|trust")
    if kind not in {"own", "trust"}:
        raise CommandFailed("Enter own or trust.")
    rows = _own_rows(context) if kind == "own" else _trust_rows(context)
    await context.terminal.show("\n".join(["", *rows]))


def _own_rows(context: CliContext) -> list[str]:
    store = context.node.certificates
    identities = ((unit, store.own(unit)) for unit in store.units)
    return [f"{unit}/{unit}.pem: {identity.description}" for unit, identity in identities if identity is not None]


def _trust_rows(context: CliContext) -> list[str]:
    store = context.node.certificates
    return [
        f"{unit}-trust/{name}: {entry.description}"
        for unit in store.trust_units
        for name, entry in sorted(store.trust(unit).items())
    ]


async def _list_requests(context: CliContext, _arguments: Sequence[str]) -> None:
    store = context.node.certificates
    pending = [unit for unit in store.units if store.request(unit) is not None]
    await context.terminal.show("\n".join(["", *(f"{unit}/{unit}.csr" for unit in pending)]))


async def _show_request(context: CliContext, arguments: Sequence[str]) -> None:
    unit = _own_name(argument(arguments, 0, "csr name"))
    request = context.node.certificates.request(unit)
    if request is None:
        raise CommandFailed(f"File {unit}/{unit}.csr does not exist")
    await context.terminal.show(armoured("CERTIFICATE REQUEST", request.der))


COMMANDS = (
    CliCommand(("show", "cert", "own"), _show_own, "show cert own name", RECORDED, "platform.md §3.3 (Java style)"),
    CliCommand(("show", "cert", "trust"), _show_trust, "show cert trust name", RECORDED, "platform.md §3.3"),
    CliCommand(("show", "cert", "list"), _list, "show cert list {own|trust}", RECORDED, "platform.md §3.3"),
    CliCommand(("show", "csr", "list"), _list_requests, "show csr list own", RECORDED, "platform.md §3.3"),
    CliCommand(("show", "csr", "own"), _show_request, "show csr own name", ASSUMED, "platform.md §3.3: armour inferred"),
)
