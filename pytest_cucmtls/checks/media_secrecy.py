"""Media that can be read: keys in clear, RTP without encryption, control packets without encryption."""

from pytest_cucmtls.checks.connections import captures, located
from pytest_cucmtls.checks.judgements import failed, missing, not_applicable, not_mentioned, passed, ruled
from pytest_cucmtls.checks.media import NEGOTIATED, media_of
from pytest_cucmtls.checks.own_phones import keys_were_possible
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.traced_calls import TRACE_AGAIN, traced_call
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, items
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement
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

    SDL masks crypto attributes together with the keys; then nothing is judged, which is not a pass.
    """
    call = traced_call(evidence, client, server)
    rule = policy.rule("srtcp.encrypted", call.attempt.value.started_at.date())
    if rule is None or rule.value is not True:
        return not_mentioned(policy, "srtcp.encrypted")
    found = media_of(call)
    if not found:
        why = "the traces show no session description of this call"
        raise missing(f"the media negotiated {client.name}->{server.name}", why, TRACE_AGAIN)
    visible = [(media, crypto) for media in found for crypto in media.line.crypto if set(crypto.crypto_suite.upper()) - {"X"}]
    if not visible:
        return not_applicable("The traces mask the crypto attributes (normal for SDL): SRTCP is not judged.")
    broken = [
        f"{media.carrier} of {client.name}->{server.name} asks for unencrypted SRTCP ({crypto.crypto_suite})"
        for media, crypto in visible
        if "UNENCRYPTED_SRTCP" in (word.upper() for word in crypto.session_parameters)
    ]
    fine = f"No crypto attribute of {client.name}->{server.name} takes encryption from SRTCP; no RTCP packet is proven by this."
    evidence_items = [media.item for media, _ in visible]
    observed = f"{len(visible)} crypto attributes, {len(broken)} without SRTCP encryption"
    return ruled(rule, broken, expected="encrypted SRTCP", observed=observed, fine=fine, evidence=evidence_items)


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
def no_media_in_clear(evidence: Evidence, _policy: Policy) -> Judgement:
    """No media stream of the captures is plain RTP, whatever was negotiated.

    A stream counts as plain when its payload is recognisable. Media flows between the phones: captures of the nodes normally
    show none, and then nothing is judged; capture at a phone or a switch. Phones of our own keep what they receive. Streams
    that look encrypted are not proven to be: that takes the keys.
    """
    sources = [*captures(evidence), *(evidence.phone_captures if keys_were_possible(evidence) else ())]
    streams = [(stream, source) for source in sources for stream in source.value.streams]
    clear = [(stream, source) for stream, source in streams if stream.kind == "rtp"]
    expected = "no plain RTP"
    if clear:
        stream, source = clear[0]
        text = (
            f"{len(clear)} of {len(streams)} media streams are plain RTP, e.g. {stream.src} -> {stream.dst}, {stream.packets} "
            f"packets{f' ({stream.reason})' if stream.reason else ''}: the conversation can be heard."
        )
        return failed(expected, f"{len(clear)} plain streams", text, (source.item,))
    known = [(stream, source) for stream, source in streams if stream.kind == "srtp"]
    if not known:
        return not_applicable("The captures show no media: it flows between the phones. Capture at a phone or a switch port.")
    text = f"{len(known)} media streams look encrypted and none is plain RTP; authenticated proof takes the media keys."
    return passed(expected, f"{len(known)} streams look encrypted", text, items(source for _, source in known))
