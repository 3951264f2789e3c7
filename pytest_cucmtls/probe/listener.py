"""Asks one listener everything: versions, suite families, groups, fallback, client certificates, SIP in clear text."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from pytest_cucmtls.model.probe import Answer, ListenerAnswer, ProbeReport
from pytest_cucmtls.probe.client_certificates import ClientIdentity, shake_hands, untrusted_identity
from pytest_cucmtls.probe.exchanges import LIMIT_SECONDS, ask
from pytest_cucmtls.wire.probe_hellos import (
    FALLBACK_SIGNAL,
    GROUP_NUMBERS,
    TLS13_SUITES,
    FirstFlight,
    client_hello,
    ephemeral_suites,
    read_clear_answer,
    read_first_flight,
    read_sslv2_answer,
    sslv2_client_hello,
    suites_of_family,
    usual_suites,
)

VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
SUITE_FAMILIES = ("NULL", "anon", "EXPORT", "RC4", "RC2", "DES", "3DES", "IDEA", "CHACHA20")
GROUPS = ("secp160r1", "sect163k1", "secp192r1", "secp224r1", "secp256r1", "secp384r1", "secp521r1", "x25519", "x448")
Question = tuple[str, str, Callable[[], FirstFlight]]


@dataclass(frozen=True, slots=True)
class Manners:
    """How the probe behaves: `pause` is called between two connections, `random` gives n bytes, `now` is the clock."""

    pause: Callable[[], None]
    random: Callable[[int], bytes]
    now: Callable[[], datetime]
    seconds_between: float
    limit_seconds: float = LIMIT_SECONDS


def probe_listener(address: str, port: int, manners: Manners, *, trusted: ClientIdentity | None = None) -> ProbeReport:
    """Every question, one connection each, `manners.pause()` before every connection but the first; raises nothing of its own.

    Where not even one TCP connection is possible the other questions are not asked.
    """
    begun_at, answers = manners.now(), list[ListenerAnswer]()
    for answer in _answers(address, port, manners, trusted, answers):
        answers.append(answer)
        if answer.answer is Answer.UNREACHABLE and not any(one.answer is not Answer.UNREACHABLE for one in answers):
            break
    return ProbeReport(
        address=address,
        port=port,
        begun_at=begun_at,
        ended_at=manners.now(),
        tool=ssl.OPENSSL_VERSION,
        seconds_between=manners.seconds_between,
        answers=tuple(answers),
    )


def _answers(
    address: str, port: int, manners: Manners, trusted: ClientIdentity | None, so_far: list[ListenerAnswer]
) -> Iterator[ListenerAnswer]:
    put = partial(ask, address, port, limit_seconds=manners.limit_seconds)
    first = True
    for topic, asked, exchange in _version_questions(put, manners):
        if not first:
            manners.pause()
        first = False
        yield _noted(topic, asked, exchange())
    accepted = [one.asked for one in so_far if one.answer is Answer.ACCEPTED]
    for topic, asked, exchange in _further_questions(put, manners, accepted):
        manners.pause()
        yield _noted(topic, asked, exchange())
    identities = (("none", None), ("untrusted", untrusted_identity(manners.now())), ("trusted", trusted))
    for asked, identity in identities:
        if asked == "trusted" and identity is None:
            yield ListenerAnswer("certificate", asked, Answer.NOT_ASKED, "this run has no certificate of the authority to show")
            continue
        manners.pause()
        yield shake_hands(address, port, asked, identity, limit_seconds=manners.limit_seconds)


def _noted(topic: str, asked: str, flight: FirstFlight) -> ListenerAnswer:
    answer = ListenerAnswer(
        topic,
        asked,
        flight.answer,
        flight.detail,
        flight.version,
        flight.cipher_suite,
        flight.group,
        flight.client_certificate_requested,
    )
    if topic in ("version", "fallback") and flight.answer is Answer.ACCEPTED and flight.version != asked:
        return replace(answer, answer=Answer.REFUSED, detail=f"answered with {flight.version} instead")
    return answer


def _version_questions(put: Callable[..., FirstFlight], manners: Manners) -> Iterator[Question]:
    for version in VERSIONS:
        if version == "SSLv2":
            yield "version", version, partial(put, sslv2_client_hello(manners.random(16)), read_sslv2_answer)
        else:
            suites = TLS13_SUITES if version == "TLSv1.3" else usual_suites()
            yield "version", version, partial(put, client_hello(version, suites, manners.random(32)), read_first_flight)


def _further_questions(put: Callable[..., FirstFlight], manners: Manners, accepted: list[str]) -> Iterator[Question]:
    """Families and groups at the highest version below TLS 1.3 the listener takes, groups at TLS 1.3 where it takes no other."""
    older = [version for version in accepted if version != "TLSv1.3"]
    for family in SUITE_FAMILIES:
        hello = client_hello(older[-1] if older else "TLSv1.2", suites_of_family(family), manners.random(32))
        yield "suites", family, partial(put, hello, read_first_flight)
    if accepted:
        version, suites = (older[-1], ephemeral_suites()) if older else ("TLSv1.3", TLS13_SUITES)
        for group in GROUPS:
            hello = client_hello(version, suites, manners.random(32), groups=(GROUP_NUMBERS[group],))
            yield "group", group, partial(put, hello, read_first_flight)
    for lower in accepted[:-1]:
        if lower != "SSLv2":
            hello = client_hello(lower, (*usual_suites(), FALLBACK_SIGNAL), manners.random(32))
            yield "fallback", lower, partial(put, hello, read_first_flight)
    yield "clear_sip", "tcp", partial(put, _OPTIONS, read_clear_answer)


_OPTIONS = (
    b"OPTIONS sip:probe.invalid SIP/2.0\r\nVia: SIP/2.0/TCP probe.invalid;branch=z9hG4bKprobe\r\nMax-Forwards: 0\r\n"
    b"From: <sip:probe@probe.invalid>;tag=probe\r\nTo: <sip:probe.invalid>\r\nCall-ID: probe@probe.invalid\r\n"
    b"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
"""Asks nothing of the node but an answer; addressed to a name that cannot exist (RFC 2606 §2)."""
