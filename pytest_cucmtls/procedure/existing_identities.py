"""A run over certificates that are in place already: each identity is verified against the declared chain, none is made."""

from datetime import UTC, datetime

from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.context import CALL_MANAGER, Run
from pytest_cucmtls.wire.certificate_paths import validate_path
from pytest_cucmtls.wire.x509 import parse_certificate

EXISTING = "existing"
"""`kind` of an authority that signs nothing."""


def refuse_unproven_identities(run: Run) -> None:
    """Raises: UnsafeToAct naming every node whose CallManager identity does not chain to the declared authority today,
    or may not serve both TLS roles."""
    chain = tuple(parse_certificate(der) for der in run.signer().chain())
    problems = []
    for cluster, node in run.nodes():
        identity = cluster.cli(node).read_own_certificate(CALL_MANAGER).value.certificate
        for role in ("server", "client"):
            result = validate_path(identity, chain, chain, at=datetime.now(UTC), role=role)
            if not result.valid:
                why = f"{result.problem.value if result.problem else ''} {result.detail}".strip()
                problems.append(f"{cluster.name}/{node.name} ({identity.subject}, issuer {identity.issuer}) as {role}: {why}")
                break
    if problems:
        raise UnsafeToAct(
            "3",
            f"existing certificates do not prove themselves against the declared chain: {'; '.join(problems)}",
            remedy="Complete authority.chain_file, or name an authority that issues new certificates.",
        )
