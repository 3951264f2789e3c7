"""What the chosen policy asks of versions, suites and key exchange, judged on every connection of the capture."""

from collections.abc import Callable

from pytest_cucmtls.checks.connections import CAPTURE_AGAIN, Seen, handshakes, hidden_cause, hidden_remedies, settled
from pytest_cucmtls.checks.judgements import missing, not_applicable, not_mentioned, ruled, warned
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.model.handshakes import CipherSuite, Handshake
from pytest_cucmtls.model.policy import Policy, Rule
from pytest_cucmtls.model.verdicts import Clause, Judgement

VERSION_ORDER = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
AFTER = ("tls_connection_is_established",)


def _negotiated(
    evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, known: Callable[[Handshake], bool], fact: str
) -> tuple[Seen, ...]:
    """The settled connections for which the fact is visible. Raises: NoEvidence, when it is on none."""
    every = handshakes(evidence, client, server)
    found = tuple(seen for seen in settled(every) if known(seen.handshake))
    if not found:
        raise missing(f"{fact} of {client.name}->{server.name}", hidden_cause(every), CAPTURE_AGAIN, hidden_remedies(every))
    return found


def _rule(evidence: Evidence, policy: Policy, parameter: str, client: ClusterEvidence, server: ClusterEvidence) -> Rule | None:
    """The rule valid on the day of the connection."""
    every = handshakes(evidence, client, server)
    return policy.rule(parameter, every[-1].handshake.at.date())


def _words(rule: Rule) -> tuple[str, ...]:
    return tuple(str(word) for word in rule.value) if isinstance(rule.value, tuple) else (str(rule.value),)


def _suite(seen: Seen) -> CipherSuite:
    suite = seen.handshake.cipher_suite
    if suite is None:
        raise missing("the cipher suite", "it is not visible", CAPTURE_AGAIN)
    return suite


def key_exchange(suite: CipherSuite) -> str:
    """Words for the key exchange, e.g. ``static RSA``."""
    if suite.forward_secret:
        return "ephemeral key exchange"
    return "static RSA key exchange" if suite.name.startswith("TLS_RSA_") else "static key exchange"


@check(
    "version_meets_policy",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(Clause("RFC 8996", "", "V"),),
    after=AFTER,
)
def version_meets_policy(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The negotiated TLS version is at least the policy's; exactly the minimum passes."""
    rule = _rule(evidence, policy, "tls.negotiated_min", client, server)
    if rule is None:
        return not_mentioned(policy, "tls.negotiated_min")
    seen_all = _negotiated(evidence, client, server, lambda one: one.version is not None, "the TLS version")
    lowest = VERSION_ORDER.index(str(rule.value))
    versions = [str(seen.handshake.version) for seen in seen_all]
    low = sorted({version for version in versions if version not in VERSION_ORDER or VERSION_ORDER.index(version) < lowest})
    told = _supported(evidence, client, server)
    broken = [f"{client.name}->{server.name} negotiated {_readable(version)}{told}" for version in low]
    observed = ", ".join(dict.fromkeys(_readable(version) for version in versions))
    expected, fine = f"{_readable(str(rule.value))} or later", f"{client.name}->{server.name} negotiated {observed}."
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=[seen.item for seen in seen_all])


