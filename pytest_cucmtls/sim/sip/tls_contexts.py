"""OpenSSL contexts of a simulated CallManager: release and mode decide versions and suites, loaded state the certificates."""

import re
import ssl
import tempfile
import warnings
from collections.abc import Collection
from pathlib import Path

from pytest_cucmtls.sim.certificates.identities import Identity
from pytest_cucmtls.sim.releases import ReleaseProfile
from pytest_cucmtls.sim.state import ClusterState, LoadedSecurity

ENCRYPTED = "Encrypted"
AUTHENTICATED = "Authenticated"
NON_SECURE = "Non Secure"

NULL_SUITE = "NULL-SHA"
"""What Authenticated means (CUCM Security Guide, "SIP Trunk Security Profile": TLS with NULL/SHA)."""

CLIENT_CERTIFICATE_NOT_REQUESTED = "client_certificate_not_requested"
TLS_1_0_NEGOTIATED = "tls_1_0_negotiated"
TLS_1_3_ENABLED = "tls_1_3_enabled"
"""Behaviour names (`ClusterState.faults`): one-way TLS; a server that never goes above TLS 1.0; a node that offers and accepts
TLS 1.3, as 15 SU2 does (negotiated when both clusters do)."""

TLS_CIPHERS_PARAMETER = "TLS Ciphers"
"""Key of `ClusterState.enterprise_parameters`; CUCM's literals, e.g. ``All Ciphers ECDSA Preferred``."""

_ECDSA_ONLY = re.compile(r"ECDSA( Ciphers)? Only", re.IGNORECASE)
_NO_ENCRYPT_THEN_MAC = 1 << 19
_NO_EXTENDED_MASTER_SECRET = 1 << 0
# SSL_OP_NO_ENCRYPT_THEN_MAC and SSL_OP_NO_EXTENDED_MASTER_SECRET of OpenSSL 3: the ssl module has no names for them.
_LAST_MAJOR_WITHOUT_NEW_EXTENSIONS = 11

_VERSIONS = {
    "TLSv1": "TLSv1",
    "TLSv1.1": "TLSv1_1",
    "TLSv1.2": "TLSv1_2",
    "TLSv1.3": "TLSv1_3",
}


def server_context(cluster: ClusterState, loaded: LoadedSecurity, modes: Collection[str]) -> ssl.SSLContext:
    """Context of the SIP listener that accepts trunks of the given security modes (`ENCRYPTED`, `AUTHENTICATED`).

    Mutual: a client certificate that chains to the loaded CallManager-trust is required; the list of acceptable
    authorities in CertificateRequest is empty, as in the source document's capture. Raises: ssl.SSLError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context, cluster, modes, loaded.tls_minimum)
    _load_trust(context, loaded)
    for identity in served_identities(cluster, loaded):
        _load_identity(context, identity)
    if TLS_1_0_NEGOTIATED in cluster.faults:
        _set_versions(context, "TLSv1", "TLSv1")
    context.verify_mode = ssl.CERT_NONE if CLIENT_CERTIFICATE_NOT_REQUESTED in cluster.faults else ssl.CERT_REQUIRED
    return context


def client_context(cluster: ClusterState, loaded: LoadedSecurity, mode: str) -> ssl.SSLContext:
    """Context for connections a trunk of one security mode opens; the name is checked afterwards against the X.509 list."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    _restrict(context, cluster, {mode}, loaded.tls_minimum)
    _load_trust(context, loaded)
    _load_identity(context, client_identity(cluster, loaded, mode))
    return context


def served_identities(cluster: ClusterState, loaded: LoadedSecurity) -> tuple[Identity, ...]:
    """What the listener can present: the negotiated suite decides between the two.

    TLS 1.3 suites do not say which; there the one that *TLS Ciphers* prefers is the only one (ASSUMED).
    """
    if loaded.ecdsa_identity is None:
        return (loaded.identity,)
    if cluster.release.tls_maximum == "TLSv1.3" or TLS_1_3_ENABLED in cluster.faults:
        return (loaded.ecdsa_identity if prefers_ecdsa(cluster) else loaded.identity,)
    return loaded.identity, loaded.ecdsa_identity


def client_identity(cluster: ClusterState, loaded: LoadedSecurity, mode: str) -> Identity:
    """What a trunk presents when it connects: the identity that *TLS Ciphers* prefers (ASSUMED); NULL-SHA is RSA's."""
    if loaded.ecdsa_identity is not None and mode == ENCRYPTED and prefers_ecdsa(cluster):
        return loaded.ecdsa_identity
    return loaded.identity


def prefers_ecdsa(cluster: ClusterState) -> bool:
    """*TLS Ciphers* says ``… ECDSA Preferred`` or ``ECDSA … Only``."""
    return "ECDSA" in cluster.enterprise_parameters.get(TLS_CIPHERS_PARAMETER, "")


