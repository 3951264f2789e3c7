"""Where the behaviour of the simulated certificate store comes from."""

from pytest_cucmtls.sim.provenance import Behaviour, Provenance

BEHAVIOURS = (
    Behaviour(
        "certificates",
        "self-signed certificate: usages, five years less a second, no SAN",
        Provenance.RECORDED,
        "a published certificate",
    ),
    Behaviour(
        "certificates",
        "refusals: authority missing, no request, key and SAN mismatch",
        Provenance.SPECIFIED,
        "Cisco documents 217138 and 200641",
    ),
    Behaviour("certificates", "texts for expired and wildcard certificates", Provenance.ASSUMED, "refused, but no wording found"),
    Behaviour(
        "certificates",
        "one trusted certificate per common name, the later one stays",
        Provenance.SPECIFIED,
        "Cisco document 217138",
    ),
    Behaviour(
        "certificates",
        "CallManager-trust and tomcat-trust serve the RSA and the ECDSA identity; trust changes reach every node",
        Provenance.SPECIFIED,
        "Administration Guide; Cisco document 210541",
    ),
    Behaviour(
        "certificates",
        "multi-server request: one key for all nodes, CN with -ms, every node as SAN",
        Provenance.SPECIFIED,
        "Cisco documents 118731 and 217138",
    ),
    Behaviour(
        "certificates",
        "lengths and hashes offered: 1024 and SHA-1 up to 10.5, 2048 and SHA-256 upward from 12.5 on",
        Provenance.SPECIFIED,
        "source document and Security Guides; where it changed is assumed",
    ),
    Behaviour("certificates", "refusal texts for lengths, hashes and units not offered", Provenance.ASSUMED, "none found"),
    Behaviour(
        "certificates", "the common name is repeated as DNS name in requests from 11.x on", Provenance.ASSUMED, "none found"
    ),
)
