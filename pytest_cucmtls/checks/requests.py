"""Step 3: the certificate signing request is what was asked for."""

from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, passed
from pytest_cucmtls.checks.names import same_host
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import spec_of, why
from pytest_cucmtls.model.certificates import CertificateRequest
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence
from pytest_cucmtls.model.inventory import ClusterSpec, Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement


@check(
    "request_is_what_was_asked",
    step="3",
    phase="apply",
    scope="node",
    remedies=("S3",),
    clauses=(document("step 3: Generate CSR"), Clause("RFC 2986", "§4", "V")),
    after=("certificate_names_its_node",),
)
def request_is_what_was_asked(evidence: Evidence, _policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The node's certificate request is self-consistent and carries the name, key and hash that were asked for.

    Compared with the attributes given to the interface, else with the inventory. In a verify-only run nothing is
    generated, and the certificate in place is judged instead.
    """
    place = f"{cluster.name}/{node.name}"
    if node.request is None:
        if evidence.inventory.mode is Mode.VERIFY:
            return not_applicable("A verify-only run generates no request; the certificate in place is judged by itself.")
        if signed_before(node):
            return not_applicable(f"{place} had a certificate of an authority before this run: no request was needed.")
        raise missing(
            f"the certificate request of {place}",
            why(evidence, f"request of {place}"),
            "Run `show csr own CallManager` after generating the request.",
        )
    asked = dict(node.asked.value) if node.asked else {}
    problems = _problems(node.request.value, asked, spec_of(evidence, cluster), node.name)
    evidence_items = (node.request.item, *((node.asked.item,) if node.asked else ()))
    request = node.request.value
    observed = f"subject {request.subject}, {request.key_type} {request.key_bits}, {request.signature_hash}"
    expected = "the name, key length and hash that were asked for, signed with its own key"
    if problems:
        return failed(expected, observed, f"The request of {place} differs: {'; '.join(problems)}.", evidence_items)
    return passed(expected, observed, f"The request of {place} is consistent: {observed}.", evidence_items)


def signed_before(node: NodeEvidence) -> bool:
    """The identity found before the first change already came from somebody else's key."""
    before = node.own_certificate_before
    return before is not None and not before.value.certificate.names_itself_as_issuer


def _problems(request: CertificateRequest, asked: dict[str, str], spec: ClusterSpec, node_name: str) -> list[str]:
    found = []
    if not request.signature_valid:
        found.append("its signature does not verify with its own key")
    name = request.subject.common_name or ""
    wanted_name = asked.get("common_name") or node_name
    if not same_host(name, wanted_name):
        found.append(f"common name {name or 'missing'}, asked {wanted_name}")
    wanted_bits = int(asked.get("key_length") or spec.key_length)
    if request.key_type == "RSA" and request.key_bits != wanted_bits:
        found.append(f"RSA {request.key_bits} bits, asked {wanted_bits}")
    wanted_hash = asked.get("hash_algorithm") or spec.hash_algorithm
    if request.signature_hash and _plain(request.signature_hash) != _plain(wanted_hash):
        found.append(f"hash {request.signature_hash}, asked {wanted_hash}")
    attributes = {key: {value for other, value in request.subject.attributes if other == key} for key, _ in spec.subject}
    for key, value in spec.subject:
        if value not in attributes[key]:
            found.append(f"subject attribute {key} is {', '.join(sorted(attributes[key])) or 'missing'}, asked {value}")
    return found


def _plain(hash_name: str) -> str:
    return hash_name.lower().replace("-", "")
