"""The test calls: the way the digits took, the SIP messages of the trunk leg, and the media that was negotiated."""

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_cucmtls.checks.call import IDENTITY_HEADERS
from pytest_cucmtls.checks.dial_patterns import partition_name
from pytest_cucmtls.checks.media import media_of
from pytest_cucmtls.checks.moments import calls_of, within
from pytest_cucmtls.checks.routing import pattern_of, ways_of
from pytest_cucmtls.checks.stores import spec_of
from pytest_cucmtls.checks.traced_calls import TracedCall, traced_call, user_of
from pytest_cucmtls.model.errors import CucmTlsError, NoEvidence
from pytest_cucmtls.model.evidence import CallAttempt, ClusterEvidence, Evidence
from pytest_cucmtls.model.traces import DigitAnalysis
from pytest_cucmtls.report.answers import Standing
from pytest_cucmtls.report.html.sections.joined import Tie, joined
from pytest_cucmtls.report.html.shown import moment, span
from pytest_cucmtls.report.ladder import Arrow, call_arrows


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the way a call took: `kind` is a key (``stop_phone`` …); `seen` tells a trace from a configuration."""

    kind: str
    place: str
    title: str
    detail: str
    standing: Standing
    seen: bool


@dataclass(frozen=True, slots=True)
class MediaRow:
    """One media line of an offer or answer."""

    carrier: str
    sender: str
    profile: str
    secure: bool
    address: str
    suites: str


@dataclass(frozen=True, slots=True)
class CallCard:
    """One direction's test call; `missing` says why the trunk leg cannot be shown."""

    direction: str
    client: str
    server: str
    caller: str
    called: str
    started_at: str
    lasted: str
    driver: str
    call_id: str
    way: tuple[Stop, ...]
    arrows: tuple[Arrow, ...]
    ladder_ends: tuple[str, str]
    media: tuple[MediaRow, ...]
    missing: str
    ties: tuple[Tie, ...]
    """What joins the pieces of evidence to this call."""


def calls(evidence: Evidence) -> tuple[CallCard, CallCard]:
    """Both directions, whether a call was placed or not."""
    first, second = evidence.clusters
    return _card(evidence, first, second), _card(evidence, second, first)


