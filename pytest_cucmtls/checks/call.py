"""The test call: the right party answered, and the call ended as calls end."""

import re

from pytest_cucmtls.checks.judgements import document, failed, missing, passed, undecided
from pytest_cucmtls.checks.register import NO_CALL, check
from pytest_cucmtls.checks.traced_calls import (
    TRACE_AGAIN,
    TracedCall,
    TracedMessage,
    attempt_of,
    same_number,
    traced_call,
    user_of,
)
from pytest_cucmtls.model.calls import CallEnding, CallOutcome
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement
from pytest_cucmtls.wire.call_endings import ending_of

FLOW = document("collect CUCM traces: 1018 > CUCM > SIP TLS trunk > CUCM > 9898")
NORMAL_CAUSES = {16: "normal call clearing", 31: "normal, unspecified"}
"""ITU-T Q.850 §2.2.7."""
FOUND_IN_TRACE = "trace"
"""Driver of a call that nobody placed for this run: somebody else's, found in the traces given."""
IDENTITY_HEADERS = ("Remote-Party-ID", "P-Asserted-Identity", "P-Preferred-Identity")


def _responses(call: TracedCall, status: int) -> list[TracedMessage]:
    return [
        message
        for message in call.messages
        if message.sip.message.status_code == status and "INVITE" in (message.sip.message.header("CSeq") or "").upper()
    ]


