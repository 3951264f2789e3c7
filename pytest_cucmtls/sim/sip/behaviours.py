"""Where the behaviour of the simulated CallManager comes from: signalling, TLS, media, traces and captures.

Declared here in one place because the parts that behave so know nothing of interfaces. Sources name the sections of the
guides and the public traces they rest on.
"""

from pytest_cucmtls.sim.provenance import Behaviour, Provenance

BEHAVIOURS = (
    Behaviour(
        "SIP TLS", "versions and suites of each release and of TLS Ciphers", Provenance.SPECIFIED, "Security Guides 12.5 and 15"
    ),
    Behaviour("SIP TLS", "mode Authenticated is NULL-SHA", Provenance.SPECIFIED, "Security Guide 12.5"),
    Behaviour(
        "SIP TLS",
        "leaf and root are sent; CertificateRequest names no authority",
        Provenance.RECORDED,
        "source document's capture",
    ),
    Behaviour("SIP TLS", "the certificate of the service's last start is served", Provenance.SPECIFIED, "Cisco document 217138"),
    Behaviour(
        "SIP TLS", "a session goes on with the certificates it began with", Provenance.ASSUMED, "inferred: trunks must be reset"
    ),
    Behaviour(
        "SIP TLS",
        "the ECDSA identity stands beside the RSA one from 11.5 on; the suite decides, TLS Ciphers orders the suites",
        Provenance.SPECIFIED,
        "Security Guide 15",
    ),
    Behaviour(
        "SIP TLS",
        "which of the two a trunk presents as client, and with TLS 1.3: the preferred one",
        Provenance.ASSUMED,
        "none found",
    ),
    Behaviour(
        "SIP TLS",
        "TLS minimum version per node, cluster-wide from 15 SU2, in force after the restart",
        Provenance.SPECIFIED,
        "Prime Collaboration Deployment guide, Security Guide 15",
    ),
    Behaviour("SIP", "X.509 subject names: separators, CN and DNS names", Provenance.SPECIFIED, "Security Guide 15"),
    Behaviour("SIP", "names are compared without case", Provenance.ASSUMED, "none found"),
    Behaviour(
        "SIP", "503 for a peer no trunk expects", Provenance.SPECIFIED, "seen for TCP; text of the refusal over TLS assumed"
    ),
    Behaviour("SIP", "header set of requests and answers", Provenance.RECORDED, "public traces"),
    Behaviour(
        "SIP",
        "a destination that is an SRV name is every target of its record, asked when the trunk is reset",
        Provenance.ASSUMED,
        "that it works is documented, when it is asked is not",
    ),
    Behaviour("SIP", "OPTIONS ping, trunk states and their reasons", Provenance.SPECIFIED, "System Configuration Guide"),
    Behaviour("SIP", "realm of phones' digest authentication", Provenance.ASSUMED, "seen with other vendors' phones only"),
    Behaviour("media", "SRTP suites of each release and their order", Provenance.SPECIFIED, "release notes and RFC 4568, 7714"),
    Behaviour("media", "AES_CM_128_HMAC_SHA1_32 alone on 9.1", Provenance.ASSUMED, "inferred"),
    Behaviour("media", "flows between phones, not through the nodes", Provenance.SPECIFIED, "guides"),
    Behaviour(
        "traces", "SDL and call log records of calls over a TLS trunk", Provenance.RECORDED, "source document and public traces"
    ),
    Behaviour("traces", "records of failed handshakes", Provenance.ASSUMED, "modelled on those of another service"),
    Behaviour("traces", "tls_security 2 and 0; TLS printed as TCP in call logs", Provenance.ASSUMED, "only 3 was seen"),
    Behaviour(
        "packet capture", "tcpdump lines of old and new releases", Provenance.RECORDED, "source document; newer style inferred"
    ),
    Behaviour(
        "packet capture",
        "packets of the loopback interface, or reconstructed at the sockets",
        Provenance.ASSUMED,
        "no wire exists",
    ),
)
