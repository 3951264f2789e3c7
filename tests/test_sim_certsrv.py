"""AD CS web enrolment: the product's client against the simulated pages, over real HTTPS, well and badly behaved."""

import base64
import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.ca.web_enrolment import WebEnrolment
from pytest_cucmtls.model.certificates import CLIENT_AUTH, SERVER_AUTH
from pytest_cucmtls.model.errors import (
    AnswerTimedOut,
    CertificateAuthorityRefused,
    ClusterUnreachable,
    ConfigurationInvalid,
    CredentialsRefused,
    CucmTlsError,
    InterfaceRefused,
    PeerNotVerified,
    UnexpectedAnswer,
)
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.sim.certsrv.server import CertsrvServer, Misbehaviour
from pytest_cucmtls.wire.x509 import is_signed_by, parse_certificate, parse_certificates, pem_of
from pytest_cucmtls.wire.x509_sign import generate_key, private_key_pem, self_signed
from tests.certsrv_stand import PASSWORD, USER, enrolment_on, request_of, running_certsrv, session_on, small_authority

KEY = generate_key(1024)
REQUEST = request_of(KEY)


@pytest.fixture(scope="module")
def only_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CertsrvServer]:
    with running_certsrv(tmp_path_factory.mktemp("ca")) as running:
        yield running


@pytest.fixture
def server(only_server: CertsrvServer) -> CertsrvServer:
    """Well behaved again, and without requests."""
    only_server.misbehaviour = Misbehaviour()
    only_server.authority.requests.clear()
    only_server.asked.clear()
    return only_server


def issued(authority: WebEnrolment) -> str:
    number = authority.submit(REQUEST, label="A-cucm-a")
    assert authority.state(number) == "issued"
    return number


def test_a_request_is_issued_at_once_and_retrieved(server: CertsrvServer) -> None:
    authority = enrolment_on(server)
    certificate = parse_certificate(authority.retrieve(issued(authority)))
    assert certificate.subject.common_name == "cucm-a.example"
    assert certificate.subject_alternative_names == ("DNS:cucm-a.example",)
    assert set(certificate.extended_key_usage or ()) == {SERVER_AUTH, CLIENT_AUTH}
    assert is_signed_by(certificate, parse_certificate(authority.chain()[0]))


@pytest.mark.parametrize("with_intermediate", [False, True])
def test_the_chain_is_downloaded_issuing_authority_first_and_root_last(tmp_path: Path, with_intermediate: bool) -> None:
    with running_certsrv(tmp_path, small_authority(with_intermediate=with_intermediate)) as server:
        server.authority.renewals = 2
        authority = enrolment_on(server)
        assert authority.chain() == server.authority.chain
        assert len(authority.chain()) == 1 + with_intermediate
        assert any("Renewal=2" in asked for asked in server.asked)
        before = len(server.asked)
        assert authority.chain() == server.authority.chain
        assert len(server.asked) == before


def test_a_pending_request_is_issued_by_the_administrator_and_fetched_by_another_process(server: CertsrvServer) -> None:
    first = enrolment_on(server, "CUCMApproved")
    number = first.submit(REQUEST, label="A")
    first.issue(number)
    assert first.state(number) == "pending"
    with pytest.raises(CertificateAuthorityRefused, match="still pending") as refusal:
        first.retrieve(number)
    assert f"certutil -resubmit {number}" in str(refusal.value)
    server.authority.issue(int(number))
    later = enrolment_on(server, "CUCMApproved")
    assert later.state(number) == "issued"
    assert parse_certificate(later.retrieve(number)).subject.common_name == "cucm-a.example"


def test_a_standalone_authority_takes_no_template_and_keeps_every_request_pending(tmp_path: Path) -> None:
    with running_certsrv(tmp_path, small_authority(templates=())) as server:
        authority = enrolment_on(server, None)
        number = authority.submit(REQUEST, label="A")
        assert authority.state(number) == "pending"
        server.authority.issue(int(number))
        assert authority.state(number) == "issued"


def test_a_request_denied_by_the_administrator_says_so(server: CertsrvServer) -> None:
    authority = enrolment_on(server, "CUCMApproved")
    number = authority.submit(REQUEST, label="A")
    server.authority.deny(int(number), "CORP\\chief")
    assert authority.state(number) == "denied"
    with pytest.raises(CertificateAuthorityRefused, match=r"denied: Denied by CORP\\chief"):
        authority.retrieve(number)


@pytest.mark.parametrize(
    ("template", "reason", "remedy"),
    [
        ("Restricted", "permissions on the certificate template", "Give the account Read and Enroll"),
        ("NoSuchTemplate", "not supported", "Publish the template"),
        (None, "does not contain a certificate template", "name a template"),
        ("CUCMStrong", "minimum size", "raise key_length"),
    ],
)
def test_a_request_denied_at_once_carries_the_reason_and_what_to_do(
    server: CertsrvServer, template: str | None, reason: str, remedy: str
) -> None:
    with pytest.raises(CertificateAuthorityRefused, match=reason) as refusal:
        enrolment_on(server, template).submit(REQUEST, label="A")
    assert remedy in str(refusal.value)


