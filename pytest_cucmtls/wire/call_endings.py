"""What became of a call, from its SIP messages: answered, busy, not answered, forwarded, voicemail, refused.

A 200 OK proves nothing about who answered: the connected party stands in P-Asserted-Identity or Remote-Party-ID (RFC 3325,
and the draft CUCM follows), redirections in Diversion and History-Info (RFC 5806, RFC 7044), causes in Reason (RFC 3326).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from pytest_cucmtls.model.calls import CallEnding, CallOutcome
from pytest_cucmtls.model.sip import SipMessage
from pytest_cucmtls.wire.sip_addresses import same_number, user_of

IDENTITY_HEADERS: Final = ("P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity")
_REDIRECTING: Final = ("Diversion", "History-Info")
_CAUSE = re.compile(r"Q\.850\s*;[^,]{0,64}?cause\s*=\s*(\d{1,3})", re.IGNORECASE)
_VOICEMAIL_WORDS = re.compile(r"voice\s?-?\s?mail|mailbox|messagerie|anrufbeantworter|\bunity\b", re.IGNORECASE)
_DIVERSION_REASON = re.compile(r";\s*reason\s*=\s*\"?([\w-]{1,32})", re.IGNORECASE)
_TARGET_CAUSE = re.compile(r"cause(?:=|%3D)(\d{3})", re.IGNORECASE)
_RFC4458: Final = {
    "302": "unconditional",
    "404": "unknown",
    "408": "no-answer",
    "480": "deflection",
    "486": "user-busy",
    "487": "deflection",
    "503": "unavailable",
}
"""Causes of redirecting URIs (RFC 4458 §2.1, RFC 8119)."""
_MOST_HEADERS, _LONGEST_VALUE = 64, 2048

_OF_CAUSE: Final = {
    1: CallOutcome.UNKNOWN_NUMBER,
    2: CallOutcome.UNKNOWN_NUMBER,
    3: CallOutcome.UNKNOWN_NUMBER,
    17: CallOutcome.BUSY,
    18: CallOutcome.NO_ANSWER,
    19: CallOutcome.NO_ANSWER,
    20: CallOutcome.UNAVAILABLE,
    21: CallOutcome.REJECTED,
    22: CallOutcome.UNKNOWN_NUMBER,
    27: CallOutcome.UNAVAILABLE,
    28: CallOutcome.UNKNOWN_NUMBER,
    47: CallOutcome.MEDIA_REFUSED,
    58: CallOutcome.MEDIA_REFUSED,
    65: CallOutcome.MEDIA_REFUSED,
    88: CallOutcome.MEDIA_REFUSED,
}
"""ITU-T Q.850 §2.2.7."""
_OF_STATUS: Final = {
    403: CallOutcome.REJECTED,
    404: CallOutcome.UNKNOWN_NUMBER,
    408: CallOutcome.NO_ANSWER,
    410: CallOutcome.UNKNOWN_NUMBER,
    415: CallOutcome.MEDIA_REFUSED,
    484: CallOutcome.UNKNOWN_NUMBER,
    486: CallOutcome.BUSY,
    487: CallOutcome.CANCELLED,
    488: CallOutcome.MEDIA_REFUSED,
    600: CallOutcome.BUSY,
    603: CallOutcome.REJECTED,
    604: CallOutcome.UNKNOWN_NUMBER,
    606: CallOutcome.MEDIA_REFUSED,
}
"""Where the answer carries no cause (RFC 4497 §8.4.4); 480 is told by whether the phone rang."""
_STATUS_SPEAKS: Final = {486, 487, 488, 600, 606}
"""These say it themselves, whatever the cause."""


def ending_of(dialled: str, messages: Iterable[SipMessage], *, voicemail: str = "", gave_up: bool = False) -> CallEnding:
    """What became of a call.

    Args:
        dialled: the number that should answer.
        messages: of one call leg, in order, requests and answers.
        voicemail: number of the voicemail pilot, when it is known.
        gave_up: the caller cancelled because nobody answered within its limit: then 487 means no answer.
    """
    seen = list(messages)
    answers = [message for message in seen if message.status_code is not None and _is_about_invite(message)]
    finals = [message for message in answers if (message.status_code or 0) >= 200]
    redirected, why = _redirections(seen)
    taken = next((message for message in finals if (message.status_code or 0) < 300), None)
    if taken is None:
        last = finals[-1] if finals else None
        outcome = _refusal(last, rang=any(message.status_code in (180, 183) for message in answers), gave_up=gave_up)
        status = last.status_code if last else None
        return CallEnding(outcome, status, _cause_of(last), redirected_by=redirected, why_redirected=why)
    party, name = _connected(taken, seen)
    outcome = CallOutcome.ANSWERED
    if (voicemail and same_number(party, voicemail)) or _VOICEMAIL_WORDS.search(name):
        outcome = CallOutcome.VOICEMAIL
    elif redirected or (party and not same_number(party, dialled)):
        outcome = CallOutcome.FORWARDED
    return CallEnding(outcome, taken.status_code, _cause_of(taken), party, name, redirected, why)


def _refusal(final: SipMessage | None, *, rang: bool, gave_up: bool) -> CallOutcome:
    if final is None:
        return CallOutcome.NO_ANSWER if gave_up and rang else CallOutcome.SILENCE
    status, cause = final.status_code or 0, _cause_of(final)
    if status == 487 and gave_up:
        return CallOutcome.NO_ANSWER
    if status not in _STATUS_SPEAKS and cause in _OF_CAUSE:
        return _OF_CAUSE[cause]
    if status == 480:
        return CallOutcome.NO_ANSWER if rang else CallOutcome.UNAVAILABLE
    return _OF_STATUS.get(status, CallOutcome.FAILED)


def _cause_of(message: SipMessage | None) -> int | None:
    found = _CAUSE.search((message.header("Reason") or "")[:_LONGEST_VALUE]) if message else None
    return int(found.group(1)) if found else None


def _connected(taken: SipMessage, messages: Sequence[SipMessage]) -> tuple[str, str]:
    """(number, display name) of who answered; a later UPDATE or re-INVITE of the called side does not change it."""
    for name in IDENTITY_HEADERS:
        value = (taken.header(name) or "")[:_LONGEST_VALUE]
        if user := user_of(value):
            return user, _display_name(value)
    contact_free = [message for message in messages if message.status_code in (180, 183)]
    for message in reversed(contact_free):
        for name in IDENTITY_HEADERS:
            value = (message.header(name) or "")[:_LONGEST_VALUE]
            if _VOICEMAIL_WORDS.search(_display_name(value)):
                return user_of(value), _display_name(value)
    return "", ""


def _display_name(value: str) -> str:
    before, bracket, _ = value.partition("<")
    return before.strip().strip('"').strip() if bracket else ""


def _redirections(messages: Iterable[SipMessage]) -> tuple[tuple[str, ...], str]:
    """(who passed the call on, why): Diversion names them last first (RFC 5806 §4.1), History-Info first to last."""
    found: list[str] = []
    why = ""
    for message in messages:
        headers = [(name, value[:_LONGEST_VALUE]) for name, value in message.headers if name in _REDIRECTING][:_MOST_HEADERS]
        diverted = [value for name, value in headers if name == "Diversion"]
        for value in reversed(diverted):
            why = why or _reason_of(value)
            found.append(user_of(value))
        entries = [entry for name, value in headers if name == "History-Info" for entry in value.split(",<")]
        if len(entries) > 1:
            why = why or next((_RFC4458.get(cause, "") for entry in entries for cause in _TARGET_CAUSE.findall(entry)), "")
            found += [user_of(entry) for entry in entries[:-1]]
    return tuple(dict.fromkeys(number for number in found if number)), why


def _reason_of(diversion: str) -> str:
    found = _DIVERSION_REASON.search(diversion)
    return found.group(1).lower() if found else ""


def _is_about_invite(message: SipMessage) -> bool:
    return (message.header("CSeq") or "").upper().endswith("INVITE")
