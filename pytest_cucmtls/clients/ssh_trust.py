"""Which SSH host key a node must present, and which algorithms we offer."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from pytest_cucmtls.model.errors import ConfigurationInvalid, PeerNotVerified
from pytest_cucmtls.model.inventory import NodeAddress

_FINGERPRINT = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/]{43})=?")
_HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256")
_ASK_A_HUMAN = (
    "Compare the presented fingerprint with the node's console (or with whoever operates it); only if it is the node's, "
    "write it into the inventory (ssh_host_key) or the known_hosts file."
)


@dataclass(frozen=True, slots=True)
class Algorithms:
    """Names offered in the key exchange, preferred first."""

    key_exchange: tuple[str, ...]
    host_key: tuple[str, ...]
    encryption: tuple[str, ...]
    integrity: tuple[str, ...]


MODERN = Algorithms(
    key_exchange=(
        "curve25519-sha256",
        "ecdh-sha2-nistp521",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp256",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
    ),
    host_key=_HOST_KEYS,
    encryption=(
        "chacha20-poly1305@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        "aes256-ctr",
        "aes192-ctr",
        "aes128-ctr",
    ),
    integrity=("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"),
)
"""No SHA-1, no CBC."""

LEGACY = Algorithms(
    key_exchange=(
        *MODERN.key_exchange,
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ),
    host_key=(*MODERN.host_key, "ssh-rsa", "ssh-dss"),
    encryption=(*MODERN.encryption, "aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"),
    integrity=(*MODERN.integrity, "hmac-sha1-etm@openssh.com", "hmac-sha1", "hmac-sha1-96"),
)
"""What CUCM 9.1 and 10.5 need (platform.md §3.1, feasibility.md §7)."""


@dataclass(slots=True)
class HostKeyTrust:
    """The fingerprints a node may present, and the verdict on what it did present."""

    node: NodeAddress
    expected: tuple[str, ...]
    """``SHA256:…`` of each acceptable key; empty when none is known."""
    revoked: tuple[str, ...]
    key_types: tuple[str, ...]
    """Key types of the expected keys when known (``ssh-rsa`` …): asked for first."""
    source: str
    """Where the expectation comes from, for messages."""
    presented: str = field(default="", init=False)

    def accepts(self, key: asyncssh.SSHKey) -> bool:
        """Remember the presented key and say whether it is an expected one."""
        self.presented = key.get_fingerprint("sha256")
        return self.presented in self.expected and self.presented not in self.revoked

    def refusal(self) -> PeerNotVerified:
        """The error for the key presented: unknown, changed or revoked."""
        if self.presented in self.revoked:
            detail = f"the host key is marked as revoked in {self.source}"
        elif self.expected:
            detail = f"the host key changed: expected {' or '.join(self.expected)} ({self.source})"
        else:
            detail = f"no host key is known for {self.node.address} port {self.node.ssh_port} ({self.source})"
        return PeerNotVerified("cli", self.node.address, self.presented, detail, remedy=_ASK_A_HUMAN)

    def host_key_algorithms(self, offered: tuple[str, ...]) -> tuple[str, ...]:
        """The offered algorithms, those of expected key types first: a node with several keys then shows a known one."""
        known = [name for name in offered if any(_same_family(name, key_type) for key_type in self.key_types)]
        return (*known, *(name for name in offered if name not in known))


def host_key_trust(node: NodeAddress, known_hosts: str | None) -> HostKeyTrust:
    """The expectation for a node: its own `ssh_host_key` if given, else its lines in the known_hosts file.

    Raises: ConfigurationInvalid for a malformed fingerprint or an unreadable file.
    """
    if node.ssh_host_key:
        return HostKeyTrust(node, (_canonical(node),), (), (), "ssh_host_key of the inventory")
    if not known_hosts:
        return HostKeyTrust(node, (), (), (), "neither ssh_host_key nor known_hosts is in the inventory")
    try:
        entries = asyncssh.import_known_hosts(Path(known_hosts).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ConfigurationInvalid(known_hosts, "known_hosts", str(problem), remedy="Give an OpenSSH known_hosts file.") from None
    keys, _, revoked, *_ = asyncssh.match_known_hosts(entries, node.address, "", node.ssh_port)
    return HostKeyTrust(
        node,
        tuple(dict.fromkeys(key.get_fingerprint("sha256") for key in keys)),
        tuple(key.get_fingerprint("sha256") for key in revoked),
        tuple(key.get_algorithm() for key in keys),
        known_hosts,
    )


def _canonical(node: NodeAddress) -> str:
    match = _FINGERPRINT.fullmatch((node.ssh_host_key or "").strip())
    if match is None:
        raise ConfigurationInvalid(
            "inventory",
            f"ssh_host_key of {node.name}",
            f"{node.ssh_host_key!r} is not a SHA-256 fingerprint",
            remedy="Write it as ssh-keygen -lf prints it: SHA256: and 43 characters.",
        )
    return f"SHA256:{match[1]}"


def _same_family(algorithm: str, key_type: str) -> bool:
    return algorithm == key_type or (key_type == "ssh-rsa" and algorithm.startswith("rsa-sha2-"))