def _supported(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> str:
    """`` (A offered up to TLS 1.2, B supports TLS 1.2 in its own calls)`` as far as the captures show it."""
    words = []
    offered = _highest(evidence, client, server)
    if offered:
        words.append(f"{client.name} offered up to {_readable(offered)}")
    own = _highest(evidence, server, client)
    if own:
        words.append(f"{server.name} offers up to {_readable(own)} in its own calls")
    return f" ({', '.join(words)})" if words else ""


def _highest(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> str | None:
    """Highest version a cluster offers when it calls, None when no ClientHello of it is visible."""
    try:
        every = handshakes(evidence, client, server)
    except NoEvidence:
        return None
    return max((version for seen in every for version in seen.handshake.offered_versions), key=_rank, default=None)


def _readable(version: str) -> str:
    return version.replace("TLSv", "TLS ")


@check(
    "version_was_not_lowered",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(Clause("RFC 9325", "§3.1.3", "V"),),
    after=(*AFTER, "version_meets_policy"),
)
def version_was_not_lowered(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The client never retries with a lower version after a refusal: a later offer is as high as the earlier ones.

    A version below what both sides offer in their own hellos is a warning: something chose it for them.
    """
    every = [seen for seen in handshakes(evidence, client, server) if seen.handshake.offered_versions]
    if not every:
        raise missing(f"the versions offered {client.name}->{server.name}", "no ClientHello is visible", CAPTURE_AGAIN)
    rule = policy.rule("tls.negotiated_min", every[-1].handshake.at.date())
    if rule is None:
        return not_mentioned(policy, "tls.negotiated_min")
    offered = [max(map(_rank, seen.handshake.offered_versions)) for seen in every]
    broken = []
    for place in range(1, len(every)):
        same = (every[place].client_node, every[place].server_node) == (
            every[place - 1].client_node,
            every[place - 1].server_node,
        )
        if same and offered[place] < offered[place - 1]:
            lower, higher = VERSION_ORDER[offered[place]], VERSION_ORDER[offered[place - 1]]
            broken.append(f"{every[place].place} offered at most {lower} after an attempt with {higher}")
    observed = ", ".join(dict.fromkeys(VERSION_ORDER[rank] for rank in offered))
    fine = f"{client.name} never lowered its offer ({observed})."
    evidence_items = [seen.item for seen in every]
    lowered = "" if broken else _downgraded(evidence, client, server, every)
    if lowered:
        return warned("the highest version both sides support", lowered, lowered, evidence_items)
    return ruled(rule, broken, expected="no fallback", observed=observed, fine=fine, evidence=evidence_items)


def _downgraded(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence, every: list[Seen]) -> str:
    """A sentence when a lower version was selected than both sides are seen to offer; a policy's minimum is judged elsewhere."""
    own = _highest(evidence, server, client)
    for seen in settled(tuple(every)):
        handshake = seen.handshake
        if own is None or not handshake.offered_versions or handshake.version not in VERSION_ORDER:
            continue
        both = min(_rank(own), max(map(_rank, handshake.offered_versions)))
        if _rank(str(handshake.version)) < both:
            return (
                f"{seen.place} negotiated {_readable(str(handshake.version))} although {client.name} offered "
                f"{', '.join(map(_readable, handshake.offered_versions))} and {server.name} offers up to {_readable(own)} in its "
                f"own calls: {_readable(VERSION_ORDER[both])} was possible."
            )
    return ""


def _rank(version: str) -> int:
    return VERSION_ORDER.index(version) if version in VERSION_ORDER else 0


@check(
    "suite_is_allowed",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(),
    after=(*AFTER, "negotiated_suite_encrypts"),
)
def suite_is_allowed(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The negotiated cipher suite is one the policy lists for its version, and of none of the forbidden families."""
    seen_all = _negotiated(evidence, client, server, lambda one: one.cipher_suite is not None, "the cipher suite")
    day = seen_all[-1].handshake.at.date()
    tls13 = all(seen.handshake.version == "TLSv1.3" for seen in seen_all)
    parameter = "tls13.suites_allowed" if tls13 else "tls12.suites_allowed"
    rule, forbidden = policy.rule(parameter, day), policy.rule("suite.forbidden", day)
    if rule is None and forbidden is None:
        return not_mentioned(policy, parameter)
    broken = []
    for seen in seen_all:
        suite = _suite(seen)
        family = next((word for word in _words(forbidden) if word in suite.name.split("_")), None) if forbidden else None
        if family is not None:
            broken.append(f"{client.name}->{server.name} negotiated {suite.name}, of the forbidden family {family}")
        elif rule is not None and suite.name not in _words(rule):
            broken.append(f"{client.name}->{server.name} negotiated {suite.name} ({key_exchange(suite)})")
    judging = rule or forbidden
    observed = ", ".join(dict.fromkeys(_suite(seen).name for seen in seen_all))
    fine = f"{client.name}->{server.name} negotiated {observed}, which policy {policy.name} allows."
    if judging is None:
        return not_mentioned(policy, parameter)
    allowed = ", ".join(_words(judging)[:4]) + (" …" if len(_words(judging)) > 4 else "")
    expected = f"one of {allowed}" if rule is not None else f"none of {allowed}"
    evidence_items = [seen.item for seen in seen_all]
    return ruled(judging, list(dict.fromkeys(broken)), expected=expected, observed=observed, fine=fine, evidence=evidence_items)


@check(
    "key_exchange_is_forward_secret",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(),
    after=AFTER,
)
def key_exchange_is_forward_secret(
    evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The key exchange is ephemeral: with static RSA a stolen server key opens every recorded call."""
    rule = _rule(evidence, policy, "kx.forward_secrecy", client, server)
    if rule is None:
        return not_mentioned(policy, "kx.forward_secrecy")
    if rule.value is False:
        return not_applicable(f"Policy {policy.name} does not ask for forward secrecy.")
    seen_all = _negotiated(evidence, client, server, lambda one: one.cipher_suite is not None, "the cipher suite")
    suites = list(dict.fromkeys(_suite(seen) for seen in seen_all))
    broken = [
        f"{client.name}->{server.name} uses {key_exchange(suite)} ({suite.name})" for suite in suites if not suite.forward_secret
    ]
    observed = ", ".join(suite.name for suite in suites)
    fine = f"{client.name}->{server.name} uses an ephemeral key exchange ({observed})."
    expected = "an ephemeral key exchange"
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=[seen.item for seen in seen_all])


@check(
    "group_is_allowed",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(),
    after=AFTER,
)
def group_is_allowed(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The key exchange group is one the policy lists; a suite without ephemeral key exchange has none."""
    rule = _rule(evidence, policy, "kx.groups", client, server)
    if rule is None:
        return not_mentioned(policy, "kx.groups")
    suites = [seen.handshake.cipher_suite for seen in settled(handshakes(evidence, client, server))]
    if any(suites) and not any(suite.forward_secret for suite in suites if suite):
        return not_applicable("The negotiated suite has no ephemeral key exchange and hence no group.")
    seen_all = _negotiated(evidence, client, server, lambda one: one.group is not None, "the key exchange group")
    groups = list(dict.fromkeys(str(seen.handshake.group) for seen in seen_all))
    allowed = {word.lower() for word in _words(rule)}
    broken = [f"{client.name}->{server.name} uses group {group}" for group in groups if group.lower() not in allowed]
    observed, expected = ", ".join(groups), f"one of {', '.join(_words(rule))}"
    fine = f"{client.name}->{server.name} uses {observed}."
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=[seen.item for seen in seen_all])


@check(
    "cbc_uses_encrypt_then_mac",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(Clause("RFC 7366", "", "V"),),
    after=AFTER,
)
def cbc_uses_encrypt_then_mac(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """A CBC suite is used with encrypt-then-MAC only; other suites need none."""
    rule = _rule(evidence, policy, "cbc.needs_encrypt_then_mac", client, server)
    if rule is None or rule.value is False:
        return not_mentioned(policy, "cbc.needs_encrypt_then_mac")
    seen_all = _negotiated(evidence, client, server, lambda one: one.cipher_suite is not None, "the cipher suite")
    cbc = [seen for seen in seen_all if "_CBC_" in _suite(seen).name]
    if not cbc:
        return not_applicable("No CBC suite was negotiated.")
    return _extension(rule, cbc, "encrypt_then_mac", "encrypt-then-MAC", client, server)


@check(
    "extended_master_secret_is_used",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(Clause("RFC 7627", "", "V"),),
    after=AFTER,
)
def extended_master_secret_is_used(
    evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """The connection uses the extended master secret (TLS 1.3 always does)."""
    rule = _rule(evidence, policy, "tls.extended_master_secret", client, server)
    if rule is None or rule.value is False:
        return not_mentioned(policy, "tls.extended_master_secret")
    return _before_tls13(evidence, rule, "extended_master_secret", "the extended master secret", client, server)


@check(
    "renegotiation_is_secure",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(Clause("RFC 5746", "", "V"),),
    after=AFTER,
)
def renegotiation_is_secure(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """Both sides speak the secure renegotiation extension (TLS 1.3 has no renegotiation)."""
    rule = _rule(evidence, policy, "tls.renegotiation", client, server)
    if rule is None:
        return not_mentioned(policy, "tls.renegotiation")
    return _before_tls13(evidence, rule, "renegotiation_info", "renegotiation_info", client, server)


def _before_tls13(
    evidence: Evidence, rule: Rule, field: str, words: str, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    seen_all = _negotiated(evidence, client, server, lambda one: one.version is not None, "the TLS version")
    older = [seen for seen in seen_all if seen.handshake.version != "TLSv1.3"]
    if not older:
        return not_applicable(f"TLS 1.3 needs no {words.removeprefix('the ')} extension.")
    return _extension(rule, older, field, words, client, server)


def _extension(
    rule: Rule, seen_all: list[Seen], field: str, words: str, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    values = {seen.place: getattr(seen.handshake, field) for seen in seen_all}
    if all(value is None for value in values.values()):
        raise missing(f"{words} of {client.name}->{server.name}", "the hello messages are not in the capture", CAPTURE_AGAIN)
    broken = [f"{place} is without {words}" for place, value in values.items() if value is False]
    observed = "absent" if broken else "present"
    fine = f"{client.name}->{server.name} uses {words}."
    return ruled(rule, broken, expected=words, observed=observed, fine=fine, evidence=[seen.item for seen in seen_all])


@check(
    "compression_is_off",
    step="V1",
    phase="handshake",
    scope="direction",
    remedies=("X7",),
    clauses=(Clause("RFC 9325", "§3.3", "V"),),
    after=AFTER,
)
def compression_is_off(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The negotiated compression method is null (0)."""
    rule = _rule(evidence, policy, "tls.compression", client, server)
    if rule is None:
        return not_mentioned(policy, "tls.compression")
    seen_all = _negotiated(evidence, client, server, lambda one: one.compression is not None, "the compression method")
    methods = list(dict.fromkeys(seen.handshake.compression for seen in seen_all))
    broken = [f"{client.name}->{server.name} compresses (method {method})" for method in methods if method]
    observed = ", ".join(map(str, methods))
    fine = f"{client.name}->{server.name} does not compress."
    return ruled(rule, broken, expected="null (0)", observed=observed, fine=fine, evidence=[seen.item for seen in seen_all])
