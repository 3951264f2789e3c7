"""The evidence itself: both capture readers say the same, and nothing that was read contradicts itself."""

from pytest_cucmtls.checks.connections import captures
from pytest_cucmtls.checks.judgements import not_applicable, passed, undecided
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.model.evidence import Evidence, items
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement


@check(
    "capture_readers_agree",
    step="V1",
    phase="evidence",
    scope="pair",
    remedies=("V1", "X8"),
    clauses=(Clause("NIST SP 800-53 r5", "AU-10", "V"),),
)
def capture_readers_agree(evidence: Evidence, _policy: Policy) -> Judgement:
    """Our capture reader and Wireshark's dissectors read the same handshakes; neither hides the other's failure."""
    sources = captures(evidence)
    if evidence.contradictions:
        sentences = "; ".join(source.value for source in evidence.contradictions)
        text = f"The two capture readers contradict each other: {sentences}. Look at the frames in both before believing either."
        return undecided("one reading", f"{len(evidence.contradictions)} differences", text, items(evidence.contradictions))
    if not evidence.witnesses:
        return not_applicable("The second reader (tshark) did not read these captures: one witness only.")
    count = sum(len(source.value.handshakes) for source in sources)
    text = f"Both readers agree on {count} handshakes in {len(sources)} captures."
    return passed("one reading", f"{count} handshakes", text, (*items(sources), *evidence.witnesses))
