"""Passwords of the inventory's accounts by whichever declared way; one becomes a `Secret` only when it is needed."""

import json
import os
from pathlib import Path

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import Account
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.password_sources import ask_declared_ways


class Credentials:
    """Passwords: environment first, then a simulated pair's file (JSON, owner-only), command, keyring, prompt as declared."""

    def __init__(self, file: Path | None = None) -> None:
        self._from_file: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file else {}

    def password(self, account: Account) -> Secret:
        """The account's password. Raises: ConfigurationInvalid naming every way that was tried."""
        variable = account.password_variable
        text = os.environ.get(variable) or self._from_file.get(variable)
        if text:
            return Secret(text)
        asked, tried = ask_declared_ways(account)
        if asked is not None:
            return asked
        if tried:
            reasons = [f"environment variable {variable} is not set", *tried] if variable else tried
            remedy = "Repair one of these ways, or declare another one in the inventory."
            raise ConfigurationInvalid("inventory", f"password of {account.user!r}", "; ".join(reasons), remedy=remedy)
        detail = f"is not set; it should hold the password of {account.user!r}"
        raise ConfigurationInvalid("environment", variable, detail, remedy=f"export {variable}=… and run again.")


def credentials_beside(inventory_file: Path) -> Credentials:
    """Passwords from the environment, or from the owner-only file a simulated pair leaves beside its inventory."""
    file = inventory_file.parent / "credentials.json"
    return Credentials(file if file.exists() else None)
