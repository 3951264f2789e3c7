"""A request and the certificate issued for it, attribute by attribute: what was asked, what was given, may it be used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from pytest_cucmtls.model.certificates import CLIENT_AUTH, EXTENDED_KEY_USAGE_NAMES, SERVER_AUTH, Certificate, CertificateRequest
from pytest_cucmtls.wire.certificate_paths import ANY_USAGE, PathProblem, validate_path
from pytest_cucmtls.wire.x509_compare import (
    alternative_name_differences,
    key_differences,
    name_differences,
    subject_differences,
    usage_differences,
)

_NEEDED_USAGES = {SERVER_AUTH: "serverAuth", CLIENT_AUTH: "clientAuth"}
_WEAK_HASHES = {"MD5", "SHA-1"}
CLOCK_TOLERANCE = timedelta(minutes=5)
"""A certificate that begins this much in the future is usable by the time it is uploaded."""


class Acceptance(Enum):
    """What becomes of an attribute."""

    SAME = "as asked"
    TOLERATED = "tolerated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ComparedAttribute:
    """One attribute: the texts are for people; `why` is empty when it is as asked."""

    name: str
    asked: str
    given: str
    acceptance: Acceptance
    why: str = ""

    @property
    def line(self) -> str:
        """One line for a terminal."""
        reason = f" ({self.why})" if self.why else ""
        return f"{self.name}: asked {self.asked}; was given {self.given}: {self.acceptance.value}{reason}"


def compared_attributes(
    request: CertificateRequest, certificate: Certificate, chain: tuple[Certificate, ...], *, at: datetime
) -> tuple[ComparedAttribute, ...]:
    """Every attribute that matters for a CallManager identity, in a fixed order.

    `chain` is the authority's, issuing certificate first; `at` is now, aware UTC. Refused is what CUCM rejects, what the
    peer's trunk would reject, and what nobody asked for: the rules of `x509_compare.differences`, both TLS roles
    (RFC 5280 §4.2.1.12), the dates, a CA certificate, a signature that is not the authority's.
    """
    return (
        _row("public key", _key(request), _key(certificate), key_differences(request, certificate)),
        _row(
            "common name",
            request.subject.common_name or "none",
            certificate.subject.common_name or "none",
            name_differences(request, certificate),
        ),
        _row("subject", str(request.subject), str(certificate.subject), subject_differences(request, certificate)),
        _row(
            "subject alternative names",
            _list(request.subject_alternative_names),
            _list(certificate.subject_alternative_names),
            alternative_name_differences(request, certificate),
        ),
        _extended_key_usage(request, certificate),
        _key_usage(request, certificate),
        _basic_constraints(certificate),
        _validity(certificate, at),
        _signature_hash(request, certificate),
        _issuer(certificate, chain, at),
    )


def refusals(attributes: tuple[ComparedAttribute, ...]) -> tuple[str, ...]:
    """One sentence per refused attribute; empty when the certificate may be used."""
    return tuple(attribute.why for attribute in attributes if attribute.acceptance is Acceptance.REFUSED)


def _row(name: str, asked: str, given: str, problems: list[str]) -> ComparedAttribute:
    return ComparedAttribute(name, asked, given, Acceptance.REFUSED if problems else Acceptance.SAME, "; ".join(problems))


def _key(holder: CertificateRequest | Certificate) -> str:
    return f"{holder.key_type} {holder.key_bits} bits, SHA-256 {holder.public_key_sha256[:16]}…"


def _list(names: tuple[str, ...] | None) -> str:
    return ", ".join(names or ()) or "none"


def _usages(identifiers: tuple[str, ...] | None) -> str:
    return _list(tuple(EXTENDED_KEY_USAGE_NAMES.get(one, one) for one in identifiers or ()))


def _extended_key_usage(request: CertificateRequest, certificate: Certificate) -> ComparedAttribute:
    """Both TLS roles are needed whatever the request asks for: a trunk's node is client and server."""
    name, asked, given = "extended key usage", _usages(request.extended_key_usage), _usages(certificate.extended_key_usage)
    issued = certificate.extended_key_usage
    if issued is None:
        if request.extended_key_usage is None:
            return ComparedAttribute(name, asked, given, Acceptance.SAME)
        return ComparedAttribute(name, asked, "no restriction", Acceptance.TOLERATED, "an absent extension restricts nothing")
    problems = usage_differences(request, certificate)
    lacking = [text for usage, text in _NEEDED_USAGES.items() if usage not in issued and ANY_USAGE not in issued]
    unasked = [text for text in lacking if not any(text in problem for problem in problems)]
    problems += [f"extended key usage: {text} is missing, and a trunk's node needs it" for text in unasked]
    if problems or set(issued) == set(request.extended_key_usage or ()):
        return _row(name, asked, given, problems)
    return ComparedAttribute(name, asked, given, Acceptance.TOLERATED, "a SIP trunk needs serverAuth and clientAuth only")


