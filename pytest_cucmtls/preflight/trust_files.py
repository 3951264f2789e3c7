"""Writes what a person accepted: a certificate into a PEM bundle, a host key into a known_hosts file; all or nothing."""

import re
import ssl
from datetime import date
from pathlib import Path

from pytest_cucmtls.clients.ssh_presented import PresentedKey
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.whole_files import write_atomically

_PEM_END = "-----END CERTIFICATE-----"
_PUBLIC_FILE, _PRIVATE_FILE = 0o644, 0o600
SSH_PORT = 22


def pin_certificate(bundle: Path, node: NodeAddress, der: bytes, today: date) -> None:
    """Add a node's certificate to the bundle, in place of one accepted for the same node before; others stay as they are.

    Raises: ConfigurationInvalid when the file cannot be read or written.
    """
    place = _place(node, node.https_port)
    text = _without_earlier(_text_of(bundle), place)
    if text and not text.endswith("\n"):
        text += "\n"
    block = f"# {place}, accepted {today.isoformat()}\n{ssl.DER_cert_to_PEM_cert(der).strip()}\n"
    _replace(bundle, text + block, _PUBLIC_FILE)


def add_host_key(known_hosts: Path, node: NodeAddress, key: PresentedKey) -> None:
    """Add a node's host key, in place of the keys that stand there under exactly this address; other lines stay.

    Revocations, hashed names and patterns are never touched. Raises: ConfigurationInvalid.
    """
    name = host_name(node)
    lines = _text_of(known_hosts).splitlines()
    kept = [line for line in lines if not _is_only_about(line, name)]
    _replace(known_hosts, "\n".join([*kept, f"{name} {key.key_type} {key.base64}"]) + "\n", _PRIVATE_FILE)


def host_name(node: NodeAddress) -> str:
    """As known_hosts names it: the address, with the port when it is not 22."""
    return node.address if node.ssh_port == SSH_PORT else f"[{node.address}]:{node.ssh_port}"


def _is_only_about(line: str, name: str) -> bool:
    words = line.split()
    return bool(words) and words[0] == name


def _place(node: NodeAddress, port: int) -> str:
    return f"cucmtls: {re.sub(r'[^A-Za-z0-9._-]', '_', node.name)} at {node.address}:{port}"


def _without_earlier(text: str, place: str) -> str:
    """The bundle without the block this tool wrote for the same place."""
    begin = text.find(f"# {place}, accepted ")
    if begin < 0:
        return text
    end = text.find(_PEM_END, begin)
    return text if end < 0 else text[:begin] + text[end + len(_PEM_END) :].removeprefix("\n")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as problem:
        raise ConfigurationInvalid(str(file), "", f"cannot be read: {problem.strerror}") from problem


def _replace(file: Path, text: str, mode_of_new: int) -> None:
    """Write beside the file (behind a link: beside its target), then rename; the file keeps its permissions."""
    target = file.resolve()
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else mode_of_new
        write_atomically(target, text.encode("utf-8", "surrogateescape"), mode=mode)
    except OSError as problem:
        raise ConfigurationInvalid(str(file), "", f"cannot be written: {problem.strerror}; nothing was changed") from problem
