"""Who runs the program, as evidence names them."""

import getpass

from pytest_cucmtls import __version__


def account() -> str:
    """The account of this process; ``unknown`` where it has no name, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def account_and_program() -> str:
    """Account and program, as custody logs name them."""
    return f"{account()}, pytest-cucmtls {__version__}"
