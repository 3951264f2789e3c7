"""Nothing in the environment switches verification off or sends traffic elsewhere; nor does anything a node answers."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.clients.tls_presented import verify_peer
from pytest_cucmtls.model.errors import CucmTlsError, InterfaceRefused, PeerNotVerified
from pytest_cucmtls.model.inventory import NodeAddress
from tests.https_stand_in import HttpsStandIn, Prepared, make_certificate
from tests.scripted_ssh_server import PASSWORD, USER, ScriptedSshServer, Shell, host_key

OK = Prepared(b"<fine/>")
NOBODY = "http://127.0.0.1:9"
"""A proxy that does not exist: whoever used it would fail."""
HOSTILE = {
    "PYTHONHTTPSVERIFY": "0",
    "HTTPS_PROXY": NOBODY,
    "https_proxy": NOBODY,
    "HTTP_PROXY": NOBODY,
    "ALL_PROXY": NOBODY,
    "all_proxy": NOBODY,
    "NO_PROXY": "",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GIT_SSL_NO_VERIFY": "1",
    "SSL_NO_VERIFY": "1",
    "CURL_INSECURE": "1",
}
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

Files = tuple[Path, Path]


@pytest.fixture(scope="module")
def tomcat(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_certificate("cucm-a", names=("127.0.0.1",)).write(tmp_path_factory.mktemp("tomcat"), "tomcat")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_certificate("somebody else").write(tmp_path, "other")[1]


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Every variable set, and a file named for the session keys."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    yield
    assert not (tmp_path / "keys.log").exists(), "session keys were written where the environment said"


@pytest.mark.parametrize("variable", BUNDLES)
def test_a_bundle_of_the_environment_vouches_for_nobody(
    variable: str, tomcat: Files, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, public = tomcat
    monkeypatch.setenv(variable, str(public))
    with HttpsStandIn(identity, [OK]) as server:
        for bundle in (other, None):
            with server.session(bundle) as session, pytest.raises(PeerNotVerified):
                session.get("axl", "look", "/axl/")
            with pytest.raises(PeerNotVerified):
                verify_peer("127.0.0.1", server.port, str(bundle) if bundle else None, "TLSv1.2", 5)
    assert not server.asked


@pytest.mark.parametrize("variable", [*BUNDLES, "SSL_CERT_DIR"])
def test_a_bundle_of_the_environment_takes_nobody_away(
    variable: str, tomcat: Files, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, public = tomcat
    monkeypatch.setenv(variable, str(other if variable != "SSL_CERT_DIR" else other.parent))
    with HttpsStandIn(identity, [OK]) as server, server.session(public) as session:
        assert session.get("axl", "look", "/axl/").body == b"<fine/>"


@pytest.mark.usefixtures("hostile")
def test_no_variable_switches_verification_off_or_names_a_proxy(tomcat: Files, other: Path) -> None:
    identity, public = tomcat
    with HttpsStandIn(identity, [OK]) as server:
        with server.session(other) as session, pytest.raises(PeerNotVerified):
            session.get("axl", "look", "/axl/")
        assert not server.asked
        with server.session(public) as session:
            assert session.get("axl", "look", "/axl/").body == b"<fine/>"
    assert len(server.asked) == 1


def test_variables_set_before_python_starts_change_nothing_either(tomcat: Files, other: Path) -> None:
    identity, public = tomcat
    code = (
        "import sys\n"
        "from pytest_cucmtls.clients.https import HttpsSession\n"
        "from pytest_cucmtls.model.errors import PeerNotVerified\n"
        "from pytest_cucmtls.model.inventory import NodeAddress\n"
        "from pytest_cucmtls.model.secrets import Secret\n"
        "node = NodeAddress('a', '127.0.0.1', https_port=int(sys.argv[1]))\n"
        "try:\n"
        "    HttpsSession(node, 'u', Secret('p'), ca_bundle=sys.argv[2]).get('axl', 'look', '/axl/')\n"
        "    print('accepted')\n"
        "except PeerNotVerified:\n"
        "    print('refused')\n"
    )
    variables = os.environ | HOSTILE | {"REQUESTS_CA_BUNDLE": str(public), "SSL_CERT_FILE": str(public)}
    with HttpsStandIn(identity, [OK]) as server:
        ends = [
            subprocess.run(
                [sys.executable, "-c", code, str(server.port), str(bundle)],
                env=variables,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout.strip()
            for bundle in (other, public)
        ]
    assert ends == ["refused", "accepted"]


async def well_behaved(shell: Shell) -> None:
    shell.send(b"admin:")
    while True:
        typed = await shell.line()
        shell.send(typed.encode() + b"\r\nActive Master Version: 10.5.2.10000-5\r\nadmin:")


def test_the_users_own_ssh_files_agent_and_variables_play_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ".ssh"
    folder.mkdir()
    with ScriptedSshServer(well_behaved) as server:
        key = host_key(0).export_public_key("openssh").decode().split()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {key[0]} {key[1]}\n")
        (folder / "config").write_text("Host *\n  ProxyCommand false\n  StrictHostKeyChecking no\n  Port 9\n  User root\n")
        for name, value in {
            "HOME": str(tmp_path),
            "SSH_AUTH_SOCK": str(tmp_path / "agent"),
            "SSH_ASKPASS": "/bin/true",
            "SSH_ASKPASS_REQUIRE": "force",
            "SSH_USER_KNOWN_HOSTS": str(folder / "known_hosts"),
            **HOSTILE,
        }.items():
            monkeypatch.setenv(name, value)
        unknown = NodeAddress("odd", "127.0.0.1", ssh_port=server.port)
        with PlatformCliReader(unknown, USER, PASSWORD, limit_seconds=20) as cli, pytest.raises(PeerNotVerified):
            cli.read_version()
        assert server.passwords_seen == 0
        with PlatformCliReader(server.address, USER, PASSWORD, limit_seconds=20) as cli:
            assert cli.read_version().value.major == 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_nobody_else_is_asked(status: int, tomcat: Files) -> None:
    identity, public = tomcat
    with HttpsStandIn(identity, [OK]) as elsewhere:
        away = Prepared(b"", status, headers=(("Location", f"https://127.0.0.1:{elsewhere.port}/axl/"),))
        with HttpsStandIn(identity, [away]) as server, server.session(public) as session:
            with pytest.raises(InterfaceRefused) as refusal:
                session.post("axl", "getPhone", "/axl/", b"<ask/>", {})
            assert refusal.value.code == str(status)
    assert len(server.asked) == 1
    assert elsewhere.asked == [], "credentials would have gone there"


@pytest.mark.parametrize("domain", ["", "; Domain=127.0.0.1", "; Domain=.0.0.1", "; Domain=example.org", "; Domain=localhost"])
def test_a_cookie_of_one_node_never_reaches_another(domain: str, tomcat: Files) -> None:
    identity, public = tomcat
    setting = Prepared(b"<fine/>", headers=(("Set-Cookie", f"JSESSIONIDSSO=stolen; Path=/; Secure{domain}"),))
    with HttpsStandIn(identity, [setting]) as first, HttpsStandIn(identity, [OK]) as second:
        with first.session(public) as session:
            session.get("axl", "look", "/axl/")
        with second.session(public) as session:
            session.get("axl", "look", "/axl/")
    assert "cookie" not in second.asked[0].headers


@pytest.mark.parametrize("path", ["//elsewhere.example/axl/", "/axl/@elsewhere.example/", "/axl/?to=https://elsewhere.example"])
def test_no_path_leads_to_another_host(path: str, tomcat: Files) -> None:
    identity, public = tomcat
    with HttpsStandIn(identity, [OK]) as server, server.session(public) as session:
        try:
            session.get("axl", "look", path)
        except CucmTlsError:
            return
    assert len(server.asked) == 1


def test_the_context_of_a_look_never_serves_a_request(tomcat: Files) -> None:
    """Only `tls_presented` makes a context without verification; HttpsSession's always verifies."""
    identity, public = tomcat
    with HttpsStandIn(identity, [OK]) as server, server.session(public) as session:
        context = session._adapter.poolmanager.connection_pool_kw["ssl_context"]
        assert context.verify_mode is ssl.CERT_REQUIRED
        session.get("axl", "look", "/axl/")
        assert context.verify_mode is ssl.CERT_REQUIRED
