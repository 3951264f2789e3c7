"""What will break, and when: certificates that end, rules that change, public CAs without clientAuth, an upgrade of a side."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import all_checks
from pytest_cucmtls.checks.release_facts import ReleaseFacts, facts_named, facts_of
from pytest_cucmtls.model.certificates import CLIENT_AUTH, Certificate
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.model.policy import Policy, Rule
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Outcome
from pytest_cucmtls.wire.certificate_paths import is_self_signed

FIELD_NOTICE = Clause("Cisco field notice", "FN74345", "V")
CLIENT_AUTH_SUNSET = date(2027, 3, 1)
"""Public CAs stop issuing clientAuth in March 2027 (moved from June 2026); the notice names the month, so its first day."""
BASELINE = Clause("CA/B Forum Baseline Requirements", "ballot SC-081v3", "S")
PUBLIC_VALIDITY_DAYS = ((date(2026, 3, 15), 200), (date(2027, 3, 15), 100), (date(2029, 3, 15), 47))
PUBLIC_CA_WORDS = (
    "DigiCert", "Let's Encrypt", "Internet Security Research Group", "Sectigo", "GlobalSign", "Entrust", "GoDaddy", "IdenTrust",
    "HydrantID", "SSL.com", "QuoVadis", "Google Trust Services", "Certum", "Buypass",
)  # fmt: skip
"""Organisations of public CAs; recognised by name, which is a guess and said so."""


@dataclass(frozen=True, slots=True)
class ForecastEvent:
    """Something that will change; `on` is None for what an upgrade brings, whenever it is done."""

    on: date | None
    kind: str
    """``expiry``, ``renewal``, ``client_auth``, ``public_validity``, ``rule`` or ``upgrade``."""
    subject: str
    breaks: bool
    """True: a connection or a verdict fails from then on."""
    sentence: str
    remedies: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Member:
    """A certificate of a path and everywhere it was met."""

    certificate: Certificate
    places: tuple[str, ...]
    items: tuple[EvidenceItem, ...]


def forecast(evidence: Evidence, policy: Policy, upgrades: tuple[tuple[str, str], ...] = ()) -> tuple[ForecastEvent, ...]:
    """Every foreseeable change, dated ones first and in order; `upgrades` are (cluster, release).

    "Now" is the time of the call, never the clock of the machine that asks. What already happened is included: a certificate
    that has expired is the first thing to know. Raises: ValueError for an unknown release, KeyError for an unknown cluster.
    """
    members = _path_members(evidence)
    events = [
        *_expiries(members, policy, moment(evidence).date()),
        *_public_authorities(members, evidence),
        *_rule_changes(evidence, policy),
        *_upgrades(evidence, policy, upgrades),
    ]
    return tuple(sorted(events, key=lambda event: (event.on is None, event.on or date.max, event.kind, event.subject)))


def _path_members(evidence: Evidence) -> tuple[_Member, ...]:
    """Identities of every node, the authority's chain, and the issuers found for them in any CallManager-trust."""
    found: dict[str, _Member] = {}

    def add(certificate: Certificate, place: str, item: EvidenceItem) -> None:
        known = found.get(certificate.sha256, _Member(certificate, (), ()))
        places, items = tuple(dict.fromkeys((*known.places, place))), tuple(dict.fromkeys((*known.items, item)))
        found[certificate.sha256] = replace(known, places=places, items=items)

    nodes = [(cluster, node) for cluster in evidence.clusters for node in cluster.nodes]
    for cluster, node in nodes:
        for own in (node.own_certificate, *node.other_identities):
            if own is not None:
                add(own.value.certificate, f"{cluster.name}/{node.name} {own.value.unit or 'CallManager'}", own.item)
    for source in evidence.authority_chain:
        add(source.value, "the authority", source.item)
    for _ in range(len(nodes) + 1):  # each round climbs one level; paths are short
        issuers = [member.certificate.issuer for member in found.values()]
        for cluster, node in nodes:
            for member in node.trust or ():
                if member.value.unit == "CallManager-trust" and any(
                    member.value.certificate.subject.same_as(name) for name in issuers
                ):
                    add(member.value.certificate, f"CallManager-trust of {cluster.name}/{node.name}", member.item)
    return tuple(found.values())


