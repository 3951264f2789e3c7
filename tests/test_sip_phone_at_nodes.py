"""Our own SIP phone at simulated nodes: it registers, dials, answers, plays its marker and proves what it heard."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_cucmtls.calls.heard_media import ExpectedTalk, media_proof
from pytest_cucmtls.calls.phone_tls import phone_tls_context
from pytest_cucmtls.calls.sip_links import LinkSettings
from pytest_cucmtls.calls.sip_phone import PhonePlan, SipPhone
from pytest_cucmtls.model.calls import CallOutcome, MediaProof
from pytest_cucmtls.model.errors import ClusterUnreachable, CredentialsRefused, InterfaceRefused, PeerNotVerified
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.call_endings import ending_of
from tests.other_sip_stacks import add_external_phone, write_identity
from tests.simulated_nodes import PHONES, Authority, SimulatedPair, manager, pair, run, sdl_text

PASSWORD = "s3cret"
MARKERS = ("0123456789ab", "fedcba987654")


class Ends:
    """A pair whose clusters each have a third-party phone, 7001 at A and 8001 at B, reachable over the trunk."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.ca = Authority()
        self.pair: SimulatedPair = pair(folder, authority=self.ca, **options)  # type: ignore[arg-type]
        for node, number in ((self.pair.a, "7001"), (self.pair.b, "8001")):
            row = add_external_phone(node, f"SEP{number}", number, f"user{number}", PASSWORD)
            row["securityProfileName"] = "Third-party SIP Device Basic - Standard SIP Non-Secure Profile"
        self.pair.a.cluster.database.add("routePattern", {"pattern": "8XXX", "destination": {"gatewayName": "to-CUCM10"}})
        self.pair.b.cluster.database.add("routePattern", {"pattern": "7XXX", "destination": {"gatewayName": "to-CUCMA"}})
        self.own, self.trusted = write_identity(folder, self.ca.identity("phone", 2), self.ca.der)

    def plan(self, node: NodeState, number: str, transport: str = "udp", **changes: object) -> PhonePlan:
        """A phone at an address of its own in the node's subnet."""
        address = node.ip.rpartition(".")[0] + (".70" if node is self.pair.a else ".71")
        port = 5061 if transport == "tls" else 5060
        link = LinkSettings(
            transport, Endpoint(node.ip, port), node.name, address, self.context() if transport == "tls" else None
        )
        return PhonePlan(number, f"user{number}", link, secure="allowed" if transport == "tls" else "never", **changes)  # type: ignore[arg-type]

    def context(self) -> ssl.SSLContext:
        """Trusts the authority and shows the phone's certificate."""
        return phone_tls_context(str(self.trusted), str(self.own), None)


async def with_ends(folder: Path, work: Callable[[Ends], object], **options: object) -> None:
    """Run blocking work of a phone's user in a thread while the nodes run here."""
    ends = Ends(folder, **options)
    async with ends.pair:
        await asyncio.to_thread(work, ends)
        await manager(ends.pair.a).wait_until_idle()
        await manager(ends.pair.b).wait_until_idle()


def talk(caller: SipPhone, called: SipPhone, number: str) -> tuple[MediaProof, MediaProof]:
    """A whole call with keys pressed both ways: what the caller heard, what the called party heard."""
    called.expect_call(MARKERS[1])
    caller.dial(number, MARKERS[0])
    assert caller.wait_connected(20)
    assert called.wait_connected(20)
    assert caller.wait_heard(1.2, 20)
    assert called.wait_heard(1.2, 20)
    assert caller.press("12#", 20)
    assert called.press("9*", 20)
    assert called.wait_keys("12#", 20)
    assert caller.wait_keys("9*", 20)
    caller.hang_up()
    assert caller.wait_over(20)
    assert called.wait_over(20)
    assert caller.voice is not None
    assert called.voice is not None
    transport = caller.plan.link.transport
    return (
        media_proof(ExpectedTalk("A->B", "B", "A", transport, MARKERS[1], "9*"), caller.voice),
        media_proof(ExpectedTalk("A->B", "A", "B", transport, MARKERS[0], "12#"), called.voice),
    )


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_two_phones_of_ours_talk_over_the_trunk_and_prove_it(tmp_path: Path, transport: str) -> None:
    def work(ends: Ends) -> None:
        with ExitStack() as stack:
            caller = stack.enter_context(SipPhone(ends.plan(ends.pair.a, "7001", transport), Secret(PASSWORD)))
            called = stack.enter_context(SipPhone(ends.plan(ends.pair.b, "8001", transport), Secret(PASSWORD)))
            heard = talk(caller, called, "8001")
            assert caller.call is not None
            assert caller.call.ending.outcome is CallOutcome.ANSWERED
            assert caller.call.ending.party == "8001"
            assert called.call is not None
            assert called.call.caller == "7001"
        for proof, keys in zip(heard, ("9*", "12#"), strict=True):
            assert proof.marker_heard, proof
            assert proof.marker_share > 0.9
            assert proof.keys_heard == keys
            assert proof.lost == 0
            if transport == "tls":
                assert (proof.profile, proof.encrypted) == ("RTP/SAVP", True)
                assert proof.authenticated == proof.packets > 50
            else:
                assert (proof.profile, proof.encrypted, proof.authenticated) == ("RTP/AVP", False, 0)
        assert manager(ends.pair.a).phone_status("SEP7001") == ("UnRegistered", 10)

    run(with_ends(tmp_path, work))


