"""`utils fips status`, `utils network host` and `utils dbreplication runtimestate` as the platform CLI prints them.

The layouts are ASSUMED from Cisco's CLI reference and field reports: only the words looked for here have to be there.
"""

import re

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.surroundings import NameLookup, ReplicationState
from pytest_cucmtls.wire.cli_terminal import plain

_FIPS = re.compile(
    r"operating in (?P<not>non[- ]?)?(?:FIPS|Enhanced Security|Common Criteria) mode|FIPS mode (?P<word>on|off)\b", re.I
)
_ADDRESS = re.compile(r"(?:resolves (?:locally )?to|has address)[ \t]+(\d{1,3}(?:\.\d{1,3}){3})\b")
_UNKNOWN = re.compile(r"not found|can(?:not|'t) be resolved|does not resolve|no such host|NXDOMAIN", re.I)
_SERVER = re.compile(r"^[ \t]*(\S{1,255})[ \t]+\d{1,3}(?:\.\d{1,3}){3}[^\n]{0,200}?\((\d)\)[ \t]*([^\n]{0,80}?)[ \t]*$", re.M)


def parse_fips_status(text: str) -> bool:
    """``utils fips status``: True in FIPS mode. Raises: UnexpectedAnswer when the answer does not say."""
    found = _FIPS.search(plain(text)[:10_000])
    if found is None:
        raise UnexpectedAnswer("cli", "utils fips status", text, "neither FIPS nor non-FIPS mode")
    if found["word"]:
        return found["word"].lower() == "on"
    return not found["not"]


def parse_host_lookup(text: str, name: str) -> NameLookup:
    """``utils network host <name>``: every address it names, in order. Raises: UnexpectedAnswer when it says neither."""
    shown = plain(text)[:20_000]
    addresses = tuple(dict.fromkeys(_ADDRESS.findall(shown)))
    if not addresses and _UNKNOWN.search(shown) is None:
        raise UnexpectedAnswer("cli", f"utils network host {name}", text, "no address and no word of failure")
    return NameLookup(name, addresses)


def parse_replication_state(text: str) -> ReplicationState:
    """``utils dbreplication runtimestate``: number and words per server. Raises: UnexpectedAnswer without a server line."""
    servers = tuple((name, int(number), words) for name, number, words in _SERVER.findall(plain(text)[:100_000]))
    if not servers:
        raise UnexpectedAnswer("cli", "utils dbreplication runtimestate", text, "no server with a replication setup number")
    return ReplicationState(servers)