def test_what_is_no_request_is_denied(server: CertsrvServer) -> None:
    with pytest.raises(CertificateAuthorityRefused, match="Error Parsing Request"):
        enrolment_on(server).submit(b"hello", label="A")


@pytest.mark.parametrize("number", ["999", "x", "", "../1", "1&Enc=bin", "²"])
def test_an_unknown_number_is_refused(server: CertsrvServer, number: str) -> None:
    with pytest.raises(CertificateAuthorityRefused, match=r"not found|no such request"):
        enrolment_on(server).state(number)


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("CORP\\stranger", PASSWORD), (USER, "")])
def test_wrong_credentials_are_refused_without_the_password_in_the_message(
    server: CertsrvServer, user: str, password: str
) -> None:
    with pytest.raises(CredentialsRefused, match="HTTP 401; tried basic, the server offers Basic") as refusal:
        enrolment_on(server, user=user, password=Secret(password)).chain()
    assert "wrong" not in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


def test_a_server_no_bundle_vouches_for_is_not_told_the_password(server: CertsrvServer, tmp_path: Path) -> None:
    key = generate_key(1024)
    own = parse_certificate(server.bundle_file.read_bytes())
    assert own.not_before is not None
    assert own.not_after is not None
    other = self_signed(key, own.subject, not_before=own.not_before, not_after=own.not_after, serial_number=7)
    (tmp_path / "other.pem").write_text(pem_of(other))
    with pytest.raises(PeerNotVerified, match=r"authority\.ca_bundle"):
        enrolment_on(server, ca_bundle=str(tmp_path / "other.pem")).chain()
    with pytest.raises(PeerNotVerified):
        enrolment_on(server, ca_bundle=None).chain()
    assert server.asked == []


def test_a_bundle_without_a_certificate_is_a_configuration_problem(server: CertsrvServer, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(private_key_pem(KEY))
    with pytest.raises(ConfigurationInvalid, match="ca_bundle"):
        session_on(server, ca_bundle=str(tmp_path / "key.pem"))


def test_environment_variables_change_nothing(server: CertsrvServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    assert enrolment_on(server).chain() == server.authority.chain


def test_nobody_listening_is_told_apart_from_a_refusal(tmp_path: Path) -> None:
    with running_certsrv(tmp_path) as server:
        authority = enrolment_on(server)
    with pytest.raises(ClusterUnreachable, match=r"authority\.url"):
        authority.chain()


@pytest.mark.parametrize(("busy", "served"), [(1, True), (2, True), (3, False)])
def test_a_busy_server_is_asked_three_times(server: CertsrvServer, busy: int, served: bool) -> None:
    server.misbehaviour.busy_answers = busy
    authority = enrolment_on(server)
    if served:
        assert issued(authority)
    else:
        with pytest.raises(InterfaceRefused, match=r"503.*run again with the same run folder"):
            authority.submit(REQUEST, label="A")


@pytest.mark.parametrize(("status", "words"), [(404, "https://HOST/certsrv"), (500, "certsvc"), (403, "client certificate")])
def test_a_refusal_of_the_web_server_says_what_to_look_at(server: CertsrvServer, status: int, words: str) -> None:
    server.misbehaviour.status = status
    with pytest.raises(CucmTlsError, match=str(status)) as refusal:
        enrolment_on(server).chain()
    assert words in str(refusal.value)


def test_a_redirect_is_not_followed(server: CertsrvServer) -> None:
    server.misbehaviour.redirect = "https://elsewhere.example/certsrv"
    with pytest.raises(InterfaceRefused, match=r"redirects to https://elsewhere\.example"):
        enrolment_on(server).chain()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<html><head><title>Sign in</title></head><body>Please use the portal</body></html>",
        "<html>Zertifikat ausstehend. Ihre Anforderungs-ID lautet 7.</html>",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "<" * 100_000,
        "\0" * 1000,
    ],
)
@pytest.mark.parametrize("act", ["submit", "state", "chain"])
def test_a_page_that_is_not_understood_is_one_clear_error(server: CertsrvServer, page: str, act: str) -> None:
    server.misbehaviour.replaced_page = page
    authority = enrolment_on(server)
    with pytest.raises(UnexpectedAnswer, match='kind = "folder"') as problem:
        {"submit": lambda: authority.submit(REQUEST, label="A"), "state": lambda: authority.state("2"), "chain": authority.chain}[
            act
        ]()
    assert len(str(problem.value)) < 1500


