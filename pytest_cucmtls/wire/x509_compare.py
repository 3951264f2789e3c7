"""What an authority changed between a request and the certificate it issued."""

from collections import Counter

from pytest_cucmtls.model.certificates import (
    EXTENDED_KEY_USAGE_NAMES,
    IPSEC_END_SYSTEM,
    Certificate,
    CertificateRequest,
)

TOLERATED_USAGES = {IPSEC_END_SYSTEM}
"""CUCM's requests ask for it; a SIP trunk does not need it, and Microsoft templates for TLS leave it out."""


def differences(request: CertificateRequest, certificate: Certificate) -> tuple[str, ...]:
    """One sentence per attribute that differs, each naming what was asked and what was issued; empty when nothing does.

    Compared: public key, CN, the other subject attributes (order ignored), subject alternative names (order and case
    ignored), and extended key usages asked for but not issued, `TOLERATED_USAGES` aside. Key usage is the authority's
    own choice (RFC 2986 §3 lets it change anything) and is not compared.
    """
    return (
        *key_differences(request, certificate),
        *name_differences(request, certificate),
        *subject_differences(request, certificate),
        *alternative_name_differences(request, certificate),
        *usage_differences(request, certificate),
    )


def key_differences(request: CertificateRequest, certificate: Certificate) -> list[str]:
    """At most one sentence: another public key."""
    if request.public_key_sha256 == certificate.public_key_sha256:
        return []
    asked, issued = request.public_key_sha256[:16], certificate.public_key_sha256[:16]
    return [f"public key: the request has SHA-256 {asked}…, the certificate {issued}…"]


def name_differences(request: CertificateRequest, certificate: Certificate) -> list[str]:
    """At most one sentence: another common name."""
    if request.subject.common_name == certificate.subject.common_name:
        return []
    return [f"CN: asked for {request.subject.common_name!r}, issued {certificate.subject.common_name!r}"]


def subject_differences(request: CertificateRequest, certificate: Certificate) -> list[str]:
    """One sentence per subject attribute beside CN that was dropped or added."""
    before = Counter(pair for pair in request.subject.attributes if pair[0] != "CN")
    after = Counter(pair for pair in certificate.subject.attributes if pair[0] != "CN")
    dropped = [f"subject: {key}={value} was asked for and not issued" for key, value in (before - after).elements()]
    added = [f"subject: {key}={value} was issued and not asked for" for key, value in (after - before).elements()]
    return dropped + added


def alternative_name_differences(request: CertificateRequest, certificate: Certificate) -> list[str]:
    """One sentence per subject alternative name that was dropped or added."""
    asked = {name.lower(): name for name in request.subject_alternative_names}
    issued = {name.lower(): name for name in certificate.subject_alternative_names}
    dropped = [f"subject alternative name: {asked[key]} was asked for and not issued" for key in asked if key not in issued]
    added = [f"subject alternative name: {issued[key]} was issued and not asked for" for key in issued if key not in asked]
    return dropped + added


def usage_differences(request: CertificateRequest, certificate: Certificate) -> list[str]:
    """One sentence per extended key usage asked for and not issued.

    An absent extension restricts nothing (RFC 5280 §4.2.1.12), so it lacks nothing.
    """
    if certificate.extended_key_usage is None:
        return []
    return [
        f"extended key usage: {EXTENDED_KEY_USAGE_NAMES.get(identifier, identifier)} was asked for and not issued"
        for identifier in request.extended_key_usage or ()
        if identifier not in certificate.extended_key_usage and identifier not in TOLERATED_USAGES
    ]
