"""What comes to our own phone: calls, cancellations, repeated, old and unknown requests."""

import pytest

from pytest_cucmtls.calls.phone_call import CallOver, MediaChanged
from pytest_cucmtls.calls.phone_media import make_answer, make_offer
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.sip_messages import parse_sip_message, sip_bytes
from tests.sip_phone_cores import PEER, WISH, ask, only, phone, registered, sent, talking, timers


@pytest.mark.parametrize("early", [True, False])
def test_a_call_that_comes_in_rings_and_is_answered_with_early_and_delayed_offer(early: bool) -> None:
    core = registered()
    core.expect_call(WISH)
    offer = make_offer(PEER, 1)
    actions = core.received(ask("INVITE", core, 1, body=offer.body if early else b""))
    assert only(actions).status_code == 180
    answered = core.timer("call pick-up")
    accepted = only(answered)
    assert accepted.status_code == 200
    assert "call repeat" in timers(answered)
    assert only(core.timer("call repeat")).status_code == 200
    body = b"" if early else make_answer(PEER, accepted.body, 1, fallback=True)[0]
    news = core.received(ask("ACK", core, 1, body=body))
    assert [action.agreement.remote for action in news if isinstance(action, MediaChanged)] == [PEER.local]
    assert core.call is not None
    assert core.call.caller == "9898"
    over = core.received(ask("BYE", core, 2))
    assert only(over).status_code == 200
    assert [action.by_us for action in over if isinstance(action, CallOver)] == [False]


def test_a_call_nobody_expects_and_a_second_one_hear_busy() -> None:
    core = registered()
    assert only(core.received(ask("INVITE", core, 1))).status_code == 486
    core.expect_call(WISH)
    talking(core)
    other = parse_sip_message(sip_bytes(ask("INVITE", phone(), 7)))
    assert only(core.received(other)).status_code == 486


def test_a_cancelled_call_gets_both_answers() -> None:
    core = registered()
    core.expect_call(WISH)
    invite = ask("INVITE", core, 1, branch="z9hG4bKone")
    core.received(invite)
    statuses = [message.status_code for message in sent(core.received(ask("CANCEL", core, 1, branch="z9hG4bKone")))]
    assert statuses == [200, 487]


def test_a_phone_where_nobody_picks_up_says_so() -> None:
    core = registered(answers=False)
    core.expect_call(WISH)
    core.received(ask("INVITE", core, 1))
    refusal = only(core.timer("call pick-up"))
    assert (refusal.status_code, refusal.header("Reason")) == (480, "Q.850;cause=19")


def test_a_repeated_request_gets_the_same_answer_and_counts_once() -> None:
    core = registered()
    core.expect_call(WISH)
    invite = ask("INVITE", core, 1)
    first = only(core.received(invite))
    assert only(core.received(invite)) == first
    assert len(core.call.messages if core.call else ()) == 2


def test_hold_and_update_change_the_media() -> None:
    core = registered()
    talking(core)
    hold = make_offer(PEER, 2).body.replace(b"a=sendrecv", b"a=sendonly")
    actions = core.received(ask("INVITE", core, 5, body=hold))
    assert b"a=recvonly" in only(actions).body
    assert [action.agreement.sends for action in actions if isinstance(action, MediaChanged)] == [False]
    core.received(ask("ACK", core, 5))
    resumed = core.received(ask("UPDATE", core, 6, body=make_offer(PEER, 3).body))
    assert [action.agreement.sends for action in resumed if isinstance(action, MediaChanged)] == [True]


def test_what_does_not_belong_to_the_call_does_not_end_it() -> None:
    core = registered()
    talking(core)
    stranger = ask("BYE", core, 9)
    other_tag = SipMessage(
        stranger.start_line,
        tuple((name, value.replace("tag=peer", "tag=evil")) for name, value in stranger.headers),
        method="BYE",
        request_uri=stranger.request_uri,
    )
    assert only(core.received(other_tag)).status_code == 481
    assert core.call is not None
    assert not core.call.over


def test_an_old_request_is_refused() -> None:
    core = registered()
    talking(core)
    core.received(ask("INFO", core, 9))
    assert only(core.received(ask("BYE", core, 8))).status_code == 500


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("OPTIONS", (), 200),
        ("NOTIFY", (), 200),
        ("PUBLISH", (), 405),
        ("BYE", (), 481),
        ("INVITE", ("Require: 100rel",), 420),
    ],
)
def test_requests_outside_a_call_are_answered(method: str, headers: tuple[str, ...], status: int) -> None:
    assert only(registered().received(ask(method, phone(), 1, *headers))).status_code == status