def _expiries(members: tuple[_Member, ...], policy: Policy, today: date) -> Iterator[ForecastEvent]:
    rule = policy.rule("cert.days_left_min", today)
    for member in members:
        ends = member.certificate.not_after
        if ends is None:
            continue
        what, where = f"{member.certificate.subject} ({member.certificate.serial_hex})", ", ".join(member.places)
        anchor = member.certificate.is_ca
        effect = "every path through it is invalid" if anchor else "every new connection of the node is refused"
        verb = "expired" if ends.date() < today else "expires"
        yield ForecastEvent(
            on=ends.date(),
            kind="expiry",
            subject=member.places[0],
            breaks=True,
            sentence=f"{what}, met in {where}, {verb} at {ends:%Y-%m-%d %H:%M:%S} UTC: from then on {effect}.",
            remedies=("S5", "S6") if anchor else ("S3", "S4", "S7", "X1"),
            clauses=(Clause("RFC 5280", "§4.1.2.5", "V"),),
            evidence=member.items,
        )
        if rule is not None and not anchor:
            margin = timedelta(days=float(str(rule.value)))
            yield ForecastEvent(
                on=(ends - margin).date(),
                kind="renewal",
                subject=member.places[0],
                breaks=False,
                sentence=f"{what} should be renewed from here on: {rule.value} days are left, the margin of {policy.name}.",
                remedies=("S3",),
                clauses=(rule.clause,),
                evidence=member.items,
            )


def _public_authorities(members: tuple[_Member, ...], evidence: Evidence) -> Iterator[ForecastEvent]:
    for member in members:
        certificate = member.certificate
        word = next((name for name in PUBLIC_CA_WORDS if name.lower() in str(certificate.issuer).lower()), None)
        if word is None or certificate.is_ca or is_self_signed(certificate):
            continue
        guess = f"Its issuer {certificate.issuer} is a public CA, by its name ({word})"
        has = certificate.extended_key_usage is None or CLIENT_AUTH in certificate.extended_key_usage
        yield ForecastEvent(
            on=CLIENT_AUTH_SUNSET,
            kind="client_auth",
            subject=member.places[0],
            breaks=True,
            sentence=f"{guess}: certificates it issues from March 2027 on lack clientAuth, so the next renewal of "
            f"{certificate.subject} breaks every connection the node opens"
            + ("." if has else "; the present certificate lacks it already.")
            + " A private CA is the durable answer.",
            remedies=("S4",),
            clauses=(FIELD_NOTICE,),
            evidence=member.items,
        )
        today = moment(evidence).date()
        for since, days in PUBLIC_VALIDITY_DAYS:
            if since > today:
                yield ForecastEvent(
                    on=since,
                    kind="public_validity",
                    subject=member.places[0],
                    breaks=False,
                    sentence=f"{guess}: what it issues from {since} on is valid for {days} days at most, so plan a renewal and a "
                    f"service restart every {days} days.",
                    remedies=("S4",),
                    clauses=(BASELINE,),
                    evidence=member.items,
                )


def change_days(policy: Policy, after: date) -> tuple[date, ...]:
    """The days after a day on which a rule of the policy begins, or stops, to hold; ends count from the day after them."""
    begins = {rule.valid_from for rule in policy.rules if rule.valid_from is not None}
    ends = {
        rule.valid_until + timedelta(days=1)
        for rule in policy.rules
        if rule.valid_until is not None and rule.valid_until < date.max  # "for ever" has no day after it
    }
    return tuple(sorted(day for day in begins | ends if day > after))


def policy_as_of(policy: Policy, on: date) -> Policy:
    """The rules that hold on a day, as if they held always."""
    chosen: dict[str, Rule] = {}
    for rule in policy.rules:
        holding = policy.rule(rule.parameter, on)
        if holding is not None:
            chosen[rule.parameter] = replace(holding, valid_from=None, valid_until=None)
    return replace(policy, rules=tuple(chosen.values()))


def _rule_changes(evidence: Evidence, policy: Policy) -> Iterator[ForecastEvent]:
    """What today's evidence would fail from the day a rule changes, found by judging it under the rules of that day."""
    days = change_days(policy, moment(evidence).date())
    if not days:
        return
    before = _outcomes(evidence, policy_as_of(policy, moment(evidence).date()))
    for day in days:
        after = _outcomes(evidence, policy_as_of(policy, day))
        for (check, subject), (outcome, diagnosis, remedies, clauses, items) in after.items():
            was = before[check, subject][0]
            if outcome in (Outcome.FAIL, Outcome.WARN) and was is not outcome:
                yield ForecastEvent(
                    on=day,
                    kind="rule",
                    subject=subject,
                    breaks=outcome is Outcome.FAIL,
                    sentence=f"Policy {policy.name} changes: {check} turns from {was.value} to {outcome.value}. {diagnosis}",
                    remedies=remedies,
                    clauses=clauses,
                    evidence=items,
                )
        before = after


_Outcome = tuple[Outcome, str, tuple[str, ...], tuple[Clause, ...], tuple[EvidenceItem, ...]]


def _outcomes(evidence: Evidence, policy: Policy) -> dict[tuple[str, str], _Outcome]:
    found: dict[tuple[str, str], _Outcome] = {}
    for check in all_checks():
        for subject, arguments in check.subjects(evidence):
            said = check.verdict(evidence, policy, subject, arguments)
            found[check.id, subject] = (said.outcome, said.diagnosis, said.remedies, said.clauses, said.evidence)
    return found


