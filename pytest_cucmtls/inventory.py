"""The `clusters.toml` a user writes, parsed into an `Inventory`; and the credentials its variables name.

Every mistake is one `ConfigurationInvalid` that names the file, the line and the key. Passwords never stand in the
file: it names environment variables, and what they hold becomes a `Secret` only when it is needed.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_cucmtls.credentials import Credentials as Credentials
from pytest_cucmtls.credentials import credentials_beside as credentials_beside
from pytest_cucmtls.model import access, call_setup
from pytest_cucmtls.model.authority_keys import AUTHORITY_KEYS, AUTHORITY_NEEDS, PASSWORD_WAYS
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import DEFAULT_POLICY, Account, AuthoritySpec, ClusterSpec, Inventory, Mode, NodeAddress
from pytest_cucmtls.model.maintenance import Maintenance
from pytest_cucmtls.model.mesh import is_mesh
from pytest_cucmtls.model.waivers import Waiver, waivers_of

_CLUSTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TOP_KEYS = {
    "policy",
    "mode",
    "place_calls",
    "reset_trunks",
    "probe",
    "probe_pause_seconds",
    "approved_anchors",
    "waivers",
    "authority",
    "maintenance",
    "clusters",
}
_CLUSTER_KEYS = {
    "release", "extension", "phone", "trunk", "security_profile", "route_pattern", "partition", "device_pool",
    "x509_subject_names", "ca_bundle", "known_hosts", "key_length", "hash_algorithm", "subject", "axl", "platform",
    "call", "nodes", *call_setup.KEYS, *access.KEYS,
}  # fmt: skip
_NODE_KEYS = {"name", "address", "role", "https_port", "ssh_port", "sip_port", "ssh_host_key"}
_SCHEME = "cucm://"
SIMULATED = "sim://"


@dataclass(frozen=True, slots=True)
class _Table:
    """One TOML table with what is needed to name a mistake in it."""

    file: str
    text: str
    path: str
    values: Mapping[str, Any]

    def problem(self, key: str, problem: str, remedy: str = "") -> ConfigurationInvalid:
        name = f"{self.path}.{key}" if self.path else key
        return ConfigurationInvalid(self.file, name, problem, line=line_of(self.text, self.path, key), remedy=remedy)

    def check_keys(self, allowed: set[str]) -> None:
        for key in self.values:
            if key not in allowed:
                raise self.problem(key, "unknown key", f"Known keys here: {', '.join(sorted(allowed))}.")

    def text_of(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if value is None:
            raise self.problem(key, "is missing")
        if not isinstance(value, str) or (default is None and not value):
            raise self.problem(key, f"must be a non-empty text, not {value!r}")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text_of(key) if key in self.values else None

    def number_of(self, key: str, default: int, low: int, high: int) -> int:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.problem(key, f"must be a number from {low} to {high}, not {value!r}")
        return value

    def seconds_of(self, key: str, default: float, high: float) -> float:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
            raise self.problem(key, f"must be a number of seconds from 0 to {high:g}, not {value!r}")
        return float(value)

    def flag_of(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.problem(key, f"must be true or false, not {value!r}")
        return value

    def choice_of(self, key: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text_of(key, default)
        if value not in choices:
            raise self.problem(key, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def names_of(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise self.problem(key, "must be a list of texts")
        return tuple(value)

    def table_of(self, key: str, *, optional: bool = False) -> "_Table":
        value = self.values.get(key, {} if optional else None)
        if not isinstance(value, dict):
            raise self.problem(key, "must be a table" if key in self.values else "is missing")
        return _Table(self.file, self.text, f"{self.path}.{key}" if self.path else key, value)


def line_of(text: str, path: str, key: str) -> int:
    """1-based line of a key inside its table (first table of that name), else of the table's header, else 0."""
    header = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
    assignment = re.compile(rf"\s*\"?{re.escape(key)}\"?\s*=")
    current, header_line = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if found := header.match(line):
            current = found.group(1)
            if current in (path, f"{path}.{key}" if path else key) and not header_line:
                header_line = number
        elif current == path and assignment.match(line):
            return number
    return header_line


