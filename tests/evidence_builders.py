"""Small builders of frozen evidence: one good pair, and the few turns that make it bad."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.certificates import Certificate, CertificateRequest
from pytest_cucmtls.model.cucm import (
    DirectoryNumber,
    NamedCertificate,
    NtpStatus,
    Phone,
    Release,
    ServiceStatus,
)
from pytest_cucmtls.model.evidence import CallAttempt, ClusterEvidence, Evidence, NodeEvidence, Sourced, StepRecord
from pytest_cucmtls.model.handshakes import CipherSuite, Handshake, HandshakeMessage, HandshakeOutcome
from pytest_cucmtls.model.intended import intended_profile, intended_route_pattern, intended_trunk
from pytest_cucmtls.model.inventory import Account, ClusterSpec, Inventory, Mode, NodeAddress
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.model.traces import (
    CallLogLine,
    CertificateIndication,
    ConnectionRecord,
    DigitAnalysis,
    TracedSip,
    TraceEvent,
    TraceHeader,
    TraceReport,
    TraceSource,
)
from pytest_cucmtls.model.verdicts import EvidenceItem, Outcome, Verdict
from pytest_cucmtls.wire.x509 import parse_certificate, parse_request
from pytest_cucmtls.wire.x509_sign import sign_certificate, sign_request

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
GCM = CipherSuite(0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384")
AES128_SHA = CipherSuite(0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA")
NULL_SHA = CipherSuite(0x0002, "TLS_RSA_WITH_NULL_SHA", "NULL-SHA")
BOTH_USAGES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
ADDRESSES = {"A": "10.1.0.1", "B": "10.2.0.1"}
NODES = {"A": "CUCMA", "B": "CUCM10"}
NUMBERS = {"A": "1018", "B": "9898"}
CALLER_PORTS = {"A": 33135, "B": 44246}


@lru_cache(maxsize=32)
def key(owner: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key of that owner: remembered, so that asking again gives the same one."""
    assert owner
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common_name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cisco")]
    )


@lru_cache(maxsize=256)
def certificate(
    subject: str,
    *,
    issuer: str = "CA",
    subject_key: str | None = None,
    issuer_key: str | None = None,
    bits: int = 2048,
    issuer_bits: int = 2048,
    is_ca: bool = False,
    path_length: int | None = None,
    names: tuple[str, ...] | None = None,
    usages: tuple[ObjectIdentifier, ...] | None = BOTH_USAGES,
    begins: datetime = NOW - timedelta(days=30),
    days: float = 365,
    hash_name: str = "SHA-256",
    serial: int = 0x398B1DA600000000000E,
    key_cert_sign: bool = True,
) -> Certificate:
    """A parsed certificate; keys are named, so two calls with the same key names have the same keys."""
    own = key(subject_key or subject, bits)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(own.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_ca, path_length), critical=True)
        .add_extension(
            x509.KeyUsage(not is_ca, False, not is_ca, False, False, is_ca and key_cert_sign, is_ca, False, False), critical=True
        )
    )
    alternatives = [subject] if names is None and not is_ca else [*(names or ())]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, alternatives)]), critical=False)
    if usages is not None and not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=False)
    signer = key(issuer_key or issuer, issuer_bits)
    return parse_certificate(sign_certificate(builder, signer, hash_name))


@lru_cache(maxsize=8)
def root(name: str = "CA", key_name: str | None = None, hash_name: str = "SHA-256", bits: int = 2048) -> Certificate:
    return certificate(
        name,
        issuer=name,
        subject_key=key_name or name,
        issuer_key=key_name or name,
        bits=bits,
        issuer_bits=bits,
        is_ca=True,
        days=3650,
        hash_name=hash_name,
        serial=1,
    )


def self_signed(name: str) -> Certificate:
    return certificate(name, issuer=name, subject_key=f"{name} old", issuer_key=f"{name} old", serial=7)


@lru_cache(maxsize=16)
def request(
    subject: str, bits: int = 2048, names: tuple[str, ...] | None = None, hash_name: str = "SHA-256"
) -> CertificateRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(subject))
    for text in (subject,) if names is None else names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(text)]), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(list(BOTH_USAGES)), critical=False)
    return parse_request(sign_request(builder, key(subject, bits), hash_name))


def item(name: str) -> EvidenceItem:
    return EvidenceItem(f"raw/{name}", "0" * 64)


def sourced(value, name: str = "item"):
    return Sourced(value, item(name))


def spec(name: str, **changes) -> ClusterSpec:
    peer = "B" if name == "A" else "A"
    plain = ClusterSpec(
        name=name,
        nodes=(NodeAddress(NODES[name], ADDRESSES[name]),),
        release="15" if name == "A" else "14",
        extension=NUMBERS[name],
        axl=Account("axl", f"{name}_AXL"),
        platform=Account("admin", f"{name}_OS"),
        call=Account("user", f"{name}_CALL"),
        phone=f"SEP00{name}",
        trunk=f"to-{peer}",
    )
    return replace(plain, **changes)


