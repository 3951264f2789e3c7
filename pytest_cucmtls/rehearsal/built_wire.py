"""Handshakes and captures made for built evidence: what two encrypted nodes leave on the wire."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.handshakes import CipherSuite, Handshake, HandshakeMessage, HandshakeOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.rehearsal.built_certificates import NOW, certificate, root

GCM = CipherSuite(0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384")
AES128_SHA = CipherSuite(0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA")
NULL_SHA = CipherSuite(0x0002, "TLS_RSA_WITH_NULL_SHA", "NULL-SHA")
ADDRESSES = {"A": "10.1.0.1", "B": "10.2.0.1"}
NODES = {"A": "CUCMA", "B": "CUCM10"}
NUMBERS = {"A": "1018", "B": "9898"}
CALLER_PORTS = {"A": 33135, "B": 44246}
FIRST_SEEN = NOW + timedelta(seconds=1)
LAST_SEEN = FIRST_SEEN + timedelta(seconds=30)
"""First and last record of every handshake's connection."""
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


def handshake(client: str, server: str, /, **changes: Any) -> Handshake:
    """A complete mutual TLS 1.2 handshake between the two clusters' nodes."""
    plain = Handshake(
        client=Endpoint(ADDRESSES[client], CALLER_PORTS[client]),
        server=Endpoint(ADDRESSES[server], 5061),
        first_frame=1,
        at=FIRST_SEEN,
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
        messages=tuple(HandshakeMessage(sender, name, 4 + place, FIRST_SEEN) for place, (sender, name) in enumerate(FLIGHT)),
        last_at=LAST_SEEN,
        application_bytes=(3000, 3000),
    )
    return replace(plain, **changes)


def capture(*handshakes: Handshake, **changes: Any) -> CaptureReport:
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
