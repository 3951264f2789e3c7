"""That each of the ten steps was performed: what the run itself noted, so that a stopped procedure is no silent gap."""

from pytest_cucmtls.checks.judgements import document, not_applicable, passed
from pytest_cucmtls.checks.register import CheckFunction, check
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Judgement, Outcome

HEADINGS = (
    "A certificate authority is available",
    "Host names and settings are looked at before anything is generated",
    "Certificate requests are generated",
    "The authority signs the requests",
    "The authority's root certificate is exported",
    "The root certificate is uploaded to CallManager-trust",
    "The signed certificates are uploaded and the service is restarted",
    "The SIP trunk security profile is created",
    "The SIP trunk is created and reset",
    "The route pattern is created",
)


def _judge(number: int, evidence: Evidence) -> Judgement:
    expected = f"step {number} is performed and confirmed"
    if evidence.inventory.mode is Mode.VERIFY:
        return not_applicable("A verify-only run performs no step; it judges what it finds.")
    record = next((source for source in evidence.steps if source.value.number == number), None)
    if record is None:
        raise NoEvidence(f"step {number}", "the run did not get that far", collect="Continue the run with --cucm-run FOLDER.")
    done = record.value
    made = "; ".join(done.changes) or "nothing had to be changed"
    if done.outcome is Outcome.PASS:
        return passed(expected, made, f"Step {number} was performed: {made}.", (record.item,))
    said = f"Step {number} stopped: {done.message} Done before it stopped: {made}."
    return Judgement(done.outcome, expected, done.message, said, (record.item,))


def _check_of(number: int, heading: str) -> CheckFunction:
    def step_is_performed(evidence: Evidence, _policy: Policy) -> Judgement:
        return _judge(number, evidence)

    step_is_performed.__doc__ = f"{heading}."
    return step_is_performed


for _number, _heading in enumerate(HEADINGS, 1):
    check(
        f"step_{_number:02d}_is_performed",
        step=str(_number),
        phase="apply",
        scope="pair",
        remedies=(f"S{_number}",),
        clauses=(document(f"step {_number}"),),
    )(_check_of(_number, _heading))
