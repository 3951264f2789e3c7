"""What an auditor asks beside the wire: module validation and the record of changes."""

from pytest_cucmtls.checks.judgements import missing, not_applicable, not_mentioned, ruled, undecided
from pytest_cucmtls.checks.moments import moment
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.checks.stores import why
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, NodeEvidence, items
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome

STEPS = 10


@check(
    "fips_mode_is_enabled",
    step="2",
    phase="access",
    scope="node",
    remedies=("X7",),
    clauses=(Clause("NIST SP 800-53 r5", "SC-13", "V"), Clause("DISA EVVM Session Management SRG", "V-260039", "V")),
)
def fips_mode_is_enabled(evidence: Evidence, policy: Policy, cluster: ClusterEvidence, node: NodeEvidence) -> Judgement:
    """The node runs in FIPS mode where the policy requires it.

    Read with `utils fips status`. That the release's module is validated is a declared value in any case: the number of its
    certificate is for the auditor to look up.
    """
    rule = policy.rule("platform.fips_mode", moment(evidence).date())
    if rule is None or rule.value != "required":
        return not_mentioned(policy, "platform.fips_mode")
    place = f"{cluster.name}/{node.name}"
    if node.fips_mode is None:
        collect = "Run `utils fips status` on the node."
        raise missing(f"the FIPS mode of {place}", why(evidence, f"fips of {place}"), collect)
    observed = "FIPS mode" if node.fips_mode.value else "non-FIPS mode"
    broken = [] if node.fips_mode.value else [f"{place} operates in non-FIPS mode"]
    fine = f"{place} operates in FIPS mode; the validation of its module is for the auditor to look up."
    return ruled(rule, broken, expected="FIPS mode", observed=observed, fine=fine, evidence=(node.fips_mode.item,))


@check(
    "changes_are_recorded",
    step="10",
    phase="apply",
    scope="pair",
    remedies=("X8",),
    clauses=(Clause("NIST SP 800-53 r5", "CM-3", "V"), Clause("NIST SP 800-53 r5", "CM-3(2)", "V")),
)
def changes_are_recorded(evidence: Evidence, _policy: Policy) -> Judgement:
    """Every step of a run that changes clusters left a record of what it changed, in the evidence.

    A run that reads only changes nothing. Who approved the plan beforehand is not for a program to say: `cucmtls plan` prints
    what there is to approve.
    """
    if evidence.inventory.mode is Mode.VERIFY:
        return not_applicable("A verify-only run changes nothing.")
    noted = {source.value.number for source in evidence.steps}
    absent = [str(number) for number in range(1, STEPS + 1) if number not in noted]
    changes = sum(len(source.value.changes) for source in evidence.steps)
    expected = f"a record of all {STEPS} steps"
    if not noted:
        raise missing("the record of the steps", "the run noted none", "Continue the run with --cucm-run FOLDER.")
    if absent:
        text = f"Steps {', '.join(absent)} left no record: what they changed is not known. Continue the run, or plan again."
        return undecided(expected, f"{len(noted)} steps recorded", text, items(evidence.steps))
    text = f"All {STEPS} steps are recorded with {changes} changes; the approval itself is outside this evidence."
    return Judgement(Outcome.PASS, expected, f"{changes} changes recorded", text, items(evidence.steps))
