"""Loopback networks for simulated pairs: a random free 127.x.y.0/24 per start, held as long as the pair lives."""

import random
import socket
from collections.abc import Iterable, Sequence

LOCK_HOST = 1
LOCK_PORT = 5061
"""A socket bound here, never listening, reserves the network: two starters cannot both have it."""

_ATTEMPTS = 50


class NoFreeNetwork(Exception):
    """No 127.x.y.0/24 with the wanted ports free was found."""


class Subnet:
    """A reserved network; `address` gives its hosts, `release` lets others have it."""

    def __init__(self, prefix: str, lock: socket.socket) -> None:
        self.prefix = prefix
        self._lock = lock

    def address(self, host: int) -> str:
        """Address of a host number, 1 to 254."""
        return f"{self.prefix}.{host}"

    def release(self) -> None:
        """Give the network back."""
        self._lock.close()


def reserve_subnet(hosts: Sequence[int], ports: Iterable[int]) -> Subnet:
    """Reserve a random network on which every port of every host can be bound now. Raises: NoFreeNetwork."""
    wanted = tuple(ports)
    for _ in range(_ATTEMPTS):
        # Below 127.16 live the addresses that systems use themselves (127.0.0.1, 127.0.0.53, 127.0.1.1).
        found = _reserved(f"127.{random.randint(16, 254)}.{random.randint(1, 254)}", hosts, wanted)
        if found is not None:
            return found
    raise NoFreeNetwork(f"no loopback network with ports {', '.join(map(str, wanted))} free after {_ATTEMPTS} tries")


def reserve_this_subnet(prefix: str, hosts: Sequence[int], ports: Iterable[int]) -> Subnet:
    """Reserve the network ``127.x.y``. Raises: NoFreeNetwork when it is none, or one of its ports is taken."""
    octets = prefix.split(".")
    loopback = len(octets) == 3 and octets[0] == "127" and all(part.isdecimal() and int(part) <= 255 for part in octets)
    found = _reserved(prefix, hosts, tuple(ports)) if loopback else None
    if found is None:
        raise NoFreeNetwork(f"{prefix} is taken" if loopback else f"{prefix!r} is no loopback network of the form 127.x.y")
    return found


def _reserved(prefix: str, hosts: Sequence[int], ports: tuple[int, ...]) -> Subnet | None:
    lock = _bound(f"{prefix}.{LOCK_HOST}", LOCK_PORT)
    if lock is None:
        return None
    if all(_is_free(f"{prefix}.{host}", port) for host in hosts for port in ports):
        return Subnet(prefix, lock)
    lock.close()
    return None


def _is_free(address: str, port: int) -> bool:
    """Nobody listens there; connections of an earlier server that are still dying do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _bound(address: str, port: int) -> socket.socket | None:
    """A TCP socket bound there without listening, or None when it cannot be had."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.bind((address, port))
    except OSError:
        bound.close()
        return None
    return bound