def _card(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> CallCard:
    placed = calls_of(evidence, f"{client.name}->{server.name}")
    attempt = placed[-1].value if placed else None
    call, missing = _traced(evidence, client, server)
    return CallCard(
        direction=f"{client.name}->{server.name}",
        client=client.name,
        server=server.name,
        caller=attempt.caller if attempt else spec_of(evidence, client).extension,
        called=attempt.called if attempt else spec_of(evidence, server).extension,
        started_at=moment(attempt.started_at) if attempt else "",
        lasted=span((attempt.ended_at - attempt.started_at).total_seconds()) if attempt and attempt.ended_at else "",
        driver=", ".join(filter(None, (attempt.driver, attempt.outcome_description))) if attempt else "",
        call_id=call.call_id if call else "",
        way=_way(evidence, client, server, attempt, call),
        arrows=tuple(call_arrows([message.sip for message in call.calling])) if call else (),
        ladder_ends=_ends(call, client, server),
        media=_media(call),
        missing=missing,
        ties=joined(evidence, client, server),
    )


def _traced(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> tuple[TracedCall | None, str]:
    try:
        return traced_call(evidence, client, server), ""
    except NoEvidence as missing:
        return None, f"{missing.fact}: {missing.why}. {missing.remedy}"


def _ends(call: TracedCall | None, client: ClusterEvidence, server: ClusterEvidence) -> tuple[str, str]:
    if call is None:
        return client.name, server.name
    there = call.called[0].node.name if call.called else call.invite.sip.peer
    return call.invite.node.name, there


def _way(
    evidence: Evidence,
    client: ClusterEvidence,
    server: ClusterEvidence,
    attempt: CallAttempt | None,
    call: TracedCall | None,
) -> tuple[Stop, ...]:
    """Phone, digit analysis, pattern, trunk, TLS, digit analysis of the other side, phone that answered."""
    spec, peer = spec_of(evidence, client), spec_of(evidence, server)
    caller = attempt.caller if attempt else spec.extension
    called = attempt.called if attempt else peer.extension
    stops = [
        Stop("stop_phone", client.name, caller, spec.phone, Standing.PROVEN if attempt else Standing.UNDECIDED, bool(attempt))
    ]
    stops.append(_analysis(evidence, client, attempt, called, None))
    stops += _configured(evidence, client, spec.trunk)
    stops.append(_invite(client, server, call))
    received = user_of(call.invite.sip.message.request_uri) if call else called
    stops.append(_analysis(evidence, server, attempt, received, caller))
    stops.append(_answer(server, peer.phone, called, call))
    return tuple(stops)


def _analysis(evidence: Evidence, cluster: ClusterEvidence, attempt: CallAttempt | None, digits: str, caller: str | None) -> Stop:
    """The last digit analysis of these digits in the call's time, else the closest one, else that there is none."""
    found = [analysis for analysis in _analyses(evidence, cluster, attempt) if analysis.dialed_digits == digits]
    if not found and caller is not None:
        found = [
            analysis
            for analysis in _analyses(evidence, cluster, attempt)
            if analysis.dialed_digits and digits.endswith(analysis.dialed_digits)
        ]
    if not found:
        return Stop("stop_analysis", cluster.name, digits, "", Standing.UNDECIDED, False)
    last = next((analysis for analysis in reversed(found) if analysis.outcome == "match"), found[-1])
    partition = partition_name(last.result("DialingPartition")) or "<None>"
    pattern = last.result("DialingPattern")
    detail = f"{pattern} in {partition}" if pattern else (last.outcome or "cut off").replace("_", " ")
    good = last.outcome == "match" and last.dialed_digits == digits
    standing = Standing.PROVEN if good else Standing.UNDECIDED if last.outcome is None else Standing.REFUTED
    return Stop("stop_analysis", cluster.name, f"dd={last.dialed_digits}", detail, standing, True)


def _analyses(evidence: Evidence, cluster: ClusterEvidence, attempt: CallAttempt | None) -> Iterable[DigitAnalysis]:
    for node in cluster.nodes:
        for trace in node.traces:
            for analysis in trace.value.digit_analysis:
                if attempt is None or within(attempt, analysis.source.at, evidence.gathered_at):
                    yield analysis


def _configured(evidence: Evidence, client: ClusterEvidence, trunk: str) -> list[Stop]:
    """Route pattern and the devices it leads to, as AXL answered."""
    try:
        pattern = pattern_of(evidence, client)
        ways = ways_of(evidence, client, pattern) if pattern else []
    except NoEvidence as missing:
        return [Stop("stop_pattern", client.name, "", missing.fact, Standing.UNDECIDED, False)]
    if pattern is None:
        return [Stop("stop_pattern", client.name, "–", "", Standing.REFUTED, True)]
    partition = partition_name(pattern.value.partition) or "<None>"
    leads = any(way.device == trunk for way in ways)
    blocked = bool(pattern.value.block_enable)
    found = [
        Stop(
            "stop_pattern",
            client.name,
            pattern.value.pattern,
            partition,
            Standing.REFUTED if blocked or not leads else Standing.PROVEN,
            True,
        )
    ]
    if pattern.value.route_list_name:
        members = ", ".join(f"{place}. {way.group}: {way.device}" for place, way in enumerate(ways, 1))
        found.append(Stop("stop_list", client.name, pattern.value.route_list_name, members, Standing.PROVEN, True))
    found.append(_trunk(client, trunk, leads))
    return found


def _trunk(client: ClusterEvidence, name: str, leads: bool) -> Stop:
    if client.trunk is None:
        return Stop("stop_trunk", client.name, name, "", Standing.UNDECIDED, False)
    rows = ", ".join(f"{row.address}:{row.port}" for row in client.trunk.value.destinations)
    return Stop("stop_trunk", client.name, client.trunk.value.name, rows, Standing.PROVEN if leads else Standing.REFUTED, True)


def _invite(client: ClusterEvidence, server: ClusterEvidence, call: TracedCall | None) -> Stop:
    place = f"{client.name} → {server.name}"
    if call is None:
        return Stop("stop_invite", place, "INVITE", "", Standing.UNDECIDED, False)
    message = call.invite.sip.message
    transport = message.via_transport
    standing = Standing.UNDECIDED if transport is None else Standing.PROVEN if transport == "TLS" else Standing.REFUTED
    detail = f"{call.invite.sip.peer}:{call.invite.sip.port}"
    return Stop("stop_invite", place, f"INVITE {transport or '?'}", detail, standing, True)


def _answer(server: ClusterEvidence, phone: str, called: str, call: TracedCall | None) -> Stop:
    if call is None:
        return Stop("stop_answer", server.name, called, phone, Standing.UNDECIDED, False)
    for message in call.messages:
        sip = message.sip.message
        if sip.status_code == 200 and "INVITE" in (sip.header("CSeq") or "").upper():
            party = next((user_of(sip.header(name)) for name in IDENTITY_HEADERS if user_of(sip.header(name))), "")
            standing = Standing.PROVEN if party == called else Standing.REFUTED if party else Standing.UNDECIDED
            return Stop("stop_answer", server.name, party or "?", phone if party == called else "200 OK", standing, True)
    final = next((message.sip.message for message in call.messages if (message.sip.message.status_code or 0) >= 300), None)
    if final is not None:
        return Stop("stop_answer", server.name, str(final.status_code), final.reason_phrase or "", Standing.REFUTED, True)
    return Stop("stop_answer", server.name, called, phone, Standing.UNDECIDED, False)


def _media(call: TracedCall | None) -> tuple[MediaRow, ...]:
    try:
        found = media_of(call) if call else ()
    except CucmTlsError:
        return ()
    return tuple(
        MediaRow(
            carrier=media.carrier,
            sender=media.sender,
            profile=f"{media.line.kind} {media.line.profile}",
            secure=media.line.secure,
            address=f"{media.line.address or '?'}:{media.line.port}",
            suites=", ".join(crypto.crypto_suite for crypto in media.line.crypto if set(crypto.crypto_suite.upper()) != {"X"}),
        )
        for media in found
    )