def read_inventory(path: Path) -> Inventory:
    """Read and check an inventory file. Raises: ConfigurationInvalid."""
    return parse_inventory(text_of_inventory(path), str(path))


def text_of_inventory(path: Path) -> str:
    """The file's text. Raises: ConfigurationInvalid."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationInvalid(
            str(path), "", "there is no such file", remedy="`cucmtls init` writes a commented one to start from."
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigurationInvalid(str(path), "", f"cannot be read: {problem}") from problem


def parse_inventory(text: str, file: str = "clusters.toml") -> Inventory:
    """An inventory from its text; relative file names in it are taken from the folder of `file`. Raises: ConfigurationInvalid."""
    return inventory_of(values_of_inventory(text, file), text, file)


def values_of_inventory(text: str, file: str) -> dict[str, Any]:
    """The TOML of an inventory, unchecked. Raises: ConfigurationInvalid."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        found = re.search(r"line (\d+)", str(problem))
        line = int(found.group(1)) if found else text.count("\n") + 1  # tomllib has no number for the end of the text
        raise ConfigurationInvalid(file, "", f"is not valid TOML: {problem}", line=line) from problem


def inventory_of(values: Mapping[str, Any], text: str, file: str) -> Inventory:
    """An inventory from its values; `text` is where a mistake is looked up. Raises: ConfigurationInvalid."""
    top = _Table(file, text, "", values)
    if is_mesh(values):
        raise top.problem(
            "mesh" if "mesh" in values else "trunks",
            "declares a mesh of clusters; what was asked for works on one pair",
            "Verify a mesh with `cucmtls verify-mesh` or pytest; apply changes pair by pair.",
        )
    top.check_keys(_TOP_KEYS)
    clusters = top.table_of("clusters")
    if len(clusters.values) != 2:
        raise top.problem(
            "clusters",
            f"exactly two clusters are needed, not {len(clusters.values)}",
            'More clusters are a mesh: add mesh = "full", or [[trunks]] with between = ["one", "other"].',
        )
    first, second = (_cluster(clusters.table_of(name), name) for name in clusters.values)
    return Inventory(
        cluster_a=first,
        cluster_b=second,
        authority=_authority(top.table_of("authority", optional=True)),
        policy=top.text_of("policy", DEFAULT_POLICY),
        mode=Mode(top.choice_of("mode", "verify", ("verify", "apply"))),
        place_calls=top.flag_of("place_calls", True),
        reset_trunks=top.flag_of("reset_trunks", False),
        source=file,
        approved_anchors=_fingerprints(top),
        waivers=_waivers(top),
        probe=top.flag_of("probe", False) if "probe" in values else None,
        probe_pause_seconds=top.seconds_of("probe_pause_seconds", 1.0, 3600.0),
        maintenance=_maintenance(top.table_of("maintenance")) if "maintenance" in values else None,
    )


def _maintenance(table: _Table) -> Maintenance:
    table.check_keys({"from", "until", "weekdays", "zone", "max_calls", "max_minutes"})
    zone_name = table.text_of("zone", "UTC")
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise table.problem("zone", f"there is no time zone {zone_name!r}", "Use an IANA name such as Europe/Paris.") from None
    found = Maintenance(
        opens=table.text_of("from", ""),
        closes=table.text_of("until", ""),
        weekdays=tuple(day.lower()[:3] for day in table.names_of("weekdays")),
        zone=zone_name,
        max_calls=table.number_of("max_calls", 0, 0, 10_000) if "max_calls" in table.values else None,
        max_minutes=table.number_of("max_minutes", 1, 1, 10_000) if "max_minutes" in table.values else None,
    )
    if problem := found.problem(zone):
        raise table.problem("from", problem)
    return found


