"""Calls over the trunk of two simulated nodes: who answers, with which media, and how the trunk's state decides."""

import asyncio
import socket
from pathlib import Path

import pytest

from pytest_cucmtls.sim.calls.placed import Call, CallLength
from pytest_cucmtls.sim.state import NodeState
from tests.simulated_nodes import PHONES, Authority, call_log_text, manager, pair, run, sdl_text


def suite_of(call: Call) -> str | None:
    """SRTP suite of an answered call, None for RTP."""
    assert call.outcome is not None
    assert call.outcome.status == 200
    assert call.outcome.agreement is not None
    return call.outcome.agreement.keys.suite if call.outcome.agreement.keys else None


@pytest.mark.parametrize("source", ["A", "B"])
def test_a_call_is_answered_and_its_srtp_packets_authenticate(tmp_path: Path, source: str) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            call = await both.call(source)
            other = manager(both.b if source == "A" else both.a).calls.finished[-1]
            assert suite_of(call) == suite_of(other) == "AEAD_AES_256_GCM"
            for side in (call, other):
                assert side.audio is not None
                assert (side.audio.sent, side.audio.received, side.audio.refused) == (5, 5, 0)

    run(work())


@pytest.mark.parametrize("side", ["a", "b"])
def test_media_is_plain_rtp_when_one_trunk_does_not_allow_srtp(tmp_path: Path, side: str) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        node: NodeState = getattr(both, side)
        node.cluster.database.rows("sipTrunk")[0]["srtpAllowed"] = False
        async with both:
            call = await both.call()
            assert suite_of(call) is None
            assert call.audio is not None
            assert call.audio.received == 5
            offer, answer = [line for line in sdl_text(both.a).splitlines() if line.startswith("m=audio")]
            assert answer.split()[2] == "RTP/AVP"
            assert offer.split()[2] == ("RTP/SAVP" if side == "a" else "RTP/AVP")

    run(work())


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize(("security_mode", "secure"), [("0", False), ("1", True)])
def test_phones_encrypt_in_mixed_mode_only(tmp_path: Path, side: str, security_mode: str, secure: bool) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        node: NodeState = getattr(both, side)
        node.cluster.enterprise_parameters["Cluster Security Mode"] = security_mode
        async with both:
            assert (suite_of(await both.call()) is not None) is secure
            assert "Via: SIP/2.0/TLS" in sdl_text(both.a)

    run(work())


def test_a_plain_trunk_carries_the_call_over_tcp_without_srtp(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode="Non Secure") as both:
            assert suite_of(await both.call()) is None
            text = sdl_text(both.a)
            assert "Via: SIP/2.0/TCP" in text
            assert "createConnMsg tls_security=0" in text
            assert "SIPCertificateInd" not in text

    run(work())


def test_the_9_1_and_10_5_pair_agrees_on_the_only_suite_9_1_has(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, releases=("9.1", "10.5"), authority=Authority(1024, sha1=True)) as both:
            assert suite_of(await both.call("A")) == "AES_CM_128_HMAC_SHA1_32"
            assert suite_of(await both.call("B")) == "AES_CM_128_HMAC_SHA1_32"

    run(work())


@pytest.mark.parametrize(
    ("setting", "suite"),
    [("Strongest - AEAD AES-256 GCM", "AEAD_AES_256_GCM"), ("Medium", "AEAD_AES_256_GCM"), ("", "AEAD_AES_256_GCM")],
)
def test_the_srtp_ciphers_parameter_narrows_the_offer(tmp_path: Path, setting: str, suite: str) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.enterprise_parameters["SRTP Ciphers"] = setting
        async with both:
            assert suite_of(await both.call()) == suite
            masked = sdl_text(both.a).count("a=crypto:XXXX")
            assert masked == {"S": 1, "M": 2}.get(setting[:1], 4) + 1

    run(work())


def test_a_peer_without_a_common_srtp_suite_falls_back_to_rtp(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path, releases=("9.1", "10.5"), authority=Authority(1024, sha1=True))
        both.b.cluster.enterprise_parameters["SRTP Ciphers"] = "Strongest"
        async with both:
            assert suite_of(await both.call()) is None

    run(work())


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        ("weakest_srtp_suite_selected", "a"),
        ("srtp_key_reused", "a"),
        ("unencrypted_srtp_parameter", "b"),
        ("rtp_sent_despite_srtp", "b"),
    ],
)
def test_media_faults_change_what_the_phones_do(tmp_path: Path, fault: str, where: str) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        node: NodeState = getattr(both, where)
        node.cluster.faults.add(fault)
        async with both:
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.agreement is not None
            keys = call.outcome.agreement.keys
            assert keys is not None
            assert call.audio is not None
            assert (keys.suite == "AES_CM_128_HMAC_SHA1_32") is (fault == "weakest_srtp_suite_selected")
            assert (keys.send == keys.receive) is (fault == "srtp_key_reused")
            assert (call.audio.refused == 5) is (fault == "rtp_sent_despite_srtp")

    run(work())


