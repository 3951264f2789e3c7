"""OpenSSL contexts of a simulated CallManager: release and mode decide versions and suites, loaded state the certificates."""

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
    _restrict(context, cluster, modes)
    _load(context, loaded)
    if TLS_1_0_NEGOTIATED in cluster.faults:
        _set_versions(context, "TLSv1", "TLSv1")
    context.verify_mode = ssl.CERT_NONE if CLIENT_CERTIFICATE_NOT_REQUESTED in cluster.faults else ssl.CERT_REQUIRED
    return context


def client_context(cluster: ClusterState, loaded: LoadedSecurity, mode: str) -> ssl.SSLContext:
    """Context for connections a trunk of one security mode opens; the name is checked afterwards against the X.509 list."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    _restrict(context, cluster, {mode})
    _load(context, loaded)
    return context


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
        setting = self._cluster.enterprise_parameters.get("TLS Ciphers", "")
        return side, frozenset(modes), setting, frozenset(self._cluster.faults)


def suites(cluster: ClusterState, modes: Collection[str]) -> tuple[str, ...]:
    """OpenSSL names allowed for the modes, preferred first; the enterprise parameter *TLS Ciphers* narrows Encrypted."""
    chosen: list[str] = []
    if ENCRYPTED in modes:
        chosen += _narrowed(cluster.release, cluster.enterprise_parameters.get("TLS Ciphers", ""))
    if AUTHENTICATED in modes:
        chosen.append(NULL_SUITE)
    return tuple(chosen)


def _narrowed(release: ReleaseProfile, setting: str) -> list[str]:
    """*Strongest* keeps AES-256, *Medium* both GCM suites, anything else the release's whole list (platform.md §7.3).

    A release that has none of the wanted suites keeps its list: it does not have the parameter either.
    """
    word = "AES256" if setting.startswith("Strongest") else "GCM" if setting.startswith("Medium") else ""
    return [suite for suite in release.encrypted_suites if word in suite] or list(release.encrypted_suites)


def _restrict(context: ssl.SSLContext, cluster: ClusterState, modes: Collection[str]) -> None:
    """Versions, suites and options; must run before a certificate is loaded, or OpenSSL refuses short keys."""
    highest = "TLSv1.3" if TLS_1_3_ENABLED in cluster.faults else cluster.release.tls_maximum
    if ENCRYPTED not in modes:
        # TLS 1.3 has no suite without encryption: Authenticated stays below it (Security Guide 15).
        highest = min(highest, "TLSv1.2")
    _set_versions(context, min(cluster.release.tls_minimum, highest), highest)
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


def _load(context: ssl.SSLContext, loaded: LoadedSecurity) -> None:
    _load_identity(context, loaded.identity)
    for der in loaded.trust:
        context.load_verify_locations(cadata=der)


def _load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """Hand over key and chain; `ssl` reads them from a file only, so one exists for that moment, readable by us alone."""
    with tempfile.TemporaryDirectory(prefix="callmanager-") as folder:
        path = Path(folder, "identity.pem")
        path.touch(mode=0o600)
        path.write_bytes(identity.pem())
        context.load_cert_chain(path)
