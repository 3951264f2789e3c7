"""Two policies side by side, and what each parameter means."""

from dataclasses import dataclass
from datetime import date

from pytest_cucmtls.model.policy import Policy, Rule

MEANINGS: dict[str, str] = {
    "tls.negotiated_min": "Oldest TLS version a connection may have negotiated.",
    "tls.must_support": "Versions a listener must be able to speak.",
    "tls.must_refuse": "Versions a listener must refuse, also when nothing newer is offered (asked by the probe).",
    "tls12.suites_allowed": "Cipher suites allowed up to TLS 1.2.",
    "tls13.suites_allowed": "Cipher suites allowed with TLS 1.3.",
    "tls13.early_data": "Whether data may be sent before the handshake is complete.",
    "suite.forbidden": "Families of suites that may neither be negotiated nor accepted.",
    "kx.forward_secrecy": "Whether the key exchange must be ephemeral.",
    "kx.groups": "Groups the key exchange may use.",
    "cbc.needs_encrypt_then_mac": "Whether CBC suites need the encrypt-then-MAC extension.",
    "cert.rsa_min": "Shortest RSA key of leaf and intermediates, bits.",
    "cert.rsa_max": "Longest RSA key, bits.",
    "cert.ec_min": "Shortest elliptic curve key, bits.",
    "cert.path_hash": "Hashes leaf and intermediates may be signed with; the anchor is not graded.",
    "cert.signature_scheme": "Signature schemes of leaf and intermediates.",
    "cert.validity_max_days": "Longest validity of a leaf, with the tolerance the rule states.",
    "cert.days_left_min": "Days that must be left at the time of the call.",
    "cert.key_usage": "Key usages the leaf must have.",
    "cert.eku": "Extended key usages the leaf must have.",
    "cert.eku_absent": "Whether a leaf without the extended key usage extension is accepted.",
    "cert.san": "Whether the leaf needs a subject alternative name.",
    "cert.name_match": "Which names of a certificate count.",
    "cert.self_signed": "Whether self-signed identities are accepted.",
    "cert.revocation": "Whether revocation must be known, and how.",
    "trust.only_approved_anchors": "Whether CallManager-trust may hold approved certificates only.",
    "auth.mutual": "Whether both sides must authenticate.",
    "session.reauth_max_seconds": "Longest life of a connection without a new handshake.",
    "tls.compression": "Compression a connection may use.",
    "tls.renegotiation": "Which renegotiation both sides must speak.",
    "tls.extended_master_secret": "Whether the extended master secret must be used.",
    "srtp.suites": "SRTP suites the media may use.",
    "srtp.fallback_to_rtp": "Whether a trunk may fall back to clear media.",
    "srtp.proven_on_wire": "Whether media has to be seen and shown to be SRTP, not only negotiated as such.",
    "srtcp.encrypted": "Whether control packets must be encrypted.",
    "listener.clear_sip_on_trunk": "Whether the trunk's port may answer SIP in clear text.",
    "platform.fips_mode": "Whether nodes must run in FIPS mode.",
    "clock.max_offset_seconds": "Largest difference between two clocks.",
    "x509.only_known_names": "Whether the X.509 Subject Name may hold names of nobody.",
}
MARKS = {"V": "read in the source", "S": "secondary source", "T": "measured", "M": "clause not yet confirmed"}


@dataclass(frozen=True, slots=True)
class ComparedParameter:
    """One parameter under two policies; a missing rule means that policy does not judge it."""

    parameter: str
    first: Rule | None
    second: Rule | None

    @property
    def same(self) -> bool:
        """Both judge it by the same value and with the same consequence, or neither does."""
        if self.first is None or self.second is None:
            return self.first is self.second
        return (self.first.value, self.first.breach) == (self.second.value, self.second.breach)


def compare_policies(first: Policy, second: Policy, on: date) -> tuple[ComparedParameter, ...]:
    """Every parameter either policy has a rule for on that day, in the order of `MEANINGS`, then any other."""
    named = [rule.parameter for policy in (first, second) for rule in policy.rules]
    order = [*MEANINGS, *(name for name in dict.fromkeys(named) if name not in MEANINGS)]
    rows = (ComparedParameter(name, first.rule(name, on), second.rule(name, on)) for name in order if name in named)
    return tuple(row for row in rows if row.first is not None or row.second is not None)


def value_text(rule: Rule | None) -> str:
    """A rule's value for a person; ``-`` where there is no rule."""
    if rule is None:
        return "-"
    value = (
        ", ".join(map(str, rule.value))
        if isinstance(rule.value, tuple)
        else str(rule.value).lower()
        if isinstance(rule.value, bool)
        else str(rule.value)
    )
    return value if rule.breach.value == "FAIL" else f"{value} ({rule.breach.value})"


def explained_rule(rule: Rule) -> list[str]:
    """A rule in a few lines: value, meaning, source with its reliability, dates, consequence."""
    lines = [f"{rule.parameter} = {value_text(rule)}", f"    {MEANINGS.get(rule.parameter, 'No description.')}"]
    source = f"{rule.clause.standard} {rule.clause.clause}"
    lines.append(f"    source: {source} [{rule.clause.mark}: {MARKS[rule.clause.mark]}]")
    if rule.valid_from or rule.valid_until:
        lines.append(f"    holds from {rule.valid_from or 'ever'} until {rule.valid_until or 'further notice'}")
    if rule.tolerance_seconds:
        lines.append(f"    tolerance: {rule.tolerance_seconds:g} s")
    lines.append(f"    breaking it is {rule.breach.value}")
    return lines