def _cluster(table: _Table, name: str) -> ClusterSpec:
    if not _CLUSTER_NAME.fullmatch(name):
        raise table.problem("", f"{name!r} is not a usable cluster name", "Use letters, digits, - and _.")
    table.check_keys(_CLUSTER_KEYS)
    nodes = table.values.get("nodes")
    if not isinstance(nodes, list) or not nodes or not all(isinstance(node, dict) for node in nodes):
        raise table.problem("nodes", "at least one [[clusters.NAME.nodes]] table is needed")
    return ClusterSpec(
        name=name,
        nodes=tuple(_node(_Table(table.file, table.text, f"{table.path}.nodes", node)) for node in nodes),
        release=table.optional_text("release"),
        extension=table.text_of("extension"),
        axl=_account(table.table_of("axl")),
        platform=_account(table.table_of("platform")),
        call=_call_account(table),
        phone=table.text_of("phone"),
        trunk=table.text_of("trunk"),
        security_profile=table.text_of("security_profile", "Secure SIP Trunk Profile TLS"),
        route_pattern=table.text_of("route_pattern", ""),
        partition=table.text_of("partition", ""),
        device_pool=table.text_of("device_pool", "Default"),
        x509_subject_names=table.names_of("x509_subject_names"),
        ca_bundle=_file(table, "ca_bundle"),
        known_hosts=_file(table, "known_hosts"),
        key_length=table.number_of("key_length", 2048, 1024, 4096),
        hash_algorithm=table.choice_of("hash_algorithm", "sha256", ("sha1", "sha256", "sha384", "sha512")),
        subject=_subject(table.table_of("subject", optional=True)),
        calling=_calling(table),
        access=_access(table),
    )


def _call_account(table: _Table) -> Account:
    """Nobody's where the call driver speaks for no user."""
    optional = table.values.get("call_driver", call_setup.WEBDIALER) not in call_setup.NEEDS_PASSWORD
    return Account("", "") if optional and "call" not in table.values else _account(table.table_of("call"))


def _access(table: _Table) -> access.Access:
    try:
        return access.access_of(table.values)
    except ValueError as problem:
        key, _, text = str(problem).partition(": ")
        raise table.problem(key, text) from problem


def _calling(table: _Table) -> call_setup.CallSetup:
    try:
        return call_setup.call_setup_of(table.values, lambda name: str(Path(table.file).parent / Path(name).expanduser()))
    except ValueError as problem:
        key, _, text = str(problem).partition(": ")
        raise table.problem(key, text) from problem


def _waivers(table: _Table) -> tuple[Waiver, ...]:
    try:
        return waivers_of(table.values.get("waivers", []))
    except ValueError as problem:
        raise table.problem("waivers", str(problem)) from problem


def _fingerprints(table: _Table) -> tuple[str, ...]:
    """SHA-256 fingerprints with or without colons, in any case."""
    plain = tuple(name.replace(":", "").lower() for name in table.names_of("approved_anchors"))
    if any(not re.fullmatch(r"[0-9a-f]{64}", name) for name in plain):
        raise table.problem("approved_anchors", "must be SHA-256 fingerprints: 64 hexadecimal digits each")
    return plain


def _subject(table: _Table) -> tuple[tuple[str, str], ...]:
    return tuple((key, table.text_of(key)) for key in table.values)


def _account(table: _Table) -> Account:
    table.check_keys({"user", *PASSWORD_WAYS})
    return _account_of(table)


def _account_of(table: _Table) -> Account:
    command, keyring = table.names_of("password_command"), table.text_of("password_keyring", "")
    prompt = table.text_of("password_prompt", "")
    named = "password_variable" in table.values or not (command or keyring or prompt)
    return Account(table.text_of("user"), _variable(table) if named else "", command, keyring, prompt)


def _variable(table: _Table) -> str:
    variable = table.text_of("password_variable")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        raise table.problem(
            "password_variable", "must be the name of an environment variable", "The password itself never stands in this file."
        )
    return variable


