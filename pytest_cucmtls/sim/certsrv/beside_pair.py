"""A simulated AD CS on the network of a simulated pair, and the lines of the inventory that name it."""

import json
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_cucmtls.sim.certsrv.authority import TEMPLATES, EnterpriseAuthority
from pytest_cucmtls.sim.certsrv.server import serve_certsrv
from pytest_cucmtls.sim.inventory_file import write_private
from pytest_cucmtls.sim.server import RunningPair

MODES = ("automatic", "manual")
"""Whether requests are issued at once or wait for the administrator."""
HOST = 250
USER, USER_VARIABLE = "CORP\\cucmtls", "CUCMTLS_CA_USER_PASSWORD"
ADMINISTRATOR, ADMINISTRATOR_VARIABLE = "CORP\\caadmin", "CUCMTLS_CA_ADMIN_PASSWORD"


@dataclass(frozen=True, slots=True)
class AuthorityBeside:
    """Where it answers, and its passwords by variable name."""

    url: str
    passwords: dict[str, str]

    def leave_passwords(self, credentials: Path) -> None:
        """Add them to the pair's credentials.json."""
        known = json.loads(credentials.read_text(encoding="utf-8"))
        write_private(credentials, json.dumps(known | self.passwords, indent=1))


async def serve_beside(pair: RunningPair, folder: Path, mode: str) -> AuthorityBeside:
    """Start it with Basic authentication on host 250 of the pair's network; it ends with the pair.

    The pair's plan names it as the inventory's authority from now on. Raises: OSError.
    """
    passwords = {USER_VARIABLE: secrets.token_urlsafe(12), ADMINISTRATOR_VARIABLE: secrets.token_urlsafe(12)}
    server = await serve_certsrv(
        EnterpriseAuthority(approves_by_hand=mode == "manual"),
        folder / "certsrv",
        {USER: passwords[USER_VARIABLE], ADMINISTRATOR: passwords[ADMINISTRATOR_VARIABLE]},
        address=f"{pair.network}.{HOST}",
        administrator=ADMINISTRATOR,
    )
    pair.ends_with(server.close)
    table = (
        ("kind", "certsrv"),
        ("url", server.url),
        ("user", USER),
        ("password_variable", USER_VARIABLE),
        ("authentication", "basic"),
        ("template", TEMPLATES[0].name),
        ("ca_bundle", str(server.bundle_file.resolve())),
    )
    pair.plan = replace(pair.plan, authority=table)
    return AuthorityBeside(server.url, passwords)
