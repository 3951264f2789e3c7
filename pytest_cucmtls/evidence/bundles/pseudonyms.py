"""Consistent pseudonyms for numbers, host names, addresses, devices and accounts; the key and the table are kept apart."""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.evidence.strict_json import json_bytes, parse_object
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.whole_files import write_atomically

PSEUDONYMS_SCHEMA = "cucmtls-pseudonyms-1"
SHORTEST_TERM = 2
"""Characters; a shorter one would be found everywhere."""
_KEPT_ADDRESSES = {"0.0.0.0", "255.255.255.255", "::", "::1", "127.0.0.1"}
_ADDRESS = r"(?<![\d.§])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)"
_ADDRESS_6 = r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"
_DEVICE = r"(?<![0-9A-Za-z])SEP[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
_HARDWARE = r"(?<![0-9A-Za-z:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Za-z:-])"


@dataclass(frozen=True, slots=True)
class Terms:
    """What must not be told, by kind."""

    numbers: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    """Host names, short or qualified; the parts are found as well."""
    names: frozenset[str] = frozenset()
    """Accounts, devices, and whatever else the user named."""


@dataclass(slots=True)
class Pseudonyms:
    """A keyed mapping that gives the same answer every time, and remembers what it was asked."""

    key: bytes
    table: dict[str, str] = field(default_factory=dict)

    def number(self, text: str) -> str:
        """As many digits, the first one not 0."""
        return self._unused("number", text, lambda seed: _digits(seed, len(text)))

    def host(self, text: str) -> str:
        """``host-…`` for a first label, ``net-….example`` for the rest, case ignored."""
        label, dot, domain = text.lower().partition(".")
        short = self._unused("host", label, lambda seed: f"host-{seed.hex()[:8]}")
        return f"{short}.{self.domain(domain)}" if dot else short

    def domain(self, text: str) -> str:
        """``net-….example``."""
        return self._unused("domain", text.lower(), lambda seed: f"net-{seed.hex()[:8]}.example")

    def address(self, text: str) -> str:
        """An address of 10.0.0.0/8 or fd00::/8; text that only looks like one stays."""
        try:
            found = ipaddress.ip_address(text)
        except ValueError:
            return text
        if text in _KEPT_ADDRESSES:
            return text
        if found.version == 4:
            return self._unused("address", str(found), lambda seed: f"10.{seed[0]}.{seed[1]}.{seed[2]}")
        return self._unused("address", str(found), lambda seed: str(ipaddress.IPv6Address(b"\xfd" + seed[:15])))

    def device(self, text: str) -> str:
        """``SEP`` and twelve other hexadecimal digits."""
        return self._unused("device", text.upper(), lambda seed: f"SEP02{seed.hex()[:10].upper()}")

    def hardware(self, text: str) -> str:
        """A locally administered address, in the form of the original."""
        plain = re.sub("[:-]", "", text).lower()
        other = self._unused("hardware", plain, lambda seed: "02" + seed.hex()[:10])
        return text[2].join(other[place : place + 2] for place in range(0, 12, 2))

    def name(self, text: str) -> str:
        """``name-…``."""
        return self._unused("name", text, lambda seed: f"name-{seed.hex()[:8]}")

    def _unused(self, kind: str, text: str, make: Callable[[bytes], str]) -> str:
        """The pseudonym of a text: derived from the key, never an original, never shared by two texts."""
        known = self.table.get(f"{kind}:{text}")
        if known is not None:
            return known
        taken = set(self.table.values()) | {entry.partition(":")[2] for entry in self.table}
        for attempt in range(10_000):
            seed = hmac.new(self.key, f"{kind}:{text}:{attempt}".encode(), hashlib.sha256).digest()
            made = make(seed)
            if made not in taken and made != text:
                self.table[f"{kind}:{text}"] = made
                return made
        raise FileUnreadable("the pseudonyms", f"there are not enough {kind}s of {len(text)} characters")


_GAP = re.compile(r"[\s\"'()\[\],;:]")
_NEAR = 80
_OUR_WORD = re.compile(
    r"-*cucm[-_](?:baseline|ci|fault|inventory|lang|mode|pair|plan|policy|quiet|reports|run)\W*", re.IGNORECASE
)


