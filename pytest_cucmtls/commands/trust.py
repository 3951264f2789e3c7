"""`cucmtls trust`: whom each node says it is, what the inventory knows of it, and accepting the difference as a person."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.verdicts import EXIT_CODES

if TYPE_CHECKING:
    from pytest_cucmtls.preflight.accepting import Named, Offer
    from pytest_cucmtls.preflight.trust_review import NodeTrust

SCHEMA = "cucmtls-trust-1"
_ASK = ""
"""What argparse stores for ``--accept`` without a fingerprint."""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`trust`."""
    trust = commands.add_parser("trust", help="show what the nodes present over TLS and SSH; accept it as a person")
    trust.add_argument("--inventory", type=Path, required=True)
    trust.add_argument(
        "--accept",
        action="append",
        nargs="?",
        const=_ASK,
        metavar="NODE=SHA256:…",
        help="ask about each difference, or accept exactly this fingerprint (may be repeated)",
    )
    trust.add_argument("--json", action="store_true", help="as JSON")
    trust.set_defaults(run=_trust)


def _trust(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.preflight.accepting import parse_named
    from pytest_cucmtls.preflight.trust_review import review_trust
    from pytest_cucmtls.run.opened_inventory import opened_inventory

    wanted: list[str] = parsed.accept or []
    named = tuple(parse_named(text) for text in wanted if text != _ASK)
    if _ASK in wanted and parsed.json:
        raise ConfigurationInvalid("--accept", "", "cannot ask a person while --json is printed", remedy="Leave one of them.")
    if _ASK in wanted and not (sys.stdin.isatty() and sys.stdout.isatty()):
        remedy = "Run it in a terminal, or name what to accept: --accept NODE=SHA256:…"
        raise ConfigurationInvalid("--accept", "", "there is no terminal to ask a person on", remedy=remedy)
    with opened_inventory(parsed.inventory) as opened:
        seen = review_trust(opened.clusters)
        if not parsed.json:
            _show(seen)
        accepted = _accept_named(seen, named) + (_accept_asked(seen, _ask_person) if _ASK in wanted else [])
        if accepted:
            seen = review_trust(opened.clusters)
    if parsed.json:
        print(json.dumps({"schema": SCHEMA, "nodes": [_as_json(one) for one in seen], "accepted": accepted}, indent=1))
    else:
        _conclude(seen, accepted)
    return _exit_code(seen)


def _exit_code(seen: "Sequence[NodeTrust]") -> int:
    """1: somebody is not who the inventory says; 3: somebody was not seen."""
    if any(not one.is_trusted and one.was_seen for one in seen):
        return EXIT_CODES["finding"]
    return EXIT_CODES["ok"] if all(one.is_trusted for one in seen) else EXIT_CODES["undecided"]


def _accept_named(seen: "Sequence[NodeTrust]", named: "tuple[Named, ...]") -> list[str]:
    """All of them or, when one does not fit, none."""
    from pytest_cucmtls.preflight.accepting import chosen_by_name, offers

    found = tuple(offer for one in seen for offer in offers(one))
    chosen = chosen_by_name(found, named, frozenset(one.node.name for one in seen))
    return [_write(offer) for offer in chosen]


def _accept_asked(seen: "Sequence[NodeTrust]", ask: "Callable[[Offer], bool]") -> list[str]:
    """One question per thing that is not trusted; after one SSH key of a node its others are not asked about."""
    from pytest_cucmtls.preflight.accepting import offers

    done: list[str] = []
    for one in seen:
        answered: set[str] = set()
        for offer in offers(one):
            kind = offer.what.split()[0]
            if kind in answered:
                continue
            if offer.hindrance:
                print(f"{offer.node}: {offer.what} cannot be accepted: {offer.hindrance}")
            elif ask(offer):
                done.append(_write(offer))
                answered.add(kind)
    return done


def _ask_person(offer: "Offer") -> bool:
    print(f"\ncluster {offer.cluster}, {offer.node}: {offer.what}\n  {offer.fingerprint}")
    try:
        typed = input(f"Did you compare it on the node's own console? Write it to {offer.file}? [y/N] ")
    except EOFError:
        return False
    return typed.strip().lower() in {"y", "yes"}


def _write(offer: "Offer") -> str:
    offer.write()
    return f"{offer.node}: {offer.what} {offer.fingerprint} written to {offer.file}"


def _conclude(seen: "Sequence[NodeTrust]", accepted: list[str]) -> None:
    if accepted:
        print()
    for line in accepted:
        print(line)
    wrong = [one for one in seen if not one.is_trusted]
    print(f"\n{len(seen) - len(wrong)} of {len(seen)} nodes are who the inventory says" + ("" if wrong else "; nothing to do"))
    if wrong and not accepted:
        print("compare each fingerprint with the node's own console; only if it is the same: cucmtls trust … --accept")


def _show(seen: "Sequence[NodeTrust]") -> None:
    for one in seen:
        print(f"cluster {one.cluster}, node {one.node.name} ({one.node.address})")
        _show_tls(one)
        _show_ssh(one)


def _show_tls(one: "NodeTrust") -> None:
    from pytest_cucmtls.clients.tls_presented import tls_fingerprint
    from pytest_cucmtls.report.visible_text import visible_text
    from pytest_cucmtls.wire.x509 import parse_certificate

    tls = one.tls
    by = ("pinned" if tls.pinned else "verified by") + f" {'in ' if tls.pinned else ''}{tls.bundle or 'public authorities'}"
    print(f"  HTTPS port {one.node.https_port}: {'NOT TRUSTED: ' + tls.problem if tls.problem else 'trusted, ' + by}")
    for place, der in enumerate(tls.presented.certificates if tls.presented else ()):
        certificate = parse_certificate(der)
        ends = f"{certificate.not_after:%Y-%m-%d}" if certificate.not_after else "unreadable"
        subject = visible_text(" ".join(str(certificate.subject).split()))
        print(f"    {'leaf' if place == 0 else f'CA {place}'}: {subject}, until {ends}\n      {tls_fingerprint(der)}")


def _show_ssh(one: "NodeTrust") -> None:
    ssh = one.ssh
    print(f"  SSH port {one.node.ssh_port}: {'NOT TRUSTED: ' + ssh.problem if ssh.problem else 'trusted, ' + ssh.source}")
    for key in ssh.presented:
        mark = " (expected)" if key in ssh.trusted else ""
        print(f"    {key.key_type} {key.fingerprint}{mark}")


def _as_json(one: "NodeTrust") -> dict[str, Any]:
    from pytest_cucmtls.clients.tls_presented import tls_fingerprint
    from pytest_cucmtls.wire.x509 import parse_certificate

    chain = one.tls.presented.certificates if one.tls.presented else ()
    return {
        "cluster": one.cluster,
        "node": one.node.name,
        "address": one.node.address,
        "trusted": one.is_trusted,
        "https": {
            "port": one.node.https_port,
            "problem": one.tls.problem or None,
            "pinned": one.tls.pinned,
            "ca_bundle": one.tls.bundle,
            "chain": [{"subject": str(parse_certificate(der).subject), "sha256": tls_fingerprint(der)} for der in chain],
        },
        "ssh": {
            "port": one.node.ssh_port,
            "problem": one.ssh.problem or None,
            "expected": list(one.ssh.expected),
            "source": one.ssh.source,
            "keys": [{"type": key.key_type, "fingerprint": key.fingerprint} for key in one.ssh.presented],
        },
    }