def test_hanging_up_ends_a_long_call_from_either_side(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, length=CallLength(packets=100_000, interval_seconds=0.02)) as both:
            for node, device in ((both.a, PHONES["A"][0]), (both.b, PHONES["B"][0])):
                await manager(both.a).make_call(*PHONES["A"], "9898")
                await answered(both.b)
                assert await manager(node).end_call(device)
                await manager(both.a).wait_until_idle()
                await manager(both.b).wait_until_idle()
                outcome = manager(both.a).calls.finished[-1].outcome
                assert outcome is not None
                assert (outcome.status, outcome.cause) == (200, 16)
                assert not await manager(node).end_call(device)

    async def answered(node: NodeState) -> None:
        while not any(call.audio is not None and call.audio.received for call in manager(node).calls.active.values()):
            await asyncio.sleep(0)

    run(work())


def test_a_call_hung_up_at_once_is_cancelled(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await manager(both.a).make_call(*PHONES["A"], "9898")
            assert await manager(both.a).end_call(PHONES["A"][0])
            await manager(both.a).wait_until_idle()
            outcome = manager(both.a).calls.finished[-1].outcome
            assert outcome is not None
            assert outcome.status == 487

    run(work())


def test_two_calls_in_parallel_each_have_their_own_call_id_and_a_third_hears_busy(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, length=CallLength(packets=10, interval_seconds=0.005)) as both:
            for _ in range(3):
                await manager(both.a).make_call(*PHONES["A"], "9898")
            await manager(both.a).wait_until_idle()
            statuses = [call.outcome.status for call in manager(both.a).calls.finished if call.outcome]
            assert sorted(statuses) == [200, 200, 486]
            identifiers = {line.split("|")[-2] for line in call_log_text(both.a).splitlines() if line.endswith("|INVITE")}
            assert len(identifiers) == 3
            assert sdl_text(both.a).count("ProcessConnCreated") == 1

    run(work())


def test_stopping_in_the_middle_of_a_call_ends_it_on_both_sides(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, length=CallLength(packets=100_000, interval_seconds=0.02)) as both:
            await manager(both.a).make_call(*PHONES["A"], "9898")
            while not manager(both.b).calls.active:
                await asyncio.sleep(0)
            await manager(both.a).stop()
            await manager(both.b).wait_until_idle()
            assert both.a.services["Cisco CallManager"].status == "Stopped"
            assert manager(both.a).trunk_status("to-CUCM10") == ("UnRegistered", 10)

    run(work())


def test_phones_and_trunks_report_their_state(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            assert manager(both.a).phone_status(PHONES["A"][0]) == ("Registered", 0)
            assert manager(both.a).phone_status("SEP000000000000") == ("UnRegistered", 10)
            assert manager(both.a).trunk_status("to-CUCM10") == ("Unknown", 1)
            assert manager(both.a).trunk_status("missing") == ("UnRegistered", 10)

    run(work())


def test_a_call_from_an_unknown_phone_or_a_stopped_service_just_fails(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await manager(both.a).make_call("SEP000000000000", "1018", "9898")
            await manager(both.a).wait_until_idle()
            assert manager(both.a).calls.finished[-1].outcome.cause == 20  # type: ignore[union-attr]
            await manager(both.b).stop()
            call = await both.call()
            assert call.outcome is not None
            assert (call.outcome.status, call.outcome.cause) == (503, 41)

    run(work())


def test_a_stopped_service_drops_calls_and_a_taken_port_keeps_it_stopped(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        status = both.a.services["Cisco CallManager"]
        ticket = await manager(both.a).make_call(*PHONES["A"], "9898")
        assert ticket.destination == "9898"
        assert suite_or_status(manager(both.a).calls.finished[-1]) == 0
        with socket.socket() as other:
            other.bind((both.a.ip, 5061))
            other.listen()
            with pytest.raises(OSError, match="in use"):
                await manager(both.a).start()
        assert status.status == "Stopped"
        async with both:
            assert status.status == "Started"
            await manager(both.a).start()
            assert (await both.call()).outcome is not None
        assert status.status == "Stopped"
        await manager(both.a).stop()

    def suite_or_status(call: Call) -> int:
        assert call.outcome is not None
        return call.outcome.status

    run(work())
