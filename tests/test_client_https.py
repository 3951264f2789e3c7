"""HttpsSession against loopback HTTPS servers: whom it trusts, what it refuses, and what it lets be read."""

import gzip
import hashlib
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_cucmtls.clients import https
from pytest_cucmtls.clients.https import MASK, MAX_ANSWER_BYTES, HttpsSession, mask
from pytest_cucmtls.model.errors import (
    AnswerTimedOut,
    ClusterUnreachable,
    ConfigurationInvalid,
    CredentialsRefused,
    InterfaceRefused,
    PeerNotVerified,
    UnexpectedAnswer,
)
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.secrets import Secret
from tests.https_stand_in import PASSWORD, USER, Asked, HttpsStandIn, Issued, Prepared, make_certificate

OK = Prepared(b"<fine/>")
Files = tuple[Path, Path]


@pytest.fixture(scope="module")
def tomcat_certificate() -> Issued:
    return make_certificate("cucm-a.alpha.example")


@pytest.fixture(scope="module")
def tomcat(tomcat_certificate: Issued, tmp_path_factory: pytest.TempPathFactory) -> Files:
    return tomcat_certificate.write(tmp_path_factory.mktemp("tomcat"), "tomcat")


@pytest.fixture(scope="module")
def authority() -> Issued:
    return make_certificate("Test CA", is_ca=True)


def ask(session: HttpsSession, limit_bytes: int = MAX_ANSWER_BYTES) -> bytes:
    with session:
        return session.post("axl", "getPhone", "/axl/", b"<ask/>", {"Content-Type": "text/xml"}, limit_bytes=limit_bytes).body


def test_a_self_signed_certificate_that_is_in_the_bundle_is_accepted_although_it_names_another_host(tomcat: Files) -> None:
    identity, public = tomcat
    with HttpsStandIn(identity, [OK]) as server:
        assert ask(server.session(public)) == b"<fine/>"
    assert server.asked[0].headers["authorization"].startswith("Basic ")


def test_prose_around_the_certificates_of_a_bundle_does_no_harm(tomcat: Files, tmp_path: Path) -> None:
    identity, public = tomcat
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(
        b"\xef\xbb\xbfBag Attributes\r\n  friendlyName: tomc\xe4t\r\n" + public.read_bytes().replace(b"\n", b"\r\n")
    )
    with HttpsStandIn(identity, [OK]) as server:
        assert ask(server.session(bundle)) == b"<fine/>"


def test_a_certificate_nobody_vouches_for_is_refused_with_its_fingerprint_and_how_to_pin_it(
    tomcat: Files, tomcat_certificate: Issued, tmp_path: Path
) -> None:
    _, other = make_certificate("cucm-a.alpha.example").write(tmp_path, "other")
    with HttpsStandIn(tomcat[0], [OK]) as server, pytest.raises(PeerNotVerified) as refused:
        ask(server.session(other))
    der = tomcat_certificate.certificate.public_bytes(Encoding.DER)
    assert refused.value.fingerprint == "SHA256:" + hashlib.sha256(der).hexdigest().upper()
    assert "ca_bundle" in refused.value.remedy
    assert not server.asked, "nothing may be sent to an unverified peer"


def test_without_a_bundle_a_self_signed_certificate_is_refused(tomcat: Files) -> None:
    with HttpsStandIn(tomcat[0], [OK]) as server, pytest.raises(PeerNotVerified):
        ask(server.session(None))
    assert not server.asked


def test_a_certificate_signed_by_an_authority_of_the_bundle_needs_the_right_name(authority: Issued, tmp_path: Path) -> None:
    _, bundle = authority.write(tmp_path, "ca")
    right, _ = make_certificate("cucm-a", issuer=authority, names=("127.0.0.1",)).write(tmp_path, "right")
    wrong, _ = make_certificate("cucm-a", issuer=authority, names=("127.0.0.2", "cucm-a")).write(tmp_path, "wrong")
    with HttpsStandIn(right, [OK]) as server:
        assert ask(server.session(bundle)) == b"<fine/>"
    with HttpsStandIn(wrong, [OK]) as server, pytest.raises(PeerNotVerified, match="name"):
        ask(server.session(bundle))
    assert not server.asked


def test_a_pinned_certificate_does_not_vouch_for_others_it_signed(
    tomcat_certificate: Issued, tomcat: Files, tmp_path: Path
) -> None:
    forged, _ = make_certificate("cucm-a", issuer=tomcat_certificate, names=("127.0.0.3",)).write(tmp_path, "forged")
    with HttpsStandIn(forged, [OK]) as server, pytest.raises(PeerNotVerified):
        ask(server.session(tomcat[1]))
    assert not server.asked


