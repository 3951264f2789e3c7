"""What became of a call, and what its two ends heard of each other."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pytest_cucmtls.model.network import Endpoint


class CallOutcome(Enum):
    """What a caller met."""

    ANSWERED = "answered"
    """By the number that was dialled, as far as the messages say who answered."""
    FORWARDED = "forwarded"
    """Answered by another number than the one dialled."""
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    """The number exists, its phone is not there."""
    UNKNOWN_NUMBER = "unknown number"
    MEDIA_REFUSED = "media refused"
    CANCELLED = "cancelled"
    """The caller gave up."""
    FAILED = "failed"
    """Refused for another reason."""
    SILENCE = "no reply"
    """No final answer at all."""


@dataclass(frozen=True, slots=True)
class CallEnding:
    """How the setup of a call ended, as its SIP messages say."""

    outcome: CallOutcome
    status: int | None = None
    """Final answer to the INVITE; None when there was none."""
    cause: int | None = None
    """Q.850 cause of its Reason header (RFC 3326)."""
    party: str = ""
    """Number of the connected party; "" when no message names it."""
    party_name: str = ""
    redirected_by: tuple[str, ...] = ()
    """Numbers that passed the call on, as Diversion and History-Info name them, in the order met."""
    why_redirected: str = ""
    """Reason of the redirection: ``unconditional``, ``no-answer``, ``user-busy`` …"""

    @property
    def sentence(self) -> str:
        """In words, for a report."""
        code = f"{self.status}" if self.status else "no final answer"
        cause = f", Q.850 cause {self.cause}" if self.cause is not None else ""
        party = f" by {self.party or self.party_name}" if self.party or self.party_name else ""
        through = f", passed on by {' and '.join(self.redirected_by)}" if self.redirected_by else ""
        why = f" ({self.why_redirected})" if self.why_redirected else ""
        if self.outcome in (CallOutcome.ANSWERED, CallOutcome.FORWARDED):
            return f"{self.outcome.value}{party}{through}{why}"
        if self.outcome is CallOutcome.VOICEMAIL:
            return f"answered by voicemail{f' ({self.party or self.party_name})' if party else ''}{through}{why}"
        return f"{self.outcome.value} ({code}{cause}){through}{why}"


@dataclass(frozen=True, slots=True)
class MediaProof:
    """What one of our own phones received in a test call: measured there, by whoever held the keys."""

    direction: str
    """Of the call: ``A->B`` with the clusters' inventory names."""
    talker: str
    """Cluster whose phone was expected to talk."""
    listener: str
    """Cluster whose phone measured."""
    measured_at: datetime
    signalling: str
    """Transport of the listener's own signalling: ``udp``, ``tcp`` or ``tls``."""
    profile: str
    """Agreed RTP profile, ``RTP/AVP`` or ``RTP/SAVP``; "" when nothing was agreed."""
    codec: str
    src: Endpoint | None
    dst: Endpoint | None
    ssrc: int | None
    packets: int
    """RTP packets received for this call, refused ones included."""
    lost: int
    crypto_suite: str | None = None
    key_fingerprint: str | None = None
    """Of the key the talker announced; never the key."""
    authenticated: int = 0
    """Packets whose tag is right under that key (RFC 3711 §4.2)."""
    encrypted: bool | None = None
    """None: nothing was received, or it was not decided."""
    marker: str = ""
    """The token the talker played, new for every call."""
    marker_share: float = 0.0
    """Part of what was heard that fits the marker, 0 to 1."""
    marker_heard: bool = False
    keys_sent: str = ""
    """Keys pressed at the talker's phone; "" when it is not ours."""
    keys_heard: str = ""
