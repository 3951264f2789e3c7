"""What a listener answered when it was asked, one connection per question."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Answer(Enum):
    """How a listener took one question."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """An alert, a reset or the end of the connection instead of an acceptance."""
    UNCLEAR = "unclear"
    """Silence until the limit, or bytes that are neither."""
    UNREACHABLE = "unreachable"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class ListenerAnswer:
    """One question and its answer.

    `topic` is ``version`` (`asked`: ``TLSv1.1``), ``suites`` (a family: ``NULL``), ``group`` (``secp256r1``), ``fallback``
    (the lower version offered with TLS_FALLBACK_SCSV), ``certificate`` (``none``, ``trusted``, ``untrusted``) or
    ``clear_sip`` (the transport).
    """

    topic: str
    asked: str
    answer: Answer
    detail: str
    """Alert, error or what was selected, in words."""
    version: str | None = None
    """Selected by the listener."""
    cipher_suite: str | None = None
    group: str | None = None
    client_certificate_requested: bool | None = None
    """Seen in the listener's first flight, up to TLS 1.2."""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """Every answer of one listener, in the order of the questions."""

    address: str
    port: int
    begun_at: datetime
    ended_at: datetime
    tool: str
    seconds_between: float
    answers: tuple[ListenerAnswer, ...]

    def about(self, topic: str) -> tuple[ListenerAnswer, ...]:
        """The answers of one topic."""
        return tuple(answer for answer in self.answers if answer.topic == topic)

    @property
    def accepted_versions(self) -> tuple[str, ...]:
        """Versions the listener takes, oldest first; empty: it was not seen to speak TLS at all."""
        return tuple(answer.asked for answer in self.about("version") if answer.answer is Answer.ACCEPTED)
