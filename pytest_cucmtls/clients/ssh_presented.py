"""Which SSH host keys a node presents: asked per key type, without logging in and without trusting anything."""

import asyncio
import warnings
from dataclasses import dataclass

import asyncssh

from pytest_cucmtls.clients.ssh_loop import LoopThread
from pytest_cucmtls.clients.ssh_trust import LEGACY, MODERN
from pytest_cucmtls.model.errors import ClusterUnreachable
from pytest_cucmtls.model.inventory import NodeAddress

_FAMILIES = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
    ("ssh-dss",),
)


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """One host key: its type (``ssh-rsa`` …), fingerprint ``SHA256:…`` and its base64 text as in a known_hosts line."""

    key_type: str
    fingerprint: str
    base64: str


def read_host_keys(node: NodeAddress, *, legacy_algorithms: bool, limit_seconds: float) -> tuple[PresentedKey, ...]:
    """Every key type the node offers. Raises: ClusterUnreachable when it shows no key at all."""
    loop = LoopThread(f"host-keys-{node.name}")
    try:
        return loop.run(_read_all(node, legacy_algorithms=legacy_algorithms, limit_seconds=limit_seconds))
    finally:
        loop.close()


async def _read_all(node: NodeAddress, *, legacy_algorithms: bool, limit_seconds: float) -> tuple[PresentedKey, ...]:
    offered = LEGACY if legacy_algorithms else MODERN
    # Many nodes offer nothing else than finite-field Diffie-Hellman, and the crypto library warns at each use.
    warnings.filterwarnings("ignore", message="Diffie-Hellman over finite fields")
    found: list[PresentedKey] = []
    problem = "no host key was shown"
    for family in _FAMILIES:
        wanted = [name for name in family if name in offered.host_key]
        if not wanted:
            continue
        try:
            async with asyncio.timeout(limit_seconds):
                key = await asyncssh.get_server_host_key(
                    node.address,
                    node.ssh_port,
                    kex_algs=offered.key_exchange,
                    server_host_key_algs=wanted,
                    config=None,
                )
        except asyncssh.KeyExchangeFailed as refusal:
            problem = f"no common algorithm: {refusal.reason}"
            continue
        except TimeoutError:
            raise ClusterUnreachable("cli", node.address, node.ssh_port, f"no SSH answer within {limit_seconds:g} s") from None
        except OSError as error:
            raise ClusterUnreachable("cli", node.address, node.ssh_port, error.strerror or str(error)) from None
        except asyncssh.Error as refusal:
            problem = refusal.reason or type(refusal).__name__
            continue
        if key is not None:
            found.append(_presented(key))
    if not found:
        raise ClusterUnreachable("cli", node.address, node.ssh_port, problem)
    return tuple(found)


def _presented(key: asyncssh.SSHKey) -> PresentedKey:
    words = key.export_public_key("openssh").decode("ascii").split()
    return PresentedKey(words[0], key.get_fingerprint("sha256"), words[1])
