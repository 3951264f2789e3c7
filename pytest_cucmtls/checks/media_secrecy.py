"""Media that can be read: keys in clear, RTP without encryption, control packets without encryption."""

from pytest_cucmtls.checks.connections import captures, located
from pytest_cucmtls.checks.judgements import failed, missing, not_applicable, not_mentioned, passed, ruled, undecided
from pytest_cucmtls.checks.media import NEGOTIATED, media_of
from pytest_cucmtls.checks.moments import moment, within
from pytest_cucmtls.checks.own_phones import keys_were_possible
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.traced_calls import TRACE_AGAIN, TracedCall, traced_call
from pytest_cucmtls.model.capture import CaptureReport, MediaStream
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import CallAttempt, ClusterEvidence, Evidence, Sourced, items
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.sip import CryptoLine
from pytest_cucmtls.model.verdicts import Clause, EvidenceItem, Judgement
from pytest_cucmtls.wire.sdp import parse_session_description


@check(
    "srtcp_is_encrypted",
    step="V2",
    phase="media",
    scope="direction",
    remedies=("X6",),
    clauses=(Clause("RFC 3711", "§3.4", "M"), Clause("RFC 4568", "§6.3", "M")),
    after=(*NEGOTIATED, "media_is_negotiated_as_srtp"),
)
def srtcp_is_encrypted(evidence: Evidence, policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The call's control packets are encrypted: no crypto attribute of offer or answer asks for UNENCRYPTED_SRTCP.

    SDL masks crypto attributes together with the keys: then those count that can be read in captured SIP; where there are none
    either, nothing is judged, which is not a pass.
    """
    call = traced_call(evidence, client, server)
    rule = policy.rule("srtcp.encrypted", call.attempt.value.started_at.date())
    if rule is None or rule.value is not True:
        return not_mentioned(policy, "srtcp.encrypted")
    found = media_of(call)
    if not found:
        why = "the traces show no session description of this call"
        raise missing(f"the media negotiated {client.name}->{server.name}", why, TRACE_AGAIN)
    visible = [
        (media.carrier, media.item, crypto)
        for media in found
        for crypto in media.line.crypto
        if set(crypto.crypto_suite.upper()) - {"X"}
    ] or _captured_crypto(evidence, call.attempt.value)
    if not visible:
        return not_applicable("The traces mask the crypto attributes (normal for SDL): SRTCP is not judged.")
    broken = [
        f"{carrier} of {client.name}->{server.name} asks for unencrypted SRTCP ({crypto.crypto_suite})"
        for carrier, _, crypto in visible
        if "UNENCRYPTED_SRTCP" in (word.upper() for word in crypto.session_parameters)
    ]
    fine = f"No crypto attribute of {client.name}->{server.name} takes encryption from SRTCP; no RTCP packet is proven by this."
    evidence_items = [item for _, item, _ in visible]
    observed = f"{len(visible)} crypto attributes, {len(broken)} without SRTCP encryption"
    return ruled(rule, broken, expected="encrypted SRTCP", observed=observed, fine=fine, evidence=evidence_items)


def _captured_crypto(evidence: Evidence, attempt: CallAttempt) -> list[tuple[str, EvidenceItem, CryptoLine]]:
    """(message, where, attribute) of SIP that the captures show in clear or decrypted during the call."""
    return [
        (seen.message.start_line.split(" SIP/2.0")[0], located(source.item, seen.frame), crypto)
        for node in (node for cluster in evidence.clusters for node in cluster.nodes)
        for source in node.captures
        for seen in source.value.sip
        if b"a=crypto" in seen.message.body and within(attempt, seen.at, evidence.gathered_at)
        for line in parse_session_description(seen.message.body).media
        for crypto in line.crypto
    ]


@check(
    "media_keys_travel_under_tls",
    step="V1",
    phase="media",
    scope="pair",
    remedies=("S8", "X6"),
    clauses=(Clause("RFC 4568", "§7", "M"), Clause("NIST SP 800-53 r5", "SC-12", "V")),
    after=("no_sip_in_clear",),
)
def media_keys_travel_under_tls(evidence: Evidence, _policy: Policy) -> Judgement:
    """No media key can be read in the captures: a key in a SIP message in clear text protects nothing.

    Only what passes the capture points is seen; the phones' own signalling does not always.
    """
    sources = captures(evidence)
    if not any(source.value.readable and source.value.packets for source in sources):
        raise missing("the signalling on the wire", "no capture is readable and holds packets", "Capture again.")
    exposed = [
        (seen, crypto, source)
        for source in sources
        for seen in source.value.sip
        if seen.transport in {"udp", "tcp"} and b"a=crypto" in seen.message.body
        for line in parse_session_description(seen.message.body).media
        for crypto in line.crypto
        if crypto.key_fingerprint
    ]
    if exposed:
        seen, crypto, source = exposed[0]
        text = (
            f"A media key (fingerprint {crypto.key_fingerprint}, {crypto.crypto_suite}) can be read in {seen.message.start_line} "
            f"over {seen.transport}: whoever captures it decrypts the call."
        )
        return failed("no key in clear", f"{len(exposed)} keys in clear", text, (located(source.item, seen.frame),))
    text = "No media key can be read in the captures."
    return passed("no key in clear", "none seen", text, items(sources))


@check(
    "no_media_in_clear",
    step="V1",
    phase="media",
    scope="pair",
    remedies=("S9", "X6"),
    clauses=(Clause("RFC 3711", "§3.3", "M"), Clause("DISA EVVM Session Management SRG", "V-260034", "V")),
    after=("media_is_negotiated_as_srtp",),
)
def no_media_in_clear(evidence: Evidence, policy: Policy) -> Judgement:
    """No media stream of the captures is plain RTP, whatever was negotiated.

    A stream counts as plain when its payload is recognisable, and when not one packet authenticates under the keys that its own
    session description announced. Media flows between the phones: captures of the nodes normally show none, and then nothing is
    judged; capture at a phone or a switch, or let phones of our own keep what they receive. Where the keys are readable the
    proof is by authentication, packet by packet, with the roll-over counter searched; without them streams only look encrypted,
    and the verdict says so.
    """
    sources = [*captures(evidence), *(evidence.phone_captures if keys_were_possible(evidence) else ())]
    streams = [(stream, source) for source in sources for stream in source.value.streams]
    clear = [(stream, source) for stream, source in streams if stream.kind == "rtp" or _fits_no_key(stream)]
    expected = "no plain RTP"
    if clear:
        stream, source = clear[0]
        why_so = "; ".join(word for word in (stream.reason, *stream.findings) if word)
        text = (
            f"{len(clear)} of {len(streams)} media streams are plain RTP or fit no key, e.g. {stream.src} -> {stream.dst}: "
            f"{_authenticated(stream)}{f' ({why_so})' if why_so else ''}; whoever captures plain RTP hears the conversation."
        )
        return failed(expected, f"{len(clear)} plain streams", text, (source.item,))
    known = [(stream, source) for stream, source in streams if stream.kind == "srtp"]
    if not known:
        return _no_media(evidence, policy, expected, sources)
    proven = [stream for stream, _ in known if stream.protection is not None and stream.protection.encrypted]
    shown = "; ".join(f"{stream.src} -> {stream.dst} {_authenticated(stream)}" for stream in proven)
    proof = f"{len(proven)} are proven ({shown})" if proven else "authenticated proof takes the media keys"
    text = f"{len(known)} media streams look encrypted and none is plain RTP; {proof}."
    observed = f"{len(known)} streams look encrypted, {len(proven)} proven"
    return passed(expected, observed, text, items(source for _, source in known))


def _no_media(evidence: Evidence, policy: Policy, expected: str, sources: list[Sourced[CaptureReport]]) -> Judgement:
    """No media in the captures says nothing about media: where it flows, and whether somebody has to look there."""
    ends = sorted({f"{media.line.address}:{media.line.port}" for call in _traced(evidence) for media in media_of(call)})
    here = sorted({address for source in sources for address in source.value.addresses})
    text = (
        f"The captures show no media: it flows between {' and '.join(ends) or 'the phones'}, and was captured at "
        f"{', '.join(here) or 'no address'}. Capture at a phone or a switch port (span)."
    )
    rule = policy.rule("srtp.proven_on_wire", moment(evidence).date())
    if rule is None or rule.value is not True or _heard_by_our_phones(evidence):
        return not_applicable(text)
    return undecided(expected, "no media captured", text, items(sources), remedies=("V1",))


def _heard_by_our_phones(evidence: Evidence) -> bool:
    """Phones of our own measured what they received: that is the proof, `media_packets_are_srtp` judges it."""
    return any(proof.value.packets for proof in evidence.media_proofs)


def _traced(evidence: Evidence) -> list[TracedCall]:
    found = []
    for client, server in (evidence.clusters, evidence.clusters[::-1]):
        try:
            found.append(traced_call(evidence, client, server))
        except NoEvidence:
            continue
    return found


def _fits_no_key(stream: MediaStream) -> bool:
    """SRTP was agreed in readable words, and not one packet authenticates."""
    secure = (stream.agreed_profile or "").startswith("RTP/SAVP")
    tried = stream.protection is not None and stream.protection.keys_tried > 0
    return secure and tried and stream.protection is not None and stream.protection.authenticated == 0


def _authenticated(stream: MediaStream) -> str:
    """``50 of 50 packets authenticate (AES_CM_128_HMAC_SHA1_80, roll-over counter 1)``."""
    protection = stream.protection
    if protection is None or not protection.keys_tried:
        return f"{stream.packets} packets, no keys to try"
    counter = f", roll-over counter {protection.roll_over_counter}" if protection.roll_over_counter else ""
    suite = f" ({protection.crypto_suite}{counter})" if protection.crypto_suite else ""
    return f"{protection.authenticated} of {stream.packets} packets authenticate{suite}"
