"""A certificate beside the request it answers: shown, kept as evidence, and judged before anything is uploaded."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

from pytest_cucmtls.model.certificates import Certificate, CertificateRequest
from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.wire.x509 import parse_certificate
from pytest_cucmtls.wire.x509_attributes import Acceptance, ComparedAttribute, compared_attributes, refusals


def compare(run: Run, request: CertificateRequest, certificate: Certificate) -> tuple[ComparedAttribute, ...]:
    """Attribute by attribute, against the run's authority, now."""
    chain = tuple(parse_certificate(der) for der in run.signer().chain())
    return compared_attributes(request, certificate, chain, at=datetime.now(UTC))


def show_comparison(run: Run, cluster: str, node: str, attributes: tuple[ComparedAttribute, ...]) -> None:
    """On the terminal, and as evidence of kind ``certificate_comparison`` (JSON)."""
    for attribute in attributes:
        run.progress(f"         {cluster}/{node}  {attribute.line}")
    rows = [asdict(attribute) | {"acceptance": attribute.acceptance.value} for attribute in attributes]
    run.folder.keep(
        json.dumps({"attributes": rows}, ensure_ascii=False, indent=1).encode(),
        kind="certificate_comparison",
        cluster=cluster,
        node=node,
        interface="tool",
        operation="request and certificate",
        media_type="application/json",
    )


def refuse_unusable(step: str, place: str, attributes: tuple[ComparedAttribute, ...]) -> None:
    """Raises: UnsafeToAct with every attribute that differs, when one of them makes the certificate unusable."""
    problems = refusals(attributes)
    if problems:
        raise UnsafeToAct(
            step,
            f"the certificate at hand is not what {place} asked for: {'; '.join(problems)}",
            remedy="Have the right certificate issued (step 4); nothing was uploaded.",
        )


def in_short(attributes: tuple[ComparedAttribute, ...]) -> str:
    """For one cell of a list of changes: that it is as asked, save what was tolerated; every value stands in step 4."""
    tolerated = ", ".join(attribute.name for attribute in attributes if attribute.acceptance is Acceptance.TOLERATED)
    return "as asked" + (f", save what the authority may choose: {tolerated}" if tolerated else "")
