"""The capture: what each handshake check says of one fault, of harmless look-alikes, and of captures that cannot decide."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.capture import TcpConnection
from pytest_cucmtls.model.cucm import ServiceStatus
from pytest_cucmtls.model.handshakes import Alert, CertificatesHidden, CipherSuite, HandshakeOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.sip import SipMessage, SipOnWire
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import (
    AES128_SHA,
    GCM,
    NODES,
    NOW,
    NULL_SHA,
    certificate,
    good_pair,
    handshake,
    item,
    named,
    node,
    root,
    self_signed,
    sourced,
    trusted,
    verdict_of,
    with_cluster,
    with_identity,
    with_node,
    with_trunk,
    with_wire,
)

FAIL, PASS, WARN = Outcome.FAIL, Outcome.PASS, Outcome.WARN
UNDECIDED, APART = Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE
REFUSED, INCOMPLETE = HandshakeOutcome.REFUSED, HandshakeOutcome.INCOMPLETE
BACK = handshake("B", "A")


def wire(**changes):
    """The good pair with another handshake A->B."""
    return with_wire(good_pair(), handshake("A", "B", **changes), BACK)


def alerted(sender, description):
    return wire(outcome=REFUSED, alerts=(Alert(sender, "fatal", description, 9, NOW),))


def without(*names):
    plain = handshake("A", "B")
    return tuple(message for message in plain.messages if (message.sender, message.name) not in names)


def hidden(why, **changes):
    return wire(certificates_hidden=why, server_chain=(), client_chain=(), client_certificate_requested=None,
                client_certificate_presented=None, client_certificate_verified=None, **changes)  # fmt: skip


def not_restarted():
    old = self_signed(NODES["B"])
    evidence = wire(server_chain=(old,))
    status = ServiceStatus("Cisco CallManager", "Started", start_time="Mon May 18 10:00:00 2026")
    return with_node(evidence, "B", call_manager=sourced(status))


def intercepted():
    return wire(server_chain=(certificate("CUCM10", issuer="Proxy CA", subject_key="proxy"), root("Proxy CA")))


def clear_sip(transport="udp", src="10.1.0.1", dst="10.2.0.1"):
    invite = SipMessage("INVITE sip:9898@10.2.0.1 SIP/2.0", (), method="INVITE")
    seen = SipOnWire(invite, Endpoint(src, 5060), Endpoint(dst, 5060), transport, 3, NOW)
    return with_wire(good_pair(), handshake("A", "B"), BACK, sip=(seen,))


def two_nodes(second_chain):
    """Cluster B has a second node that presents `second_chain`; both are destinations of A's trunk."""
    good = good_pair()
    stock = good.inventory
    other = replace(stock.cluster_b.nodes[0], name="SUB", address="10.2.0.2", role="subscriber")
    stock = replace(stock, cluster_b=replace(stock.cluster_b, nodes=(*stock.cluster_b.nodes, other)))
    leaf = certificate("SUB", names=("SUB", "CUCM10"))
    found = replace(node("B"), name="SUB", own_certificate=sourced(named(leaf), "own-sub"), own_certificate_before=None,
                    issued=None, request=None, captures=(), traces=())  # fmt: skip
    good = with_cluster(replace(good, inventory=stock), "B", nodes=(*good.cluster("B").nodes, found))
    rows = tuple(replace(good.cluster("A").trunk.value.destinations[0], address=address) for address in ("10.2.0.1", "10.2.0.2"))
    second = [handshake("A", "B", server=Endpoint("10.2.0.2", 5061), server_chain=second_chain)] if second_chain else []
    return with_wire(with_trunk(good, "A", destinations=rows), handshake("A", "B"), *second, BACK)


