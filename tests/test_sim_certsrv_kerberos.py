"""Kerberos towards the simulated web enrolment, with tickets of a real KDC started for the test."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from pytest_cucmtls.ca.enrolment_http import EnrolmentSession
from pytest_cucmtls.ca.web_enrolment import WebEnrolment
from pytest_cucmtls.model.errors import CredentialsRefused
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.sim.certsrv.server import CertsrvServer
from pytest_cucmtls.wire.x509_sign import generate_key
from tests.certsrv_stand import request_of, running_certsrv

pytest.importorskip("gssapi", reason="Kerberos needs gssapi (the extra adcs-kerberos)")
pytest.importorskip("krb5", reason="Kerberos needs krb5 (the extra adcs-kerberos)")
if shutil.which("krb5kdc") is None or shutil.which("kadmin.local") is None:
    pytest.skip("no KDC is installed (krb5-kdc, krb5-admin-server)", allow_module_level=True)

REALM, USER, PASSWORD = "CORP.EXAMPLE", "enroller", "plain"
ATTEMPTS, PAUSE_SECONDS = 100, 0.1
CLIENT_CONFIGURATION = """
[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 {realm} = {{
  kdc = 127.0.0.1:{port}
 }}
[domain_realm]
 localhost = {realm}
"""
SERVER_CONFIGURATION = """
[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 {realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
 }}
"""


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A KDC with a user and the web server's principal; the environment points at it."""
    folder = tmp_path_factory.mktemp("realm")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    values = {"realm": REALM, "port": port, "folder": folder}
    (folder / "krb5.conf").write_text(CLIENT_CONFIGURATION.format(**values))
    (folder / "kdc.conf").write_text(SERVER_CONFIGURATION.format(**values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(folder / "krb5.conf"))
        patch.setenv("KRB5_KDC_PROFILE", str(folder / "kdc.conf"))
        patch.setenv("KRB5_KTNAME", str(folder / "http.keytab"))
        patch.setenv("KRB5CCNAME", f"FILE:{folder / 'tickets'}")
        patch.setenv("NTLM_USER_FILE", "")
        succeeded("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
        succeeded("kadmin.local", "-q", f"addprinc -pw {PASSWORD} {USER}")
        succeeded("kadmin.local", "-q", "addprinc -randkey HTTP/localhost")
        succeeded("kadmin.local", "-q", f"ktadd -k {folder / 'http.keytab'} HTTP/localhost")
        kdc = subprocess.Popen(["krb5kdc", "-n"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_it_answers()
            yield
        finally:
            kdc.kill()
            kdc.wait()


def succeeded(*command: str) -> None:
    made = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert made.returncode == 0, made.stderr


def signed_in() -> bool:
    made = subprocess.run(["kinit", USER], input=f"{PASSWORD}\n", capture_output=True, text=True, check=False)
    return made.returncode == 0


def wait_until_it_answers() -> None:
    for _ in range(ATTEMPTS):
        if signed_in():
            subprocess.run(["kdestroy"], check=True, capture_output=True)
            return
        Event().wait(PAUSE_SECONDS)
    pytest.fail("the KDC does not answer")


def enrolment(server: CertsrvServer, user: str | None = None, password: str = "") -> WebEnrolment:
    session = EnrolmentSession(
        server.url.replace("127.0.0.1", "localhost"),
        user,
        Secret(password) if user else None,
        authentication="negotiate",
        ca_bundle=str(server.bundle_file),
        limit_seconds=20,
    )
    return WebEnrolment(session, template="CUCMTrunk")


@pytest.mark.usefixtures("realm")
def test_a_password_and_a_ticket_both_enrol_and_neither_is_refused(tmp_path: Path) -> None:
    request = request_of(generate_key(1024))
    with running_certsrv(tmp_path, authentication="negotiate") as server:
        with pytest.raises(CredentialsRefused, match="klist"):
            enrolment(server).chain()
        with pytest.raises(CredentialsRefused):
            enrolment(server, f"{USER}@{REALM}", "wrong").chain()
        assert server.authority.requests == {}
        by_password = enrolment(server, f"{USER}@{REALM}", PASSWORD)
        assert by_password.state(by_password.submit(request, label="A")) == "issued"
        assert signed_in()
        by_ticket = enrolment(server)
        assert by_ticket.state(by_ticket.submit(request, label="A")) == "issued"
        assert by_ticket.chain() == server.authority.chain
        assert {made.requester for made in server.authority.requests.values()} == {f"{USER}@{REALM}"}
        assert len(server.authority.requests) == 2
