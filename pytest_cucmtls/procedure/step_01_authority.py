"""Step 1 - A certificate authority is available."""

from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.procedure.issued import keep_authority_certificate, known_chain

number = 1
title = "A certificate authority is available"


def plan(run: Run) -> list[Change]:
    """Nothing to change on the clusters: the authority answers or it does not."""
    known_chain(run)
    return []


def read_back(run: Run) -> None:
    """Keep the authority's certificates, issuing one first, root last."""
    if run.authority is None:
        run.folder.keep_missing("authority", "a verify-only run has no certificate authority of its own")
        return
    chain = known_chain(run)
    if not chain:
        run.folder.keep_missing("authority", "the certificates of the CA are not in the hand-over folder yet")
    for position, der in enumerate(chain):
        keep_authority_certificate(run, position, der)
