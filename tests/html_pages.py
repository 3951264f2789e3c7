"""HTML reports of built evidence, and what can be read in them."""

from dataclasses import replace
from datetime import timedelta

from lxml import etree

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.handshakes import Alert, HandshakeOutcome
from pytest_cucmtls.model.verdicts import Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.report.html.page import render_page
from tests.evidence_builders import (
    NOW,
    good_pair,
    handshake,
    with_wire,
)

ABOUT: dict[str, object] = {
    "run": "run-1",
    "operator": "alice",
    "host": "desk",
    "tool": "pytest-cucmtls 0.1.0",
    "started_at": "2026-06-01T11:59:00Z",
    "ended_at": "2026-06-01T12:05:00+00:00",
    "mode": "apply",
    "phases": [{"phase": "step 3: requests", "seconds": 1.5}, {"phase": "step 3: requests", "seconds": 0.5}],
}


def verdicts_of(evidence: Evidence) -> list[Verdict]:
    return judge(evidence, load_policy(evidence.inventory.policy))


def page(
    evidence: Evidence | None = None, *, verdicts: list[Verdict] | None = None, language: str = "en", **about: object
) -> str:
    evidence = evidence or good_pair()
    found = verdicts_of(evidence) if verdicts is None else verdicts
    return render_page(found, evidence, ABOUT | about, language=language)


def parsed(text: str) -> etree._Element:
    """Strictly, as XML: every element closed, every attribute quoted, no character that a page may not hold."""
    return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))


def words_in(text: str) -> str:
    return " ".join("".join(parsed(text).itertext()).split())


def bare(evidence: Evidence) -> Evidence:
    """The same inventory, nothing gathered."""
    clusters = tuple(
        replace(
            cluster,
            nodes=tuple(replace(node_of(cluster), name=node.name) for node in cluster.nodes),
            security_profile=None,
            trunk=None,
            route_patterns=None,
            directory_numbers=None,
            phone=None,
        )
        for cluster in evidence.clusters
    )
    return replace(evidence, clusters=clusters, authority_chain=(), calls=(), witnesses=())


def node_of(cluster: object) -> object:
    return type(cluster.nodes[0])(cluster.nodes[0].name)


def refused() -> Evidence:
    alert = Alert("server", "fatal", "unknown_ca", 9, NOW + timedelta(seconds=2))
    broken = handshake("A", "B", outcome=HandshakeOutcome.REFUSED, alerts=(alert,))
    return with_wire(good_pair(), broken, handshake("B", "A"))