TLS13 = CipherSuite(0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384")
RC4 = CipherSuite(5, "TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA")

CASES = [
    ("unknown_ca although the store holds the root means a service that has not loaded it", "tls_connection_is_established", FAIL,
     lambda: alerted("server", "unknown_ca"), ("B ended", "unknown_ca", "A's certificate", "issuer CN=CA", "restarted"), "X1"),
    ("another alert about a trusted certificate keeps its remedy", "tls_connection_is_established", FAIL,
     lambda: alerted("server", "certificate_revoked"), ("certificate_revoked",), "S3"),
    ("a refused handshake still compares what was presented", "server_presents_admin_certificate", FAIL,
     lambda: wire(outcome=REFUSED, server_chain=(self_signed("CUCM10"),), client_chain=()), ("not restarted",), "X1"),
    ("certificate_expired is another alert with another remedy", "tls_connection_is_established", FAIL,
     lambda: alerted("client", "certificate_expired"), ("A ended", "B's certificate"), "S3"),
    ("handshake_failure without certificates shows the offer", "tls_connection_is_established", FAIL,
     lambda: wire(outcome=REFUSED, server_chain=(), client_chain=(), alerts=(Alert("server", "fatal", "handshake_failure", 5),)),
     (GCM.name, "TLSv1.2"), "X7"),
    ("a refused attempt before a complete one is harmless and listed", "tls_connection_is_established", PASS,
     lambda: with_wire(good_pair(), handshake("A", "B", outcome=REFUSED, client=Endpoint("10.1.0.1", 1), at=NOW),
                       handshake("A", "B"), BACK), ("1 earlier attempt",), ""),
    ("a refused TCP connection is told from a refused handshake", "tls_connection_is_established", FAIL,
     lambda: with_wire(good_pair(), BACK, connections=(
         TcpConnection(Endpoint("10.1.0.1", 9), Endpoint("10.2.0.1", 5061), 2, NOW, False, True),)),
         ("RST", "10.2.0.1:5061"), "X4"),
    ("a SYN without answer is told too", "tls_connection_is_established", FAIL,
     lambda: with_wire(good_pair(), BACK, connections=(
         TcpConnection(Endpoint("10.1.0.1", 9), Endpoint("10.2.0.1", 5061), 2, NOW, False),)), ("never answered",), "X4"),
    ("a capture that starts in the middle cannot decide", "tls_connection_is_established", UNDECIDED,
     lambda: hidden(CertificatesHidden.CAPTURE_STARTED_LATE, outcome=INCOMPLETE, messages=()),
     ("middle of the connection", "reset"), ""),
    ("cut packets cannot decide and name the option", "tls_connection_is_established", UNDECIDED,
     lambda: hidden(CertificatesHidden.PACKETS_CUT, outcome=INCOMPLETE, messages=()), ("size all",), ""),
    ("an unreadable capture cannot decide", "tls_connection_is_established", UNDECIDED,
     lambda: with_wire(good_pair(), readable=False, problem="no capture file", packets=0), ("no capture file",), ""),
    ("a missing CertificateRequest is out of order", "handshake_messages_are_in_order", FAIL,
     lambda: wire(messages=without(("server", "certificate_request"))), ("server certificate_request is missing",), "S8"),
    ("a CertificateVerify before the certificate is out of order", "handshake_messages_are_in_order", FAIL,
     lambda: wire(messages=tuple(reversed(handshake("A", "B").messages))), ("comes too early",), ""),
    ("without the SYN the order is undecided", "handshake_messages_are_in_order", UNDECIDED,
     lambda: wire(tcp_opened=False), ("SYN",), ""),
    ("TLS 1.3 hides the order and says what to collect", "handshake_messages_are_in_order", UNDECIDED,
     lambda: hidden(CertificatesHidden.TLS13, version="TLSv1.3", cipher_suite=TLS13), ("TLS 1.3", "SIPCertificateInd"), ""),
    ("one-way TLS is found although both sides hold certificates", "both_sides_authenticate", FAIL,
     lambda: wire(client_certificate_requested=False, client_certificate_presented=False, client_chain=()),
     ("no CertificateRequest",), "S8"),
    ("an empty client certificate is found", "both_sides_authenticate", FAIL,
     lambda: wire(client_certificate_presented=False, client_chain=()), ("no certificate",), "S8"),
    ("a certificate without CertificateVerify proves nothing", "both_sides_authenticate", FAIL,
     lambda: wire(client_certificate_verified=False), ("no CertificateVerify",), "S8"),
    ("a resumed session cannot decide", "both_sides_authenticate", UNDECIDED,
     lambda: hidden(CertificatesHidden.RESUMED), ("resumed", "reset the trunk"), ""),
    ("a resumed session beside a full one is harmless", "both_sides_authenticate", PASS,
     lambda: with_wire(good_pair(), handshake("A", "B"), BACK, handshake(
         "A", "B", client=Endpoint("10.1.0.1", 5), certificates_hidden=CertificatesHidden.RESUMED, server_chain=(),
         client_chain=(), client_certificate_requested=None, client_certificate_presented=None)), (), ""),
    ("a NULL suite is no encryption", "negotiated_suite_encrypts", FAIL,
     lambda: wire(cipher_suite=NULL_SHA), ("TLS_RSA_WITH_NULL_SHA", "does not encrypt"), "S8"),
    ("an unknown suite cannot decide", "negotiated_suite_encrypts", UNDECIDED, lambda: wire(cipher_suite=None), (), ""),
    ("the certificate from before the upload means no restart", "server_presents_admin_certificate", FAIL, not_restarted,
     ("not restarted", "Mon May 18", "serial 0x07"), "X1"),
    ("the other node's certificate is told", "server_presents_admin_certificate", FAIL,
     lambda: wire(server_chain=(certificate(NODES["A"]),)), ("certificate of A/CUCMA",), "S7"),
    ("an unknown issuer means interception", "server_presents_admin_certificate", FAIL, intercepted,
     ("Proxy CA", "between the clusters"), "X4"),
    ("interception names the trust entry that admits it", "server_presents_admin_certificate", FAIL,
     lambda: with_node(intercepted(), "A", trust=(trusted(root()), trusted(root("Proxy CA")))), ("admitted by A/CUCMA",), "X4"),
    ("an older certificate of the same authority means no restart either", "server_presents_admin_certificate", FAIL,
     lambda: wire(server_chain=(certificate("CUCM10", serial=99),)), ("earlier certificate",), "X1"),
    ("the client role is compared by itself", "client_presents_admin_certificate", FAIL,
     lambda: wire(client_chain=(certificate("CUCMA", serial=99),)), ("TLS client", "A/CUCMA"), "X1"),
    ("without the admin certificate nothing is compared", "server_presents_admin_certificate", UNDECIDED,
     lambda: with_node(good_pair(), "B", own_certificate=None), ("show cert own CallManager",), ""),
    ("a root after the leaf on the wire is accepted", "server_chain_is_valid_for_client", PASS,
     lambda: wire(server_chain=(certificate("CUCM10"), root())), (), ""),
    ("SIP in clear between the clusters is found", "no_sip_in_clear", FAIL, clear_sip, ("INVITE", "udp", "10.2.0.1:5060"), "S8"),
    ("SIP in clear with a third host is none of this trunk", "no_sip_in_clear", PASS, lambda: clear_sip(dst="10.7.7.7"), (), ""),
    ("SIP read inside TLS is not in clear", "no_sip_in_clear", PASS, lambda: clear_sip("tls"), (), ""),
    ("the odd node out is named", "server_presents_admin_certificate", FAIL, lambda: two_nodes((certificate("SUB", serial=5),)),
     ("B/SUB",), ""),
    ("a node nobody connected to is undecided", "every_node_presents_the_right_certificate", UNDECIDED, lambda: two_nodes(()),
     ("SUB -> not seen",), ""),
    ("TLS 1.1 is below the minimum", "version_meets_policy", FAIL, lambda: wire(version="TLSv1.1"), ("TLS 1.1",), "X7"),
    ("TLS 1.2 is the minimum", "version_meets_policy", PASS, lambda: wire(version="TLSv1.2"), (), ""),
    ("a lowered offer after a refusal is found", "version_was_not_lowered", FAIL,
     lambda: with_wire(good_pair(), handshake("A", "B", outcome=REFUSED, client=Endpoint("10.1.0.1", 1), at=NOW),
                       handshake("A", "B", offered_versions=("TLSv1.0",)), BACK), ("TLSv1.0", "TLSv1.2"), "X7"),
    ("a forbidden family is named", "suite_is_allowed", FAIL, lambda: wire(cipher_suite=RC4), ("RC4",), "X7"),
    ("static RSA is not allowed", "suite_is_allowed", FAIL, lambda: wire(cipher_suite=AES128_SHA), ("static RSA",), "X7"),
    ("static RSA is not forward secret", "key_exchange_is_forward_secret", FAIL, lambda: wire(cipher_suite=AES128_SHA),
     ("static RSA",), ""),
    ("a group outside the list is a warning here", "group_is_allowed", WARN, lambda: wire(group="secp521r1"),
     ("secp521r1",), "X7"),
    ("a suite without ephemeral key has no group", "group_is_allowed", APART,
     lambda: wire(cipher_suite=AES128_SHA, group=None), (), ""),
    ("compression is found", "compression_is_off", FAIL, lambda: wire(compression=1), ("method 1",), "X7"),
    ("a missing extended master secret is a warning here", "extended_master_secret_is_used", WARN,
     lambda: wire(extended_master_secret=False), ("without the extended master secret",), ""),
    ("an unseen hello leaves it undecided", "extended_master_secret_is_used", UNDECIDED,
     lambda: wire(extended_master_secret=None), (), ""),
    ("insecure renegotiation is found", "renegotiation_is_secure", FAIL, lambda: wire(renegotiation_info=False), (), "X7"),
    ("TLS 1.3 needs no such extension", "renegotiation_is_secure", APART,
     lambda: wire(version="TLSv1.3", cipher_suite=TLS13, renegotiation_info=False), (), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "outcome", "evidence", "words", "remedy"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_check_says_what_it_should(check, outcome, evidence, words, remedy):
    verdicts = judge(evidence(), load_policy("cisco-hardening"))
    subject = {"no_sip_in_clear": "pair"}.get(check, "A->B")
    verdict = verdict_of(verdicts, check, subject)
    assert verdict.outcome is outcome, verdict.diagnosis
    for word in words:
        assert word in verdict.diagnosis
    assert not remedy or verdict.remedies[0] == remedy


def test_a_fault_of_one_direction_leaves_the_other_proven():
    verdicts = judge(alerted("server", "unknown_ca"), load_policy("cisco-hardening"))
    assert verdict_of(verdicts, "tls_connection_is_established", "B->A").outcome is PASS
    assert verdict_of(verdicts, "server_presents_admin_certificate", "B->A").outcome is PASS


def test_an_ecdsa_identity_is_never_compared_with_the_rsa_one():
    elliptic = replace(certificate("CUCM10", serial=11), key_type="EC", key_bits=256)
    verdict = verdict_of(
        judge(wire(server_chain=(elliptic,)), load_policy("cisco-hardening")), "server_presents_admin_certificate", "A->B"
    )
    assert verdict.outcome is UNDECIDED
    assert "CallManager-ECDSA" in verdict.diagnosis
    known = with_node(wire(server_chain=(elliptic,)), "B", other_identities=(sourced(named(elliptic, "CallManager-ECDSA")),))
    verdict = verdict_of(judge(known, load_policy("cisco-hardening")), "server_presents_admin_certificate", "A->B")
    assert verdict.outcome is PASS


def test_readers_that_contradict_each_other_decide_nothing_and_both_are_shown():
    evidence = replace(good_pair(), contradictions=(sourced("version is TLSv1.2 for our reader and TLSv1.0 for the second"),))
    verdict = verdict_of(judge(evidence, load_policy("cisco-hardening")), "capture_readers_agree", "pair")
    assert verdict.outcome is UNDECIDED
    assert "TLSv1.0" in verdict.diagnosis
    assert "TLSv1.2" in verdict.diagnosis


def test_one_reader_alone_is_said_to_be_one_witness():
    verdict = verdict_of(judge(replace(good_pair(), witnesses=()), load_policy("legacy-2015")), "capture_readers_agree", "pair")
    assert verdict.outcome is APART
    assert "one witness" in verdict.diagnosis


@pytest.mark.parametrize(
    ("name", "sentence", "outcome", "certificate_changes", "policy"),
    [
        ("key_is_long_enough", "2048 bits is enough", PASS, {}, "cisco-hardening"),
        ("key_is_long_enough", "1024 bits is not", FAIL, {"bits": 1024, "subject_key": "small"}, "cisco-hardening"),
        ("key_is_long_enough", "2048 bits is not enough for BSI", FAIL, {}, "bsi-tr-02102-2"),
        ("path_hash_is_allowed", "SHA-1 is refused", FAIL, {"hash_name": "SHA-1"}, "cisco-hardening"),
        ("path_hash_is_allowed", "SHA-1 is accepted in 2015", PASS, {"hash_name": "SHA-1"}, "legacy-2015"),
        ("signature_scheme_is_allowed", "PKCS#1 v1.5 is refused after 2025", FAIL, {}, "bsi-tr-02102-2"),
        ("validity_is_short_enough", "two years pass", PASS, {"days": 730}, "cisco-hardening"),
        ("validity_is_short_enough", "the tolerance passes", PASS, {"days": 730 + 600 / 86400}, "cisco-hardening"),
        ("validity_is_short_enough", "one second more fails", FAIL, {"days": 730 + 601 / 86400}, "cisco-hardening"),
        ("validity_is_short_enough", "five years pass in 2015", PASS, {"days": 1826}, "legacy-2015"),
        ("certificate_does_not_expire_soon", "thirty days left pass", PASS, {"days": 60}, "cisco-hardening"),
        ("certificate_does_not_expire_soon", "a second fewer warns", WARN, {"days": 60 - 1 / 86400}, "cisco-hardening"),
        ("certificate_has_alternative_names", "no SAN is a warning", WARN, {"names": ()}, "cisco-hardening"),
        ("certificate_has_alternative_names", "no SAN is a finding", FAIL, {"names": ()}, "nist-800-52r2"),
        ("certificate_has_alternative_names", "no SAN is fine in 2015", APART, {"names": ()}, "legacy-2015"),
        ("certificate_has_alternative_names", "more SANs are harmless", PASS, {"names": ("CUCMA", "x", "y")}, "cisco-hardening"),
        ("certificate_fits_both_roles", "no clientAuth fails",
        FAIL, {"usages": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "legacy-2015"),
    ],
)  # fmt: skip
def test_a_certificate_rule_judges_both_sides_of_its_boundary(name, sentence, outcome, certificate_changes, policy):
    evidence = with_identity(good_pair(), "A", certificate("CUCMA", **certificate_changes))
    verdict = verdict_of(judge(evidence, load_policy(policy)), name, "A/CUCMA")
    assert verdict.outcome is outcome, f"{sentence}: {verdict.diagnosis}"


def test_an_anchor_signed_with_sha1_is_not_graded():
    anchor = root("CA", "CA", "SHA-1")
    evidence = replace(good_pair(), authority_chain=(sourced(anchor, "root"),))
    assert verdict_of(judge(evidence, load_policy("cisco-hardening")), "path_hash_is_allowed", "A/CUCMA").outcome is PASS


def test_a_weak_intermediate_is_graded():
    weak = certificate("Sub CA", is_ca=True, hash_name="SHA-1")
    evidence = replace(good_pair(), authority_chain=(sourced(weak, "sub"), sourced(root(), "root")))
    verdict = verdict_of(judge(evidence, load_policy("cisco-hardening")), "path_hash_is_allowed", "A/CUCMA")
    assert verdict.outcome is FAIL
    assert "intermediate CN=Sub CA" in verdict.diagnosis


def test_old_connections_of_another_day_are_judged_by_the_rule_of_their_day():
    late = NOW + timedelta(days=366 * 6)
    evidence = with_wire(good_pair(), handshake("A", "B", at=late), handshake("B", "A", at=late))
    verdict = verdict_of(judge(evidence, load_policy("bsi-tr-02102-2")), "version_meets_policy", "A->B")
    assert verdict.outcome is FAIL
    assert "TLS 1.3" in verdict.expected
    assert item("x").path == "raw/x"
