"""A redacted copy of a sealed bundle: names replaced consistently, the rest withheld, every change recorded, sealed anew.

Text is pseudonymised. Bytes that are no text (captures, DER certificates), and raw text with encoded certificates in it, carry
names where they cannot be replaced without forging evidence: such files are withheld, and their digest stays. Verdicts that rest
on changed bytes cannot be reproduced from the copy; the recorded ones remain.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_cucmtls.evidence.bundles.layout import CUSTODY, INDEX, MANIFEST, role_of
from pytest_cucmtls.evidence.bundles.manifest import Manifest, sha256_of
from pytest_cucmtls.evidence.bundles.pseudonyms import Pseudonyms, Replacer, Terms
from pytest_cucmtls.evidence.bundles.seal import Occasion, Redaction, Sealed, assembled
from pytest_cucmtls.evidence.bundles.signing_keys import Signer
from pytest_cucmtls.evidence.bundles.verification import SealReport, verify_bundle
from pytest_cucmtls.evidence.custody import CustodyAct, continued, head_of
from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.strict_json import json_bytes
from pytest_cucmtls.evidence.verdicts_json import read_verdicts
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.whole_files import write_atomically

WITHHELD_SCHEMA = "cucmtls-withheld-1"
PSEUDONYMISED, WITHHELD = "pseudonymised", "withheld"
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{48,}={0,2}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_PEOPLE = {"operator", "host"}
_OUR_WORDS = {"schema", "kind", "interface", "media_type", "check", "step", "phase", "outcome", "policy"}
"""Fields that hold words of this program, even where an account has the same name."""
_ORDINARY = {"root", "admin", "user", "guest", "test", "localhost", "operator", "unknown"}
"""Account and machine names that are replaced in their own fields only."""
_DER_BEGINS = b"\x30\x82"


@dataclass(slots=True)
class _Copy:
    """The redacted files as they come about."""

    source: Path
    manifest: Manifest
    replacer: Replacer
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(original SHA-256, how) by new path."""
    digests: dict[str, str] = field(default_factory=dict)
    """Original SHA-256 to that of the copy, where they differ."""


def redact(
    bundle: Path, target: Path, signer: Signer, occasion: Occasion, pseudonyms: Pseudonyms, more_terms: Iterable[str] = ()
) -> tuple[SealReport, Sealed | None]:
    """(verification of the original, the redacted bundle); nothing is made of an original that is not intact.

    `pseudonyms` learns what it was asked and must be kept apart from the copy. The original's custody log notes the copy.
    Raises: FileUnreadable, also when a name would remain.
    """
    report = verify_bundle(bundle, occasion.at)
    if not report.intact or report.manifest is None:
        return report, None
    original = sha256_of(read_bytes(bundle / MANIFEST))
    replacer = Replacer(pseudonyms, _terms(load_evidence(bundle), bundle, more_terms))
    copy = _Copy(bundle, report.manifest, replacer)
    custody = read_bytes(bundle / CUSTODY)
    purpose = occasion.purpose or "redacted for disclosure"
    begun = CustodyAct(
        "redacted", MANIFEST, original, occasion.actor, occasion.at, f"{purpose}; custody until then {head_of(custody)}"
    )

    def fill(draft: Path) -> None:
        _fill(copy, draft)
        (draft / CUSTODY).write_bytes(continued(b"", [begun]))

    sealed = assembled(target, signer, occasion, fill, Redaction(original, copy.changes))
    act = CustodyAct("redacted copy made", target.name, sealed.manifest_sha256, occasion.actor, occasion.at, purpose)
    write_atomically(bundle / CUSTODY, continued(custody, [act]))
    return report, sealed


def _fill(copy: _Copy, draft: Path) -> None:
    """Raw files first, because the index, the verdicts and the derived facts quote their digests."""
    files = sorted(copy.manifest.files, key=lambda file: (file.role != "raw", file.path == INDEX, file.path))
    for file in files:
        data = read_bytes(copy.source / file.path)
        path = copy.replacer.replaced(file.path)
        made, how = _redacted(copy, file.path, data)
        if made != data:
            copy.digests[file.sha256] = sha256_of(made)
            copy.changes[path] = (file.sha256, how)
        destination = draft / path
        destination.parent.mkdir(parents=True, exist_ok=True)
        if destination.exists():
            raise FileUnreadable(path, "would hold two files of the original")
        destination.write_bytes(made)


def _redacted(copy: _Copy, path: str, data: bytes) -> tuple[bytes, str]:
    """(new bytes, how)."""
    withheld = json_bytes({"schema": WITHHELD_SCHEMA, "sha256": sha256_of(data), "size_bytes": len(data)}), WITHHELD
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return withheld
    if "\0" in text:
        return withheld
    if role_of(path) == "raw" and _without_encoded(copy.replacer, text) != text:
        return withheld
    made = _of_lines(copy, text) if path.endswith((".json", ".jsonl")) else _plain(copy.replacer, text)
    if not copy.replacer.tells(made):
        return made.encode(), PSEUDONYMISED
    if role_of(path) in {"raw", "report"}:
        return withheld
    text = f"would still tell a name as part of a longer word: {copy.replacer.told(made)[:80]}"
    raise FileUnreadable(path, text, remedy="Name that word with --term.")


