"""Third-party SIP phones register with the simulated node: digest credentials, expiry, and what UDP repeats."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.sim.sip.digest import REALM, Digest, is_right
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.sip_digest import digest_parameters
from tests.other_sip_stacks import add_external_phone
from tests.simulated_nodes import SimulatedPair, manager, pair, run, sdl_text

DEVICE, NUMBER, USER, PASSWORD = "SEPTHIRD", "7001", "third", "s3cret"


def with_phone(folder: Path) -> SimulatedPair:
    """A pair whose node A has a third-party phone."""
    both = pair(folder)
    add_external_phone(both.a, DEVICE, NUMBER, USER, PASSWORD)
    return both


def md5(text: str) -> str:
    """As digest authentication hashes."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def authorization(challenge: str, *, user: str = USER, password: str = PASSWORD, qop: bool = False) -> str:
    """What a phone answers to a challenge of a REGISTER."""
    nonce = digest_parameters(challenge)["nonce"]
    middle, extra = nonce, ""
    if qop:
        middle, extra = f"{nonce}:00000001:abc:auth", ', qop=auth, nc=00000001, cnonce="abc"'
    response = md5(f"{md5(f'{user}:{REALM}:{password}')}:{middle}:{md5('REGISTER:sip:node')}")
    return f'Digest username="{user}", realm="{REALM}", nonce="{nonce}", uri="sip:node", response="{response}"{extra}'


class RegisteringPhone(asyncio.DatagramProtocol):
    """Speaks UDP from an address of its own and waits for each answer."""

    def __init__(self, node: NodeState) -> None:
        self.node = node
        self.address = node.ip.rpartition(".")[0] + ".70"
        self.answers: asyncio.Queue[str] = asyncio.Queue()
        self.count = 0

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        self.answers.put_nowait(data.decode())

    async def __aenter__(self) -> "RegisteringPhone":
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, 5060))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.transport.close()

    def request(self, authorization: str = "", *, number: str = NUMBER, expires: str = "600") -> bytes:
        """A REGISTER with the next CSeq."""
        self.count += 1
        head = (
            f"REGISTER sip:node SIP/2.0\r\nVia: SIP/2.0/UDP {self.address}:5060;branch=z9hG4bK{self.count}\r\n"
            f"From: <sip:{number}@node>;tag=1\r\nTo: <sip:{number}@node>\r\nCall-ID: r@{self.address}\r\n"
            f"CSeq: {self.count} REGISTER\r\nContact: <sip:{number}@{self.address}:5060>\r\nExpires: {expires}\r\n"
        )
        extra = f"Authorization: {authorization}\r\n" if authorization else ""
        return f"{head}{extra}Content-Length: 0\r\n\r\n".encode()

    async def ask(self, data: bytes) -> str:
        """Send and take the answer."""
        self.transport.sendto(data, (self.node.ip, 5060))
        return await self.answers.get()

    async def challenge(self) -> str:
        """The node's challenge."""
        answer = await self.ask(self.request())
        assert answer.startswith("SIP/2.0 401 Unauthorized")
        return next(line.partition(": ")[2] for line in answer.split("\r\n") if line.startswith("WWW-Authenticate"))


@pytest.mark.parametrize("qop", [False, True])
def test_a_phone_with_the_right_credentials_is_registered_until_it_leaves(tmp_path: Path, qop: bool) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            assert manager(both.a).phone_status(DEVICE) == ("UnRegistered", 10)
            answer = await phone.ask(phone.request(authorization(await phone.challenge(), qop=qop)))
            assert answer.startswith("SIP/2.0 200 OK")
            assert ";expires=600" in answer
            assert manager(both.a).phone_status(DEVICE) == ("Registered", 0)
            gone = await phone.ask(phone.request(authorization(await phone.challenge()), expires="0"))
            assert gone.startswith("SIP/2.0 200 OK")
            assert manager(both.a).phone_status(DEVICE) == ("UnRegistered", 10)
            assert "EndPointUnregistered - DeviceName:SEPTHIRD" in sdl_text(both.a)
            assert "//SIP/SIPUdp/wait_SdlDataInd: Incoming SIP UDP message from" in sdl_text(both.a)

    run(work())


@pytest.mark.parametrize(
    ("user", "password", "number", "status"),
    [(USER, "wrong", NUMBER, 401), ("nobody", PASSWORD, NUMBER, 401), ("", "", NUMBER, 401), (USER, PASSWORD, "7002", 404)],
)
def test_wrong_credentials_and_numbers_are_refused(tmp_path: Path, user: str, password: str, number: str, status: int) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            given = authorization(await phone.challenge(), user=user, password=password)
            assert (await phone.ask(phone.request(given, number=number))).startswith(f"SIP/2.0 {status}")
            assert manager(both.a).registrar.find(DEVICE) is None
            assert PASSWORD not in sdl_text(both.a)

    run(work())


def test_a_user_without_digest_credentials_can_never_register(tmp_path: Path) -> None:
    async def work() -> None:
        both = with_phone(tmp_path)
        both.a.cluster.database.rows("user")[0]["digestCredentials"] = ""
        async with both, RegisteringPhone(both.a) as phone:
            answer = await phone.ask(phone.request(authorization(await phone.challenge(), password="")))
            assert answer.startswith("SIP/2.0 401")

    run(work())


def test_a_nonce_of_somebody_else_is_called_stale(tmp_path: Path) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            other = Digest(lambda: 0.0).challenge()
            assert "stale=true" in await phone.ask(phone.request(authorization(other)))

    run(work())


def test_a_repeated_request_gets_the_same_answer_and_counts_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both, RegisteringPhone(both.a) as phone:
            request = phone.request()
            first, second = await phone.ask(request), await phone.ask(request)
            assert first == second
            assert sdl_text(both.a).count("REGISTER sip:node") == 1

    run(work())


def test_a_call_to_a_phone_that_never_registered_is_unavailable(tmp_path: Path) -> None:
    async def work() -> None:
        async with with_phone(tmp_path) as both:
            both.b.cluster.database.add("routePattern", {"pattern": "7XXX", "destination": {"gatewayName": "to-CUCMA"}})
            call = await both.call("B", NUMBER)
            assert call.outcome is not None
            assert (call.outcome.status, call.outcome.cause) == (480, 20)

    run(work())


@pytest.mark.parametrize(("seconds", "current"), [(0.0, True), (599.9, True), (600.1, False)])
def test_a_nonce_lives_ten_minutes(seconds: float, current: bool) -> None:
    now = 1000.0
    digest = Digest(lambda: now)
    nonce = digest_parameters(digest.challenge())["nonce"]
    now += seconds
    assert digest.is_current(nonce) is current


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_any_authorization_value_is_read_without_failing_and_never_right(value: str) -> None:
    for text in (value, f"Digest {value}"):
        assert not is_right(digest_parameters(text), "REGISTER", PASSWORD)
