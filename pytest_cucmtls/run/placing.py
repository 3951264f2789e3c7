"""Places one test call with the drivers the inventory declares, and keeps what they and our own phones have to say."""

import json
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pytest_cucmtls.calls.driver import CallDriver, WatchedCall
from pytest_cucmtls.calls.heard_media import proof_values
from pytest_cucmtls.calls.operator_prompt import OperatorPrompt
from pytest_cucmtls.calls.sip_phone import SipPhone
from pytest_cucmtls.calls.sip_phone_call import (
    KEYS,
    AnsweringPhone,
    SipPhoneCall,
    TalkingPhone,
    heard_by,
    phone_node,
    phone_plan,
)
from pytest_cucmtls.calls.terminal import open_terminal
from pytest_cucmtls.calls.webdialer import WebDialerCall
from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.call_setup import OPERATOR, SIP_PHONE
from pytest_cucmtls.model.calls import CallEnding
from pytest_cucmtls.model.errors import ClusterUnreachable
from pytest_cucmtls.model.inventory import ClusterSpec
from pytest_cucmtls.procedure.bounds import call_refusal
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.run.call_watch import ANSWER_SECONDS, CallWatch

INTERFACES = {"WebDialer": "webdialer", "SIP phone": "sip-phone", "operator": "operator"}


@dataclass(frozen=True, slots=True)
class _Ends:
    """The driver of one call, and those of its ends that are phones of ours."""

    driver: CallDriver
    caller: TalkingPhone | None
    called: AnsweringPhone | None


def place_test_call(run: Run, caller: ClusterReader, called: ClusterReader) -> None:
    """Dial, wait for the answer, let it talk, hang up, wait for the release; keep the attempt and what was heard.

    Raises: whatever keeps a driver from dialling at all (ClusterUnreachable, CredentialsRefused, ConfigurationInvalid …).
    """
    if not run.inventory.place_calls:
        run.folder.keep_missing("the test call", "the inventory says place_calls = false")
        return
    if refusal := call_refusal(run):
        run.folder.keep_missing("the test call", refusal)
        return
    with ExitStack() as stack:
        ends = _open(run, caller, called, stack)
        started_at = datetime.now(UTC)
        code, description = ends.driver.place(called.spec.extension)
        ended_at: datetime | None = None
        try:
            run.progress(
                f"waiting for {called.spec.extension} ({called.name}) to answer, at most {_answer_seconds(caller):.0f} s"
            )
            if code == 0 and ends.driver.wait_for_answer():
                ends.driver.let_it_talk()
            ends.driver.end()
            ends.driver.wait_for_release()
            if ends.called is not None:
                ends.called.wait_for_release()
            ended_at = datetime.now(UTC)
        finally:
            attempt = {
                "direction": f"{caller.name}->{called.name}",
                "caller": caller.spec.extension,
                "called": called.spec.extension,
                "started_at": started_at.isoformat(),
                "ended_at": ended_at.isoformat() if ended_at else None,
                "driver": ends.driver.name,
                "result_code": code,
                "result_description": description,
                **_ending_values(ends.driver.ending()),
            }
            _keep(run, caller.name, "call", ends.driver.name, attempt)
        _keep_what_was_heard(run, ends, caller, called)


def _open(run: Run, caller: ClusterReader, called: ClusterReader, stack: ExitStack) -> _Ends:
    """Register the phones of ours, the called one first: whoever dials must find it."""
    answering = None
    if called.spec.calling.driver == SIP_PHONE:
        answering = AnsweringPhone(called.name, stack.enter_context(_phone(called)))
        run.progress(f"our phone {called.spec.extension} is registered with {called.name} and will answer")
    dialled = called.spec.extension
    watch = CallWatch(caller, dialled, run.poll_seconds)
    if caller.spec.calling.driver == SIP_PHONE:
        phone = stack.enter_context(_phone(caller))
        run.progress(f"our phone {caller.spec.extension} is registered with {caller.name} and dials")
        driver = SipPhoneCall(caller.spec, phone, answering, called.spec.calling.voicemail)
        return _Ends(driver, driver.talker, answering)
    if caller.spec.calling.driver == OPERATOR:
        terminal = open_terminal(f"clusters.{caller.name}.call_driver")
        stack.callback(terminal.close)
        watch = CallWatch(caller, dialled, run.poll_seconds, answer_seconds=caller.spec.calling.operator_seconds)
        return _Ends(WatchedCall(OperatorPrompt(caller.spec, terminal), watch), None, answering)
    return _Ends(WatchedCall(WebDialerCall(caller, caller.call_password()), watch), None, answering)


def _answer_seconds(caller: ClusterReader) -> float:
    """How long the answer is waited for: a person needs longer than WebDialer."""
    return caller.spec.calling.operator_seconds if caller.spec.calling.driver == OPERATOR else ANSWER_SECONDS


def _phone(cluster: ClusterReader) -> SipPhone:
    return SipPhone(phone_plan(cluster.spec, _address(cluster.spec)), cluster.call_password())


def _address(spec: ClusterSpec) -> str:
    """IP address of the phone's node. Raises: ClusterUnreachable when its name has none; ConfigurationInvalid."""
    node = phone_node(spec)
    host = node.address
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as problem:
        raise ClusterUnreachable("sip phone", host, node.sip_port, problem.strerror or str(problem)) from problem


def _ending_values(ending: CallEnding | None) -> dict[str, Any]:
    if ending is None:
        return {}
    return {
        "outcome": ending.outcome.value,
        "final_status": ending.status,
        "cause": ending.cause,
        "party": ending.party,
        "outcome_description": ending.sentence,
    }


def _keep_what_was_heard(run: Run, ends: _Ends, caller: ClusterReader, called: ClusterReader) -> None:
    """One proof per end of ours, and the packets it received."""
    direction = f"{caller.name}->{called.name}"
    answering = ends.called.talker if ends.called else None
    pairs = ((ends.caller, answering, called.name, KEYS["called"]), (answering, ends.caller, caller.name, KEYS["caller"]))
    for listener, talker, talker_cluster, keys in pairs:
        heard = heard_by(listener, talker, talker_cluster, direction, keys) if listener else None
        if listener is None or heard is None:
            continue
        _keep(run, listener.cluster, "media_proof", "SIP phone", proof_values(heard.proof))
        if heard.packets is not None:
            run.folder.keep(
                heard.packets,
                kind="phone_capture",
                cluster=listener.cluster,
                interface="sip-phone",
                operation=f"media received by {listener.phone.plan.number} in the call {direction}",
                media_type="application/vnd.tcpdump.pcap",
            )


def _keep(run: Run, cluster: str, kind: str, driver: str, values: dict[str, Any]) -> None:
    run.folder.keep(
        json.dumps(values, ensure_ascii=False).encode(),
        kind=kind,
        cluster=cluster,
        interface=INTERFACES.get(driver, "tool"),
        operation="call",
        media_type="application/json",
    )