def test_a_simulated_phone_can_be_called_and_hears_ours(tmp_path: Path) -> None:
    def work(ends: Ends) -> None:
        with SipPhone(ends.plan(ends.pair.a, "7001", "tls"), Secret(PASSWORD)) as phone:
            phone.dial("9898", MARKERS[0])
            assert phone.wait_connected(20)
            assert phone.wait_heard(0.1, 20)
            phone.hang_up()
            assert phone.wait_over(20)
            assert phone.call is not None
            assert phone.call.ending.party == "9898"

    run(with_ends(tmp_path, work))


def test_it_answers_a_simulated_phone(tmp_path: Path) -> None:
    async def work() -> None:
        ends = Ends(tmp_path)
        async with ends.pair:
            phone = SipPhone(ends.plan(ends.pair.b, "8001", "tls"), Secret(PASSWORD))
            await asyncio.to_thread(phone.__enter__)
            phone.expect_call(MARKERS[1])
            await manager(ends.pair.a).make_call(*PHONES["A"], "8001")
            assert await asyncio.to_thread(phone.wait_over, 20)
            assert phone.call is not None
            assert phone.call.was_connected
            assert phone.call.caller == "1018"
            await asyncio.to_thread(phone.__exit__)
            await manager(ends.pair.a).wait_until_idle()
            finished = manager(ends.pair.a).calls.finished[-1]
            assert finished.outcome is not None
            assert finished.outcome.status == 200

    run(work())


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("8001", CallOutcome.BUSY), ("9777", CallOutcome.UNKNOWN_NUMBER), ("8002", CallOutcome.UNKNOWN_NUMBER)],
)
def test_what_a_call_met_is_told_apart(tmp_path: Path, number: str, outcome: CallOutcome) -> None:
    def work(ends: Ends) -> None:
        with ExitStack() as stack:
            caller = stack.enter_context(SipPhone(ends.plan(ends.pair.a, "7001"), Secret(PASSWORD)))
            stack.enter_context(SipPhone(ends.plan(ends.pair.b, "8001"), Secret(PASSWORD)))
            caller.dial(number, MARKERS[0])
            assert not caller.wait_connected(20)
            assert caller.call is not None
            assert caller.call.ending.outcome is outcome, caller.call.ending

    run(with_ends(tmp_path, work))


@pytest.mark.parametrize(
    ("field", "forward", "outcome", "party"),
    [
        ("callForwardAll", {"destination": "9898"}, CallOutcome.FORWARDED, "9898"),
        ("callForwardAll", {"forwardToVoiceMail": "true"}, CallOutcome.VOICEMAIL, "5000"),
        ("callForwardNotRegistered", {"destination": "9898"}, CallOutcome.FORWARDED, "9898"),
        ("callForwardNotRegistered", {"forwardToVoiceMail": "true"}, CallOutcome.VOICEMAIL, "5000"),
        ("callForwardBusy", {"destination": "9898"}, CallOutcome.UNAVAILABLE, ""),
    ],
)
def test_who_answers_instead_is_told(
    tmp_path: Path, field: str, forward: dict[str, str], outcome: CallOutcome, party: str
) -> None:
    def work(ends: Ends) -> None:
        ends.pair.b.cluster.enterprise_parameters["Voice Mail Pilot"] = "5000"
        line = ends.pair.b.cluster.database.find("line", pattern="8001")
        assert line is not None
        line[field] = forward
        with SipPhone(ends.plan(ends.pair.a, "7001"), Secret(PASSWORD)) as caller:
            caller.dial("8001", MARKERS[0])
            assert caller.wait_connected(20) is bool(party)
            caller.hang_up()
            assert caller.wait_over(20)
            assert caller.call is not None
            ending = ending_of("8001", caller.call.messages, voicemail="5000")
            assert (ending.outcome, ending.party) == (outcome, party)

    run(with_ends(tmp_path, work))


