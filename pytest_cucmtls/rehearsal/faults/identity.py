"""Faults of certificates and identities, as evidence a run would have gathered."""

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pytest_cucmtls.ca.issuing import Issuer
from pytest_cucmtls.ca.revocation import issue_revocation_list
from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.model.cucm import ServiceStatus
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.handshakes import Alert, CipherSuite, HandshakeOutcome
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.surroundings import ReplicationState
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.rehearsal.built_certificates import NOW, certificate, key, request, root, self_signed
from pytest_cucmtls.rehearsal.built_pair import (
    good_pair,
    named,
    node,
    sourced,
    trunk_of,
    trusted,
    with_cluster,
    with_identity,
    with_node,
    with_profile,
    with_trunk,
    with_wire,
)
from pytest_cucmtls.rehearsal.built_wire import handshake
from pytest_cucmtls.rehearsal.catalogue import Row
from pytest_cucmtls.wire.x509 import parse_certificate
from pytest_cucmtls.wire.x509_revocation import parse_revocation_list
from pytest_cucmtls.wire.x509_sign import sign_certificate

ECDSA = CipherSuite(0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384")
A, B = "A/CUCMA", "B/CUCM10"
SERVER, CLIENT = "server_presents_admin_certificate", "client_presents_admin_certificate"
WARN, PASS = Outcome.WARN, Outcome.PASS
REFUSED = HandshakeOutcome.REFUSED


def own(name: str, leaf: Certificate) -> Evidence:
    """Only the admin page changes."""
    return with_node(good_pair(), name, own_certificate=sourced(named(leaf), f"own-{name}"))


def swapped_files() -> Evidence:
    evidence = with_node(good_pair(), "A", issued=sourced(certificate("CUCM10"), "issued-a"))
    return with_node(evidence, "B", issued=sourced(certificate("CUCMA"), "issued-b"))


def crossed_files() -> Evidence:
    trust = (trusted(root()), trusted(certificate("CUCMA")))
    return with_node(own("A", root()), "A", own_certificate=sourced(named(root()), "own-A"), trust=trust)


def expired_on_b() -> Evidence:
    leaf = certificate("CUCM10", days=29)
    return with_identity(good_pair(), "B", leaf)


def alerted(description: str, sender: str = "server", **changes: Any) -> Evidence:
    """A->B is refused with this alert; B->A is good."""
    refused = handshake("A", "B", outcome=REFUSED, alerts=(Alert(sender, "fatal", description, 9, NOW),), **changes)
    return with_wire(good_pair(), refused, handshake("B", "A"))


def unknown_root() -> Evidence:
    refused = handshake("A", "B", outcome=REFUSED, alerts=(Alert("server", "fatal", "unknown_ca", 30, NOW),))
    evidence = with_node(good_pair(), "B", trust=(trusted(root("Else")),))
    return with_wire(evidence, refused, handshake("B", "A", outcome=REFUSED))


def not_restarted() -> Evidence:
    """B's wire shows the certificate from before the upload, in both roles; its service started the day before."""
    old = self_signed("CUCM10")
    status = ServiceStatus("Cisco CallManager", "Started", start_time="Mon May 18 10:00:00 2026", up_time_seconds=300)
    evidence = with_node(good_pair(), "B", call_manager=sourced(status, "services"))
    return with_wire(evidence, replace(handshake("A", "B"), server_chain=(old,)), handshake("B", "A", client_chain=(old,)))


def two_nodes(second: Certificate, admin: Certificate | None = None) -> Evidence:
    """B has a second node, CUCM10S, that presents `second`; its admin page shows `admin` (what was issued)."""
    good = good_pair()
    stock = good.inventory
    other = replace(stock.cluster_b.nodes[0], name="CUCM10S", address="10.2.0.2", role="subscriber")
    stock = replace(stock, cluster_b=replace(stock.cluster_b, nodes=(*stock.cluster_b.nodes, other)))
    leaf = certificate("CUCM10S", names=("CUCM10S",))
    asked = request("CUCM10S")
    found = replace(node("B"), name="CUCM10S", own_certificate=sourced(named(admin or leaf), "own-sub"),
                    request=sourced(asked, "csr-sub"),
                    own_certificate_before=sourced(named(self_signed("CUCM10S")), "before-sub"),
                    issued=sourced(leaf, "issued-sub"), captures=(), traces=(), calllogs=())  # fmt: skip
    agreeing = sourced(ReplicationState((("CUCM10", 2, "Setup Completed"), ("CUCM10S", 2, "Setup Completed"))), "replication")
    both = (replace(good.cluster("B").nodes[0], replication=agreeing), replace(found, replication=agreeing))
    good = with_cluster(replace(good, inventory=stock), "B", nodes=both)
    rows = tuple(replace(trunk_of(good, "A").value.destinations[0], address=address) for address in ("10.2.0.1", "10.2.0.2"))
    sub = handshake("A", "B", server=Endpoint("10.2.0.2", 5061), server_chain=(second, root()))
    good = with_profile(good, "A", x509_subject_name="CUCM10,CUCM10S")
    return with_wire(with_trunk(good, "A", destinations=rows), handshake("A", "B"), sub, handshake("B", "A"))


@lru_cache(maxsize=4)
def elliptic(serial: int) -> Certificate:
    """An ECDSA leaf of CUCM10 signed by the CA."""
    own_key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CUCM10"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cisco")])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cisco")])
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        x509.CertificateBuilder(issuer, name, own_key.public_key(), serial, NOW - timedelta(days=30), NOW + timedelta(days=300))
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("CUCM10")]), critical=False)
    )
    return parse_certificate(sign_certificate(builder, key("CA", 2048), "SHA-256"))


