"""`utils fips status`: whether the node runs in FIPS mode."""

from collections.abc import Sequence

from pytest_cucmtls.sim.cli_command import ASSUMED, CliCommand, CliContext

FIPS_PARAMETER = "FIPS Mode"
"""Key of the cluster's parameters under which the mode is kept: ``on``, anything else is off."""


async def _status(context: CliContext, _arguments: Sequence[str]) -> None:
    enabled = context.node.cluster.enterprise_parameters.get(FIPS_PARAMETER) == "on"
    context.terminal.line(f"The system is operating in {'' if enabled else 'non-'}FIPS mode.")


COMMANDS = (
    CliCommand(("utils", "fips", "status"), _status, "utils fips status", ASSUMED, "platform.md names no output: words assumed"),
)