def test_nobody_picks_up_is_no_answer_and_leaves_no_call_behind(tmp_path: Path) -> None:
    def work(ends: Ends) -> None:
        with ExitStack() as stack:
            caller = stack.enter_context(SipPhone(ends.plan(ends.pair.a, "7001", ring_seconds=0.6), Secret(PASSWORD)))
            called = stack.enter_context(SipPhone(ends.plan(ends.pair.b, "8001", answers=False), Secret(PASSWORD)))
            called.expect_call(MARKERS[1])
            caller.dial("8001", MARKERS[0])
            assert not caller.wait_connected(20)
            assert caller.call is not None
            assert caller.call.ending.outcome is CallOutcome.NO_ANSWER
            assert called.wait_over(20)

    run(with_ends(tmp_path, work))


def test_a_wrong_password_is_said_to_be_one(tmp_path: Path) -> None:
    def work(ends: Ends) -> None:
        with (
            pytest.raises(CredentialsRefused, match="digest") as refusal,
            SipPhone(ends.plan(ends.pair.a, "7001"), Secret("not the password")),
        ):
            pass
        assert "not the password" not in str(refusal.value)

    run(with_ends(tmp_path, work))


def test_a_number_without_a_device_is_refused(tmp_path: Path) -> None:
    def work(ends: Ends) -> None:
        plan = ends.plan(ends.pair.a, "7002")
        with pytest.raises((InterfaceRefused, CredentialsRefused)), SipPhone(plan, Secret(PASSWORD)):
            pass

    run(with_ends(tmp_path, work))


def test_a_node_with_another_name_is_not_spoken_to(tmp_path: Path) -> None:
    def work(ends: Ends) -> None:
        good = ends.plan(ends.pair.a, "7001", "tls")
        link = LinkSettings("tls", good.link.node, "somebody-else", good.link.local_ip, ends.context())
        with (
            pytest.raises(PeerNotVerified, match="not somebody-else"),
            SipPhone(PhonePlan("7001", "user7001", link), Secret(PASSWORD)),
        ):
            pass

    run(with_ends(tmp_path, work))


def test_a_closed_port_is_unreachable(tmp_path: Path) -> None:
    ends = Ends(tmp_path)
    with pytest.raises(ClusterUnreachable), SipPhone(ends.plan(ends.pair.a, "7001", "tcp"), Secret(PASSWORD)):
        pass


def test_the_password_and_keys_never_stand_in_the_traces(tmp_path: Path) -> None:
    def work(ends: Ends) -> None:
        with SipPhone(ends.plan(ends.pair.a, "7001", "tls"), Secret(PASSWORD)):
            assert PASSWORD not in sdl_text(ends.pair.a)

    run(with_ends(tmp_path, work))


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_node_that_goes_away_in_the_middle_of_a_call_ends_it_without_hanging(tmp_path: Path, transport: str) -> None:
    async def work() -> None:
        ends = Ends(tmp_path)
        async with ends.pair:
            phone = SipPhone(ends.plan(ends.pair.a, "7001", transport), Secret(PASSWORD))
            await asyncio.to_thread(phone.__enter__)
            phone.dial("9898", MARKERS[0])
            assert await asyncio.to_thread(phone.wait_connected, 20)
            registration = manager(ends.pair.a).registrar.find("SEP7001")
            assert registration is not None
            registration.link.abort()
            assert await asyncio.to_thread(phone.wait_over, 20)
            await asyncio.to_thread(phone.__exit__)
            await manager(ends.pair.a).wait_until_idle()

    run(work())


def test_leaving_in_the_middle_of_a_call_hangs_up_first(tmp_path: Path) -> None:
    def work(ends: Ends) -> None:
        with SipPhone(ends.plan(ends.pair.a, "7001"), Secret(PASSWORD)) as phone:
            phone.dial("9898", MARKERS[0])
            assert phone.wait_connected(20)
        assert phone.call is not None
        assert phone.call.over
        assert manager(ends.pair.a).phone_status("SEP7001") == ("UnRegistered", 10)

    run(with_ends(tmp_path, work))