def test_an_answer_larger_than_any_certificate_is_cut_off(server: CertsrvServer) -> None:
    authority = enrolment_on(server)
    number = issued(authority)
    server.misbehaviour.oversized = True
    with pytest.raises(UnexpectedAnswer, match="more than"):
        enrolment_on(server).state(number)


def test_a_silent_server_is_not_waited_for_longer_than_the_limit(server: CertsrvServer) -> None:
    server.misbehaviour.delay_seconds = 30.0
    with pytest.raises(AnswerTimedOut, match=r"0\.2 s"):
        enrolment_on(server, limit_seconds=0.2).chain()


def asked_by_hand(server: CertsrvServer, path: str, agent: str) -> tuple[int, str, bytes]:
    context = ssl.create_default_context(cafile=str(server.bundle_file))
    host, port = server.url.removeprefix("https://").removesuffix("/certsrv").split(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
    secret = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    connection.request("GET", path, headers={"Authorization": f"Basic {secret}", "User-Agent": agent})
    response = connection.getresponse()
    found = response.status, response.headers.get_content_type(), response.read()
    connection.close()
    return found


def test_only_browsers_get_the_media_types_of_certificates(server: CertsrvServer) -> None:
    path = "/certsrv/certnew.cer?ReqID=CACert&Enc=bin&Renewal=0"
    assert asked_by_hand(server, path, "Mozilla/5.0") == (200, "application/pkix-cert", server.authority.chain[0])
    assert asked_by_hand(server, path, "curl/8")[1] == "text/html"


def test_the_chain_in_base64_carries_the_wrong_label_and_is_read_all_the_same(server: CertsrvServer) -> None:
    _, _, body = asked_by_hand(server, "/certsrv/certnew.p7b?ReqID=CACert&Enc=b64&Renewal=0", "Mozilla/5.0")
    assert body.startswith(b"-----BEGIN CERTIFICATE-----")
    assert {one.der for one in parse_certificates(body)} == set(server.authority.chain)


def test_the_front_page_answers(server: CertsrvServer) -> None:
    status, _, body = asked_by_hand(server, "/certsrv/", "Mozilla/5.0")
    assert status == 200
    assert b"Welcome" in body


class TestWindowsAuthentication:
    @pytest.fixture(params=["ntlm", "negotiate"])
    def windows_server(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> Iterator[tuple[CertsrvServer, str]]:
        pytest.importorskip("spnego", reason="NTLM needs pyspnego (the extra adcs)")
        monkeypatch.setenv("NTLM_USER_FILE", "")
        with running_certsrv(tmp_path / "ca", authentication=request.param, password="plain") as running:
            yield running, request.param

    def test_a_whole_enrolment_with_a_real_handshake_on_each_connection(self, windows_server: tuple[CertsrvServer, str]) -> None:
        server, way = windows_server
        authority = enrolment_on(server, authentication=way, password=Secret("plain"))
        assert parse_certificate(authority.retrieve(issued(authority))).subject.common_name == "cucm-a.example"
        assert authority.chain() == server.authority.chain
        assert len(server.authority.requests) == 1
        assert next(iter(server.authority.requests.values())).requester.lower() == USER.lower()

    @pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("CORP\\stranger", "plain")])
    def test_wrong_credentials_are_refused(self, windows_server: tuple[CertsrvServer, str], user: str, password: str) -> None:
        server, way = windows_server
        with pytest.raises(CredentialsRefused, match=f"(?i)tried {way}, the server offers {way}"):
            enrolment_on(server, authentication=way, user=user, password=Secret(password)).chain()

    def test_a_handshake_that_was_bound_to_another_channel_is_refused(
        self, windows_server: tuple[CertsrvServer, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server, way = windows_server
        monkeypatch.setattr("pytest_cucmtls.ca.enrolment_http._BINDING_HASHES", {"SHA-256": "sha512"})
        with pytest.raises(CredentialsRefused):
            enrolment_on(server, authentication=way, password=Secret("plain")).chain()

    def test_a_server_that_does_not_offer_basic_says_what_it_offers(self, windows_server: tuple[CertsrvServer, str]) -> None:
        server, way = windows_server
        with pytest.raises(CredentialsRefused, match=f"(?i)tried basic, the server offers {way}"):
            enrolment_on(server, password=Secret("plain")).chain()
        assert server.authority.requests == {}

    def test_a_server_that_offers_only_basic_refuses_ntlm_and_says_what_it_offers(self, server: CertsrvServer) -> None:
        pytest.importorskip("spnego", reason="NTLM needs pyspnego (the extra adcs)")
        with pytest.raises(CredentialsRefused, match="tried ntlm, the server offers Basic"):
            enrolment_on(server, authentication="ntlm").chain()


def test_ntlm_without_its_package_says_what_to_install(server: CertsrvServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "spnego", None)
    with pytest.raises(ConfigurationInvalid, match=r"pytest-cucmtls\[adcs\]"):
        session_on(server, authentication="ntlm")