def _node(table: _Table) -> NodeAddress:
    table.check_keys(_NODE_KEYS)
    address = table.text_of("address")
    if not address.startswith(_SCHEME) or len(address) == len(_SCHEME) or "/" in address[len(_SCHEME) :]:
        raise table.problem("address", f"must look like {_SCHEME}host, not {address!r}")
    return NodeAddress(
        name=table.text_of("name"),
        address=address[len(_SCHEME) :],
        role=table.choice_of("role", "publisher", ("publisher", "subscriber")),
        https_port=table.number_of("https_port", 8443, 1, 65535),
        ssh_port=table.number_of("ssh_port", 22, 1, 65535),
        sip_port=table.number_of("sip_port", 5061, 1, 65535),
        ssh_host_key=table.optional_text("ssh_host_key"),
    )


def _authority(table: _Table) -> AuthoritySpec:
    table.check_keys(AUTHORITY_KEYS)
    kind = table.choice_of("kind", "embedded", tuple(AUTHORITY_NEEDS))
    for key in AUTHORITY_NEEDS[kind]:
        table.text_of(key)
    authentication = table.choice_of("authentication", "basic", ("basic", "ntlm", "negotiate"))
    if kind == "certsrv":
        _check_enrolment(table, authentication)
    return AuthoritySpec(
        kind=kind,
        certificate_file=_file(table, "certificate_file"),
        key_file=_file(table, "key_file"),
        chain_file=_file(table, "chain_file"),
        key_password_variable=table.optional_text("key_password_variable"),
        folder=_file(table, "folder"),
        signature_hash=table.choice_of("signature_hash", "sha256", ("sha1", "sha256", "sha384", "sha512")),
        key_length=table.number_of("key_length", 2048, 1024, 4096),
        with_intermediate=table.flag_of("with_intermediate", False),
        crl_file=_file(table, "crl_file"),
        ocsp=_responder(table),
        url=table.optional_text("url"),
        account=_account_of(table) if kind == "certsrv" and "user" in table.values else None,
        authentication=authentication,
        template=table.optional_text("template"),
        ca_bundle=_file(table, "ca_bundle"),
        wait_seconds=table.seconds_of("wait_seconds", 0.0, 7 * 86400.0),
    )


def _responder(table: _Table) -> str | None:
    """``certificate`` or an address; asking tells a third party which certificates are looked at, so it is never the default."""
    wanted = table.optional_text("ocsp")
    if wanted is not None and wanted != "certificate" and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", wanted):
        raise table.problem("ocsp", 'must be "certificate" or look like http://ocsp.example.org')
    return wanted


def _check_enrolment(table: _Table, authentication: str) -> None:
    """HTTPS only, and an account unless the session's own Kerberos ticket is used."""
    url = table.text_of("url")
    if not re.fullmatch(r"https://[^/?#@\s]+(/[^?#\s]*)?", url):
        raise table.problem("url", "must look like https://ca.example.org/certsrv, without user, password or query")
    if authentication != "negotiate":
        table.text_of("user")


def _file(table: _Table, key: str) -> str | None:
    """A file name, relative ones from the inventory's own folder."""
    name = table.optional_text(key)
    return None if name is None else str(Path(table.file).parent / Path(name).expanduser())


def asks_for_simulation(path: Path) -> bool:
    """True when the nodes' addresses are ``sim://RELEASE``: the clusters are to be simulated. Raises: ConfigurationInvalid."""
    return any(address.startswith(SIMULATED) for _, address in _addresses(path))


def cluster_names(path: Path) -> tuple[str, ...]:
    """The clusters' names in the file's order. Raises: ConfigurationInvalid."""
    return tuple(dict.fromkeys(name for name, _ in _addresses(path)))


def _addresses(path: Path) -> list[tuple[str, str]]:
    """(cluster, node address) of every node, whatever else is in the file."""
    try:
        clusters = tomllib.loads(path.read_text(encoding="utf-8"))["clusters"]
        return [(name, str(node["address"])) for name, cluster in clusters.items() for node in cluster["nodes"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [(cluster.name, node.address) for cluster in read_inventory(path).clusters for node in cluster.nodes]
