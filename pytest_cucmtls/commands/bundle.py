"""Shell commands for sealed bundles and for comparing runs: `cucmtls bundle …` and `cucmtls compare`.

Exit codes: 0 intact or nothing worse; 1 not as sealed, or something is worse or unexplained; 2 usage; 3 intact, but nobody
said who should have signed.
"""

import argparse
import getpass
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.verdicts import EXIT_CODES

if TYPE_CHECKING:
    from pytest_cucmtls.evidence.bundles.seal import Occasion, Sealed
    from pytest_cucmtls.evidence.bundles.signing_keys import Signer
    from pytest_cucmtls.evidence.bundles.verification import SealReport
    from pytest_cucmtls.evidence.custody import CustodyLine

PASSWORD_VARIABLE = "CUCMTLS_SEAL_PASSWORD"
"""Environment variable with the password of the signing key; without it, and on a terminal, it is asked for."""

_NO_STAMP = "none; the time of sealing is the sealer's clock"

Commands = Any
"""What `ArgumentParser.add_subparsers` returns (argparse gives its class no public name)."""


def add_commands(commands: Commands) -> None:
    """Add `bundle` and `compare` to the `cucmtls` command."""
    bundle = commands.add_parser("bundle", help="seal evidence, verify it, hand it over")
    acts = bundle.add_subparsers(required=True, metavar="ACT")

    keygen = acts.add_parser("keygen", help="make an Ed25519 key for sealing")
    keygen.add_argument("key", type=Path, metavar="KEY", help="file for the private key; the public one goes to KEY.pub")
    keygen.add_argument("--encrypt", action="store_true", help=f"with the password in {PASSWORD_VARIABLE}, or asked for")
    keygen.set_defaults(run=_keygen)

    seal = acts.add_parser("seal", help="seal a run folder as a signed bundle")
    seal.add_argument("run_folder", type=Path, metavar="RUN")
    seal.add_argument("--output", type=Path, metavar="BUNDLE", help="default: RUN.bundle")
    seal.add_argument("--timestamp-url", metavar="URL", help="ask this RFC 3161 authority for a time stamp over the signature")
    _add_signing(seal)
    seal.set_defaults(run=_seal)

    stamp = acts.add_parser("timestamp", help="add an RFC 3161 time stamp to a sealed bundle")
    stamp.add_argument("bundle", type=Path, help="folder")
    stamp.add_argument("--url", required=True, help="address of the time stamp authority")
    stamp.add_argument("--actor", default="", help="who, for the custody log (default: the account)")
    stamp.set_defaults(run=_timestamp)

    verify = acts.add_parser("verify", help="is the bundle as it was sealed, and by whom?")
    verify.add_argument("bundle", type=Path, help="folder or archive")
    who = verify.add_mutually_exclusive_group()
    who.add_argument("--signer", type=Path, metavar="PEM", help="public key or certificate that must have signed")
    who.add_argument("--authority", type=Path, metavar="PEM", help="certificates of the authorities that vouch for the signer")
    verify.add_argument("--tsa-root", type=Path, metavar="PEM", help="roots of the authority that must have stamped the time")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(run=_verify)

    show = acts.add_parser("show", help="what a bundle says about itself")
    show.add_argument("bundle", type=Path, help="folder or archive")
    show.add_argument("--json", action="store_true", help="the signed statement")
    show.set_defaults(run=_show)

    export = acts.add_parser("export", help="note a hand-over in the custody log and pack the bundle")
    export.add_argument("bundle", type=Path, help="folder")
    export.add_argument("archive", type=Path, help="new file ending in .tar.gz or .zip")
    export.add_argument("--to", default="", help="who receives it")
    _add_occasion(export)
    export.set_defaults(run=_export)

    redact = acts.add_parser("redact", help="a copy with pseudonyms for numbers, names and addresses, sealed anew")
    redact.add_argument("bundle", type=Path, help="folder of the original bundle")
    redact.add_argument("--output", type=Path, required=True, metavar="BUNDLE")
    redact.add_argument(
        "--pseudonyms", type=Path, required=True, metavar="FILE", help="key and table, to be kept apart from the copy"
    )
    redact.add_argument("--term", action="append", default=[], metavar="TEXT", help="another name to replace (repeatable)")
    _add_signing(redact)
    redact.set_defaults(run=_redact)
    _add_compare(commands)