class TlsContexts:
    """Contexts of one running service, each made once per set of modes and settings.

    With `key_log` the secrets of every session are appended to that file (NSS key log format), so that a capture of the
    simulation can be decrypted; no real cluster offers this.
    """

    def __init__(self, cluster: ClusterState, loaded: LoadedSecurity, key_log: Path | None = None) -> None:
        self._cluster = cluster
        self._loaded = loaded
        self._key_log = key_log
        self._made: dict[tuple[str, frozenset[str], str, frozenset[str]], ssl.SSLContext] = {}

    def server(self, modes: Collection[str]) -> ssl.SSLContext:
        """See `server_context`."""
        key = self._key("server", modes)
        if key not in self._made:
            self._made[key] = self._logged(server_context(self._cluster, self._loaded, modes))
        return self._made[key]

    def client(self, mode: str) -> ssl.SSLContext:
        """See `client_context`."""
        key = self._key("client", {mode})
        if key not in self._made:
            self._made[key] = self._logged(client_context(self._cluster, self._loaded, mode))
        return self._made[key]

    def _logged(self, context: ssl.SSLContext) -> ssl.SSLContext:
        if self._key_log is not None:
            self._key_log.touch(mode=0o600)
            context.keylog_filename = str(self._key_log)
        return context

    def _key(self, side: str, modes: Collection[str]) -> tuple[str, frozenset[str], str, frozenset[str]]:
        setting = self._cluster.enterprise_parameters.get(TLS_CIPHERS_PARAMETER, "")
        return side, frozenset(modes), setting, frozenset(self._cluster.faults)


def suites(cluster: ClusterState, modes: Collection[str]) -> tuple[str, ...]:
    """OpenSSL names allowed for the modes, preferred first; the enterprise parameter *TLS Ciphers* narrows Encrypted."""
    chosen: list[str] = []
    if ENCRYPTED in modes:
        chosen += _narrowed(cluster.release, cluster.enterprise_parameters.get(TLS_CIPHERS_PARAMETER, ""))
    if AUTHENTICATED in modes:
        chosen.append(NULL_SUITE)
    return tuple(chosen)


def _narrowed(release: ReleaseProfile, setting: str) -> list[str]:
    """*Strongest* keeps AES-256, *Medium* the GCM suites, anything else the release's whole list (platform.md §7.3).

    *ECDSA Preferred* puts ECDSA before RSA within a strength, *ECDSA Only* keeps nothing else. A release that has none of
    the wanted suites keeps its list: it does not have the parameter either.
    """
    word = "AES256" if setting.startswith("Strongest") else "GCM" if setting.startswith("Medium") else ""
    kept = [suite for suite in release.encrypted_suites if word in suite]
    if _ECDSA_ONLY.search(setting):
        kept = [suite for suite in kept if "ECDSA" in suite]
    elif "ECDSA" in setting:
        strengths = [suite.replace("ECDSA", "RSA") for suite in release.encrypted_suites]
        kept.sort(key=lambda suite: (strengths.index(suite.replace("ECDSA", "RSA")), "ECDSA" not in suite))
    return kept or list(release.encrypted_suites)


def _restrict(context: ssl.SSLContext, cluster: ClusterState, modes: Collection[str], minimum: str) -> None:
    """Versions, suites and options; must run before a certificate is loaded, or OpenSSL refuses short keys."""
    highest = "TLSv1.3" if TLS_1_3_ENABLED in cluster.faults else max(cluster.release.tls_maximum, minimum)
    if ENCRYPTED not in modes:
        # TLS 1.3 has no suite without encryption: Authenticated stays below it, or fails above it (Security Guide 15).
        highest = min(highest, "TLSv1.2")
    lowest = minimum or cluster.release.tls_minimum
    _set_versions(context, lowest, max(lowest, highest))
    context.set_ciphers(":".join((*suites(cluster, modes), "@SECLEVEL=0")))
    if cluster.release.major <= _LAST_MAJOR_WITHOUT_NEW_EXTENSIONS:
        # Their OpenSSL knew neither extension; with them record sizes would differ from the source document's.
        context.options |= _NO_ENCRYPT_THEN_MAC | _NO_EXTENDED_MASTER_SECRET
    else:
        context.options |= _NO_ENCRYPT_THEN_MAC


def _set_versions(context: ssl.SSLContext, minimum: str, maximum: str) -> None:
    with warnings.catch_warnings():
        # TLS 1.0 is what releases up to 12.5 speak; the module calls it deprecated when it is set.
        warnings.simplefilter("ignore", DeprecationWarning)
        lowest, highest = (ssl.TLSVersion[_VERSIONS[text]] for text in (minimum, maximum))
        # Widen before narrowing: OpenSSL refuses a minimum above the maximum in force.
        context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
        context.minimum_version = lowest
        context.maximum_version = highest


def _load_trust(context: ssl.SSLContext, loaded: LoadedSecurity) -> None:
    for der in loaded.trust:
        context.load_verify_locations(cadata=der)


def _load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """Hand over key and chain; `ssl` reads them from a file only, so one exists for that moment, readable by us alone."""
    with tempfile.TemporaryDirectory(prefix="callmanager-") as folder:
        path = Path(folder, "identity.pem")
        path.touch(mode=0o600)
        path.write_bytes(identity.pem())
        context.load_cert_chain(path)
