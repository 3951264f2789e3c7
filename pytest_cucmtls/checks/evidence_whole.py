"""The evidence is all there and is what was kept."""

from pytest_cucmtls.checks.judgements import not_applicable, passed, undecided
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement


@check(
    "evidence_is_whole",
    step="V1",
    phase="evidence",
    scope="pair",
    remedies=("X8",),
    clauses=(Clause("NIST SP 800-53 r5", "AU-9(3)", "V"), Clause("NIST SP 800-53 r5", "AU-10", "V")),
)
def evidence_is_whole(evidence: Evidence, _policy: Policy) -> Judgement:
    """Every raw item is readable and is, byte for byte, what was kept; a changed or missing one is named."""
    expected = "every item as it was kept"
    if not evidence.kept_items:
        return not_applicable("Nothing was collected, so nothing can have been changed.")
    if not evidence.unusable:
        return passed(expected, "no item changed, missing or unreadable", "Every raw item is what was kept.")
    said = "; ".join(evidence.unusable)
    text = (
        f"{len(evidence.unusable)} raw items cannot be used: {said}. Fetch the folder from its custodian again, or collect anew."
    )
    return undecided(expected, f"{len(evidence.unusable)} of {evidence.kept_items} unusable", text)
