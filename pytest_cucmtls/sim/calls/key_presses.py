"""Keys out of band: KPML subscriptions of a peer and to a peer within a call (RFC 4730), as trunks with *Out of Band* use."""

import re

from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.sim.calls.legs import AudioLeg

EVENT = "kpml"
REQUEST_TYPE, RESPONSE_TYPE = "application/kpml-request+xml", "application/kpml-response+xml"
_DIGITS = re.compile(rb'digits="([0-9A-D*#]+)"')
_SECONDS = 7200
_REQUEST = (
    '<?xml version="1.0" encoding="UTF-8"?><kpml-request xmlns="urn:ietf:params:xml:ns:kpml-request" version="1.0">'
    '<pattern criticaldigittimer="1000" extradigittimer="500" interdigittimer="500" persist="persist">'
    '<regex tag="Backspace OK">[x#*ABCD]</regex></pattern></kpml-request>'
)


class KeyPresses:
    """The subscriptions of one leg."""

    def __init__(self, leg: AudioLeg) -> None:
        self._leg = leg
        self._told = False
        """The peer subscribed to our keys."""

    def subscribe(self) -> None:
        """Ask the peer for its keys, where the trunk takes them out of band."""
        if self._leg.keys_out_of_band:
            extra = (("Event", EVENT), ("Expires", str(_SECONDS)), ("Contact", self._leg.dialog.contact()))
            self._leg.send(self._leg.dialog.within("SUBSCRIBE", extra, _REQUEST.encode(), REQUEST_TYPE))

    def take_subscription(self, request: SipMessage) -> None:
        """The peer wants to hear of our phone's keys, or no longer."""
        leg = self._leg
        if (request.header("Event") or "").partition(";")[0].strip().lower() != EVENT:
            leg.send(leg.dialog.respond(request, 489, extra=(("Allow-Events", EVENT),)))
            return
        expires = (request.header("Expires") or str(_SECONDS)).strip()
        seconds = int(expires) if expires.isdecimal() and len(expires) < 8 else _SECONDS
        leg.send(leg.dialog.respond(request, 200, extra=(("Expires", str(seconds)), ("Contact", leg.dialog.contact()))))
        self._told = seconds > 0
        leg.audio.on_key = self._tell if self._told else None
        self._notify("", seconds)

    def take_notification(self, request: SipMessage) -> None:
        """Keys of the peer."""
        found = _DIGITS.search(request.body)
        if found is not None:
            self._leg.audio.digits += found.group(1).decode()
        self._leg.send(self._leg.dialog.respond(request, 200))

    def _tell(self, key: str) -> None:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><kpml-response xmlns="urn:ietf:params:xml:ns:kpml-response" version="1.0" '
            f'code="200" text="OK" digits="{key}" tag="Backspace OK"/>'
        )
        self._notify(body, _SECONDS)

    def _notify(self, body: str, seconds: int) -> None:
        state = f"active;expires={seconds}" if seconds else "terminated;reason=timeout"
        extra = (("Event", EVENT), ("Subscription-State", state), ("Contact", self._leg.dialog.contact()))
        self._leg.send(self._leg.dialog.within("NOTIFY", extra, body.encode(), RESPONSE_TYPE))
