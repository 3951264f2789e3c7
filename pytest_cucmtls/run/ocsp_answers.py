"""Asks OCSP responders about both sides' identities, where the inventory allows it, and keeps what they answered."""

import requests

from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.errors import AnswerTimedOut, ClusterUnreachable, CucmTlsError, InterfaceRefused, NoEvidence
from pytest_cucmtls.model.evidence import Evidence, NodeEvidence
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.wire.certificate_paths import validate_path
from pytest_cucmtls.wire.x509_ocsp import LARGEST_ANSWER_BYTES, ocsp_request, responder_urls

ANSWER_SECONDS = 10.0
NOT_ALLOWED = 'the inventory does not allow it (authority.ocsp = "certificate", or the responder\'s address)'
IN_CERTIFICATE = "certificate"
"""Value of ``authority.ocsp`` that means: ask whom the certificate names."""


def keep_ocsp_answers(run: Run) -> None:
    """Keep kind ``ocsp`` of every node; nothing leaves this machine unless ``authority.ocsp`` is set. Raises nothing."""
    allowed = run.inventory.authority.ocsp
    if not allowed:
        for cluster, node in run.nodes():
            run.folder.keep_missing(f"OCSP answer on {cluster.name}/{node.name}", NOT_ALLOWED)
        return
    evidence = load_evidence(run.folder.path, run.inventory)
    for seen in evidence.clusters:
        for found in seen.nodes:
            try:
                url, answer = _ask(evidence, found, allowed)
            except CucmTlsError as problem:
                run.folder.keep_missing(f"OCSP answer on {seen.name}/{found.name}", str(problem))
                continue
            run.folder.keep(
                answer,
                kind="ocsp",
                cluster=seen.name,
                node=found.name,
                interface="ocsp",
                operation=f"POST {url}",
                media_type="application/ocsp-response",
            )


def _ask(evidence: Evidence, node: NodeEvidence, allowed: str) -> tuple[str, bytes]:
    if node.own_certificate is None:
        raise NoEvidence("the identity", "it was not read", collect="")
    leaf = node.own_certificate.value.certificate
    urls = responder_urls(leaf) if allowed == IN_CERTIFICATE else (allowed,)
    if not urls:
        raise NoEvidence("a responder", "the certificate names none", collect="Name its address as authority.ocsp.")
    return urls[0], _post(urls[0], ocsp_request(leaf, _issuer(evidence, node, leaf)))


def _issuer(evidence: Evidence, node: NodeEvidence, leaf: Certificate) -> Certificate:
    """Whose key signed the identity, from the authority's chain and the node's store. Raises: NoEvidence."""
    known = tuple(source.value for source in evidence.authority_chain)
    known += tuple(member.value.certificate for member in node.trust or ())
    path = validate_path(leaf, known, known, at=evidence.gathered_at, role="server").path
    if len(path) < 2:
        raise NoEvidence("the issuer", f"no certificate of {leaf.issuer} is at hand", collect="Collect the CA's certificates.")
    return path[1]


def _post(url: str, question: bytes) -> bytes:
    """The responder's answer. Raises: ClusterUnreachable, AnswerTimedOut, InterfaceRefused."""
    headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
    try:
        with requests.post(url, question, headers=headers, timeout=ANSWER_SECONDS, allow_redirects=False, stream=True) as got:
            body = got.raw.read(LARGEST_ANSWER_BYTES + 1, decode_content=True)
    except requests.Timeout as problem:
        raise AnswerTimedOut("ocsp", url, ANSWER_SECONDS) from problem
    except requests.RequestException as problem:
        raise ClusterUnreachable("ocsp", url, 0, str(problem)) from problem
    if got.status_code != 200:
        raise InterfaceRefused("ocsp", url, str(got.status_code), got.reason or "")
    return bytes(body)