def other_identity() -> Evidence:
    """The wire shows an ECDSA certificate that is not CallManager-ECDSA of the admin page."""
    evidence = with_node(good_pair(), "B", other_identities=(sourced(named(elliptic(5), "CallManager-ECDSA"), "ecdsa"),))
    return with_wire(evidence, handshake("A", "B", server_chain=(elliptic(6), root()), cipher_suite=ECDSA), handshake("B", "A"))


def rsa_shown_ecdsa_held() -> Evidence:
    """RSA on the wire where the admin page's CallManager is ECDSA and the RSA one is the other unit."""
    rsa = certificate("CUCM10", serial=99)
    evidence = with_node(
        good_pair(),
        "B",
        own_certificate=sourced(named(elliptic(5)), "own"),
        own_certificate_before=sourced(named(certificate("CUCM10")), "before"),
        other_identities=(sourced(named(rsa, "CallManager-RSA"), "rsa"),),
    )
    wire = (handshake("A", "B", server_chain=(rsa, root())), handshake("B", "A", client_chain=(rsa, root())))
    return verify(with_wire(evidence, *wire))


def intercepted() -> Evidence:
    """Both directions are re-signed by a proxy whose CA is trusted on both sides."""
    proxy = root("Proxy CA")
    chains = {name: (certificate(name, issuer="Proxy CA", subject_key="proxy"), proxy) for name in ("CUCMA", "CUCM10")}
    evidence = good_pair()
    for name in ("A", "B"):
        evidence = with_node(evidence, name, trust=(trusted(root()), trusted(proxy)))
    return with_wire(
        evidence,
        handshake("A", "B", server_chain=chains["CUCM10"], client_chain=chains["CUCMA"]),
        handshake("B", "A", server_chain=chains["CUCMA"], client_chain=chains["CUCM10"]),
    )


def revoked() -> Evidence:
    signer = Issuer(root().der, key("CA", 2048), "SHA-256")
    der = issue_revocation_list(signer, revoked=((0x398B1DA600000000000E, NOW - timedelta(days=3)),), number=7, at=NOW)
    return good_pair(revocation_lists=(sourced(parse_revocation_list(der), "crl"),))


def multi_server() -> Evidence:
    leaf = certificate("cucm10-ms.example.com", names=("cucm10-ms.example.com",))
    return verify(with_node(with_identity(good_pair(), "B", leaf), "B", own_certificate_before=None))


def verify(evidence: Evidence) -> Evidence:
    """The same found by a run that changed nothing: no request, nothing issued."""
    for name in ("A", "B"):
        own = evidence.cluster(name).nodes[0].own_certificate
        evidence = with_node(evidence, name, request=None, issued=None, own_certificate_before=own)
    return replace(evidence, inventory=replace(evidence.inventory, mode=Mode.VERIFY))


