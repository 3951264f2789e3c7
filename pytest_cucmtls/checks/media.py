"""The media the call negotiated: SRTP in every offer and answer. What really flows is not proven by this."""

from dataclasses import dataclass

from pytest_cucmtls.checks.judgements import document, failed, missing, not_applicable, not_mentioned, passed, ruled
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.traced_calls import TRACE_AGAIN, TracedCall, TracedMessage, traced_call
from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.sip import CryptoLine, MediaLine
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement
from pytest_cucmtls.wire.sdp import parse_session_description

NEGOTIATED = ("trunk_allows_srtp", "tls_connection_is_established", "right_party_answers")
WEAKENING = ("UNENCRYPTED_SRTP", "UNAUTHENTICATED_SRTP")
"""Session parameters that take encryption or integrity from the media (RFC 4568 §6.3); SRTCP has a check of its own."""


@dataclass(frozen=True, slots=True)
class OfferedMedia:
    """One media line with the message that carried it."""

    line: MediaLine
    carrier: str
    sender: str
    item: EvidenceItem


def media_of(call: TracedCall) -> tuple[OfferedMedia, ...]:
    """Every media line in use (port not 0) of every session description of the call; a message traced by both sides once."""
    found: dict[tuple[str, bytes], list[OfferedMedia]] = {}
    for message in call.messages:
        body = message.sip.message.body
        if b"m=" not in body:
            continue
        carrier = f"{message.sip.message.start_line.split(' SIP/2.0')[0]} {message.sip.message.header('CSeq') or ''}".strip()
        try:
            lines = parse_session_description(body).media
        except UnexpectedAnswer as problem:
            raise missing(f"the session description of {carrier}", problem.detail or "unreadable", TRACE_AGAIN) from problem
        sender = _sender(call, message)
        found.setdefault(
            (carrier, b"" if not lines else _essence(lines)),
            [OfferedMedia(line, carrier, sender, message.item) for line in lines if line.port],
        )
    return tuple(media for group in found.values() for media in group)


def _essence(lines: tuple[MediaLine, ...]) -> bytes:
    return "|".join(f"{line.kind} {line.port} {line.profile}" for line in lines).encode()


def _sender(call: TracedCall, message: TracedMessage) -> str:
    outgoing = message.sip.direction == "out"
    on_calling_side = message in call.calling
    return "caller" if outgoing == on_calling_side else "called"