def _upgrades(evidence: Evidence, policy: Policy, upgrades: Iterable[tuple[str, str]]) -> Iterator[ForecastEvent]:
    wanted = {name: facts_named(release) for name, release in upgrades}
    for name in wanted:
        evidence.cluster(name)
    for name, facts in wanted.items():
        peer = next(cluster for cluster in evidence.clusters if cluster.name != name)
        other = wanted.get(peer.name)
        yield from _upgrade_of(evidence, policy, name, facts, peer, other)


class _Maker(Protocol):
    """Makes the event of one upgrade."""

    def __call__(self, sentence: str, *, breaks: bool, remedies: tuple[str, ...] = ...) -> ForecastEvent:
        """See `ForecastEvent`."""


def _upgrade_of(
    evidence: Evidence, policy: Policy, name: str, facts: ReleaseFacts, peer: ClusterEvidence, planned: ReleaseFacts | None
) -> Iterator[ForecastEvent]:
    theirs, whence = (planned.versions, f"after its own upgrade to {planned.name}") if planned else _spoken(peer)
    clause = Clause("Cisco CUCM Security Guide 15", "TLS minimum version; TLS 1.3 setup", facts.mark)
    title = f"Upgrade of {name} to {facts.name}"

    def event(sentence: str, *, breaks: bool, remedies: tuple[str, ...] = ("X7",)) -> ForecastEvent:
        return ForecastEvent(None, "upgrade", name, breaks, f"{title}: {sentence}", remedies, (clause,))

    if not theirs:
        yield event(f"what {peer.name} speaks is not known; read its release or probe its listener.", breaks=False)
        return
    common = [version for version in facts.versions if version in theirs]
    if not common:
        yield event(
            f"no common TLS version: it speaks {facts.oldest} and later by default, {peer.name} {', '.join(theirs)} ({whence}). "
            f"Upgrade {peer.name} too. An upgrade in place may keep an earlier minimum; relying on that is not compliant.",
            breaks=True,
        )
        return
    best = common[-1]
    yield event(f"the trunk negotiates {best}; {peer.name} speaks {', '.join(theirs)} ({whence}).", breaks=False)
    rule = policy.rule("tls.negotiated_min", moment(evidence).date())
    if rule is not None and best < str(rule.value):
        yield event(f"{best} stays below the {rule.value} policy {policy.name} asks for ({rule.clause.standard}).", breaks=True)
    if best == "TLSv1.3":
        yield event(
            "TLS 1.3 hides both certificates from a capture: the comparison of the procedure document is no longer possible "
            "that way; set `probe = true` and collect SDL traces.",
            breaks=False,
            remedies=("V2",),
        )
    yield from _suite_events(evidence, policy, event_of=event, best=best, facts=facts)
    modes = {
        cluster.name: cluster.security_profile.value.security_mode for cluster in evidence.clusters if cluster.security_profile
    }
    if facts.newest == "TLSv1.3" and modes.get(name) == "Authenticated":
        yield event("Device Security Mode Authenticated cannot work where the minimum is TLS 1.3.", breaks=True, remedies=("S8",))


def _suite_events(
    evidence: Evidence, policy: Policy, *, event_of: _Maker, best: str, facts: ReleaseFacts
) -> Iterator[ForecastEvent]:
    parameter = "tls13.suites_allowed" if best == "TLSv1.3" else "tls12.suites_allowed"
    rule = policy.rule(parameter, moment(evidence).date())
    suite = facts.suite_of_choice if best == facts.newest else "TLS_RSA_WITH_AES_128_CBC_SHA" if best < "TLSv1.2" else None
    suite = suite or "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    if rule is not None and isinstance(rule.value, tuple) and suite not in rule.value:
        yield event_of(f"the suite expected is {suite}, which policy {policy.name} does not allow.", breaks=True)


def _spoken(cluster: ClusterEvidence) -> tuple[tuple[str, ...], str]:
    """Versions a side speaks today: every one all its probed listeners take, else what its releases are known for."""
    probed = [node.probe.value.accepted_versions for node in cluster.nodes if node.probe and node.probe.value.accepted_versions]
    if probed:
        return tuple(version for version in probed[0] if all(version in versions for versions in probed)), "its listeners probed"
    known = [facts_of(node.release.value) for node in cluster.nodes if node.release]
    found = [facts.versions for facts in known if facts is not None]
    if not found:
        return (), ""
    names = ", ".join(dict.fromkeys(facts.name for facts in known if facts is not None))
    return tuple(version for version in found[0] if all(version in versions for versions in found)), f"release {names}"