@check(
    "call_is_placed",
    step="V2",
    phase="call",
    scope="direction",
    remedies=("X5",),
    clauses=(FLOW,),
)
def call_is_placed(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The driver could place the test call; what became of it is judged elsewhere."""
    attempt = attempt_of(evidence, f"{client.name}->{server.name}")
    call, observed = (
        attempt.value,
        f"{attempt.value.driver} result {attempt.value.result_code} {attempt.value.result_description or ''}",
    )
    if call.driver == FOUND_IN_TRACE:
        found = call.result_description or "in a trace"
        return passed("placed", found, f"{call.caller} dialled {call.called}: {found}.", (attempt.item,))
    if call.result_code in (0, None):
        return passed(
            "placed", observed.strip(), f"{call.caller} dialled {call.called} at {call.started_at:%H:%M:%S} UTC.", (attempt.item,)
        )
    text = f"The call {call.caller} -> {call.called} could not be placed: {observed.strip()}. This says nothing about the trunk."
    return undecided("placed", observed.strip(), text, (attempt.item,))


@check(
    "right_party_answers",
    step="V2",
    phase="call",
    scope="direction",
    remedies=("S10",),
    clauses=(FLOW,),
    after=(
        "call_is_placed",
        "tls_connection_is_established",
        "caller_digit_analysis_finds_the_pattern",
        "called_side_analyses_all_digits",
        "called_line_rings_where_dialled",
        "profile_names_the_peer",
        "profile_demands_encryption",
        "profile_transports_are_tls",
        "trunk_leads_to_the_peer",
        "trunk_keeps_all_digits",
        "pattern_leads_to_the_trunk",
        "nothing_shadows_the_pattern",
        "every_way_is_secure",
    ),
    prevents=NO_CALL,
)
def right_party_answers(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The party that was dialled answered: its number stands in the identity headers of the 200 OK to the INVITE.

    A 200 OK alone proves nothing, voicemail and forwarded calls answer too.
    """
    call = traced_call(evidence, client, server)
    wanted = call.attempt.value.called
    answers = _responses(call, 200)
    expected = f"answered by {wanted}"
    if not answers:
        return _unanswered(call, client, server, expected, _ending(evidence, call, server))
    parties = {
        user_of(message.sip.message.header(name)): message
        for message in answers
        for name in IDENTITY_HEADERS
        if user_of(message.sip.message.header(name))
    }
    chain = _redirects(call)
    if not parties:
        why = "the 200 OK carries no P-Asserted-Identity and no Remote-Party-ID"
        raise missing(f"who answered the call {client.name}->{server.name}", why, TRACE_AGAIN)
    wrong = [party for party in parties if not same_number(party, wanted)]
    evidence_items = [message.item for message in parties.values()]
    if wrong:
        through = f" (redirected: {' -> '.join(chain)})" if chain else ""
        parties_text = f"{', '.join(wrong)}{through}"
        what = "by voicemail" if _ending(evidence, call, server).outcome is CallOutcome.VOICEMAIL else "forwarded, or voicemail"
        text = f"The call {client.name}->{server.name} to {wanted} was answered by {parties_text}: {what}."
        return failed(expected, f"answered by {', '.join(wrong)}", text, evidence_items)
    if chain:
        text = f"The call to {wanted} was redirected ({' -> '.join(chain)}) before it was answered."
        return failed(expected, f"redirected {' -> '.join(chain)}", text, evidence_items)
    return passed(expected, f"answered by {wanted}", f"{wanted} answered the call {client.name}->{server.name}.", evidence_items)


def _redirects(call: TracedCall) -> list[str]:
    """Numbers of Diversion headers, last redirecting party first as RFC 5806 writes them."""
    found = [
        user_of(value)
        for message in call.messages
        for name, value in message.sip.message.headers
        if name.lower() == "diversion" and user_of(value)
    ]
    return list(dict.fromkeys(found))


def _ending(evidence: Evidence, call: TracedCall, server: ClusterEvidence) -> CallEnding:
    """What became of the call, from the messages of the side that placed it (the other side's where it has no trace)."""
    pilot = next((spec.calling.voicemail for spec in evidence.inventory.clusters if spec.name == server.name), "")
    messages = [message.sip.message for message in call.calling or call.called]
    return ending_of(call.attempt.value.called, messages, voicemail=pilot)


def _unanswered(
    call: TracedCall, client: ClusterEvidence, server: ClusterEvidence, expected: str, ending: CallEnding
) -> Judgement:
    finals = [message for message in call.messages if (message.sip.message.status_code or 0) >= 300]
    if finals:
        last = finals[-1]
        message = last.sip.message
        warning = f", Warning {message.header('Warning')}" if message.header("Warning") else ""
        text = (
            f"The call {client.name}->{server.name} to {call.attempt.value.called} was not answered but refused with "
            f"{message.status_code} {message.reason_phrase or ''}{warning}: {ending.sentence}."
        )
        remedies = ("S8", "S9", "S10") if message.status_code == 503 else ("S10", "S9")
        return failed(
            expected, f"{message.status_code} {message.reason_phrase or ''}".strip(), text, (last.item,), remedies=remedies
        )
    raise missing(f"the answer to the INVITE {call.call_id}", "the traces show no final response", TRACE_AGAIN)


@check(
    "call_is_released_normally",
    step="V2",
    phase="call",
    scope="direction",
    remedies=("X6",),
    clauses=(FLOW, Clause("ITU-T Q.850", "§2.2.7", "M"), Clause("DISA EVVM Session Management SRG", "V-260013", "V")),
    after=("call_is_placed", "right_party_answers"),
)
def call_is_released_normally(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The call was acknowledged and ended with BYE and a normal Q.850 cause (16, or 31)."""
    call = traced_call(evidence, client, server)
    byes = [message for message in call.messages if message.sip.message.method == "BYE"]
    if not byes:
        raise missing(f"the end of the call {call.call_id}", "the traces show no BYE", TRACE_AGAIN)
    if not any(message.sip.message.method == "ACK" for message in call.messages):
        raise missing(f"the ACK of the call {call.call_id}", "the traces show none", TRACE_AGAIN)
    reason = byes[0].sip.message.header("Reason") or ""
    cause = re.search(r"Q\.850\s*;\s*cause\s*=\s*(\d+)", reason, re.IGNORECASE)
    expected, evidence_items = "BYE with Q.850 cause 16", (byes[0].item,)
    if cause is None:
        return passed(expected, "BYE without cause", f"The call {call.call_id} ended with BYE.", evidence_items)
    number = int(cause.group(1))
    if number in NORMAL_CAUSES:
        text = f"The call {call.call_id} ended with BYE, cause {number} ({NORMAL_CAUSES[number]})."
        return passed(expected, f"cause {number}", text, evidence_items)
    text = f"The call {client.name}->{server.name} ended with Q.850 cause {number}, expected 16: it was cut, not hung up."
    return failed(expected, f"cause {number}", text, evidence_items)
