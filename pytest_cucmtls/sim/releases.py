"""What each simulated release can do (reference: CUCM Security Guides, CLI guide; ASSUMED where no source was found)."""

from dataclasses import dataclass, replace

_FIRST_STRICT_MAJOR = 12


@dataclass(frozen=True, slots=True)
class ReleaseProfile:
    """One release family."""

    key: str
    """``9.1``, ``10.5``, ``11.5``, ``12.5``, ``14``, ``15``."""
    full_version: str
    """``show version active``, e.g. ``10.5.2.10000-5``."""
    axl_versions: tuple[str, ...]
    """Schema versions accepted, newest first."""
    certificate_rest: bool
    tls_minimum: str
    """``TLSv1``, ``TLSv1.1``, ``TLSv1.2``: lowest the SIP listener and client accept."""
    tls_maximum: str
    """Highest, e.g. ``TLSv1.2``."""
    encrypted_suites: tuple[str, ...]
    """OpenSSL names offered and accepted in mode Encrypted, preferred first."""
    default_key_length: int
    default_hash: str
    """``sha1`` or ``sha256``: self-signed certificates and CSRs made with defaults."""
    srtp_suites: tuple[str, ...]
    """SDES names, preferred first."""
    sip_version: str
    """As in User-Agent, e.g. ``9.1``."""
    certificate_print: str
    """``cert-j`` (Java dump, PEM on the closing bracket's line) or ``openssl``."""
    axis1_webdialer: bool = True
    """WebDialer's rpc/encoded service ``urn:WD70``; False from 15 SU5 on, which has the document/literal one instead."""

    @property
    def major(self) -> int:
        """Leading number."""
        return int(self.key.split(".")[0])

    @property
    def request_key_lengths(self) -> tuple[int, ...]:
        """RSA lengths a signing request may have: 1024 in the 10.5 form, no longer in the later ones (from when: ASSUMED)."""
        return (2048, 3072, 4096) if self.major >= _FIRST_STRICT_MAJOR else (1024, 2048, 3072, 4096)

    @property
    def request_hashes(self) -> tuple[str, ...]:
        """Hashes a signing request may have; SHA-1 as long as 1024 bits."""
        strong = ("sha256", "sha384", "sha512")
        return strong if self.major >= _FIRST_STRICT_MAJOR else ("sha1", *strong)


_GCM_SUITES = ("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256")
_GCM_SUITES_WITH_ECDSA = (
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
)
"""CallManager-ECDSA exists since 11.0; the order is the default's of *TLS Ciphers* (platform.md §7.3)."""
_MODERN_SRTP = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")

RELEASES = {
    profile.key: profile
    for profile in (
        ReleaseProfile(
            "9.1",
            "9.1.2.10000-28",
            ("9.1", "9.0"),
            False,
            "TLSv1",
            "TLSv1",
            ("AES128-SHA",),
            1024,
            "sha1",
            ("AES_CM_128_HMAC_SHA1_32",),
            "9.1",
            "cert-j",
        ),
        ReleaseProfile(
            "10.5",
            "10.5.2.10000-5",
            ("10.5", "10.0", "9.1", "9.0"),
            False,
            "TLSv1",
            "TLSv1.2",
            (*_GCM_SUITES, "AES128-SHA"),
            2048,
            "sha256",
            _MODERN_SRTP,
            "10.5",
            "cert-j",
        ),
        ReleaseProfile(
            "11.5",
            "11.5.1.12900-21",
            ("11.5", "11.0", "10.0", "9.1", "9.0"),
            False,
            "TLSv1",
            "TLSv1.2",
            (*_GCM_SUITES_WITH_ECDSA, "AES128-SHA"),
            2048,
            "sha256",
            _MODERN_SRTP,
            "11.5",
            "cert-j",
        ),
        ReleaseProfile(
            "12.5",
            "12.5.1.10000-22",
            ("12.5", "12.0", "11.5", "11.0", "10.0"),
            False,
            "TLSv1",
            "TLSv1.2",
            (*_GCM_SUITES_WITH_ECDSA, "AES128-SHA"),
            2048,
            "sha256",
            _MODERN_SRTP,
            "12.5",
            "openssl",
        ),
        ReleaseProfile(
            "14",
            "14.0.1.12900-161",
            ("14.0", "12.5", "12.0", "11.5", "11.0"),
            True,
            "TLSv1.2",
            "TLSv1.2",
            _GCM_SUITES_WITH_ECDSA,
            2048,
            "sha256",
            _MODERN_SRTP,
            "14.0",
            "openssl",
        ),
        ReleaseProfile(
            "15",
            "15.0.1.12900-234",
            ("15.0", "14.0", "12.5", "12.0"),
            True,
            "TLSv1.2",
            "TLSv1.2",
            _GCM_SUITES_WITH_ECDSA,
            3072,
            "sha256",
            _MODERN_SRTP,
            "15.0",
            "openssl",
        ),
    )
}
"""By `ReleaseProfile.key`."""

RELEASE_15_SU2 = replace(RELEASES["15"], tls_maximum="TLSv1.3")
"""15 SU2, first with TLS 1.3, which is on by default for SIP (Security Guide 15)."""

RELEASE_15_SU5 = replace(RELEASE_15_SU2, full_version="15.0.1.15900-18", axis1_webdialer=False)
"""15 SU5, first with the new WebDialer service (build number ASSUMED from the pattern of earlier service updates)."""
