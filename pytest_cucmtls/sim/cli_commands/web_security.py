"""`set web-security` and `show web-security`: subject fields of later requests, and a new Tomcat certificate."""

import asyncio
from collections.abc import Sequence

from pytest_cucmtls.sim.certificates.printed import certificate_text
from pytest_cucmtls.sim.cli_command import ASSUMED, CliCommand, CliContext, CommandFailed, argument, confirmed

_FIELDS = (("OU", "orgunit"), ("O", "orgname"), ("L", "locality"), ("ST", "state"))
_LONGEST_FIELD = 64


async def _set(context: CliContext, arguments: Sequence[str]) -> None:
    """The country stays what it was (Security Guide 15); the alternate host name goes into the node's own requests."""
    values = {key: _field(argument(arguments, place, name)) for place, (key, name) in enumerate(_FIELDS)}
    store = context.node.certificates
    if "tomcat" not in store.units:
        raise CommandFailed("File tomcat/tomcat.pem does not exist")
    others = list(arguments[len(_FIELDS) :])
    country = next((value for key, value in store.subject if key == "C"), "")
    if others and others[0] not in (country, ""):
        raise CommandFailed("The country cannot be changed.")
    context.node.cluster.record_write("cli", "set web-security")
    context.terminal.line("WARNING: This operation creates self-signed certificates for web access (Tomcat).")
    if not await confirmed(context.terminal, "Continue (y/n)? "):
        return
    kept = [(key, value) for key, value in store.subject if key not in values]
    store.subject = (*kept, *((key, values[key]) for key in ("ST", "L", "O", "OU")))
    store.alternate_names = tuple(_field(name) for name in others[1:2])
    await asyncio.to_thread(store.regenerate, "tomcat")
    context.terminal.line("Successfully regenerated certificate for tomcat.")
    context.terminal.line("Please restart the Cisco Tomcat service for the new certificate to become active.")


async def _show(context: CliContext, _arguments: Sequence[str]) -> None:
    identity = context.node.certificates.own("tomcat")
    if identity is None:
        raise CommandFailed("File tomcat/tomcat.pem does not exist")
    await context.terminal.show(certificate_text(identity.der, context.node.cluster.release.certificate_print))


def _field(text: str) -> str:
    value = text.strip('"')
    if not value or len(value) > _LONGEST_FIELD or not value.isprintable():
        raise CommandFailed(f"The value {text!r} is not valid.")
    return value


_SYNTAX = "set web-security orgunit orgname locality state [country] [alternatehostname]"

COMMANDS = (
    CliCommand(("set", "web-security"), _set, _SYNTAX, ASSUMED, "platform.md §3.3: effect documented, texts assumed"),
    CliCommand(("show", "web-security"), _show, "show web-security", ASSUMED, "platform.md §3.3: output assumed"),
)
