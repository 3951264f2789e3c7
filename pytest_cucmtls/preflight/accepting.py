"""What may be accepted about a node, and doing so: only what a person named by its fingerprint or agreed to when asked."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.clients.ssh_presented import PresentedKey
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.preflight.trust_files import add_host_key, host_name, pin_certificate
from pytest_cucmtls.preflight.trust_review import NodeTrust
from pytest_cucmtls.wire.x509 import parse_certificate

_TLS_FORM = re.compile(r"(?:SHA256:)?((?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2})")
_SSH_FORM = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/]{43})=?")


@dataclass(frozen=True, slots=True)
class Named:
    """``NODE=SHA256:…`` of the command line: a node and the fingerprint it must present."""

    node: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One untrusted thing a node presents; `hindrance` says why accepting it could not help, "" when it could."""

    cluster: str
    node: str
    what: str
    """``HTTPS certificate`` or ``SSH host key``."""
    fingerprint: str
    file: str
    """Where it would be written."""
    hindrance: str
    write: Callable[[], None]


def parse_named(text: str) -> Named:
    """``NODE=SHA256:…`` with the fingerprint of a certificate (64 hexadecimal digits) or a host key (43 characters).

    Raises: ConfigurationInvalid.
    """
    node, equals, given = text.rpartition("=") if not text.endswith("=") else text[:-1].rpartition("=")
    fingerprint = canonical_fingerprint(given)
    if not equals or not node or not fingerprint:
        remedy = "Write NODE=SHA256:… with the whole fingerprint: 64 hexadecimal digits (HTTPS) or 43 characters (SSH)."
        raise ConfigurationInvalid("--accept", text[:120], "is not NODE=FINGERPRINT", remedy=remedy)
    return Named(node, fingerprint)


def canonical_fingerprint(text: str) -> str:
    """``SHA256:`` and upper-case hex, or ``SHA256:`` and base64; "" for what is neither."""
    text = text.strip()
    if found := _TLS_FORM.fullmatch(text):
        return f"SHA256:{found[1].replace(':', '').upper()}"
    found = _SSH_FORM.fullmatch(text)
    return f"SHA256:{found[1]}" if found else ""


def offers(trust: NodeTrust) -> tuple[Offer, ...]:
    """What is untrusted about a node that was seen; for SSH one offer per key it presents."""
    found: list[Offer] = []
    if trust.tls.problem and trust.tls.presented is not None:
        found.append(_tls_offer(trust))
    if trust.ssh.problem:
        found += [_ssh_offer(trust, key) for key in trust.ssh.presented]
    return tuple(found)


def _tls_offer(trust: NodeTrust) -> Offer:
    presented, bundle = trust.tls.presented, trust.tls.bundle
    assert presented is not None
    der, now = presented.certificates[0], datetime.now(UTC)
    ends = parse_certificate(der).not_after
    hindrance = ""
    if bundle is None:
        hindrance = f'the inventory names no ca_bundle for cluster {trust.cluster}: add ca_bundle = "cucm-{trust.cluster}.pem"'
    elif ends is not None and ends <= now:
        hindrance = "the certificate has expired, which no pin overrides: renew it on the node"

    def write() -> None:
        pin_certificate(Path(bundle or ""), trust.node, der, now.date())

    return Offer(trust.cluster, trust.node.name, "HTTPS certificate", presented.fingerprint, bundle or "", hindrance, write)


def _ssh_offer(trust: NodeTrust, key: PresentedKey) -> Offer:
    known_hosts, node = trust.ssh.known_hosts, trust.node
    hindrance = ""
    if node.ssh_host_key:
        hindrance = f'ssh_host_key of {node.name} stands in the inventory: write "{key.fingerprint}" there'
    elif known_hosts is None:
        hindrance = f'the inventory names no known_hosts for cluster {trust.cluster}: add known_hosts = "known_hosts"'
    elif key.fingerprint in trust.ssh.revoked:
        hindrance = f"the key is marked as revoked in {known_hosts}"

    def write() -> None:
        add_host_key(Path(known_hosts or ""), node, key)

    what = f"SSH host key ({key.key_type}, as {host_name(node)})"
    return Offer(trust.cluster, node.name, what, key.fingerprint, known_hosts or "", hindrance, write)


def chosen_by_name(found: tuple[Offer, ...], named: tuple[Named, ...], nodes: frozenset[str]) -> tuple[Offer, ...]:
    """The offers whose fingerprints were named; one key per node is enough.

    `nodes` are the names in the inventory. Raises: ConfigurationInvalid for a node that is not there, a fingerprint its
    node does not present, or one that could not be written: then nothing at all is accepted.
    """
    chosen: list[Offer] = []
    for one in named:
        if one.node not in nodes:
            raise ConfigurationInvalid("--accept", one.node, f"no such node; there are {', '.join(sorted(nodes))}")
        offered = [offer for offer in found if offer.node == one.node]
        match = next((offer for offer in offered if offer.fingerprint == one.fingerprint), None)
        if match is None:
            presented = (
                ", ".join(f"{offer.what} {offer.fingerprint}" for offer in offered) or "nothing that is not trusted already"
            )
            remedy = "Do not accept it before you know why; somebody may answer in the node's place."
            raise ConfigurationInvalid("--accept", one.node, f"presents {presented}, not {one.fingerprint}", remedy=remedy)
        if match.hindrance:
            raise ConfigurationInvalid("--accept", one.node, match.hindrance)
        chosen.append(match)
    return tuple(chosen)
