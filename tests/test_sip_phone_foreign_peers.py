"""Our own SIP phone with SIP programs that nobody here wrote: baresip behind the other cluster, SIPp as its node."""

import asyncio
from pathlib import Path

import pytest

from pytest_cucmtls.calls.sip_links import LinkSettings, open_link
from pytest_cucmtls.calls.sip_phone import PhonePlan, SipPhone
from pytest_cucmtls.model.calls import CallOutcome
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.sip import SipMessage
from tests.other_sip_stacks import add_external_phone, listening, needs, registered, running, write_identity
from tests.simulated_nodes import free_subnet, manager, run
from tests.test_sim_call_other_stacks import order, write_baresip
from tests.test_sip_phone_at_nodes import MARKERS, PASSWORD, Ends


@needs("baresip", "baresip-core")
@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_baresip_is_called_and_calls_back(tmp_path: Path, transport: str) -> None:
    async def work() -> None:
        ends = Ends(tmp_path)
        add_external_phone(ends.pair.b, "SEPBARESIP", "8002", "third", "s3cret")
        row = ends.pair.b.cluster.database.find("phone", name="SEPBARESIP")
        assert row is not None
        row["securityProfileName"] = "Third-party SIP Device Basic - Standard SIP Non-Secure Profile"
        folder = tmp_path / "baresip"
        folder.mkdir()
        write_identity(folder, ends.ca.identity("phone"), ends.ca.der)
        address = ends.pair.b.ip.rpartition(".")[0] + ".50"
        write_baresip(folder, address, ends.pair.b, transport, encrypted=transport == "tls")
        accounts = folder / "accounts"
        accounts.write_text(accounts.read_text().replace("sip:7001@", "sip:8002@"))
        async with ends.pair, running("baresip", "-4", "-f", str(folder)):
            await registered(ends.pair.b, "SEPBARESIP")
            phone = SipPhone(ends.plan(ends.pair.a, "7001", transport), Secret(PASSWORD))
            await asyncio.to_thread(phone.__enter__)
            try:
                await asyncio.to_thread(dialled, phone, transport)
                phone.expect_call(MARKERS[1])
                await order(address, "dial", "7001")
                assert await asyncio.to_thread(phone.wait_heard, 0.5, 20)
                assert phone.call is not None
                assert phone.call.caller == "8002"
                await asyncio.to_thread(phone.hang_up)
                assert await asyncio.to_thread(phone.wait_over, 20)
            finally:
                await asyncio.to_thread(phone.__exit__)
            await manager(ends.pair.a).wait_until_idle()
            await manager(ends.pair.b).wait_until_idle()

    run(work())


def dialled(phone: SipPhone, transport: str) -> None:
    """Our phone calls baresip and hears its tone, over SRTP where it registers over TLS."""
    phone.dial("8002", MARKERS[0])
    assert phone.wait_connected(20)
    assert phone.wait_heard(0.5, 20)
    assert phone.voice is not None
    assert phone.voice.agreement is not None
    assert (phone.voice.agreement.keys is not None) is (transport == "tls")
    assert phone.voice.refused == 0
    phone.hang_up()
    assert phone.wait_over(20)
    assert phone.call is not None
    assert phone.call.ending.outcome is CallOutcome.ANSWERED


SCENARIO = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="registrar and callee">
  <recv request="REGISTER" />
  <send><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=r1
[last_Call-ID:]
[last_CSeq:]
WWW-Authenticate: Digest realm="lab", nonce="abc", algorithm=SHA-256, qop="auth"
WWW-Authenticate: Digest realm="lab", nonce="abc", algorithm=MD5, qop="auth"
Content-Length: 0

  ]]></send>
  <recv request="REGISTER">
    <action>
      <ereg regexp="algorithm=SHA-256.*qop=auth" search_in="hdr" header="Authorization:" check_it="true" assign_to="1" />
    </action>
  </recv>
  <Reference variables="1" />
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=r2
[last_Call-ID:]
[last_CSeq:]
[last_Contact:];expires=60
Content-Length: 0

  ]]></send>
  <recv request="REGISTER">
    <action><ereg regexp="0" search_in="hdr" header="Expires:" check_it="true" assign_to="2" /></action>
  </recv>
  <Reference variables="2" />
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=r3
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

  ]]></send>
</scenario>
"""


@needs("sipp", "sip-tester")
def test_sipp_as_registrar_sees_the_strongest_challenge_answered(tmp_path: Path) -> None:
    async def work() -> None:
        address = f"{free_subnet()}.1"
        scenario = tmp_path / "registrar.xml"
        scenario.write_text(SCENARIO)
        common = ("-i", address, "-p", "5060", "-m", "1", "-nostdin", "-timeout", "15", "-timeout_error")
        async with running("sipp", "-sf", str(scenario), *common, "-t", "u1", address, cwd=tmp_path) as sipp:
            await listening(address, 5060, "UDP")
            link = LinkSettings("udp", Endpoint(address, 5060), "sipp", address)
            phone = SipPhone(PhonePlan("7001", "caller", link), Secret(PASSWORD))
            await asyncio.to_thread(phone.__enter__)
            await asyncio.to_thread(phone.__exit__)
            output, _ = await asyncio.wait_for(sipp.communicate(), 20)
            assert sipp.returncode == 0, output[-2000:]

    run(work())


def test_a_stranger_cannot_put_words_into_the_phones_ear() -> None:
    async def work() -> None:
        subnet = free_subnet()
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[SipMessage] = asyncio.Queue()
        plain = asyncio.DatagramProtocol
        node, _ = await loop.create_datagram_endpoint(plain, local_addr=(f"{subnet}.1", 5060))
        stranger, _ = await loop.create_datagram_endpoint(plain, local_addr=(f"{subnet}.2", 5060))
        link = await open_link(
            LinkSettings("udp", Endpoint(f"{subnet}.1", 5060), "node", f"{subnet}.3"), heard.put_nowait, lambda: None
        )
        there = (link.local.ip, link.local.port)
        stranger.sendto(b"OPTIONS sip:stranger SIP/2.0\r\n\r\n", there)
        node.sendto(b"no SIP at all", there)
        node.sendto(b"OPTIONS sip:split SIP/2.0\r\nFrom: a\rVia: b\r\n\r\n", there)
        node.sendto(b"OPTIONS sip:node SIP/2.0\r\n\r\n", there)
        assert (await asyncio.wait_for(heard.get(), 20)).request_uri == "sip:node"
        assert heard.empty()
        await link.close()
        node.close()
        stranger.close()

    run(work())
