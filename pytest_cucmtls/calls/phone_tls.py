"""TLS of our own phone's signalling: trust only what the inventory names, and the node only under its own name."""

import ssl
from pathlib import Path

from pytest_cucmtls.model.errors import ConfigurationInvalid, PeerNotVerified
from pytest_cucmtls.wire.x509 import parse_certificate

INTERFACE = "sip phone"


def phone_tls_context(ca_file: str, certificate_file: str | None, key_file: str | None) -> ssl.SSLContext:
    """A client context that trusts the authorities of `ca_file` and shows our certificate, if there is one.

    The host name is not left to the library: CUCM's certificates name the node in the common name alone, see
    `check_node_name`. Raises: ConfigurationInvalid for a file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        raise _unusable("ca_file", ca_file, problem) from problem
    if certificate_file:
        try:
            context.load_cert_chain(certificate_file, key_file)
        except (OSError, ssl.SSLError) as problem:
            raise _unusable("certificate_file", certificate_file, problem) from problem
    return context


def check_node_name(certificate: bytes | None, node_name: str, address: str) -> None:
    """The certificate presented names the node, as common name or alternative name. Raises: PeerNotVerified."""
    if certificate is None:
        raise PeerNotVerified(INTERFACE, address, "nothing", "no certificate was presented")
    found = parse_certificate(certificate)
    alternative = (name.removeprefix("DNS:") for name in found.subject_alternative_names if name.startswith("DNS:"))
    names = {name.lower() for name in (*alternative, found.subject.common_name or "") if name}
    wanted = node_name.lower()
    if wanted not in names and wanted.partition(".")[0] not in names:
        shown = ", ".join(sorted(names)) or "nobody"
        raise PeerNotVerified(INTERFACE, address, found.sha256, f"the certificate names {shown}, not {node_name}")


def _unusable(key: str, file: str, problem: Exception) -> ConfigurationInvalid:
    return ConfigurationInvalid("inventory", f"sip_phone.{key}", f"{Path(file).name} cannot be used: {problem}")