def _add_compare(commands: Commands) -> None:
    compare = commands.add_parser("compare", help="what changed since a baseline, and is it better, worse or unexplained?")
    compare.add_argument("baseline", type=Path, help="run folder, bundle or archive")
    compare.add_argument("current", type=Path, help="run folder, bundle or archive")
    compare.add_argument("--expected", type=Path, metavar="TOML", help="rules that name differences you expect, and why")
    compare.add_argument("--policy", help="judge both under this policy (default: the current run's)")
    compare.add_argument("--json", action="store_true")
    compare.set_defaults(run=_compare)


def _add_occasion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--purpose", default="", help="why, for the custody log")
    parser.add_argument("--actor", default="", help="who, for the custody log (default: the account)")


def _add_signing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", type=Path, required=True, help="private key in PEM form (Ed25519, RSA or EC)")
    parser.add_argument("--certificate", type=Path, help="the key's certificate in PEM form, issuers behind it: adds CMS")
    _add_occasion(parser)


def _keygen(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.signing_keys import generate_key, read_identity

    public = generate_key(parsed.key, _password("new password", twice=True) if parsed.encrypt else None)
    print(f"{parsed.key} written (private, mode 0600); {public} goes to whoever verifies")
    print(f"the signer is the {read_identity(public)}")
    return EXIT_CODES["ok"]


def _seal(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.seal import seal
    from pytest_cucmtls.evidence.bundles.time_stamps import library_needed

    target = parsed.output or parsed.run_folder.with_name(f"{parsed.run_folder.resolve().name}.bundle")
    if parsed.timestamp_url:
        library_needed()
    _print_sealed(seal(parsed.run_folder, target, _signer(parsed), _occasion(parsed)))
    return _stamped(target, parsed.timestamp_url, parsed.actor) if parsed.timestamp_url else EXIT_CODES["ok"]


def _timestamp(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.verification import verify_bundle

    report = verify_bundle(parsed.bundle, datetime.now(UTC))
    if not report.intact:
        print("\n".join([*_report_lines(report), "nothing was stamped"]))
        return EXIT_CODES["finding"]
    return _stamped(parsed.bundle, parsed.url, parsed.actor)


def _stamped(bundle: Path, address: str, actor: str) -> int:
    """Ask, check, keep. Raises: as the client and `add_time_stamp`; the bundle then stays sealed, without a time stamp."""
    from pytest_cucmtls.clients.time_stamp_authority import ask_time_stamp
    from pytest_cucmtls.evidence.actor import account_and_program
    from pytest_cucmtls.evidence.bundles.time_stamps import add_time_stamp, time_stamp_request

    request = time_stamp_request(bundle)
    answer = ask_time_stamp(address, request.as_bytes())
    stamp = add_time_stamp(bundle, request, answer, actor or account_and_program(), datetime.now(UTC), address)
    print(f"time stamp: {stamp}")
    return EXIT_CODES["ok"]


def _verify(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.opened import unpacked
    from pytest_cucmtls.evidence.bundles.signer_trust import expected_signer
    from pytest_cucmtls.evidence.bundles.time_stamps import read_stamp_roots
    from pytest_cucmtls.evidence.bundles.verification import verify_bundle

    expected = expected_signer(parsed.signer, parsed.authority)
    roots = read_stamp_roots(parsed.tsa_root) if parsed.tsa_root else ()
    with unpacked(parsed.bundle) as folder:
        report = verify_bundle(folder, datetime.now(UTC), expected, roots)
    print(json.dumps(_report_as_json(report), indent=1, ensure_ascii=False) if parsed.json else "\n".join(_report_lines(report)))
    if not report.intact:
        return EXIT_CODES["finding"]
    return EXIT_CODES["ok"] if report.signer_expected else EXIT_CODES["undecided"]


def _show(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.layout import STATEMENT
    from pytest_cucmtls.evidence.bundles.opened import redaction_note, unpacked
    from pytest_cucmtls.evidence.bundles.verification import verify_bundle
    from pytest_cucmtls.evidence.folder_walk import read_bytes

    with unpacked(parsed.bundle) as folder:
        report = verify_bundle(folder, datetime.now(UTC))
        if parsed.json:
            print(read_bytes(folder / STATEMENT).decode("utf-8", "replace"), end="")
        else:
            print("\n".join(_description(report)))
            note = redaction_note(folder) if report.manifest is not None else None
            if note:
                print(note)
            print("\n".join(_report_lines(report)))
    return EXIT_CODES["ok"] if report.intact else EXIT_CODES["finding"]


def _export(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.opened import export

    report = export(parsed.bundle, parsed.archive, _occasion(parsed), parsed.to)
    if not report.intact:
        print("\n".join(_report_lines(report)))
        print("nothing was exported")
        return EXIT_CODES["finding"]
    print(f"{parsed.archive} written; the hand-over is in the custody log of {parsed.bundle} and of the copy, not signed")
    return EXIT_CODES["ok"]


def _redact(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.opened import redaction_note
    from pytest_cucmtls.evidence.bundles.pseudonyms import read_pseudonyms, write_pseudonyms
    from pytest_cucmtls.evidence.bundles.redaction import redact

    places = [folder.resolve() for folder in (parsed.bundle, parsed.output)]
    if any(parsed.pseudonyms.resolve().is_relative_to(place) for place in places):
        raise ConfigurationInvalid("--pseudonyms", "", "lies inside a bundle; keep the key apart from what it protects")
    pseudonyms = read_pseudonyms(parsed.pseudonyms)
    report, sealed = redact(parsed.bundle, parsed.output, _signer(parsed), _occasion(parsed), pseudonyms, parsed.term)
    if sealed is None:
        print("\n".join([*_report_lines(report), "nothing was redacted"]))
        return EXIT_CODES["finding"]
    write_pseudonyms(parsed.pseudonyms, pseudonyms)
    _print_sealed(sealed)
    print(redaction_note(parsed.output))
    print(f"{parsed.pseudonyms} leads back to the names: keep it apart from {parsed.output}")
    return EXIT_CODES["ok"]


def _compare(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.comparison.compare_runs import compare_runs
    from pytest_cucmtls.evidence.comparison.expected_changes import read_expected_changes

    found = compare_runs(parsed.baseline, parsed.current, read_expected_changes(parsed.expected), parsed.policy)
    print(json.dumps(found.as_json(), indent=1, ensure_ascii=False) if parsed.json else "\n".join(found.lines()))
    return EXIT_CODES["finding"] if found.regressed else EXIT_CODES["ok"]


def _print_sealed(sealed: "Sealed") -> None:
    for note in sealed.notes:
        print(f"note: {note}")
    print(f"{sealed.folder} sealed: {len(sealed.manifest.files)} files, result {sealed.result}")
    print(f"manifest SHA-256 {sealed.manifest_sha256}")


def _description(report: "SealReport") -> list[str]:
    manifest, statement = report.manifest, report.statement
    if manifest is None or statement is None:
        return []
    extension = statement.extension
    outcomes = extension.get("outcomes") or {}
    policy = extension.get("policy") or {}
    environment = extension.get("environment") or {}
    counted = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count)
    collected = [file.collected_at for file in manifest.files if file.collected_at]
    lines = [
        f"bundle     {manifest.bundle} of {manifest.run}",
        f"result     {statement.result}: {counted}",
        f"policy     {policy.get('name')} ({policy.get('title')}){_as_installed(policy)}",
        f"operator   {environment.get('operator')} on {environment.get('host')}, {environment.get('tool')}",
        f"sealed     {manifest.sealed_at:%Y-%m-%d %H:%M:%S} UTC with the {report.signer}",
    ]
    if collected:
        lines.append(
            f"collected  {min(collected):%Y-%m-%d %H:%M:%S} to {max(collected):%H:%M:%S} UTC, {len(manifest.files)} files"
        )
    lines.append(f"time stamp {report.stamp or _NO_STAMP}")
    sealing = [line for line in report.custody if line.number == manifest.custody_lines]
    return lines + [_custody(line) for line in sealing] + [f"{_custody(line)}  (not signed)" for line in report.unsigned_lines]


def _custody(line: "CustodyLine") -> str:
    text = f"custody    {line.at:%Y-%m-%d %H:%M:%S} UTC  {line.action}  {line.item}  by {line.actor}  {line.purpose}"
    return text.rstrip()


def _as_installed(policy: dict[str, Any]) -> str:
    """Whether a shipped policy of that name is still the one the bundle was judged by."""
    from pytest_cucmtls.evidence.kept_policy import policy_digest
    from pytest_cucmtls.policies import load_policy, policy_names

    name = policy.get("name")
    if name not in policy_names() or policy_digest(load_policy(name)) == policy.get("sha256"):
        return ""
    return "; the policy of that name installed here is another one, verdicts may differ"


def _report_lines(report: "SealReport") -> list[str]:
    if not report.intact:
        return [*map(str, report.problems), f"{len(report.problems)} problem(s): this bundle is not as it was sealed"]
    files = len(report.manifest.files) if report.manifest else 0
    lines = [f"intact: {files} files as listed, the signature fits, the custody log is unbroken ({len(report.custody)} lines)"]
    if report.signer_expected:
        lines.append(f"signed by the expected signer: {report.signer}")
    else:
        lines.append(f"signed with the {report.signer}; nobody said whose this should be (--signer or --authority)")
    lines.append(f"time stamp: {report.stamp or _NO_STAMP}")
    if report.unsigned_lines:
        lines.append(f"{len(report.unsigned_lines)} custody line(s) after the seal: chained, signed by nobody")
    return lines


def _report_as_json(report: "SealReport") -> dict[str, Any]:
    return {
        "schema": "cucmtls-bundle-verification-1",
        "intact": report.intact,
        "signer": {"key_id": report.signer.key_id, "text": str(report.signer)} if report.signer else None,
        "signer_expected": report.signer_expected,
        "bundle": report.manifest.bundle if report.manifest else None,
        "files": len(report.manifest.files) if report.manifest else None,
        "time_stamp": _stamp_as_json(report),
        "unsigned_custody_lines": len(report.unsigned_lines),
        "redacted_from": report.manifest.redacted_from if report.manifest else None,
        "problems": [{"kind": one.kind, "path": one.path, "detail": one.detail} for one in report.problems],
    }


def _stamp_as_json(report: "SealReport") -> dict[str, Any] | None:
    stamp = report.stamp
    if stamp is None:
        return None
    at = stamp.at.isoformat() if stamp.at else None
    return {"at": at, "authority": stamp.authority, "verified": stamp.verified, "text": str(stamp)}


def _signer(parsed: argparse.Namespace) -> "Signer":
    from pytest_cucmtls.evidence.bundles.signing_keys import needs_password, read_signer

    password = _password(f"password of {parsed.key}", twice=False) if needs_password(parsed.key) else None
    return read_signer(parsed.key, password, parsed.certificate)


def _occasion(parsed: argparse.Namespace) -> "Occasion":
    from pytest_cucmtls.evidence.actor import account_and_program
    from pytest_cucmtls.evidence.bundles.seal import Occasion

    return Occasion(parsed.actor or account_and_program(), datetime.now(UTC), parsed.purpose)


def _password(prompt: str, *, twice: bool) -> Secret:
    """From the environment, or asked for on a terminal. Raises: ConfigurationInvalid."""
    text = os.environ.get(PASSWORD_VARIABLE, "")
    if not text and sys.stdin.isatty():
        text = getpass.getpass(f"{prompt}: ")
        if twice and getpass.getpass("again: ") != text:
            raise ConfigurationInvalid("the password", "", "was not typed the same way twice")
    if not text:
        raise ConfigurationInvalid("the environment", PASSWORD_VARIABLE, "is not set, and there is no terminal to ask on")
    return Secret(text)