def inventory(**changes) -> Inventory:
    return replace(Inventory(spec("A"), spec("B"), mode=Mode.APPLY), **changes)


def named(found: Certificate, unit: str = "CallManager", file_name: str = "CallManager.pem") -> NamedCertificate:
    return NamedCertificate(unit, file_name, found, "Certificate Signed by CA")


def trusted(found: Certificate, unit: str = "CallManager-trust") -> Sourced[NamedCertificate]:
    return sourced(named(found, unit, f"{found.subject.common_name}.pem"), f"{unit}-{found.sha256[:8]}")


FLIGHT = (
    ("client", "client_hello"),
    ("server", "server_hello"),
    ("server", "certificate"),
    ("server", "certificate_request"),
    ("server", "server_hello_done"),
    ("client", "certificate"),
    ("client", "client_key_exchange"),
    ("client", "certificate_verify"),
    ("client", "change_cipher_spec"),
    ("client", "finished"),
    ("server", "change_cipher_spec"),
    ("server", "finished"),
)


def handshake(client: str, server: str, /, **changes) -> Handshake:
    """A complete mutual TLS 1.2 handshake between the two clusters' nodes."""
    at = NOW + timedelta(seconds=1)
    plain = Handshake(
        client=Endpoint(ADDRESSES[client], CALLER_PORTS[client]),
        server=Endpoint(ADDRESSES[server], 5061),
        first_frame=1,
        at=at,
        outcome=HandshakeOutcome.COMPLETE,
        version="TLSv1.2",
        cipher_suite=GCM,
        offered_versions=("TLSv1.2",),
        offered_suites=(GCM,),
        group="secp256r1",
        compression=0,
        extended_master_secret=True,
        encrypt_then_mac=True,
        renegotiation_info=True,
        resumed=False,
        tcp_opened=True,
        server_chain=(certificate(NODES[server]), root()),
        client_chain=(certificate(NODES[client]), root()),
        server_certificate_frame=5,
        client_certificate_frame=6,
        client_certificate_requested=True,
        client_certificate_presented=True,
        client_certificate_verified=True,
        messages=tuple(HandshakeMessage(sender, name, 4 + place, at) for place, (sender, name) in enumerate(FLIGHT)),
        last_at=at + timedelta(seconds=30),
        application_bytes=(3000, 3000),
    )
    return replace(plain, **changes)


def capture(*handshakes: Handshake, **changes) -> CaptureReport:
    plain = CaptureReport(
        sha256="1" * 64,
        readable=True,
        problem=None,
        packets=60,
        cut_packets=0,
        first_at=NOW,
        last_at=NOW + timedelta(minutes=2),
        handshakes=handshakes,
        addresses=tuple(sorted(ADDRESSES.values())),
    )
    return replace(plain, **changes)


def source(line: int, seconds: float = 2) -> TraceSource:
    at = NOW + timedelta(seconds=seconds)
    return TraceSource(f"{line:08d}.000", f"{at:%H:%M:%S}.000", line, at)


SAVP = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=SIP Call\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio {port} {profile} 0\r\n{crypto}"


def session(port: int, profile: str = "RTP/SAVP", crypto: str = "a=crypto:1 XXXXXXXXXXXX inline:XXXXXXXX\r\n") -> bytes:
    return SAVP.format(port=port, profile=profile, crypto=crypto).encode()


def sip(start_line: str, cseq: str, call_id: str, body: bytes = b"", extra: tuple[tuple[str, str], ...] = ()) -> SipMessage:
    headers = (
        ("Via", "SIP/2.0/TLS 10.1.0.1:5061;branch=z9hG4bK1"),
        ("From", "<sip:{caller}@10.1.0.1>;tag=1"),
        ("To", "<sip:x@10.2.0.1>"),
        ("Call-ID", call_id),
        ("CSeq", cseq),
        *extra,
    )
    if start_line.startswith("SIP/2.0"):
        _, status, reason = start_line.split(" ", 2)
        return SipMessage(start_line, headers, body, status_code=int(status), reason_phrase=reason)
    method, uri, _ = start_line.split(" ")
    return SipMessage(start_line, headers, body, method=method, request_uri=uri)