def rewritten_subject() -> Evidence:
    return with_node(good_pair(), "B", issued=sourced(certificate("cucm10.directory.example", subject_key="CUCM10"), "issued"))


def template_drops_names() -> Evidence:
    leaf = certificate("CUCMA", names=(), usages=(ExtendedKeyUsageOID.SERVER_AUTH,))
    return with_identity(good_pair(), "A", leaf)


CONFIRMING = frozenset({"issued_certificate_matches_request"})
DIFFERS = frozenset({"peer_identity_has_a_path", "identity_is_the_issued_one"})

ROWS = (
    Row("F-008", "RSA 1024 key under a strict profile", lambda: with_identity(good_pair(), "A", certificate("CUCMA", bits=1024)),
        (("key_is_long_enough", A),), remedy="S3", says=("RSA 1024", "2048"), also=CONFIRMING, legacy=PASS),
    Row("F-025", "service restarted on one of two nodes", lambda: two_nodes(self_signed("CUCM10S")),
        ((SERVER, "A->B"),), phase="handshake", remedy="X1", says=("B/CUCM10S", "CUCM10 -> ", "CUCM10S -> ", "odd one out")),
    Row("F-028", "files of A and B swapped before the upload", swapped_files,
        (("issued_certificate_matches_request", A), ("issued_certificate_matches_request", B)), phase="apply", remedy="S7",
        says=("swapped", "B/CUCM10"), also=frozenset({"identity_is_the_issued_one"})),
    Row("F-035", "CA certificate uploaded as CallManager and the leaf as CallManager-trust", crossed_files,
        (("identity_is_the_issued_one", A),), remedy="S6", says=("crossed", "cA true", "cA false", "CallManager-trust"),
        also=frozenset({"profile_names_the_peer", "trust_store_holds_only_approved_anchors"})),
    Row("F-065", "leaf certificate expired", expired_on_b, (("certificate_is_in_date", B),), remedy="S3",
        says=("expired", "time of the call", "the node's clock is +0.1 s", "The wire shows the same certificate"),
        also=CONFIRMING),
    Row("F-069", "CA template drops requested SAN or EKU", template_drops_names, (("issued_certificate_matches_request", A),),
        phase="apply", remedy="S4", says=("DNS:CUCMA", "clientAuth"), also=frozenset({"certificate_fits_both_roles"})),
    Row("F-073", "leaf signed with SHA-1 under a strict profile",
        lambda: with_identity(good_pair(), "A", certificate("CUCMA", hash_name="SHA-1")), (("path_hash_is_allowed", A),),
        remedy="S3", says=("SHA-1", "1.2.840.113549.1.1.5", "CN=CA", "Security Guide"), also=CONFIRMING, legacy=PASS),
    Row("F-076", "certificate revoked by the CA, dates still good", revoked, (("certificate_is_not_revoked", A),),
        phase="evidence",
        remedy="S3", says=("list 7", "2026-05-29", "reason"), also=frozenset({"certificate_is_not_revoked"})),
    Row("F-089", "CA renewed with the same name and a new key, old root uploaded",
        lambda: with_node(good_pair(), "B", trust=(trusted(root("CA", "CA old")),)), (("peer_root_is_trusted", B),), remedy="S5",
        says=("another key", "key identifier", "SHA-256")),
    Row("F-104", "leaf expires in 12 days", lambda: with_identity(good_pair(), "A", certificate("CUCMA", days=42)),
        (("certificate_does_not_expire_soon", A),), WARN, remedy="S3", says=("12", "30"), also=CONFIRMING),
    Row("F-112", "cluster certificate is multi-server, profile names the node", multi_server, (("profile_names_the_peer", "A"),),
        remedy="S8", says=("cucm10-ms.example.com", "CUCM10", "step 8", "re-issued"),
        also=frozenset({"certificate_names_its_node", "trace_agrees_with_the_wire"})),
    Row("F-130", "an ECDSA certificate on the wire that is not the admin page's", other_identity, ((SERVER, "A->B"),),
        phase="handshake", remedy="S7", says=("CallManager-ECDSA", "ECDSA identity", "TLS_ECDHE_ECDSA")),
    Row("G-01", "the RSA identity on the wire, the ECDSA one compared", rsa_shown_ecdsa_held, ((SERVER, "A->B"),),
        phase="handshake", remedy="X7", says=("other identity", "CallManager-RSA", "cipher suite"),
        also=DIFFERS | {CLIENT, "key_usage_is_as_required", "request_is_what_was_asked"}),
    Row("F-137", "CA rewrites the subject", rewritten_subject, (("issued_certificate_matches_request", B),), phase="apply",
        remedy="S4", says=("cucm10.directory.example", "CUCM10", "profile"), also=frozenset({"identity_is_the_issued_one"})),
    Row("F-003", "alert certificate_expired", lambda: alerted("certificate_expired"), (("tls_connection_is_established",
        "A->B"),),
        phase="handshake", remedy="S3", says=("certificate_expired", "A's certificate", "CN=CUCMA")),
    Row("F-015", "a middlebox re-signs both directions with a proxy CA", intercepted, ((SERVER, "A->B"), (CLIENT, "A->B")),
        phase="handshake", remedy="X4", says=("Proxy CA", "intercepted", "admitted by", "A/CUCMA CallManager-trust"),
        also=frozenset({SERVER, CLIENT, "trust_store_holds_only_approved_anchors"})),
    Row("F-079", "alert unknown_ca sent by B after A's certificate", unknown_root, (("peer_root_is_trusted", B),),
        phase="handshake", remedy="S6", says=("unknown_ca", "B answered", "after the server's finished", "CN=CA")),
    Row("F-096", "two peers behind one name, one with the old certificate",
        lambda: two_nodes(self_signed("CUCM10S"), self_signed("CUCM10S")), (("identity_is_the_issued_one", "B/CUCM10S"),),
        phase="handshake", remedy="S7", says=("B/CUCM10S", "upload did not happen"),
        also=frozenset({"profile_names_the_peer", "trace_agrees_with_the_wire"})),
    Row("G-02", "service of B not restarted after the upload", not_restarted, ((SERVER, "A->B"), (CLIENT, "B->A")),
        phase="handshake", remedy="X1", says=("before the upload", "not restarted", "Mon May 18"),
        also=frozenset({"service_started_after_its_certificate"})),
    Row("G-03", "the wire shows a later certificate than the admin page: nothing was uploaded, or a backup restored",
        lambda: with_wire(good_pair(), handshake("A", "B", server_chain=(certificate("CUCM10", begins=NOW - timedelta(days=3),
                                                                                     serial=77), root())), handshake("B", "A")),
        ((SERVER, "A->B"),), phase="handshake", remedy="S7", says=("later certificate", "not uploaded")),
    Row("G-04", "the wire shows the certificate of the other cluster's node",
        lambda: with_wire(good_pair(), handshake("A", "B", server_chain=(certificate("CUCMA"), root())), handshake("B", "A")),
        ((SERVER, "A->B"),), phase="handshake", remedy="S7", says=("certificate of A/CUCMA", "another node")),
    Row("G-05", "validity longer than the policy's limit, five years",
        lambda: with_identity(good_pair(), "A", certificate("CUCMA", days=1826)), (("validity_is_short_enough", A),), remedy="S4",
        says=("1826.00 days", "730", "two years"), also=CONFIRMING, legacy=PASS),
    Row("G-06", "leaf without subject alternative name", lambda: verify(with_identity(good_pair(), "A", certificate("CUCMA",
        names=()))),
        (("certificate_has_alternative_names", A),), remedy="S3", policy="nist-800-52r2",
        also=frozenset({"issued_certificate_matches_request"})),
    Row("G-07", "the identity is self-signed, nothing was issued",
        lambda: verify(own("A", self_signed("CUCMA"))), (("identity_is_issued_by_authority", A),),
        remedy="S7", says=("self-signed",), also=frozenset({SERVER, CLIENT, "issued_certificate_chains_to_authority"})),
    Row("G-08", "the identity names another host", lambda: with_node(good_pair(), "A",
                                                                    own_certificate_before=sourced(named(self_signed("WRONG")))),
        (("certificate_names_its_node", A),), remedy="S2", says=("WRONG", "CUCMA")),
)  # fmt: skip
