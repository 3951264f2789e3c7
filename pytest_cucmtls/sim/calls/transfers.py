"""A peer's REFER within a call: our phone calls whom it names, and the peer hears how that goes (RFC 3515, RFC 3420)."""

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.legs import Refer, SipLeg
from pytest_cucmtls.sim.sip.headers import REASONS, user_of


def take_refer(leg: SipLeg, request: SipMessage, refer: Refer | None) -> None:
    """Accept with 202 and report by NOTIFY; 603 where nobody can be referred, 400 without a number."""
    number = user_of(request.header("Refer-To") or "")
    if refer is None or not number:
        leg.send(leg.dialog.respond(request, 603 if refer is None else 400))
        return
    leg.send(leg.dialog.respond(request, 202, extra=(("Contact", leg.dialog.contact()),)))
    sequence = (request.header("CSeq") or "").partition(" ")[0]
    _report(leg, sequence, 100)
    refer(number, lambda status: _report(leg, sequence, status))


def _report(leg: SipLeg, sequence: str, status: int) -> None:
    state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
    extra = (("Event", f"refer;id={sequence}"), ("Subscription-State", state), ("Contact", leg.dialog.contact()))
    body = f"SIP/2.0 {status} {REASONS.get(status, 'Unknown')}\r\n".encode()
    leg.send(leg.dialog.within("NOTIFY", extra, body, "message/sipfrag;version=2.0"))
