"""Our own phone without a network, and the words of its peer."""

from itertools import count

from pytest_cucmtls.calls.phone_call import Connected
from pytest_cucmtls.calls.phone_core import Action, PhoneCore, PhoneSettings
from pytest_cucmtls.calls.phone_media import MediaWish, make_answer
from pytest_cucmtls.calls.sip_dialog import PhoneIdentity
from pytest_cucmtls.calls.sip_transactions import Send, SetTimer
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.sip_messages import parse_sip_message, sip_bytes

WISH = MediaWish(Endpoint("10.0.0.70", 20000))
PEER = MediaWish(Endpoint("10.0.0.1", 30000))
CHALLENGE = 'WWW-Authenticate: Digest realm="ccmsipline", nonce="{}", algorithm=MD5'


def phone(transport: str = "udp", **changes: object) -> PhoneCore:
    """A phone with predictable tags and branches."""
    identity = PhoneIdentity("1018", "10.0.0.1", 5060, "10.0.0.70", 5060, transport)
    numbers = count(1)
    settings = PhoneSettings(identity, "caller", **changes)  # type: ignore[arg-type]
    return PhoneCore(settings, Secret("s3cret"), lambda: f"t{next(numbers)}")


def sent(actions: list[Action]) -> list[SipMessage]:
    """Messages put on the wire, through bytes as on a real one."""
    return [parse_sip_message(sip_bytes(action.message)) for action in actions if isinstance(action, Send)]


def only(actions: list[Action]) -> SipMessage:
    """The one message that was sent."""
    (message,) = sent(actions)
    return message


def timers(actions: list[Action]) -> list[str]:
    """Names of timers set."""
    return [action.name for action in actions if isinstance(action, SetTimer)]


def reply(request: SipMessage, status: int, *headers: str, body: bytes = b"", tag: str = "peer") -> SipMessage:
    """What a node would answer."""
    to = request.header("To") or ""
    to = to if ";tag=" in to or status == 100 else f"{to};tag={tag}"
    lines = [f"SIP/2.0 {status} x", *(f"Via: {value}" for name, value in request.headers if name == "Via")]
    lines += [f"From: {request.header('From')}", f"To: {to}", f"Call-ID: {request.call_id}", f"CSeq: {request.header('CSeq')}"]
    lines += [*headers, f"Content-Length: {len(body)}", "", ""]
    return parse_sip_message("\r\n".join(lines).encode() + body)


def ask(method: str, core: PhoneCore, number: int, *headers: str, body: bytes = b"", branch: str = "") -> SipMessage:
    """A request of the peer in the phone's call, or (without one) a fresh one."""
    call = core.call
    fresh = call is None or call.over
    call_id = "new-call" if fresh or call is None else call.dialog.call_id
    to = "<sip:1018@10.0.0.70>" if fresh or call is None else f"<sip:1018@10.0.0.70>;tag={call.dialog.local_tag}"
    lines = [
        f"{method} sip:1018@10.0.0.70 SIP/2.0",
        f"Via: SIP/2.0/UDP 10.0.0.1:5060;branch={branch or f'z9hG4bKpeer{method}{number}'}",
        "From: <sip:9898@10.0.0.1>;tag=peer",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {number} {method}",
        "Contact: <sip:9898@10.0.0.1:5060>",
        *headers,
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return parse_sip_message("\r\n".join(lines).encode() + body)


def registered(transport: str = "udp", **changes: object) -> PhoneCore:
    """A phone the node has accepted."""
    core = phone(transport, **changes)
    first = only(core.register())
    second = only(core.received(reply(first, 401, CHALLENGE.format("n1"))))
    core.received(reply(second, 200, "Contact: <sip:1018@10.0.0.70:5060>;expires=300"))
    assert core.registered
    return core


def talking(core: PhoneCore) -> SipMessage:
    """Dial, be answered; the INVITE."""
    invite = only(core.dial("9898", WISH))
    core.received(reply(invite, 180))
    body, _ = make_answer(PEER, invite.body, 1, fallback=True)
    actions = core.received(reply(invite, 200, "Contact: <sip:9898@10.0.0.1:5060>", "Content-Type: application/sdp", body=body))
    assert any(isinstance(action, Connected) for action in actions)
    assert only(actions).method == "ACK"
    return invite
