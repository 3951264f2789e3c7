"""TLS of the simulated trunks: what the wire shows for each release, mode and mistake, read by this package's own reader."""

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.handshakes import HandshakeOutcome
from pytest_cucmtls.sim.calls.trunks import split_names
from pytest_cucmtls.sim.certificates.clock import CertificateClock
from pytest_cucmtls.wire.x509 import parse_certificate
from tests.sim_tls_calls import alerts_of, captured_call
from tests.simulated_nodes import Authority, Store, manager, pair, run, sdl_text


def test_a_missing_root_makes_that_side_send_unknown_ca(tmp_path: Path) -> None:
    async def work(side: str, sender: str) -> None:
        both = pair(tmp_path)
        store: Any = getattr(both, side).certificates
        store.trusted.clear()
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert (call.outcome.status, call.outcome.cause) == (503, 41)
            assert alerts_of(handshake) == [(sender, "unknown_ca")]
            traces = sdl_text(getattr(both, side))
            assert "HandleSSLError - Certificate verification failed:(Verification error:" in traces

    run(work("a", "client"))
    run(work("b", "server"))


def test_a_certificate_without_client_authentication_works_as_server_only(tmp_path: Path) -> None:
    async def work() -> None:
        ca = Authority()
        both = pair(tmp_path, authority=ca)
        both.a.certificates = Store(ca.identity("CUCMA", 0, usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), [ca.der])  # type: ignore[assignment]
        async with both:
            refused, handshake = await captured_call(both, tmp_path, "A")
            assert refused.outcome is not None
            assert refused.outcome.status == 503
            assert [sender for sender, _ in alerts_of(handshake)] == ["server"]
            assert "(Verification error:26)" in sdl_text(both.b)
            accepted, _ = await captured_call(both, tmp_path, "B")
            assert accepted.outcome is not None
            assert accepted.outcome.status == 200

    run(work())


