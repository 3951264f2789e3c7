"""Which TLS version and cipher suite simulated nodes agree on: by release, mode, minimum and cipher setting."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_cucmtls.model.handshakes import HandshakeOutcome
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.reboot import reboot
from pytest_cucmtls.sim.releases import RELEASE_15_SU2, RELEASES
from pytest_cucmtls.sim.sip.tls_contexts import suites
from pytest_cucmtls.sim.state import ClusterState
from pytest_cucmtls.wire.capture_report import parse_capture
from tests.sim_tls_calls import alerts_of, captured_call
from tests.simulated_nodes import Authority, manager, pair, run, sdl_text


@pytest.mark.parametrize(
    ("releases", "mode", "version", "suite"),
    [
        (("9.1", "10.5"), "Encrypted", "TLSv1.0", "AES128-SHA"),
        (("10.5", "9.1"), "Encrypted", "TLSv1.0", "AES128-SHA"),
        (("10.5", "11.5"), "Encrypted", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"),
        (("12.5", "14"), "Encrypted", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"),
        (("15", "14"), "Encrypted", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"),
        (("9.1", "10.5"), "Authenticated", "TLSv1.0", "NULL-SHA"),
        (("15", "14"), "Authenticated", "TLSv1.2", "NULL-SHA"),
    ],
)
def test_release_and_mode_decide_version_and_suite(
    tmp_path: Path, releases: tuple[str, str], mode: str, version: str, suite: str
) -> None:
    async def work() -> None:
        authority = Authority(1024, sha1=True) if "9.1" in releases else Authority()
        async with pair(tmp_path, releases=releases, mode=mode, authority=authority) as both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert handshake.outcome is HandshakeOutcome.COMPLETE
            assert handshake.version == version
            assert handshake.cipher_suite is not None
            assert handshake.cipher_suite.openssl == suite
            assert handshake.mutual_authentication == "yes"
            assert [len(chain) for chain in (handshake.server_chain, handshake.client_chain)] == [2, 2]
            assert f"--Cipher {suite} " in sdl_text(both.a)
            assert f"createConnMsg tls_security={2 if mode == 'Authenticated' else 3}" in sdl_text(both.a)

    run(work())


def test_the_client_hello_of_9_1_is_as_long_as_in_the_source_document(tmp_path: Path) -> None:
    async def work() -> None:
        lines: list[str] = []
        async with pair(tmp_path, releases=("9.1", "10.5"), authority=Authority(1024, sha1=True)) as both:
            assert both.a.packet_capture is not None
            show = both.a.packet_capture.start_screen(lines.append, count=1000, numeric=False, host=both.b.ip, port=5061)
            await both.call()
            show.stop()
        assert " P 1:59(58) ack 1 win " in lines[3]

    run(work())


def test_9_1_and_15_have_no_version_in_common(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path, releases=("9.1", "15"), authority=Authority(1024, sha1=True)) as both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 503
            assert alerts_of(handshake) == [("server", "protocol_version")]
            assert "HandleSSLError - TLS protocol error" in sdl_text(both.a)

    run(work())


def test_tls_ciphers_without_an_overlap_end_in_handshake_failure(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode="Encrypted")
        both.b.cluster.enterprise_parameters["TLS Ciphers"] = "Strongest - AES-256 SHA-384 Only: RSA Preferred"
        both.a.cluster.database.rows("sipTrunkSecurityProfile")[0]["securityMode"] = "Authenticated"
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 503
            assert alerts_of(handshake) == [("server", "handshake_failure")]

    run(work())


def test_a_downgrading_listener_negotiates_tls_1_0(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path, releases=("10.5", "11.5"))
        both.b.cluster.faults.add("tls_1_0_negotiated")
        async with both:
            _, handshake = await captured_call(both, tmp_path)
            assert handshake.version == "TLSv1.0"

    run(work())


def test_tls_1_3_is_negotiated_when_both_clusters_enable_it_and_hides_the_certificates(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.faults.add("tls_1_3_enabled")
        async with both:
            _, handshake = await captured_call(both, tmp_path)
            assert handshake.version == "TLSv1.2"
            both.b.cluster.faults.add("tls_1_3_enabled")
            await manager(both.a).reset_trunk("to-CUCM10")
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert handshake.version == "TLSv1.3"
            assert handshake.server_chain == ()
            assert "--X509SubjectName /C=IN/O=cisco/CN=CUCM10 --Cipher TLS_AES_256_GCM_SHA384" in sdl_text(both.a)

    run(work())


@pytest.mark.parametrize("setting", ["Strongest", "Medium", "All Ciphers RSA Preferred", ""])
@pytest.mark.parametrize("release", list(RELEASES))
def test_every_release_keeps_a_suite_under_every_setting(release: str, setting: str) -> None:
    cluster = ClusterState("x", RELEASES[release], Database(), enterprise_parameters={"TLS Ciphers": setting})
    chosen = suites(cluster, {"Encrypted"})
    assert chosen
    assert set(chosen) <= set(RELEASES[release].encrypted_suites)
    assert suites(cluster, {"Authenticated"}) == ("NULL-SHA",)


@pytest.mark.parametrize(("mode", "transports"), [("Encrypted", set()), ("Authenticated", {"tls"}), ("Non Secure", {"tcp"})])
def test_only_encrypted_hides_the_signalling(tmp_path: Path, mode: str, transports: set[str]) -> None:
    async def work() -> None:
        async with pair(tmp_path, mode=mode) as both:
            assert both.a.packet_capture is not None
            path = tmp_path / "packets.cap"
            capture = both.a.packet_capture.start_file(path, count=1000, snap_length=None, host=both.b.ip, port=None)
            await both.call()
            capture.stop()
            with path.open("rb") as stream:
                report = parse_capture(stream)
            assert {seen.transport for seen in report.sip} == transports
            assert report.plaintext_sip is (mode == "Non Secure")

    run(work())


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_raised_tls_minimum_refuses_an_old_peer_after_the_reboot(tmp_path: Path, side: str) -> None:
    async def work() -> None:
        both = pair(tmp_path, releases=("10.5", "11.5") if side == "b" else ("11.5", "10.5"))
        old, strict = (both.a, both.b) if side == "b" else (both.b, both.a)
        old.cluster.release = replace(RELEASES["10.5"], tls_maximum="TLSv1")
        async with both:
            assert (await both.call()).outcome.status == 200  # type: ignore[union-attr]
            strict.tls_minimum = "1.2"
            await reboot(strict)
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 503
            assert alerts_of(handshake) == [("server" if side == "b" else "client", "protocol_version")]

    run(work())


@pytest.mark.parametrize(("mode", "version"), [("Encrypted", "TLSv1.3"), ("Authenticated", "TLSv1.2")])
def test_15_su2_negotiates_tls_1_3_except_where_nothing_shall_be_encrypted(tmp_path: Path, mode: str, version: str) -> None:
    async def work() -> None:
        both = pair(tmp_path, mode=mode)
        both.a.cluster.release = both.b.cluster.release = RELEASE_15_SU2
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert handshake.version == version
            assert ("--Cipher NULL-SHA" in sdl_text(both.a)) is (mode == "Authenticated")

    run(work())


def test_15_su2_still_speaks_tls_1_2_to_an_older_cluster(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.release = RELEASE_15_SU2
        async with both:
            _, handshake = await captured_call(both, tmp_path)
            assert handshake.version == "TLSv1.2"

    run(work())
