"""What each SIP TLS listener takes and refuses, question by question, as it answered an active probe."""

from dataclasses import dataclass

from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.report.html.shown import moment

TOPICS = ("version", "suites", "group", "fallback", "certificate", "clear_sip")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: `answer` is the word of `model.probe.Answer`, as a key (``not_asked``)."""

    asked: str
    answer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Listener:
    """One node's listener; topics without a question are left out."""

    place: str
    address: str
    asked_at: str
    tool: str
    source: str
    topics: tuple[tuple[str, tuple[Asked, ...]], ...]


def listeners(evidence: Evidence) -> tuple[Listener, ...]:
    """The listeners that were asked, in inventory order."""
    return tuple(
        Listener(
            place=f"{cluster.name}/{node.name}",
            address=f"{node.probe.value.address}:{node.probe.value.port}",
            asked_at=moment(node.probe.value.begun_at),
            tool=node.probe.value.tool,
            source=node.probe.item.path,
            topics=tuple(
                (topic, tuple(Asked(one.asked, one.answer.value.replace(" ", "_"), one.detail) for one in answers))
                for topic in TOPICS
                if (answers := node.probe.value.about(topic))
            ),
        )
        for cluster in evidence.clusters
        for node in cluster.nodes
        if node.probe is not None
    )
