"""Step 1 - A certificate authority is available."""

from pytest_cucmtls.procedure.context import Change, Run

number = 1
title = "A certificate authority is available"


def plan(run: Run) -> list[Change]:
    """Nothing to change on the clusters: the authority answers or it does not."""
    run.signer().chain()
    return []


def read_back(run: Run) -> None:
    """Keep the authority's certificates, issuing one first, root last."""
    if run.authority is None:
        run.folder.keep_missing("authority", "a verify-only run has no certificate authority of its own")
        return
    for position, der in enumerate(run.authority.chain()):
        run.folder.keep(
            der,
            kind="authority_certificate",
            interface="authority",
            operation=f"chain {position}",
            media_type="application/pkix-cert",
        )
