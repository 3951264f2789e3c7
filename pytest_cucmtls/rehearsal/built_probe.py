"""What a listener answered, made for built evidence: a good one, and the few turns that make it bad."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.probe import Answer, ListenerAnswer, ProbeReport
from pytest_cucmtls.probe.listener import GROUPS, SUITE_FAMILIES, VERSIONS
from pytest_cucmtls.rehearsal.built_certificates import NOW
from pytest_cucmtls.rehearsal.built_pair import sourced, with_node
from pytest_cucmtls.rehearsal.built_wire import ADDRESSES

ACCEPTED_BY_A_GOOD_ONE = {("version", "TLSv1.2"), ("group", "secp256r1"), ("group", "secp384r1"), ("certificate", "trusted")}


def answer(topic: str, asked: str, said: Answer | None = None, **changes: Any) -> ListenerAnswer:
    good = Answer.ACCEPTED if (topic, asked) in ACCEPTED_BY_A_GOOD_ONE else Answer.REFUSED
    return ListenerAnswer(topic, asked, said or good, "alert fatal handshake_failure", **changes)


def probe(**changes: Any) -> ProbeReport:
    """A listener that speaks TLS 1.2 only, with good suites, and lets trusted clients in."""
    asked = [("version", version) for version in VERSIONS]
    asked += [("suites", family) for family in SUITE_FAMILIES]
    asked += [("group", group) for group in GROUPS]
    asked += [("clear_sip", "tcp"), ("certificate", "none"), ("certificate", "untrusted"), ("certificate", "trusted")]
    plain = ProbeReport(
        address=ADDRESSES["A"],
        port=5061,
        begun_at=NOW,
        ended_at=NOW + timedelta(seconds=30),
        tool="OpenSSL 3",
        seconds_between=1.0,
        answers=tuple(answer(*question) for question in asked),
    )
    return replace(plain, **changes)


def turned(report: ProbeReport, topic: str, asked: str, said: Answer) -> ProbeReport:
    """One answer changed, or added where the question was not asked."""
    others = [one for one in report.answers if (one.topic, one.asked) != (topic, asked)]
    return replace(report, answers=(*others, answer(topic, asked, said)))


def without(report: ProbeReport, topic: str, asked: str) -> ProbeReport:
    return replace(report, answers=tuple(one for one in report.answers if (one.topic, one.asked) != (topic, asked)))


def with_probe(evidence: Evidence, report: ProbeReport) -> Evidence:
    return with_node(evidence, "A", probe=sourced(report, "probe-A"))
