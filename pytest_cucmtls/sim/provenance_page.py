"""Writes docs/simulation.md: how well each simulated behaviour is known, what each release has, what is not simulated.

``python -m pytest_cucmtls.sim.provenance_page > docs/simulation.md``
"""

import sys
from collections.abc import Iterable, Mapping, Sequence

from pytest_cucmtls.sim.faults import FAULTS
from pytest_cucmtls.sim.injectable import INJECTIONS
from pytest_cucmtls.sim.pairs import units_of
from pytest_cucmtls.sim.provenance import Behaviour, Provenance, behaviours, counts
from pytest_cucmtls.sim.releases import RELEASE_15_SU2, RELEASE_15_SU5, RELEASES, ReleaseProfile

_INTRODUCTION = """# What the simulated cluster is, and how well that is known

This page is generated from the simulator's own declarations (`python -m pytest_cucmtls.sim.provenance_page`); a test
keeps it current.

* **RECORDED**: seen word for word in genuine answers, captures, traces or transcripts that are public.
* **SPECIFIED**: said by the vendor's schemas or guides, or reported by several independent users.
* **ASSUMED**: no source was found; chosen, and marked as a choice.

A mark is about the form of an answer. What an answer says is never declared: certificates, suites, routes and states are
computed from what the simulated cluster holds and does.
"""

NOT_SIMULATED = (
    ("OS Administration web pages (`/cmplatform`)", "the CLI and, from 14 on, the REST interface do the same"),
    ("PAWS (`/platform-services`)", "what its services answer was not found, apart from the description of one"),
    ("`utils network capture` filters other than host, port and address pairs", "they are refused"),
    ("Binary layout and signatures of ITL and CTL files", "the CLI shows their records; phones do not check them"),
    ("Database replication that is merely slow", "configuration reaches all nodes at once, or not at all by a named fault"),
    ("Certificate revocation, OCSP, expiry mails", "no interface of the procedure shows them"),
    ("Minutes without HTTPS while Cisco Tomcat restarts", "it loads its certificate at once, connections stay"),
    ("A node that is unreachable while it reboots", "its services restart, sessions stay"),
    ("Perfmon objects other than Cisco CallManager and Cisco SIP", "they are refused"),
    ("RISPort selections by SIP status or IPv6 address", "they are refused"),
    ("AXL objects that have nothing to do with trunks", "lists of them are empty, users apart; writing them is refused"),
    (
        "executeSQLUpdate, apart from trace levels",
        "it is refused; the simulated database is changed by the objects' own operations",
    ),
    ("Contents of database tables that no trunk checker asks about", "the tables are there and have no rows"),
)
"""What, and what happens instead."""


_INJECTION_HEADS = ("fault", "what", "through an interface", "named fault")


def simulation_page() -> str:
    """The page as Markdown."""
    known = behaviours()
    parts = [
        _INTRODUCTION,
        "## Totals\n\n" + _totals(counts(known)),
        "## What each release has\n\n" + _releases({**RELEASES, "15 SU2": RELEASE_15_SU2, "15 SU5": RELEASE_15_SU5}),
        "## What is not simulated\n\n" + _table(("what", "instead"), NOT_SIMULATED),
        "## Faults that can be injected\n\n" + _table(("name", "what is wrong then"), _faults()),
        "## How each fault of the catalogue gets in\n\n" + _table(_INJECTION_HEADS, _injections()),
        "## Every behaviour\n\n" + "\n".join(_interface(name, known) for name in counts(known)),
    ]
    return "\n".join(parts)


def _totals(found: Mapping[str, Mapping[Provenance, int]]) -> str:
    rows = [(name, *(str(marks[mark]) for mark in Provenance), str(sum(marks.values()))) for name, marks in found.items()]
    sums = [sum(marks[mark] for marks in found.values()) for mark in Provenance]
    rows.append(("**all**", *(f"**{number}**" for number in sums), f"**{sum(sums)}**"))
    return _table(("interface", *(mark.value for mark in Provenance), "all"), rows)


def _releases(named: Mapping[str, ReleaseProfile]) -> str:
    heads, profiles = ("", *named), tuple(named.values())
    rows = [
        ("version", *(profile.full_version for profile in profiles)),
        ("AXL schemas", *(", ".join(profile.axl_versions) for profile in profiles)),
        ("certificate REST", *(_yes(profile.certificate_rest) for profile in profiles)),
        ("certificates", *(", ".join(units_of(profile)) for profile in profiles)),
        ("CallManager's own key, hash", *(f"RSA {p.default_key_length}, {p.default_hash}" for p in profiles)),
        ("RSA lengths a request may have", *(_joined(profile.request_key_lengths) for profile in profiles)),
        ("hashes a request may have", *(_joined(profile.request_hashes) for profile in profiles)),
        ("`show cert` style", *(profile.certificate_print for profile in profiles)),
        ("TLS of SIP", *(f"{profile.tls_minimum} to {profile.tls_maximum}" for profile in profiles)),
        ("suites of mode Encrypted", *(_joined(profile.encrypted_suites) for profile in profiles)),
        ("SRTP suites", *(_joined(profile.srtp_suites) for profile in profiles)),
        ("WebDialer", *("rpc/encoded" if profile.axis1_webdialer else "document/literal" for profile in profiles)),
    ]
    return _table(heads, rows)


def _faults() -> list[tuple[str, str]]:
    return [(f"`{name}`", FAULTS[name].description) for name in sorted(FAULTS)]


def _injections() -> list[tuple[str, str, str, str]]:
    return [
        (each.id, each.what, each.interface or each.out_of_reach or "—", ", ".join(f"`{name}`" for name in each.faults) or "—")
        for each in sorted(INJECTIONS, key=lambda each: each.id)
    ]


def _interface(name: str, known: Iterable[Behaviour]) -> str:
    rows = [(each.description, each.provenance.value, each.source) for each in known if each.interface == name]
    return f"### {name}\n\n" + _table(("behaviour", "mark", "source"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _joined(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


if __name__ == "__main__":
    sys.stdout.write(simulation_page())