class Replacer:
    """Replaces every term and everything that looks like an address or device in a text, in one pass."""

    def __init__(self, pseudonyms: Pseudonyms, terms: Terms) -> None:
        self._pseudonyms = pseudonyms
        hosts = {host.lower() for host in terms.hosts if not _is_address(host)}
        labels = {host.partition(".")[0] for host in hosts}
        domains = {host.partition(".")[2] for host in hosts} - {""}
        kinds = {
            "device": _DEVICE,
            "name": _any_of(terms.names),
            "host": _any_of(hosts | labels),
            "domain": _any_of(domains),
            "hardware": _HARDWARE,
            "address": _ADDRESS,
            "address6": _ADDRESS_6,
            "number": _any_of(terms.numbers),
        }
        for number in sorted(terms.numbers):
            pseudonyms.number(number)
        self._pattern = re.compile("|".join(f"(?P<{kind}>{text})" for kind, text in kinds.items() if text), re.IGNORECASE)
        tell_tales = [term for term in (*hosts, *labels, *(name for name in terms.names if not name.isalpha())) if len(term) > 3]
        self._tell_tale = re.compile("|".join(map(re.escape, sorted(tell_tales))) or r"(?!)", re.IGNORECASE)

    def replaced(self, text: str) -> str:
        """The text with pseudonyms."""
        return self._pattern.sub(self._pseudonym, text)

    def person(self, text: str) -> str:
        """A whole text that is a name."""
        return self._pseudonyms.name(text)

    def tells(self, text: str) -> bool:
        """Some name is still in it, if only as a part of a longer word; names that are plain words count as whole words only."""
        return bool(self.told(text))

    def told(self, text: str) -> str:
        """The first word that holds a name as a part, "" without one; words of our own are none (``--cucm-baseline``)."""
        for found in self._tell_tale.finditer(text):
            near = text[max(0, found.start() - _NEAR) : found.start()]
            word = re.split(_GAP, near)[-1] + re.split(_GAP, text[found.start() : found.end() + _NEAR], maxsplit=1)[0]
            if not _OUR_WORD.fullmatch(word):
                return word
        return ""

    def _pseudonym(self, found: re.Match[str]) -> str:
        make = {
            "device": self._pseudonyms.device,
            "name": self._pseudonyms.name,
            "host": self._pseudonyms.host,
            "domain": self._pseudonyms.domain,
            "hardware": self._pseudonyms.hardware,
            "address": self._pseudonyms.address,
            "address6": self._pseudonyms.address,
            "number": self._pseudonyms.number,
        }
        return make[found.lastgroup or "name"](found[0])


def read_pseudonyms(file: Path) -> Pseudonyms:
    """The key and table of a file, or new ones when there is no such file yet. Raises: FileUnreadable."""
    if not file.exists():
        return Pseudonyms(secrets.token_bytes(32))
    values = parse_object(read_bytes(file), str(file))
    try:
        if values["schema"] != PSEUDONYMS_SCHEMA:
            raise ValueError(f"schema is {values['schema']!r}")
        table = {str(key): str(value) for key, value in values["pseudonyms"].items()}
        return Pseudonyms(bytes.fromhex(values["key"]), table)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FileUnreadable(str(file), f"holds no pseudonyms ({PSEUDONYMS_SCHEMA}): {problem!r}") from problem


def write_pseudonyms(file: Path, pseudonyms: Pseudonyms) -> None:
    """Key and table, readable by the owner only. Raises: ConfigurationInvalid."""
    values = {"schema": PSEUDONYMS_SCHEMA, "key": pseudonyms.key.hex(), "pseudonyms": pseudonyms.table}
    try:
        write_atomically(file, json_bytes(values), mode=0o600)
    except OSError as problem:
        raise ConfigurationInvalid(str(file), "", f"cannot be written: {problem.strerror}") from problem


def _any_of(terms: Iterable[str]) -> str:
    """A pattern for whole words, the longest first; "" for none."""
    usable = sorted((term for term in terms if len(term) >= SHORTEST_TERM), key=lambda term: (-len(term), term))
    return rf"(?<![0-9A-Za-z_])(?:{'|'.join(map(re.escape, usable))})(?![0-9A-Za-z_])" if usable else ""


def _digits(seed: bytes, count: int) -> str:
    value = int.from_bytes(seed, "big")
    return str(value % 9 + 1) + "".join(str(value // 10**place % 10) for place in range(2, count + 1))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
