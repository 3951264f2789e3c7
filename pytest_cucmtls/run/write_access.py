"""Asks, before the first change of a run, whether the AXL accounts may write; an account that only reads stops the run there."""

import json

from pytest_cucmtls.clients.axl_roles import FULL_ROLE, READING_ROLE, roles_of_account
from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.errors import CucmTlsError, UnsafeToAct
from pytest_cucmtls.procedure.context import Change, Run


class WriteAccessGate:
    """A gate of the run: looks once, at the first change, and keeps what it found as kind ``write_access``."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._refusal: str | None = None

    def __call__(self, step: int, change: Change) -> None:
        """Raises: UnsafeToAct, when an account lacks the role; nothing when that cannot be told."""
        if self._refusal is None:
            self._refusal = "; ".join(filter(None, map(self._lacking, self._run.clusters)))
        if self._refusal:
            remedy = f"Give the account the role {FULL_ROLE}, or run in mode verify."
            raise UnsafeToAct(str(step), f"{self._refusal} ({change.target} would be the first change)", remedy=remedy)

    def _lacking(self, cluster: ClusterReader) -> str:
        user, fact = cluster.spec.axl.user, f"write access of {cluster.name}"
        try:
            roles = roles_of_account(cluster.axl(), user)
        except CucmTlsError as problem:
            self._run.folder.keep_missing(fact, str(problem))
            return ""
        standard = sorted((roles or set()) & {FULL_ROLE, READING_ROLE})
        may_write = FULL_ROLE in standard if standard else None
        self._run.folder.keep(
            json.dumps({"user": user, "roles": standard, "may_write": may_write}).encode(),
            kind="write_access",
            cluster=cluster.name,
            interface="axl",
            operation="roles of the account",
            media_type="application/json",
        )
        return f"the AXL account {user} of {cluster.name} may only read: {FULL_ROLE} is missing" if may_write is False else ""