def test_an_expired_certificate_is_refused_even_when_it_is_pinned(tmp_path: Path) -> None:
    identity, public = make_certificate("cucm-a", days_valid=-1).write(tmp_path, "expired")
    with HttpsStandIn(identity, [OK]) as server, pytest.raises(PeerNotVerified, match="expired") as refused:
        ask(server.session(public))
    assert "Renew" in refused.value.remedy


def test_public_authorities_vouch_for_nothing_when_a_bundle_is_given(tomcat: Files) -> None:
    with HttpsStandIn(tomcat[0], [OK]) as server:
        session = server.session(tomcat[1])
        for _ in range(2):
            session.get("axl", "page", "/axl/")
        assert session._adapter._context.cert_store_stats()["x509"] == 1
        session.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_an_old_release_is_reached_over_tls_1_0_with_a_1024_bit_key_only_when_that_is_allowed(tmp_path: Path) -> None:
    identity, public = make_certificate("CUCMA", rsa_bits=1024).write(tmp_path, "old")
    with HttpsStandIn(identity, [OK], newest_tls=ssl.TLSVersion.TLSv1) as server:
        assert ask(server.session(public, oldest_tls="TLSv1")) == b"<fine/>"
        with pytest.raises(ClusterUnreachable, match="TLS handshake failed"):
            ask(server.session(public))


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_bundle_without_a_certificate_is_a_configuration_error(content: bytes | None, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(ConfigurationInvalid, match=r"bundle\.pem"):
        HttpsSession(NodeAddress("a", "127.0.0.1"), USER, Secret(PASSWORD), ca_bundle=str(bundle))


def test_an_unknown_tls_version_is_a_configuration_error(tomcat: Files) -> None:
    with pytest.raises(ConfigurationInvalid, match="SSLv3"):
        HttpsSession(NodeAddress("a", "127.0.0.1"), USER, Secret(PASSWORD), ca_bundle=str(tomcat[1]), oldest_tls="SSLv3")


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_name_the_user_and_never_the_password(status: int, tomcat: Files) -> None:
    page = Prepared(b"<!-- custom Cisco error page --><html>who?</html>", status, "text/html;charset=utf-8")
    with HttpsStandIn(tomcat[0], [page]) as server, pytest.raises(CredentialsRefused) as refused:
        ask(server.session(tomcat[1]))
    assert refused.value.user == USER
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (302, (("Location", "https://127.0.0.1/axl/"),), "another path"),
        (404, (), "Activate the service"),
        (503, (), "busy"),
        (599, (), "Incorrect axl version"),
    ],
)
def test_an_http_refusal_carries_its_status_as_code(
    status: int, headers: tuple[tuple[str, str], ...], expected: str, tomcat: Files
) -> None:
    body = b"<html><head><title>HTTP Status 599</title></head><body>Incorrect axl version. Supported are 12.x</body></html>"
    server = HttpsStandIn(tomcat[0], [Prepared(body, status, "text/html", headers)])
    with server, pytest.raises(InterfaceRefused, match=expected) as refused:
        ask(server.session(tomcat[1]))
    assert refused.value.code == str(status)
    assert len(server.asked) == 1, "a redirect is not followed"


def test_a_session_that_idled_out_signs_in_again_once(tomcat: Files) -> None:
    cookie = (("Set-Cookie", "JSESSIONIDSSO=0123456789ABCDEF; Path=/; Secure; HttpOnly"),)
    with HttpsStandIn(tomcat[0], [Prepared(b"<a/>", headers=cookie), Prepared(status=404), Prepared(b"<b/>")]) as server:
        session = server.session(tomcat[1])
        for expected in (b"<a/>", b"<b/>"):
            assert session.post("axl", "getPhone", "/axl/", b"<ask/>", {}).body == expected
        session.close()
    assert ["cookie" in asked.headers for asked in server.asked] == [False, True, False]


def test_services_with_own_cookies_do_not_see_each_others(tomcat: Files) -> None:
    cookie = (("Set-Cookie", "JSESSIONID=0123; Path=/; Secure"),)
    with HttpsStandIn(tomcat[0], [Prepared(b"<a/>", headers=cookie)]) as server:
        session = server.session(tomcat[1])
        other = session.with_own_cookies()
        for each in (session, other, session):
            each.get("axl", "page", "/axl/")
        session.close()
    assert ["cookie" in asked.headers for asked in server.asked] == [False, False, True]


def test_a_body_is_refused_as_soon_as_it_exceeds_its_limit(tomcat: Files) -> None:
    with HttpsStandIn(tomcat[0], [Prepared(b"x" * 1000)]) as server:
        assert len(ask(server.session(tomcat[1]), limit_bytes=1000)) == 1000
        with pytest.raises(UnexpectedAnswer, match="more than 999 bytes"):
            ask(server.session(tomcat[1]), limit_bytes=999)