def _of_lines(copy: _Copy, text: str) -> str:
    """JSON (or one JSON value a line) with every string replaced; text that is no JSON as text."""
    try:
        return json.dumps(_mapped(copy, json.loads(text)), indent=1, ensure_ascii=False) + "\n"
    except (ValueError, RecursionError):
        pass
    try:
        values = [json.loads(line) for line in text.split("\n") if line]
        return "".join(json.dumps(_of_index(copy, value), sort_keys=True, ensure_ascii=False) + "\n" for value in values)
    except (ValueError, RecursionError):
        return _plain(copy.replacer, text)


def _of_index(copy: _Copy, value: Any) -> Any:
    """A line of the index quotes the size of its item as well."""
    made = _mapped(copy, value)
    if isinstance(value, dict) and "size_bytes" in value and value.get("sha256") in copy.digests:
        how = copy.changes[made["path"]][1]
        place = copy.source / str(value["path"])
        size = len(_redacted(copy, str(value["path"]), read_bytes(place))[0])
        kept = {"original_sha256": value["sha256"], "redaction": how}
        made |= {"size_bytes": size, "attributes": {**made.get("attributes", {}), **kept}}
    return made


def _mapped(copy: _Copy, value: Any) -> Any:
    if isinstance(value, str):
        return copy.digests.get(value) or _plain(copy.replacer, value)
    if isinstance(value, list):
        return [_mapped(copy, member) for member in value]
    if isinstance(value, dict):
        return {_key(copy.replacer, key): _member(copy, key, member) for key, member in value.items()}
    return value


def _key(replacer: Replacer, key: str) -> str:
    """Keys are words of our own documents, unless a name stands there."""
    return replacer.replaced(key) if replacer.tells(key) else key


def _member(copy: _Copy, key: str, value: Any) -> Any:
    """Who ran the program, and where, is known by the field: such names may be ordinary words elsewhere."""
    if key in _PEOPLE and isinstance(value, str) and value:
        return copy.replacer.person(value)
    if key in _OUR_WORDS and isinstance(value, str) and " " not in value:
        return value
    return _mapped(copy, value)


def _plain(replacer: Replacer, text: str) -> str:
    """Encoded certificates cut out, then names replaced."""
    return replacer.replaced(_without_encoded(replacer, text))


def _without_encoded(replacer: Replacer, text: str) -> str:
    text = _PEM.sub(lambda found: f"(withheld: {found[1].lower()}, SHA-256 of the block {sha256_of(found[0].encode())})", text)
    return _BASE64.sub(lambda found: "(withheld)" if _hides_names(replacer, found[0]) else found[0], text)


def _hides_names(replacer: Replacer, encoded: str) -> bool:
    """What looks like base64 or hexadecimal is a certificate, or tells a name once decoded."""
    if _HEX.fullmatch(encoded):
        data = bytes.fromhex(encoded[: len(encoded) // 2 * 2])
    else:
        try:
            data = base64.b64decode(encoded.rstrip("=")[: len(encoded.rstrip("=")) // 4 * 4], validate=True)
        except (binascii.Error, ValueError):
            return False
    return data.startswith(_DER_BEGINS) or replacer.tells(data.decode("latin-1"))


def _terms(evidence: Evidence, bundle: Path, more: Iterable[str]) -> Terms:
    """Numbers, hosts and accounts the inventory and the evidence know, and what the user named."""
    clusters = evidence.inventory.clusters
    numbers = {number for spec in clusters for number in (spec.extension, spec.route_pattern)}
    for cluster in evidence.clusters:
        numbers |= {line.value.pattern for line in cluster.directory_numbers or ()}
        for node in cluster.nodes:
            for trace in node.traces:
                numbers |= {
                    text for one in trace.value.digit_analysis for text in (one.dialed_digits, one.calling_party_number or "")
                }
    numbers |= {text for call in evidence.calls for text in (call.value.caller, call.value.called)}
    accounts = {account.user for spec in clusters for account in (spec.axl, spec.platform, spec.call)}
    about, _ = read_verdicts(bundle / "verdicts.json")
    hosts = {node.name for spec in clusters for node in spec.nodes} | {node.address for spec in clusters for node in spec.nodes}
    people = {name for key in _PEOPLE if len(name := str(about.get(key, ""))) > 3 and name.lower() not in _ORDINARY}
    names = _usable(accounts | people | {spec.phone for spec in clusters} | set(more))
    return Terms(frozenset(number for number in numbers if number.isdecimal()), frozenset(_usable(hosts)), frozenset(names))


def _usable(terms: Iterable[str]) -> set[str]:
    return {term.removeprefix("cucm://") for term in terms if term}
