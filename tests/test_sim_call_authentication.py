"""Requests that must prove who sends them: INVITEs of registered phones, and of trunks whose profile asks for digest."""

from pathlib import Path

import pytest

from pytest_cucmtls.sim.sip.digest import REALM
from pytest_cucmtls.wire.sip_digest import digest_parameters
from tests.simulated_nodes import manager, pair, run, sdl_text
from tests.test_sim_call_hostile import RawPeer
from tests.test_sim_call_registration import (
    DEVICE,
    NUMBER,
    PASSWORD,
    USER,
    RegisteringPhone,
    authorization,
    md5,
    with_phone,
)

STANDARD_PROFILE = "Third-party SIP Device Basic - Standard SIP Non-Secure Profile"


def invite(phone: RegisteringPhone, given: str = "") -> bytes:
    """An INVITE of the phone to 1018 on its own node; without media it goes as far as the answer."""
    phone.count += 1
    extra = f"Authorization: {given}\r\n" if given else ""
    return (
        f"INVITE sip:1018@node SIP/2.0\r\nVia: SIP/2.0/UDP {phone.address}:5060;branch=z9hG4bKi{phone.count}\r\n"
        f"From: <sip:{NUMBER}@node>;tag=9\r\nTo: <sip:1018@node>\r\nCall-ID: i{phone.count}@{phone.address}\r\n"
        f"CSeq: {phone.count} INVITE\r\nContact: <sip:{NUMBER}@{phone.address}:5060>\r\n{extra}Content-Length: 0\r\n\r\n"
    ).encode()


def proof(answer: str, *, user: str = USER, password: str = PASSWORD, realm: str = REALM) -> str:
    """Credentials for the challenge in a 401 to an INVITE."""
    header = next(line for line in answer.split("\r\n") if line.startswith("WWW-Authenticate")).partition(": ")[2]
    found = digest_parameters(header)
    assert found["realm"] == realm
    response = md5(f"{md5(f'{user}:{realm}:{password}')}:{found['nonce']}:{md5('INVITE:sip:node')}")
    return f'Digest username="{user}", realm="{realm}", nonce="{found["nonce"]}", uri="sip:node", response="{response}"'


async def registered(phone: RegisteringPhone) -> None:
    """Let the phone register."""
    assert (await phone.ask(phone.request(authorization(await phone.challenge())))).startswith("SIP/2.0 200")


def test_a_registered_phone_must_prove_itself_again_for_a_call(tmp_path: Path) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            await registered(phone)
            refused = await phone.ask(invite(phone))
            assert refused.startswith("SIP/2.0 401")
            assert (await phone.ask(invite(phone, proof(refused)))).startswith("SIP/2.0 100")
            assert PASSWORD not in sdl_text(both.a)

    run(work())


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("other", "other"), ("nobody", PASSWORD)])
def test_wrong_or_somebody_elses_credentials_place_no_call(tmp_path: Path, user: str, password: str) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            both.a.cluster.database.add("user", {"userid": "other", "digestCredentials": "other"})
            await registered(phone)
            refused = await phone.ask(invite(phone))
            again = await phone.ask(invite(phone, proof(refused, user=user, password=password)))
            assert again.startswith("SIP/2.0 401")
            assert not manager(both.a).calls.active

    run(work())


def test_a_nonce_that_was_never_given_out_is_stale(tmp_path: Path) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            await registered(phone)
            old = f'WWW-Authenticate: Digest realm="{REALM}", nonce="older"'
            assert "stale=true" in await phone.ask(invite(phone, proof(old)))

    run(work())


def test_a_phone_with_the_standard_profile_is_not_asked(tmp_path: Path) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            row = both.a.cluster.database.find("phone", name=DEVICE)
            assert row is not None
            row["securityProfileName"] = STANDARD_PROFILE
            await registered(phone)
            assert (await phone.ask(invite(phone))).startswith("SIP/2.0 100")

    run(work())


def test_a_trunk_whose_profile_asks_for_digest_challenges_its_peer_in_the_clusters_realm(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode="Non Secure")
        database = both.b.cluster.database
        database.rows("sipTrunkSecurityProfile")[0]["digestAuthentication"] = True
        async with both:
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.status == 401
            assert 'realm="StandAloneCluster"' in sdl_text(both.a)
            await manager(both.a).stop()
            async with RawPeer(both) as peer:
                peer.writer.write(peer.invite())
                await peer.answer_starting("SIP/2.0 401")

    run(work())
