"""The state machine of our own SIP phone: registration, calls, repetitions, and whatever a hostile peer sends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.calls.phone_call import CallOver, Connected
from pytest_cucmtls.calls.phone_media import MediaWish, make_answer, make_offer
from pytest_cucmtls.calls.sip_registration import Registered, RegistrationEnded, RegistrationRefused
from pytest_cucmtls.calls.sip_transactions import Send, SetTimer, StopTimer
from pytest_cucmtls.model.calls import CallOutcome
from pytest_cucmtls.model.errors import CucmTlsError, InterfaceRefused
from pytest_cucmtls.wire.sip_messages import parse_sip_message, sip_bytes
from tests.sip_phone_cores import CHALLENGE, PEER, WISH, ask, only, phone, registered, reply, sent, talking, timers


def test_a_challenge_is_answered_once_and_the_renewal_is_planned() -> None:
    core = phone()
    first = only(core.register())
    assert first.header("Authorization") is None
    second = only(core.received(reply(first, 401, CHALLENGE.format("n1"))))
    assert 'username="caller"' in (second.header("Authorization") or "")
    assert "s3cret" not in (second.header("Authorization") or "")
    assert (second.call_id, second.header("CSeq")) == (first.call_id, "2 REGISTER")
    actions = core.received(reply(second, 200, "Contact: <sip:1018@10.0.0.70>;expires=100"))
    assert Registered(100) in actions
    assert SetTimer("register", 80.0) in actions
    assert only(core.timer("register")).header("CSeq") == "3 REGISTER"


def test_the_same_challenge_again_means_wrong_credentials_a_stale_one_does_not() -> None:
    core = phone()
    second = only(core.received(reply(only(core.register()), 401, CHALLENGE.format("n1"))))
    third = only(core.received(reply(second, 401, CHALLENGE.format("n2") + ", stale=true")))
    assert 'nonce="n2"' in (third.header("Authorization") or "")
    assert RegistrationRefused(401, "x") in core.received(reply(third, 401, CHALLENGE.format("n3")))


def test_sha_256_is_preferred_and_a_challenge_nobody_can_answer_is_a_refusal() -> None:
    core = phone()
    both = CHALLENGE.format("n1") + "\r\n" + 'WWW-Authenticate: Digest realm="r", nonce="n2", algorithm=SHA-256, qop="auth"'
    second = only(core.received(reply(only(core.register()), 401, both)))
    assert "algorithm=SHA-256" in (second.header("Authorization") or "")
    core = phone()
    assert RegistrationRefused(401, "x") in core.received(reply(only(core.register()), 401, "WWW-Authenticate: Basic realm=x"))


def test_a_too_short_registration_is_asked_again_as_the_node_wants_it() -> None:
    core = phone(expires_seconds=60)
    second = only(core.received(reply(only(core.register()), 423, "Min-Expires: 900")))
    assert second.header("Expires") == "900"
    assert RegistrationRefused(423, "x") in core.received(reply(second, 423, "Min-Expires: nonsense"))


def test_leaving_takes_the_registration_back() -> None:
    core = registered()
    request = only(core.unregister())
    assert request.header("Expires") == "0"
    assert RegistrationEnded() in core.received(reply(request, 200))
    assert not core.registered


def test_over_udp_a_request_is_repeated_until_the_limit_over_tcp_never() -> None:
    core = phone("udp")
    actions = core.register()
    repeat, limit = timers(actions)
    again = core.timer(repeat)
    assert only(again).header("CSeq") == "1 REGISTER"
    assert SetTimer(repeat, 1.0) in again
    assert RegistrationRefused(0, "no answer") in core.timer(limit)
    assert core.timer(repeat) == []
    assert len(timers(phone("tcp").register())) == 1


def test_a_call_is_dialled_answered_and_hung_up() -> None:
    core = registered()
    talking(core)
    bye = only(core.hang_up())
    assert bye.method == "BYE"
    assert bye.request_uri == "sip:9898@10.0.0.1:5060"
    over = [action for action in core.received(reply(bye, 200)) if isinstance(action, CallOver)]
    assert [(each.ending.outcome, each.by_us) for each in over] == [(CallOutcome.ANSWERED, True)]


def test_a_repeated_200_gets_the_same_ack_again() -> None:
    core = registered()
    invite = talking(core)
    again = core.received(reply(invite, 200, "Contact: <sip:9898@10.0.0.1:5060>"))
    assert only(again).method == "ACK"
    assert not any(isinstance(action, Connected) for action in again)


def test_an_invite_may_be_challenged_too() -> None:
    core = registered()
    invite = only(core.dial("9898", WISH))
    ack, second = sent(core.received(reply(invite, 401, CHALLENGE.format("n9"))))
    assert (ack.method, second.method) == ("ACK", "INVITE")
    assert 'nonce="n9"' in (second.header("Authorization") or "")
    assert second.body == invite.body
    refused = core.received(reply(second, 403))
    assert [action.ending.outcome for action in refused if isinstance(action, CallOver)] == [CallOutcome.REJECTED]


def test_a_busy_party_ends_the_call_with_an_ack_on_the_same_branch() -> None:
    core = registered()
    invite = only(core.dial("9898", WISH))
    actions = core.received(reply(invite, 486, "Reason: Q.850;cause=17"))
    ack = only(actions)
    assert (ack.method, ack.header("Via")) == ("ACK", invite.header("Via"))
    assert [action.ending.outcome for action in actions if isinstance(action, CallOver)] == [CallOutcome.BUSY]
    assert only(core.received(reply(invite, 486))).method == "ACK"


def test_nobody_answers_and_the_call_is_cancelled_as_no_answer() -> None:
    core = registered()
    invite = only(core.dial("9898", WISH))
    core.received(reply(invite, 180))
    cancel = only(core.timer("call ring"))
    assert (cancel.method, cancel.header("CSeq")) == ("CANCEL", "1 CANCEL")
    core.received(reply(cancel, 200))
    actions = core.received(reply(invite, 487))
    assert [action.ending.outcome for action in actions if isinstance(action, CallOver)] == [CallOutcome.NO_ANSWER]


def test_a_cancel_waits_for_the_first_word_of_the_peer() -> None:
    core = registered()
    invite = only(core.dial("9898", WISH))
    assert sent(core.hang_up()) == []
    assert only(core.received(reply(invite, 100))).method == "CANCEL"


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    core = registered()
    invite = only(core.dial("9898", WISH))
    core.received(reply(invite, 180))
    core.hang_up()
    body, _ = make_answer(PEER, invite.body, 1, fallback=True)
    messages = sent(core.received(reply(invite, 200, "Contact: <sip:9898@10.0.0.1>", body=body)))
    assert [message.method for message in messages] == ["ACK", "BYE"]


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"v=0\r\nm=audio 0 RTP/AVP 0\r\n", b"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 5 RTP/AVP 18\r\n"]
)
def test_an_answer_without_usable_media_ends_the_call(body: bytes) -> None:
    core = registered()
    invite = only(core.dial("9898", WISH))
    messages = sent(core.received(reply(invite, 200, "Contact: <sip:9898@10.0.0.1>", body=body)))
    assert [message.method for message in messages] == ["ACK", "BYE"]


def test_a_lost_connection_ends_everything() -> None:
    core = registered("tcp")
    talking(core)
    actions = core.link_lost()
    assert any(isinstance(action, CallOver) for action in actions)
    assert RegistrationEnded() in actions
    assert not core.registered


def test_srtp_is_agreed_with_a_key_per_direction_and_never_without_tls() -> None:
    ours, theirs = MediaWish(WISH.local, secure="allowed"), MediaWish(PEER.local, secure="allowed")
    offer = make_offer(ours, 1)
    body, at_peer = make_answer(theirs, offer.body, 1, fallback=False)
    agreed = offer.conclude(body)
    assert agreed.keys is not None
    assert at_peer.keys is not None
    assert (agreed.keys.send, agreed.keys.receive) == (at_peer.keys.receive, at_peer.keys.send)
    assert agreed.keys.crypto_suite == "AEAD_AES_256_GCM"
    assert agreed.keys.send.hex() not in repr(agreed)
    with pytest.raises(InterfaceRefused):
        make_answer(WISH, offer.body, 1, fallback=False)
    assert make_answer(WISH, offer.body, 1, fallback=True)[1].keys is None
    with pytest.raises(InterfaceRefused):
        make_offer(MediaWish(WISH.local, secure="required"), 1).conclude(make_answer(PEER, offer.body, 1, fallback=True)[0])
    with pytest.raises(InterfaceRefused):
        make_answer(MediaWish(WISH.local, secure="required"), make_offer(PEER, 1).body, 1, fallback=True)


def test_a_key_that_is_not_to_encrypt_is_not_taken() -> None:
    theirs = make_offer(MediaWish(PEER.local, secure="allowed"), 1).body
    weak = b"\r\n".join(line + b" UNENCRYPTED_SRTP" if line.startswith(b"a=crypto") else line for line in theirs.split(b"\r\n"))
    with pytest.raises(InterfaceRefused):
        make_answer(MediaWish(WISH.local, secure="allowed"), weak, 1, fallback=False)


def test_other_sections_of_an_offer_are_refused_in_their_place() -> None:
    offer = make_offer(PEER, 1).body
    head, _, audio = offer.partition(b"m=audio")
    body, _ = make_answer(WISH, head + b"m=video 40000 RTP/AVP 96\r\nm=audio" + audio, 1, fallback=True)
    assert [line.split()[:2] for line in body.decode().splitlines() if line.startswith("m=")] == [
        ["m=video", "0"],
        ["m=audio", "20000"],
    ]


FIELDS = ("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Record-Route", "Require", "WWW-Authenticate", "Supported")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "REGISTER", "X", "180", "200", "401", "487", "503"]),
            st.lists(st.tuples(st.sampled_from(FIELDS), st.text(alphabet=st.characters(codec="utf-8"), max_size=40)), max_size=8),
            st.binary(max_size=120),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_nothing_a_peer_sends_breaks_the_phone(
    messages: list[tuple[str, list[tuple[str, str]], bytes, bool]],
) -> None:
    core = registered()
    core.expect_call(WISH)
    talking(core)
    for kind, headers, body, in_call in messages:
        own = ask("INFO", core, 50).headers if in_call else ()
        fields = (*((name, value) for name, value in own if name not in {name for name, _ in headers}), *headers)
        first = f"SIP/2.0 {kind} x" if kind.isdigit() else f"{kind} sip:x SIP/2.0"
        text = "\r\n".join([first, *(f"{name}: {' '.join(value.split())}" for name, value in fields), "", ""])
        try:
            message = parse_sip_message(text.encode() + body)
        except CucmTlsError:
            continue
        for action in core.received(message):
            if isinstance(action, Send):
                sip_bytes(action.message)
            elif not isinstance(action, StopTimer | SetTimer):
                assert repr(action)
    for name in ("call ring", "call pick-up", "call repeat", "call limit", "register", "nonsense", "repeat x INVITE", ""):
        core.timer(name)
    core.hang_up()
    core.link_lost()
    assert core.call is not None
    assert core.call.over