def test_an_outgoing_peer_with_another_name_is_dropped_after_the_handshake(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = "CUCM-OLD"
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 503
            assert handshake.outcome is HandshakeOutcome.COMPLETE
            text = sdl_text(both.a)
            assert "X509SubjectName mismatch" in text
            assert "INVITE" not in text

    run(work())


def test_an_inbound_peer_no_trunk_expects_is_answered_503_with_a_warning(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = "CUCMX,CUCMY"
        async with both:
            call = await both.call()
            assert call.outcome is not None
            assert (call.outcome.status, call.outcome.cause) == (503, 41)
            assert 'Warning: 399 CUCM10 "Unable to find a device handler' in sdl_text(both.a)
            assert not manager(both.b).calls.finished

    run(work())


@pytest.mark.parametrize("listed", ["CUCMX CUCM10", "CUCMX,CUCM10", "cucm10;x", "x:CUCM10", "node.beta.example"])
def test_any_separator_any_case_and_alternative_names_match(tmp_path: Path, listed: str) -> None:
    async def work() -> None:
        ca = Authority()
        both = pair(tmp_path, authority=ca)
        both.b.certificates = Store(ca.identity("CUCM10", 1, names=("node.beta.example",)), [ca.der])  # type: ignore[assignment]
        both.a.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = listed
        async with both:
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert "--SubjectAltname =node.beta.example" in sdl_text(both.a)

    run(work())


@pytest.mark.parametrize(
    ("text", "names"),
    [("", ()), (" , ;:", ()), ("a", ("a",)), ("a, b;c:d e", ("a", "b", "c", "d", "e")), ("a" * 4096, ("a" * 4096,))],
)
def test_subject_names_are_split_at_every_documented_separator(text: str, names: tuple[str, ...]) -> None:
    assert split_names(text) == names


def test_a_new_certificate_is_served_after_the_restart_and_not_before(tmp_path: Path) -> None:
    async def work() -> None:
        ca = Authority()
        both = pair(tmp_path, authority=ca)
        async with both:
            old = both.b.certificates.own("CallManager").der  # type: ignore[union-attr]
            new = ca.identity("CUCM10", 1)
            both.b.certificates.identity = new  # type: ignore[attr-defined]
            _, before = await captured_call(both, tmp_path)
            await manager(both.b).restart()
            _, after = await captured_call(both, tmp_path)
            assert before.server_chain[0].der == old
            assert after.server_chain[0].der == new.der
            assert both.b.loaded is not None
            assert both.b.loaded.identity is new

    run(work())


def test_a_profile_change_waits_for_the_trunk_reset_which_opens_a_new_connection(tmp_path: Path) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()
            for node in (both.a, both.b):
                node.cluster.database.rows("sipTrunkSecurityProfile")[0]["securityMode"] = "Authenticated"
            await both.call()
            assert "--Cipher NULL-SHA" not in sdl_text(both.a)
            for node, name in ((both.a, "to-CUCM10"), (both.b, "to-CUCMA")):
                await manager(node).reset_trunk(name)
            await both.call()
            assert "--Cipher NULL-SHA" in sdl_text(both.a)
            assert sdl_text(both.a).count("ProcessConnCreated") == 2

    run(work())


def test_a_peer_refused_for_want_of_a_trunk_is_taken_on_the_same_connection_once_there_is_one(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        trunks = both.b.cluster.database.rows("sipTrunk")
        [row] = trunks
        trunks.clear()
        async with both:
            refused = await both.call()
            trunks.append(row)
            accepted = await both.call()
            assert [call.outcome.status for call in (refused, accepted) if call.outcome] == [503, 200]
            assert sdl_text(both.a).count("ProcessConnCreated") == 1

    run(work())


def test_a_peer_whose_suite_does_not_fit_the_trunks_mode_is_answered_503(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        database = both.b.cluster.database
        database.add("sipTrunkSecurityProfile", {**database.rows("sipTrunkSecurityProfile")[0], "name": "null", "uuid": "{2}"})
        database.rows("sipTrunkSecurityProfile")[1].update({"securityMode": "Authenticated", "x509SubjectName": "OTHER"})
        database.add("sipTrunk", {**database.rows("sipTrunk")[0], "name": "other", "uuid": "{3}", "securityProfileName": "null"})
        both.a.cluster.database.rows("sipTrunkSecurityProfile")[0]["securityMode"] = "Authenticated"
        async with both:
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.status == 503
            assert "--Cipher NULL-SHA" in sdl_text(both.b)

    run(work())


def test_a_node_whose_clock_is_ahead_refuses_the_peer_as_expired(tmp_path: Path) -> None:
    async def work(side: str, sender: str) -> None:
        both = pair(tmp_path)
        getattr(both, side).clock_offset = timedelta(days=800)
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 503
            assert alerts_of(handshake) == [(sender, "certificate_expired")]
            assert "(Verification error:10)- certificate has expired" in sdl_text(getattr(both, side))

    run(work("a", "client"))
    run(work("b", "server"))


def test_a_clock_a_few_hours_off_changes_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.clock_offset = timedelta(hours=5)
        async with both:
            call = await both.call()
            assert call.outcome is not None
            assert call.outcome.status == 200

    run(work())


def test_one_way_tls_shows_no_certificate_request(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.b.cluster.faults.add("client_certificate_not_requested")
        async with both:
            _, handshake = await captured_call(both, tmp_path)
            assert handshake.client_certificate_requested is False
            assert handshake.mutual_authentication == "no"

    run(work())


def test_a_trunk_that_is_still_resetting_loses_one_call_only(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        both.a.cluster.faults.add("trunk_still_resetting")
        async with both:
            await manager(both.a).reset_trunk("to-CUCM10")
            statuses = [(await both.call()).outcome.status for _ in range(2)]  # type: ignore[union-attr]
            assert statuses == [503, 200]

    run(work())


def test_plain_sip_into_the_tls_port_fails_and_the_listener_survives(tmp_path: Path) -> None:
    async def work() -> None:
        both = pair(tmp_path)
        profile = both.a.cluster.database.rows("sipTrunkSecurityProfile")[0]
        profile.update({"securityMode": "Non Secure", "outgoingTransport": "TCP"})
        async with both:
            call = await both.call("A")
            assert call.outcome is not None
            assert call.outcome.status in (0, 503)
            assert "HandleSSLError" in sdl_text(both.b)
            profile.update({"securityMode": "Encrypted", "outgoingTransport": "TLS"})
            await manager(both.a).reset_trunk("to-CUCM10")
            again = await both.call("A")
            assert again.outcome is not None
            assert again.outcome.status == 200

    run(work())


def test_the_private_key_is_on_disk_only_while_openssl_reads_it_and_for_the_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[tuple[int, int]] = []
    load = ssl.SSLContext.load_cert_chain

    def watched(context: ssl.SSLContext, path: Path) -> None:
        modes.append((path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777))
        load(context, path)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
    (tmp_path / "temporary").mkdir()

    async def work() -> None:
        async with pair(tmp_path) as both:
            await both.call()

    run(work())
    assert set(modes) == {(0o700, 0o600)}
    assert list((tmp_path / "temporary").iterdir()) == []


def certificate_record(der: bytes) -> bytes:
    """A TLS 1.2 record with a Certificate message of one certificate."""
    entry = len(der).to_bytes(3, "big") + der
    body = len(entry).to_bytes(3, "big") + entry
    message = b"\x0b" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message


@pytest.mark.parametrize(
    ("moment", "error"),
    [("one second before the start", 9), ("start", None), ("end", None), ("one second after the end", 10)],
)
def test_validity_includes_both_ends(moment: str, error: int | None) -> None:
    der = Authority().der
    certificate = parse_certificate(der)
    assert certificate.not_before is not None
    assert certificate.not_after is not None
    now = certificate.not_before if "start" in moment else certificate.not_after
    if moment.startswith("one second"):
        now += timedelta(seconds=1 if "after" in moment else -1)
    clock = CertificateClock(lambda: now)
    assert clock.feed(certificate_record(der)) == error
    assert clock.feed(certificate_record(der)) is None
    if error is not None:
        assert clock.alert(error) == b"\x15\x03\x03\x00\x02\x02" + (b"\x2d" if error == 10 else b"\x2a")


def test_a_certificate_in_pieces_is_judged_when_it_is_complete() -> None:
    record = certificate_record(Authority().der)
    clock = CertificateClock(lambda: datetime(2100, 1, 1, tzinfo=UTC))
    assert [clock.feed(record[index : index + 1]) for index in range(len(record))] == [None] * (len(record) - 1) + [10]


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_the_certificate_clock_survives_any_bytes(pieces: list[bytes], framed: bool) -> None:
    clock = CertificateClock(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for piece in pieces:
        clock.feed(b"\x16\x03\x03" + len(piece).to_bytes(2, "big") + piece if framed else piece)


@settings(max_examples=60)
@given(st.binary(max_size=60))
def test_a_broken_certificate_is_left_to_openssl(noise: bytes) -> None:
    clock = CertificateClock(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.feed(certificate_record(noise)) is None