def test_a_100_megabyte_answer_is_refused(tomcat: Files) -> None:
    with HttpsStandIn(tomcat[0], [Prepared(b"x" * 100_000_000)]) as server, pytest.raises(UnexpectedAnswer, match="more than"):
        ask(server.session(tomcat[1]))


def test_an_answer_that_is_cut_off_is_not_taken_for_a_whole_one(tomcat: Files) -> None:
    server = HttpsStandIn(tomcat[0], [Prepared(b"<half", announced_bytes=100)])
    with server, pytest.raises(UnexpectedAnswer, match="cut off"):
        ask(server.session(tomcat[1]))


@pytest.mark.parametrize("cut", [False, True])
def test_an_answer_in_chunks_is_read_to_its_last_one_or_refused(tomcat: Files, cut: bool) -> None:
    body = b"5\r\n<fine\r\n2\r\n/>\r\n" + (b"" if cut else b"0\r\n\r\n")
    server = HttpsStandIn(tomcat[0], [Prepared(body, chunked=True)])
    with server:
        if not cut:
            assert ask(server.session(tomcat[1])) == b"<fine/>"
            return
        with pytest.raises(UnexpectedAnswer, match="cut off"):
            ask(server.session(tomcat[1]))


def test_a_compressed_answer_counts_with_its_full_size(tomcat: Files) -> None:
    packed = Prepared(gzip.compress(b"x" * 5_000_000), headers=(("Content-Encoding", "gzip"),))
    with HttpsStandIn(tomcat[0], [packed]) as server:
        with pytest.raises(UnexpectedAnswer, match="more than 4999999 bytes"):
            ask(server.session(tomcat[1]), 4_999_999)
        assert len(ask(server.session(tomcat[1]), 5_000_000)) == 5_000_000


def test_a_silent_server_is_a_timeout_and_a_closed_port_is_unreachable(tomcat: Files) -> None:
    server = HttpsStandIn(tomcat[0], [Prepared(silent=True)])
    with server, pytest.raises(AnswerTimedOut):
        ask(server.session(tomcat[1], limit_seconds=0.2))
    with pytest.raises(ClusterUnreachable, match="refused") as refused:
        ask(server.session(tomcat[1]))
    assert refused.value.port == server.port


def test_a_server_that_hangs_up_without_an_answer_is_unreachable(tomcat: Files) -> None:
    def hang_up(asked: Asked) -> Prepared:
        raise ConnectionAbortedError(asked.path)

    server = HttpsStandIn(tomcat[0], choose=hang_up)
    with server, pytest.raises(ClusterUnreachable, match="closed connection"):
        ask(server.session(tomcat[1]))


def test_an_answer_that_only_trickles_ends_after_ten_times_the_limit(tomcat: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 50.0, 50.1))
    monkeypatch.setattr(https, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with HttpsStandIn(tomcat[0], [Prepared(b"x" * 200_000)]) as server, pytest.raises(AnswerTimedOut, match="50 s"):
        ask(server.session(tomcat[1], limit_seconds=5))


def test_an_unknown_host_is_unreachable(tomcat: Files) -> None:
    session = HttpsSession(NodeAddress("a", "no-such-host.invalid"), USER, Secret(PASSWORD), ca_bundle=str(tomcat[1]))
    with pytest.raises(ClusterUnreachable, match=r"no-such-host\.invalid"):
        ask(session)


def test_environment_variables_change_nothing(tomcat: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, other = make_certificate("other").write(tmp_path, "other")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(other))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with HttpsStandIn(tomcat[0], [OK]) as server:
        assert ask(server.session(tomcat[1])) == b"<fine/>"


def test_the_exchange_log_gets_bodies_without_passwords_headers_or_cookies(tomcat: Files) -> None:
    seen: list[tuple[str, bytes, bytes]] = []
    answer = Prepared(f"<echo>{PASSWORD}</echo>".encode(), headers=(("Set-Cookie", "JSESSIONID=crumb; Path=/"),))
    other = Secret("dial & see")
    with HttpsStandIn(tomcat[0], [answer]) as server:
        session = server.session(tomcat[1], log=lambda *exchange: seen.append(exchange))
        session.post("webdialer", "makeCallSoap", "/w", b"<p>dial &amp; see</p>", {}, secrets=(other,))
        session.close()
    assert seen == [("makeCallSoap", b"<p>" + MASK + b"</p>", b"<echo>" + MASK + b"</echo>")]


def test_an_empty_password_masks_nothing() -> None:
    assert mask(b"<a/>", (Secret(""),)) == b"<a/>"


def test_a_session_shows_no_password_when_printed(tomcat: Files) -> None:
    session = HttpsSession(NodeAddress("a", "::1"), USER, Secret(PASSWORD), ca_bundle=str(tomcat[1]))
    assert PASSWORD not in repr(vars(session))
    assert session.base_url == "https://[::1]:8443"
