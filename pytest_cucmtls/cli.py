"""The door for the shell: the `cucmtls` command. Parses arguments, calls the room that does the work, prints.

Each command stands in a module of `commands/` with an `add_commands`: adding one touches one file.

Exit codes: 0 all PASS, WARN or NOT_APPLICABLE; 1 at least one FAIL; 2 usage; 3 nothing failed but something is undecided.
"""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

import pytest_cucmtls.commands as rooms
from pytest_cucmtls import __version__
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError
from pytest_cucmtls.model.verdicts import EXIT_CODES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error of ours is one sentence on standard error."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except ConfigurationInvalid as problem:
        print(f"cucmtls: {problem}", file=sys.stderr)
        return EXIT_CODES["usage"]
    except CucmTlsError as problem:
        print(f"cucmtls: {problem}", file=sys.stderr)
        return EXIT_CODES["undecided"]
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cucmtls", description="Prove SIP TLS trunks between Unified CM clusters.")
    parser.add_argument("--version", action="version", version=f"cucmtls {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for module in sorted(found.name for found in pkgutil.iter_modules(rooms.__path__)):
        importlib.import_module(f"{rooms.__name__}.{module}").add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