def dialogue(client: str, server: str, *, answered_by: str | None = None, profile: str = "RTP/SAVP", cause: int = 16, **bodies):
    """(direction as the calling side logs it, message) of a delayed-offer call."""
    number, call_id = NUMBERS[server], f"call-{client}@10.0.0.1"
    identity = (("P-Asserted-Identity", f"<sip:{answered_by or number}@{ADDRESSES[server]}>"),)
    offer = bodies.get("offer", session(20000, profile))
    answer = bodies.get("answer", session(30000, profile))
    uri = f"sip:{number}@{ADDRESSES[server]}:5061"
    return (
        ("out", sip(f"INVITE {uri} SIP/2.0", "101 INVITE", call_id)),
        ("in", sip("SIP/2.0 100 Trying", "101 INVITE", call_id)),
        ("in", sip("SIP/2.0 200 OK", "101 INVITE", call_id, offer, identity)),
        ("out", sip(f"ACK {uri} SIP/2.0", "101 ACK", call_id, answer)),
        ("out", sip(f"BYE {uri} SIP/2.0", "102 BYE", call_id, extra=(("Reason", f"Q.850;cause={cause}"),))),
        ("in", sip("SIP/2.0 200 OK", "102 BYE", call_id)),
    )


def analysis(
    line: int, caller: str, digits: str, pattern: str | None, outcome: str = "match", partition: str = ""
) -> DigitAnalysis:
    results = () if pattern is None else (("DialingPartition", partition), ("DialingPattern", pattern))
    return DigitAnalysis(source(line), caller, digits, (), outcome, (), results)


def trace(cluster: str, *, dialogues=None, analyses=None, indications=None, events=None, **changes) -> TraceReport:
    """What one node traced of both calls: its own outgoing one (index 12) and the incoming one (index 13)."""
    peer = "B" if cluster == "A" else "A"
    outgoing, incoming = (dialogues or {}).get((cluster, peer)), (dialogues or {}).get((peer, cluster))
    messages = []
    for place, (direction, message) in enumerate(outgoing or dialogue(cluster, peer)):
        messages.append(TracedSip(source(40 + place, 2 + place / 2), direction, ADDRESSES[peer], 5061, 12, place, message))
    for place, (direction, message) in enumerate(incoming or dialogue(peer, cluster)):
        mirrored = "in" if direction == "out" else "out"
        at = source(60 + place, 2 + place / 2)
        messages.append(TracedSip(at, mirrored, ADDRESSES[peer], CALLER_PORTS[peer], 13, place, message))
    slash = f"/O=cisco/CN={NODES[peer]}"
    plain = TraceReport(
        sha256="2" * 64,
        readable=True,
        problem=None,
        header=TraceHeader(0, "2026-06-01", 1, "15", NODES[cluster], ADDRESSES[cluster]),
        record_count=100,
        first_at=NOW - timedelta(minutes=5),
        last_at=NOW + timedelta(minutes=5),
        digit_analysis=analyses
        if analyses is not None
        else (
            analysis(10, NUMBERS[cluster], NUMBERS[peer], NUMBERS[peer]),
            analysis(30, NUMBERS[peer], NUMBERS[cluster], NUMBERS[cluster]),
        ),
        sip_messages=tuple(messages),
        certificates=indications
        if indications is not None
        else (
            CertificateIndication(source(50), 12, ADDRESSES[peer], 5061, slash, "ECDHE-RSA-AES256-GCM-SHA384"),
            CertificateIndication(source(70), 13, ADDRESSES[peer], CALLER_PORTS[peer], slash, "ECDHE-RSA-AES256-GCM-SHA384"),
        ),
        connections=(ConnectionRecord(source(20), ADDRESSES[peer], 5061, 12, "TLS Over TCP", True),),
        events=events if events is not None else (TraceEvent(source(12), "device_found", (("name", f"to-{peer}"),)),),
    )
    return replace(plain, **changes)


def node(cluster: str, **changes) -> NodeEvidence:
    name = NODES[cluster]
    leaf = certificate(name)
    plain = NodeEvidence(
        name=name,
        release=sourced(Release("15.0.1.11900-23", 15, 0) if cluster == "A" else Release("14.0.1.12900-161", 14, 0), "version"),
        ntp=sourced(NtpStatus(True, 3, 12.0, NOW), "ntp"),
        clock_offset_seconds=sourced(0.1, "ntp"),
        own_certificate_before=sourced(named(self_signed(name)), "before"),
        own_certificate=sourced(named(leaf), f"own-{name}"),
        request=sourced(request(name), "csr"),
        issued=sourced(leaf, "issued"),
        trust=(trusted(root()),),
        call_manager=sourced(ServiceStatus("Cisco CallManager", "Started", up_time_seconds=300), "services"),
        captures=(sourced(capture(handshake("A", "B"), handshake("B", "A")), f"capture-{name}"),),
        traces=(sourced(trace(cluster), f"sdl-{name}"),),
        calllogs=(sourced(call_log(cluster), f"calllog-{name}"),),
    )
    return replace(plain, **changes)


