"""Step 5 - The authority's root certificate is exported."""

from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.context import Change, Run
from pytest_cucmtls.wire.x509 import parse_certificate, pem_of

number = 5
title = "The authority's root certificate is exported"


def plan(run: Run) -> list[Change]:
    """Nothing on the clusters changes. Raises: UnsafeToAct when what the authority calls its root is no self-issued CA."""
    root = parse_certificate(run.signer().chain()[-1])
    if not root.is_ca or not root.names_itself_as_issuer:
        raise UnsafeToAct(
            "5", f"{root.subject} is not a self-signed CA certificate", remedy="Export the root of the chain, not a leaf."
        )
    return []


def read_back(run: Run) -> None:
    """Keep the root as a Base-64 .CER export, as the document does."""
    if run.authority is None:
        return
    run.folder.keep(
        pem_of(run.authority.chain()[-1]).encode(),
        kind="authority_export",
        interface="authority",
        operation="root export",
        media_type="application/x-pem-file",
    )
