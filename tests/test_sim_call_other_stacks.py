"""The simulated CallManager with SIP programs that nobody here wrote: OpenSSL, SIPp, Kamailio and baresip."""

import asyncio
import json
from pathlib import Path

import pytest

from pytest_cucmtls.sim.calls.placed import Call, CallLength
from pytest_cucmtls.sim.state import NodeState
from tests.other_sip_stacks import add_external_phone, ended, line_with, listening, needs, registered, running, write_identity
from tests.simulated_nodes import PHONES, Authority, SimulatedPair, manager, pair, run, sdl_text
from tests.test_sim_call_features import paused, received, until

OPTIONS = (
    "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TLS x;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:x>\r\n"
    "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


async def answered(node: NodeState) -> Call:
    """The node's call once the other side's audio arrives at its phone."""
    async with asyncio.timeout(20):
        while not (found := [each for each in manager(node).calls.active.values() if each.audio and each.audio.received]):
            await asyncio.sleep(0)
    return found[0]


async def over(node: NodeState) -> Call:
    """The node's last call, once none is active."""
    await manager(node).wait_until_idle()
    return manager(node).calls.finished[-1]


@needs("openssl", "openssl")
@pytest.mark.parametrize("mode", ["Encrypted", "Authenticated"])
def test_openssl_s_client_with_a_certificate_gets_its_options_answered(tmp_path: Path, mode: str) -> None:
    async def work() -> None:
        ca = Authority()
        both = pair(tmp_path, authority=ca, mode=mode)
        own, trusted = write_identity(tmp_path, ca.identity("CUCMA"), ca.der)
        await manager(both.b).start()
        connect = ("openssl", "s_client", "-connect", f"{both.b.ip}:5061", "-bind", f"{both.a.ip}:0", "-CAfile", str(trusted))
        wanted = ("-cipher", "eNULL:@SECLEVEL=0", "-tls1_2") if mode == "Authenticated" else ()
        async with running(*connect, "-cert", str(own), "-verify_return_error", "-quiet", *wanted) as client:
            assert client.stdin is not None
            client.stdin.write(OPTIONS.encode())
            assert await line_with(client, "SIP/2.0 200 OK")
        suite = "NULL-SHA" if mode == "Authenticated" else "ECDHE-RSA-AES256-GCM-SHA384"
        assert f"--X509SubjectName /C=IN/O=cisco/CN=CUCMA --Cipher {suite}" in sdl_text(both.b)
        await manager(both.b).stop()

    run(work())


@needs("openssl", "openssl")
def test_openssl_s_client_without_a_certificate_is_refused_with_an_alert(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        await manager(both.b).start()
        async with running("openssl", "s_client", "-connect", f"{both.b.ip}:5061", "-tls1_2") as client:
            _, output = await ended(client, b"")
        assert "alert handshake failure" in output or "alert certificate required" in output
        assert "Acceptable client certificate CA names" not in output
        assert "HandleSSLError" in sdl_text(both.b)
        await manager(both.b).stop()

    run(work())


@needs("openssl", "openssl")
def test_openssl_s_client_shows_leaf_and_chain_and_resumes_by_ticket(tmp_path: Path) -> None:
    async def work() -> None:
        ca = Authority()
        both = pair(tmp_path, authority=ca)
        own, trusted = write_identity(tmp_path, ca.identity("CUCMA"), ca.der)
        await manager(both.b).start()
        connect = ("openssl", "s_client", "-connect", f"{both.b.ip}:5061", "-CAfile", str(trusted), "-cert", str(own))
        session = str(tmp_path / "session")
        async with running(*connect, "-showcerts", "-sess_out", session) as client:
            _, output = await ended(client, b"Q\n")
        assert output.count("BEGIN CERTIFICATE") >= 2
        assert "No client certificate CA names sent" in output
        async with running(*connect, "-sess_in", session) as client:
            _, output = await ended(client, b"Q\n")
        assert "Reused, TLSv1.2" in output
        await manager(both.b).stop()

    run(work())


def plain(folder: Path, transport: str, *, packets: int = 5) -> SimulatedPair:
    """A pair of non-secure clusters of which only A will run: B's address is free for the program."""
    both = pair(folder, mode="Non Secure", length=CallLength(packets=packets, interval_seconds=0.002))
    both.a.cluster.database.rows("sipTrunkSecurityProfile")[0]["outgoingTransport"] = transport
    return both


@needs("sipp", "sip-tester")
@pytest.mark.parametrize(("transport", "option"), [("TCP", "t1"), ("UDP", "u1")])
def test_sipp_calls_over_the_trunk(tmp_path: Path, transport: str, option: str) -> None:
    async def work() -> None:
        both = plain(tmp_path, transport)
        await manager(both.a).start()
        command = ("sipp", "-sn", "uac", "-t", option, "-i", both.b.ip, "-s", "1018", "-m", "3", "-r", "20", f"{both.a.ip}:5060")
        async with running(*command, "-nostdin", "-timeout", "15", "-timeout_error", cwd=tmp_path) as sipp:
            code, output = await ended(sipp)
        assert code == 0, output[-2000:]
        await over(both.a)
        assert [call.outcome.status for call in manager(both.a).calls.finished if call.outcome] == [200, 200, 200]
        await manager(both.a).stop()

    run(work())


@needs("sipp", "sip-tester")
@pytest.mark.parametrize(("transport", "option"), [("TCP", "t1"), ("UDP", "u1")])
@pytest.mark.parametrize("offer", ["Disabled (Default value)", "Best Effort (no MTP inserted)"])
def test_sipp_is_called_over_the_trunk(tmp_path: Path, transport: str, option: str, offer: str) -> None:
    async def work() -> None:
        both = plain(tmp_path, transport)
        both.a.cluster.database.add("sipProfile", {"name": "offers", "earlyOfferSuppVoiceCall": offer})
        both.a.cluster.database.rows("sipTrunk")[0]["sipProfileName"] = "offers"
        await manager(both.a).start()
        command = ("sipp", "-sn", "uas", "-t", option, "-i", both.b.ip, "-p", "5060", "-mi", both.b.ip, "-rtp_echo", "-m", "1")
        async with running(*command, "-nostdin", cwd=tmp_path):
            await listening(both.b.ip, 5060, transport)
            await manager(both.a).make_call(*PHONES["A"], "9898")
            call = await over(both.a)
        assert call.outcome is not None
        assert (call.outcome.status, call.outcome.cause) == (200, 16)
        invite = sdl_text(both.a).partition("INVITE sip:")[2].partition("NET]")[0]
        assert ("m=audio" in invite) is (offer[0] == "B")
        await manager(both.a).stop()

    run(work())


BARESIP = """\
module_path {modules}
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {address}:4444
module g711.so
module srtp.so
module ausine.so
module aubridge.so
audio_source ausine,440
audio_player aubridge,x
audio_alert aubridge,y
audio_srate 48000
audio_channels 2
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 2
net_interface {address}
sip_listen {address}:5070
sip_certificate {folder}/own.pem
sip_cafile {folder}/ca.pem
"""


def write_baresip(folder: Path, address: str, node: NodeState, transport: str, *, encrypted: bool) -> None:
    """Configuration and account of a baresip that registers number 7001 as user `third`."""
    modules = next(path for path in ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules") if Path(path).is_dir())
    (folder / "config").write_text(BARESIP.format(modules=modules, address=address, folder=folder))
    port = 5061 if transport == "tls" else 5060
    media = ";mediaenc=srtp-mand" if encrypted else ""
    (folder / "accounts").write_text(
        f"<sip:7001@{node.ip}:{port};transport={transport}>;auth_user=third;auth_pass=s3cret;answermode=auto;regint=600{media}\n"
    )
    (folder / "contacts").write_text("")


async def order(address: str, command: str, argument: str) -> None:
    """A command for baresip over its control connection (netstrings of JSON)."""
    reader, writer = await asyncio.open_connection(address, 4444)
    text = json.dumps({"command": command, "params": argument})
    writer.write(f"{len(text)}:{text},".encode())
    await reader.readuntil(b'"ok":true')
    writer.close()


@needs("baresip", "baresip-core")
@pytest.mark.parametrize(("transport", "encrypted"), [("udp", False), ("tcp", False), ("tls", True)])
def test_baresip_registers_calls_and_is_called_over_the_trunk(tmp_path: Path, transport: str, encrypted: bool) -> None:
    async def work() -> None:
        ca = Authority()
        both = pair(tmp_path, authority=ca, length=CallLength(packets=20, interval_seconds=0.02))
        folder = tmp_path / "baresip"
        folder.mkdir()
        write_identity(folder, ca.identity("phone"), ca.der)
        add_external_phone(both.a, "SEPBARESIP", "7001", "third", "s3cret")
        both.b.cluster.database.add("routePattern", {"pattern": "7XXX", "destination": {"gatewayName": "to-CUCMA"}})
        address = both.a.ip.rpartition(".")[0] + ".50"
        write_baresip(folder, address, both.a, transport, encrypted=encrypted)
        async with both, running("baresip", "-4", "-f", str(folder)):
            await registered(both.a, "SEPBARESIP")
            assert manager(both.a).phone_status("SEPBARESIP") == ("Registered", 0)
            called = await both.call("B", "7001")
            await over(both.a)
            assert called.outcome is not None
            assert called.outcome.agreement is not None
            assert (called.outcome.status, called.outcome.agreement.keys is not None) == (200, encrypted)
            assert called.audio is not None
            assert (called.audio.received, called.audio.refused) == (20, 0)
            await order(address, "dial", "9898")
            answering = await answered(both.b)
            assert answering.calling == "7001"
            assert answering.audio is not None
            await order(address, "hold", "")
            await until(lambda: paused(answering))
            await order(address, "resume", "")
            await until(lambda: not paused(answering))
            before = received(answering)
            await until(lambda: received(answering) > before)
            answering.hang_up()
            await over(both.b)
            calling = await over(both.a)
            assert calling.outcome is not None
            assert (calling.outcome.status, calling.outcome.cause) == (200, 16)
            assert calling.device == "SEPBARESIP"
        log = sdl_text(both.a)
        assert "EndPointRegistered - DeviceName:SEPBARESIP" in log
        assert "SIP/2.0 401 Unauthorized" in log

    run(work())


KAMAILIO = """\
#!KAMAILIO
children=1
fork=yes
log_stderror=yes
debug=1
auto_aliases=no
listen=tls:{own}:5061
listen=udp:{own}:5080
enable_tls=yes
enable_sctp=no
tcp_connection_lifetime=60
loadmodule "tm.so"
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
modparam("tls", "config", "{folder}/tls.cfg")
request_route {{
  if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    loose_route();
    if (proto != TLS) {{ $ru = "sip:" + $rU + "@{peer}:5061;transport=tls"; }}
    route(OUT);
    exit;
  }}
  record_route();
  if (proto == TLS) {{ $du = "sip:{phone}:5060"; }} else {{ $ru = "sip:" + $rU + "@{peer}:5061;transport=tls"; }}
  route(OUT);
}}
route[OUT] {{
  $fs = "tls:{own}:5061";
  if ($du =~ "{phone}" || $rd == "{phone}") $fs = "udp:{own}:5080";
  t_relay();
}}
"""
KAMAILIO_TLS = """\
[server:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {folder}/own.pem
certificate = {folder}/own.pem
ca_list = {folder}/ca.pem
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {folder}/own.pem
certificate = {folder}/own.pem
ca_list = {folder}/ca.pem
"""


@needs("kamailio", "kamailio kamailio-tls-modules")
@needs("sipp", "sip-tester")
@pytest.mark.parametrize("way", ["to the trunk", "from the trunk"])
def test_kamailio_is_the_other_cluster_over_mutual_tls(tmp_path: Path, way: str) -> None:
    async def work() -> None:
        ca = Authority()
        both = pair(tmp_path, authority=ca)
        folder = tmp_path / "kamailio"
        folder.mkdir()
        write_identity(folder, ca.identity("CUCM10", 1), ca.der)
        phone = both.a.ip.rpartition(".")[0] + ".60"
        values = {"own": both.b.ip, "peer": both.a.ip, "phone": phone, "folder": folder}
        (folder / "kamailio.cfg").write_text(KAMAILIO.format(**values))
        (folder / "tls.cfg").write_text(KAMAILIO_TLS.format(**values))
        await manager(both.a).start()
        server = ("kamailio", "-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-m", "32", "-M", "8")
        common = ("-i", phone, "-nostdin", "-timeout", "15", "-timeout_error", "-m", "1")
        async with running(*server, cwd=folder):
            await listening(both.b.ip, 5061, "TCP")
            if way == "to the trunk":
                async with running("sipp", "-sn", "uas", *common, "-p", "5060", "-mi", phone, "-rtp_echo", cwd=folder):
                    await listening(phone, 5060, "UDP")
                    await manager(both.a).make_call(*PHONES["A"], "9898")
                    call = await over(both.a)
            else:
                async with running("sipp", "-sn", "uac", *common, "-s", "1018", f"{both.b.ip}:5080", cwd=folder) as sipp:
                    code, output = await ended(sipp)
                assert code == 0, output[-2000:]
                call = await over(both.a)
            assert call.outcome is not None
            assert (call.outcome.status, call.outcome.cause) == (200, 16)
        log = sdl_text(both.a)
        assert "--X509SubjectName /C=IN/O=cisco/CN=CUCM10" in log
        assert "Record-Route: <sip:" in log or way == "to the trunk"
        await manager(both.a).stop()

    run(work())