def _media(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> tuple[OfferedMedia, ...]:
    call = traced_call(evidence, client, server)
    found = media_of(call)
    if not found:
        why = "the traces show no session description of this call"
        raise missing(f"the media negotiated {client.name}->{server.name}", why, TRACE_AGAIN)
    return found


@check(
    "media_is_negotiated_as_srtp",
    step="V2",
    phase="media",
    scope="direction",
    remedies=("S9", "X6"),
    clauses=(
        document("step 9: SRTP Allowed"),
        Clause("RFC 4568", "§6", "M"),
        Clause("DISA EVVM Session Management SRG", "V-260034", "V"),
    ),
    after=NEGOTIATED,
)
def media_is_negotiated_as_srtp(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """Every audio and video line of offer and answer, re-INVITEs included, is RTP/SAVP and keeps encryption on.

    With a delayed offer the 200 OK carries the offer and the ACK the answer. SDL masks the keys, which is normal; one side's
    description alone decides nothing.
    """
    found = _media(evidence, client, server)
    evidence_items = [media.item for media in found]
    expected, observed = "RTP/SAVP in offer and answer", "; ".join(f"{media.carrier}: {media.line.profile}" for media in found)
    clear = [media for media in found if media.line.kind in {"audio", "video"} and not media.line.secure]
    if clear:
        sides = f"SRTP Allowed: {client.name} {_box(client)}, {server.name} {_box(server)}"
        first = f"{clear[0].carrier} ({clear[0].sender}) has {clear[0].line.profile}"
        text = f"The call {client.name}->{server.name} negotiated clear media: {first}. {sides}."
        return failed(expected, observed, text, evidence_items)
    weak = [(media, crypto, word) for media in found for crypto in media.line.crypto for word in _weakening(crypto)]
    if weak:
        media, crypto, word = weak[0]
        place = f"{media.carrier} of {client.name}->{server.name}"
        text = f"{place} carries {word} with {crypto.crypto_suite}: integrity only, no secrecy."
        return failed(expected, f"{observed}, {word}", text, evidence_items, remedies=("X6",))
    if len({media.sender for media in found}) < 2:
        raise missing(
            f"offer and answer of {client.name}->{server.name}",
            f"only the {found[0].sender}'s description is traced",
            TRACE_AGAIN,
        )
    text = f"Offer and answer of {client.name}->{server.name} agree on SRTP ({observed}); the packets are not proven by this."
    return passed(expected, observed, text, evidence_items)


def _weakening(crypto: CryptoLine) -> list[str]:
    return [word for word in crypto.session_parameters if word.upper() in WEAKENING]


def _box(cluster: ClusterEvidence) -> str:
    value = cluster.trunk.value.srtp_allowed if cluster.trunk else None
    return "not read" if value is None else "on" if value else "off"


@check(
    "srtp_suite_is_allowed",
    step="V2",
    phase="media",
    scope="direction",
    remedies=("X6", "X7"),
    clauses=(Clause("RFC 4568", "§6.2", "M"),),
    after=(*NEGOTIATED, "media_is_negotiated_as_srtp"),
)
def srtp_suite_is_allowed(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The SRTP suite that offer and answer share is one the policy lists.

    SDL masks the suites together with the keys; then nothing is judged here, which is not a pass.
    """
    call = traced_call(evidence, client, server)
    rule = policy.rule("srtp.suites", call.attempt.value.started_at.date())
    if rule is None:
        return not_mentioned(policy, "srtp.suites")
    found = _media(evidence, client, server)
    visible = {
        sender: {
            crypto.crypto_suite for media in found if media.sender == sender for crypto in media.line.crypto if _readable(crypto)
        }
        for sender in ("caller", "called")
    }
    if not all(visible.values()):
        return not_applicable("The traces mask the SRTP suites (normal for SDL): not judged. Decrypted SIP would show them.")
    shared = sorted(visible["caller"] & visible["called"])
    allowed = [str(word) for word in rule.value] if isinstance(rule.value, tuple) else [str(rule.value)]
    broken = [f"{client.name}->{server.name} negotiated {suite}" for suite in shared if suite not in allowed]
    observed, expected = ", ".join(shared) or "no common suite", f"one of {', '.join(allowed)}"
    fine = f"{client.name}->{server.name} negotiated {observed}."
    return ruled(rule, broken, expected=expected, observed=observed, fine=fine, evidence=[media.item for media in found])


def _readable(crypto: CryptoLine) -> bool:
    return bool(crypto.crypto_suite) and set(crypto.crypto_suite.upper()) != {"X"}


@check(
    "media_keys_are_fresh",
    step="V2",
    phase="media",
    scope="pair",
    remedies=("X6",),
    clauses=(Clause("RFC 4568", "§7", "M"), Clause("NIST SP 800-53 r5", "SC-12", "V")),
    after=("media_is_negotiated_as_srtp",),
)
def media_keys_are_fresh(evidence: Evidence, _policy: Policy) -> Judgement:
    """No media key is used in both directions of a call or in two calls; compared by fingerprint, keys are never shown."""
    first, second = evidence.clusters
    owners: dict[str, dict[str, EvidenceItem]] = {}
    for client, server in ((first, second), (second, first)):
        call = traced_call(evidence, client, server)
        for media in media_of(call):
            for crypto in media.line.crypto:
                if crypto.key_fingerprint:
                    owners.setdefault(crypto.key_fingerprint, {})[f"{client.name}->{server.name} {media.sender}"] = media.item
    if not owners:
        return not_applicable("The traces mask the media keys (normal for SDL): their fingerprints cannot be compared.")
    shared = {key: users for key, users in owners.items() if len(users) > 1}
    items = [item for users in (shared or owners).values() for item in users.values()]
    if shared:
        key, users = next(iter(shared.items()))
        text = f"The media key with fingerprint {key} is used by {' and '.join(users)}."
        return failed("different keys", f"{len(shared)} shared", text, items)
    return passed("different keys", f"{len(owners)} different", f"All {len(owners)} media keys differ.", items)
