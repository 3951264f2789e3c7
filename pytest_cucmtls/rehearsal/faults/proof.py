"""Faults of handshakes, captures, traces, media and the call, as evidence a run would have gathered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_cucmtls.model.capture import MediaProtection, MediaStream
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.handshakes import CertificatesHidden, CipherSuite, HandshakeMessage, HandshakeOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipOnWire
from pytest_cucmtls.model.traces import CertificateIndication
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.built_certificates import NOW, self_signed
from pytest_cucmtls.rehearsal.built_pair import calls, good_pair, sourced, with_node, with_traces, with_trunk, with_wire
from pytest_cucmtls.rehearsal.built_traces import analysis, call_log, dialogue, session, sip, source, trace
from pytest_cucmtls.rehearsal.built_wire import ADDRESSES, AES128_SHA, FIRST_SEEN, LAST_SEEN, NULL_SHA, handshake
from pytest_cucmtls.rehearsal.catalogue import Row

BACK = handshake("B", "A")
WARN, UNDECIDED = Outcome.WARN, Outcome.INCONCLUSIVE
KEY = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
CBC = CipherSuite(0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384")


def wire(**changes: Any) -> Evidence:
    return with_wire(good_pair(), handshake("A", "B", **changes), BACK)


def hidden(why: CertificatesHidden, **changes: Any) -> Evidence:
    nothing = {"server_chain": (), "client_chain": (), "client_certificate_requested": None,
               "client_certificate_presented": None, "client_certificate_verified": None}  # fmt: skip
    return wire(certificates_hidden=why, **nothing, **changes)


def traced(name: str, **changes: Any) -> Evidence:
    return with_node(good_pair(), name, traces=(sourced(trace(name, **changes), f"sdl-{name}"),))


def called(**changes: Any) -> Evidence:
    return with_traces(good_pair(), dialogues={("A", "B"): dialogue("A", "B", **changes)})


def readable_keys(
    suite: str = "AES_CM_128_HMAC_SHA1_80", parameters: str = "", first: str = "A" * 40, second: str = "B" * 40
) -> Evidence:
    def line(key: str) -> str:
        return f"a=crypto:1 {suite} inline:{key}{parameters}\r\n"

    return called(offer=session(20000, crypto=line(first)), answer=session(30000, crypto=line(second)))


def another_call() -> Evidence:
    """Capture and trace are of two calls: other ports, an hour apart."""
    late = timedelta(hours=1, minutes=13)
    old = [replace(handshake(a, b), at=FIRST_SEEN - late, client=Endpoint(ADDRESSES[a], 40000),
                   last_at=LAST_SEEN - late) for a, b in (("A", "B"), ("B", "A"))]  # fmt: skip
    evidence = good_pair()
    for name in ("A", "B"):
        evidence = with_trunk(evidence, name, version_stamp=f"{{{int(NOW.timestamp()) - 86400}-{name}}}")
    return with_wire(evidence, *old)


def filtered_away() -> Evidence:
    return with_wire(good_pair(), addresses=("10.9.9.9", "10.1.0.1"))


def downgraded(**changes: Any) -> Evidence:
    return wire(version="TLSv1.0", cipher_suite=AES128_SHA, offered_versions=("TLSv1.0", "TLSv1.1", "TLSv1.2"), group=None,
                **changes)  # fmt: skip


def short_call() -> Evidence:
    moved = [replace(m, source=source(m.source.line, 3.1 if (m.message.header("CSeq") or "").endswith("BYE") else 3))
             for m in trace("A").sip_messages]  # fmt: skip
    return with_node(good_pair(), "A", traces=(sourced(replace(trace("A"), sip_messages=tuple(moved)), "sdl"),))


def streaming(kind: str, until: float, call_id: str | None = None) -> Evidence:
    one = MediaStream(Endpoint("10.0.0.9", 20000), Endpoint("10.0.0.8", 30000), 1, 50, kind, NOW, NOW + timedelta(seconds=until))
    return with_wire(good_pair(), handshake("A", "B"), BACK, streams=(replace(one, call_id=call_id),))


def one_way(call_id: str | None) -> Evidence:
    """A stream without its counterpart, in the capture of a switch port."""
    one = MediaStream(Endpoint("10.0.0.9", 20000), Endpoint("10.0.0.8", 30000), 1, 150, "srtp", NOW, NOW + timedelta(seconds=3))
    return with_wire(good_pair(), handshake("A", "B"), BACK, streams=(replace(one, call_id=call_id, one_way=True),))


def measured(authenticated: int, counter: int | None = None) -> Evidence:
    """One stream that was agreed as SRTP, its keys readable in the capture."""
    proven = authenticated >= 45
    protection = MediaProtection(2, authenticated, "AES_CM_128_HMAC_SHA1_80", "fp", counter, True if proven else None)
    one = MediaStream(Endpoint("10.0.0.9", 20000), Endpoint("10.0.0.8", 30000), 1, 50, "srtp" if proven else None, NOW, NOW)
    return with_wire(good_pair(), handshake("A", "B"), BACK,
                     streams=(replace(one, protection=protection, agreed_profile="RTP/SAVP"),))  # fmt: skip


def key_in_clear() -> Evidence:
    message = sip("INVITE sip:9898@10.2.0.1 SIP/2.0", "1 INVITE", "x",
                  session(20000, crypto=f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n"))  # fmt: skip
    seen = SipOnWire(message, Endpoint("10.0.0.9", 5060), Endpoint(ADDRESSES["A"], 5060), "udp", 3, NOW)
    return with_wire(good_pair(), handshake("A", "B"), BACK, sip=(seen,))


def log_without_end() -> Evidence:
    log = call_log("A")
    log = replace(log, call_log=tuple(line for line in log.call_log if line.event != "RELEASE"))
    return with_node(good_pair(), "A", calllogs=(sourced(log, "calllog"),))


def not_placed() -> Evidence:
    first, second = calls()
    refused = replace(first.value, result_code=6, result_description="User authentication error")
    return good_pair(calls=(replace(first, value=refused), second))


def over_tcp() -> Evidence:
    changed = [(way, replace(message, headers=tuple((k, v.replace("TLS", "TCP")) for k, v in message.headers)))
               for way, message in dialogue("A", "B")]  # fmt: skip
    return with_traces(good_pair(), dialogues={("A", "B"): changed})


def messages_without(*names: str) -> tuple[HandshakeMessage, ...]:
    return tuple(message for message in handshake("A", "B").messages if message.name not in names)


def indications(cipher: str, index: int = 12) -> Evidence:
    slash = "/O=cisco/CN=CUCM10"
    found = CertificateIndication(source(50), index, ADDRESSES["B"], 5061, slash, cipher)
    own = CertificateIndication(source(70), 13, ADDRESSES["B"], 44246, slash, "ECDHE-RSA-AES256-GCM-SHA384")
    return traced("A", indications=(found, own))


WEAK = frozenset({"suite_is_allowed", "key_exchange_is_forward_secret", "trace_agrees_with_the_wire"})

ROWS = (
    Row("F-103", "both sides support TLS 1.2, TLS 1.0 negotiated", downgraded, (("version_meets_policy", "A->B"),),
        phase="handshake", remedy="X7", says=("TLS 1.0", "A offered up to TLS 1.2", "B offers up to TLS 1.2"),
        also=WEAK | {"cbc_uses_encrypt_then_mac"}),
    Row("F-103", "both sides support TLS 1.2, TLS 1.0 negotiated", downgraded, (("version_was_not_lowered", "A->B"),), WARN,
        phase="handshake", remedy="X7", says=("TLS 1.0", "TLS 1.2 was possible"), policy="legacy-2015", also=WEAK),
    Row("F-051", "TLS 1.3: certificates encrypted on the wire", lambda: hidden(CertificatesHidden.TLS13, version="TLSv1.3"),
        (("both_sides_authenticate", "A->B"),), UNDECIDED, phase="handshake", remedy="V2", says=("TLS 1.3", "SIPCertificateInd",
                                                                                              "probe"),
        also=frozenset({"suite_is_allowed"})),
    Row("F-077", "capture starts mid-connection",
        lambda: hidden(CertificatesHidden.CAPTURE_STARTED_LATE, outcome=HandshakeOutcome.INCOMPLETE, version=None,
        cipher_suite=None,
                       messages=(), tcp_opened=False, offered_versions=()),
        (("tls_connection_is_established", "A->B"),), UNDECIDED, phase="handshake", remedy="V1",
        says=("middle of the connection", "trunk reset")),
    Row("F-099", "wrong interface or wrong host filter", filtered_away, (("tls_connection_is_established", "A->B"),), UNDECIDED,
        phase="handshake", remedy="V1", says=("10.2.0.1 never appears", "wrong interface")),
    Row("F-122", "packets cut by the capture length", lambda: hidden(CertificatesHidden.PACKETS_CUT),
        (("server_presents_admin_certificate", "A->B"),), UNDECIDED, phase="handshake", remedy="V1", says=("cut", "size all")),
    Row("F-002", "trace rotated away before collection",
        lambda: traced("A", analyses=(), dialogues={("A", "B"): (), ("B", "A"): ()}, first_at=NOW + timedelta(minutes=3)),
        (("caller_digit_analysis_finds_the_pattern", "A->B"),), UNDECIDED, phase="trace", remedy="V2",
        says=("oldest line", "later than the call")),
    Row("F-013", "capture and trace belong to different calls", another_call,
        (("traced_call_is_the_captured_one", "A->B"), ("traced_call_is_the_captured_one", "B->A")), UNDECIDED, phase="trace",
        remedy="V1", says=("no common connection", "40000", "33135")),
    Row("F-124", "SIPCertificateInd of another connection index", lambda: indications("ECDHE-RSA-AES256-GCM-SHA384", 77),
        (("trace_agrees_with_the_wire", "A->B"),), UNDECIDED, phase="trace", remedy="V2", says=("connIdx) 12", "77")),
    Row("F-126", "cipher in the trace differs from the suite on the wire", lambda: indications("AES128-SHA"),
        (("trace_agrees_with_the_wire", "A->B"),), phase="trace", remedy="V1",
        says=("AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384", "12:00")),
    Row("F-007", "UNENCRYPTED_SRTP in the crypto attribute", lambda: readable_keys(parameters=" UNENCRYPTED_SRTP"),
        (("media_is_negotiated_as_srtp", "A->B"),), phase="media", remedy="X6", says=("UNENCRYPTED_SRTP", "integrity only")),
    Row("F-027", "media capture made on the CUCM node: no media there", good_pair, (("no_media_in_clear", "pair"),), UNDECIDED,
        phase="media", remedy="V1", policy="disa-evvm-sm", says=("10.0.0.9:20000", "10.1.0.1", "phone", "span")),
    Row("F-046", "keys are agreed, packets are plain RTP", lambda: streaming("rtp", 3.0), (("no_media_in_clear", "pair"),),
        phase="media", remedy="S9", says=("RTP",)),
    Row("F-046", "SRTP was agreed, no packet authenticates under the keys announced", lambda: measured(0),
        (("no_media_in_clear", "pair"),), phase="media", remedy="S9", says=("0 of 50 packets authenticate",)),
    Row("F-049", "same master key in both directions", lambda: readable_keys(second="A" * 40), (("media_keys_are_fresh",
        "pair"),),
        phase="media", remedy="X6", says=("fingerprint", "A->B caller", "A->B called")),
    Row("F-071", "answer selects AES_CM_128_HMAC_SHA1_32", lambda: readable_keys(suite="AES_CM_128_HMAC_SHA1_32"),
        (("srtp_suite_is_allowed", "A->B"),), phase="media", remedy="X6", policy="disa-evvm-sm",
        says=("AES_CM_128_HMAC_SHA1_32", "AES_CM_128_HMAC_SHA1_80", "V-260039"),
        also=frozenset({"connection_is_renewed_in_time"})),
    Row("F-022", "call answered by voicemail or another party", lambda: called(answered_by="5000"),
        (("right_party_answers", "A->B"),), phase="call", remedy="S10", says=("5000", "9898")),
    Row("G-30", "one-way TLS", lambda: wire(client_certificate_requested=False, client_certificate_presented=False,
        client_chain=(),
                                         client_certificate_verified=None,
                                         messages=messages_without("certificate_request", "certificate_verify")),
        (("both_sides_authenticate", "A->B"),), phase="handshake", remedy="S8", says=("no CertificateRequest",)),
    Row("G-31", "a NULL cipher suite", lambda: wire(cipher_suite=NULL_SHA), (("negotiated_suite_encrypts", "A->B"),),
        phase="handshake", remedy="S8", says=("NULL",), also=WEAK),
    Row("G-32", "a suite without forward secrecy", lambda: wire(cipher_suite=AES128_SHA, group=None),
        (("suite_is_allowed", "A->B"), ("key_exchange_is_forward_secret", "A->B")), phase="handshake", remedy="X7",
        says=("static RSA",), also=WEAK | {"cbc_uses_encrypt_then_mac"}),
    Row("G-33", "a key exchange group outside the policy", lambda: wire(group="secp160r1"), (("group_is_allowed", "A->B"),), WARN,
        phase="handshake", remedy="X7", says=("secp160r1",)),
    Row("G-34", "CBC without encrypt-then-MAC", lambda: wire(cipher_suite=CBC, encrypt_then_mac=False),
        (("cbc_uses_encrypt_then_mac", "A->B"),), phase="handshake", remedy="X7", policy="rfc9325",
        also=WEAK | {"certificate_has_alternative_names"}),
    Row("G-35", "no extended master secret", lambda: wire(extended_master_secret=False),
        (("extended_master_secret_is_used", "A->B"),), WARN, phase="handshake", remedy="X7"),
    Row("G-36", "no secure renegotiation", lambda: wire(renegotiation_info=False), (("renegotiation_is_secure", "A->B"),),
        phase="handshake", remedy="X7"),
    Row("G-37", "TLS compression", lambda: wire(compression=1), (("compression_is_off", "A->B"),), phase="handshake",
        remedy="X7"),
    Row("G-38", "handshake messages out of order", lambda: wire(messages=handshake("A", "B").messages[::-1]),
        (("handshake_messages_are_in_order", "A->B"),), phase="handshake", remedy="S8"),
    Row("G-39", "the two capture readers disagree", lambda: good_pair(contradictions=(sourced("a version differs", "witness"),)),
        (("capture_readers_agree", "pair"),), UNDECIDED, phase="evidence", remedy="V1", says=("a version differs",)),
    Row("G-40", "the INVITE travels over TCP", over_tcp, (("invite_travels_over_tls", "A->B"),), phase="trace", remedy="S8",
        says=("TCP",)),
    Row("G-41", "the call ends abnormally", lambda: called(cause=41), (("call_is_released_normally", "A->B"),), phase="call",
        remedy="X6", says=("41",)),
    Row("G-42", "the call stood for a tenth of a second", short_call, (("call_lasts_long_enough", "A->B"),), phase="call",
        remedy="X6",
        also=frozenset({"call_lasts_long_enough"})),
    Row("G-43", "media goes on after BYE", lambda: streaming("srtp", 9.0, "call-A@10.0.0.1"), (("call_leaves_nothing_behind",
        "A->B"),),
        phase="call", remedy="X6"),
    Row("G-44", "the call log lacks the end of the call", log_without_end, (("call_record_is_complete", "A->B"),), phase="trace",
        remedy="V2"),
    Row("G-45", "a media key in a SIP message in clear text", key_in_clear, (("media_keys_travel_under_tls", "pair"),),
        phase="media",
        remedy="S8"),
    Row("G-46", "SRTCP without encryption", lambda: readable_keys(parameters=" UNENCRYPTED_SRTCP"), (("srtcp_is_encrypted",
        "A->B"),),
        phase="media", remedy="X6", also=frozenset({"srtcp_is_encrypted"})),
    Row("G-47", "offer and answer are RTP/AVP although SRTP is allowed",
        lambda: called(offer=session(20000, "RTP/AVP", ""), answer=session(30000, "RTP/AVP", "")),
        (("media_is_negotiated_as_srtp", "A->B"),), phase="media", remedy="S9", says=("RTP/AVP",)),
    Row("G-48", "the call could not be placed", not_placed, (("call_is_placed", "A->B"),), UNDECIDED, phase="call", remedy="X5",
        says=("User authentication error", "nothing about the trunk"), also=frozenset({"call_is_placed"})),
    Row("G-49", "a connection lives longer than the policy's interval",
        lambda: with_wire(good_pair(), replace(handshake("A", "B"), last_at=NOW + timedelta(seconds=3700)), BACK,
                          last_at=NOW + timedelta(seconds=3700)),
        (("connection_is_renewed_in_time", "A->B"),), phase="handshake", remedy="X2", policy="disa-evvm-sm",
        also=frozenset({"connection_is_renewed_in_time"})),
    Row("G-150", "media of the call goes one way only", lambda: one_way("call-A-B"), (("media_flows_both_ways", "pair"),),
        phase="media", remedy="X4", says=("10.0.0.9:20000", "10.0.0.8:30000", "one-way audio")),
    Row("G-150", "media goes one way, of which call is not known", lambda: one_way(None), (("media_flows_both_ways", "pair"),),
        UNDECIDED, phase="media", remedy="X4", says=("10.0.0.9:20000", "capture point", "both phones")),
    Row("G-50", "a raw item of the folder was changed", lambda: good_pair(kept_items=40, unusable=("raw/x.pcap: was changed",)),
        (("evidence_is_whole", "pair"),), UNDECIDED, phase="evidence", remedy="X8", says=("raw/x.pcap",)),
    Row("G-51", "the wire shows a certificate nobody's store can validate",
        lambda: with_wire(good_pair(), handshake("A", "B", server_chain=(self_signed("CUCM10"),)), BACK),
        (("server_presents_admin_certificate", "A->B"),), phase="handshake", remedy="X1", says=("not restarted",)),
    Row("G-52", "digits are cut on the called side", lambda: with_node(
        with_trunk(good_pair(), "B", sig_digits=99), "B",
        traces=(sourced(trace("B", analyses=(analysis(30, "1018", "98", None, "no_match"), analysis(10, "9898", "1018",
        "1018")))),)),
        (("called_side_analyses_all_digits", "A->B"),), phase="trace", remedy="S9", says=("9898", "98")),
    Row("G-53", "the calling side matches another pattern",
        lambda: traced("A", analyses=(analysis(10, "1018", "9898", "9XXX"), analysis(30, "9898", "1018", "1018"))),
        (("caller_digit_analysis_finds_the_pattern", "A->B"),), phase="trace", remedy="S10", says=("9XXX",)),
)  # fmt: skip