def call_log(cluster: str, **changes) -> TraceReport:
    """What the calling cluster logged of its own call."""
    parties = (NUMBERS[cluster], NUMBERS["B" if cluster == "A" else "A"])
    rows = (
        ("CC", "SETUP", ("1", "2", *parties, parties[1])),
        ("CC", "OFFERED", ("1", "2", *parties, parties[1], f"SEP00{cluster}", "trunk")),
        ("SIPT", "BYE", ("1", "TCP", "OUT")),
        ("CC", "RELEASE", ("1", "2", "16")),
    )
    lines = tuple(CallLogLine(place, None, "2026/06/01 12:00:02.000", *row) for place, row in enumerate(rows, 1))
    return replace(trace(cluster), sip_messages=(), digit_analysis=(), call_log=lines, **changes)


def cluster(name: str, stock: Inventory, **changes) -> ClusterEvidence:
    own = next(entry for entry in stock.clusters if entry.name == name)
    plain = ClusterEvidence(
        name=name,
        nodes=(node(name),),
        security_profile=sourced(intended_profile(stock, own), "profile"),
        trunk=sourced(replace(intended_trunk(stock, own), version_stamp=f"{{{int(NOW.timestamp()) - 60}-{name}}}"), "trunk"),
        route_patterns=(sourced(intended_route_pattern(stock, own), f"pattern-{name}"),),
        directory_numbers=(sourced(DirectoryNumber(NUMBERS[name]), f"line-{name}"),),
        phone=sourced(Phone(f"SEP00{name}", ((NUMBERS[name], ""),)), "phone"),
    )
    return replace(plain, **changes)


def calls() -> tuple[Sourced[CallAttempt], ...]:
    return tuple(
        sourced(
            CallAttempt(f"{a}->{b}", NUMBERS[a], NUMBERS[b], NOW, NOW + timedelta(seconds=20), "WebDialer", 0, "Success"), "call"
        )
        for a, b in (("A", "B"), ("B", "A"))
    )


def good_pair(**changes) -> Evidence:
    """Evidence of a pair that keeps every rule of the default policy."""
    stock = changes.pop("inventory", inventory())
    plain = Evidence(
        inventory=stock,
        gathered_at=NOW + timedelta(minutes=5),
        clusters=(cluster("A", stock), cluster("B", stock)),
        authority_chain=(sourced(root(), "root"),),
        calls=calls(),
        witnesses=(item("witness"),),
        steps=tuple(sourced(StepRecord(number, "Step.", Outcome.PASS, "", ()), f"step-{number}") for number in range(1, 11)),
    )
    return replace(plain, **changes)


def with_cluster(evidence: Evidence, name: str, **changes) -> Evidence:
    return replace(
        evidence, clusters=tuple(replace(entry, **changes) if entry.name == name else entry for entry in evidence.clusters)
    )


def with_node(evidence: Evidence, name: str, **changes) -> Evidence:
    """Change the first node of a cluster."""
    found = evidence.cluster(name)
    return with_cluster(evidence, name, nodes=(replace(found.nodes[0], **changes), *found.nodes[1:]))


def with_wire(evidence: Evidence, *handshakes: Handshake, **changes) -> Evidence:
    """The same capture on both sides, with these handshakes."""
    for name in ("A", "B"):
        evidence = with_node(evidence, name, captures=(sourced(capture(*handshakes, **changes), f"capture-{name}"),))
    return evidence


def with_traces(evidence: Evidence, **changes) -> Evidence:
    for name in ("A", "B"):
        evidence = with_node(evidence, name, traces=(sourced(trace(name, **changes), f"sdl-{name}"),))
    return evidence


def with_profile(evidence: Evidence, name: str, **changes) -> Evidence:
    found = evidence.cluster(name).security_profile
    return with_cluster(evidence, name, security_profile=replace(found, value=replace(found.value, **changes)))


def with_trunk(evidence: Evidence, name: str, **changes) -> Evidence:
    found = evidence.cluster(name).trunk
    return with_cluster(evidence, name, trunk=replace(found, value=replace(found.value, **changes)))


def with_identity(evidence: Evidence, name: str, leaf: Certificate) -> Evidence:
    """Another identity everywhere it shows: admin interface, issued, and both handshakes."""
    evidence = with_node(evidence, name, own_certificate=sourced(named(leaf), "own"), issued=sourced(leaf, "issued"))
    peer = "B" if name == "A" else "A"
    return with_wire(
        evidence,
        *(
            replace(handshake(peer, name), server_chain=(leaf, root())),
            replace(handshake(name, peer), client_chain=(leaf, root())),
        ),
    )


def verdict_of(verdicts: list[Verdict], check: str, subject: str) -> Verdict:
    return next(verdict for verdict in verdicts if (verdict.check, verdict.subject) == (check, subject))


def findings(verdicts: list[Verdict], *outcomes: Outcome) -> set[str]:
    wanted = outcomes or (Outcome.FAIL,)
    return {f"{verdict.check} {verdict.subject}" for verdict in verdicts if verdict.outcome in wanted}