def _key_usage(request: CertificateRequest, certificate: Certificate) -> ComparedAttribute:
    name, asked, given = "key usage", _list(request.key_usage), _list(certificate.key_usage)
    if certificate.key_usage is not None and "digitalSignature" not in certificate.key_usage:
        return _row(name, asked, given, ["key usage: without digitalSignature the node cannot be a TLS client"])
    if set(certificate.key_usage or ()) == set(request.key_usage or ()):
        return ComparedAttribute(name, asked, given, Acceptance.SAME)
    return ComparedAttribute(name, asked, given, Acceptance.TOLERATED, "the authority's own choice; both TLS roles are possible")


def _basic_constraints(certificate: Certificate) -> ComparedAttribute:
    given = "CA certificate" if certificate.is_ca else "end entity"
    problems = ["basic constraints: a CA certificate is no identity"] if certificate.is_ca else []
    return _row("basic constraints", "end entity", given, problems)


def _validity(certificate: Certificate, at: datetime) -> ComparedAttribute:
    begin, end = certificate.not_before, certificate.not_after
    asked = "a request asks for no dates"
    if begin is None or end is None:
        return _row("validity", asked, "not readable", ["validity: the dates cannot be read"])
    given = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    problems = []
    if at > end:
        problems.append(f"validity: expired on {end:%Y-%m-%d %H:%M} UTC")
    if at + CLOCK_TOLERANCE < begin:
        problems.append(f"validity: begins only on {begin:%Y-%m-%d %H:%M} UTC")
    if problems:
        return _row("validity", asked, given, problems)
    return ComparedAttribute(
        "validity", asked, given, Acceptance.TOLERATED, f"the authority's choice, {(end - at).days} days left"
    )


def _signature_hash(request: CertificateRequest, certificate: Certificate) -> ComparedAttribute:
    asked, given = request.signature_hash or "unknown", certificate.signature_hash or "unknown"
    if asked == given:
        return ComparedAttribute("signature hash", asked, given, Acceptance.SAME)
    weak = certificate.signature_hash in _WEAK_HASHES
    why = "the authority's choice" + ("; weak, the policy judges it" if weak else "")
    return ComparedAttribute("signature hash", asked, given, Acceptance.TOLERATED, why)


def _issuer(certificate: Certificate, chain: tuple[Certificate, ...], at: datetime) -> ComparedAttribute:
    """Signed, link by link, by the chain that goes to CallManager-trust; a CA's own dates and path length count, too."""
    asked = _list(tuple(str(member.subject) for member in chain[:1]))
    result = validate_path(certificate, chain, chain, at=at, role="server")
    about_the_leaf = result.about is not None and result.about.sha256 == certificate.sha256
    if result.valid or result.problem is PathProblem.ROLE:
        return ComparedAttribute("issuer", asked, str(certificate.issuer), Acceptance.SAME)
    if result.problem in {PathProblem.EXPIRED, PathProblem.NOT_YET_VALID} and about_the_leaf:
        return ComparedAttribute("issuer", asked, str(certificate.issuer), Acceptance.SAME)
    detail = f"{result.problem.value if result.problem else ''} {result.detail}".strip()
    return _row("issuer", asked, str(certificate.issuer), [f"issuer: {certificate.issuer}: {detail}"])
