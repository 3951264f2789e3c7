"""`cucmtls simulate --certsrv`: a simulated AD CS beside the clusters, named by the inventory that is written."""

import base64
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from pytest_cucmtls.inventory import credentials_beside, read_inventory
from pytest_cucmtls.model.inventory import AuthoritySpec
from pytest_cucmtls.procedure.session import open_authority
from pytest_cucmtls.sim.certsrv.beside_pair import ADMINISTRATOR, ADMINISTRATOR_VARIABLE, USER, USER_VARIABLE
from pytest_cucmtls.wire.x509_sign import generate_key
from tests.certsrv_stand import request_of


def administered(spec: AuthoritySpec, method: str, path: str, user: str, password: str) -> tuple[int, bytes]:
    parts = urlsplit(spec.url or "")
    context = ssl.create_default_context(cafile=spec.ca_bundle)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=20)
    secret = base64.b64encode(f"{user}:{password}".encode()).decode()
    connection.request(method, path, headers={"Authorization": f"Basic {secret}"})
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def test_a_simulated_ad_cs_beside_the_pair_is_used_through_the_written_inventory(tmp_path: Path) -> None:
    inventory_file = tmp_path / "pair.toml"
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "simulate", "--certsrv", "manual", "--inventory", str(inventory_file)]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        assert json.loads(running.stdout.readline())["ready"] is True
        spec = read_inventory(inventory_file).authority
        passwords = json.loads((tmp_path / "credentials.json").read_text())
        authority = open_authority(spec, tmp_path, credentials_beside(inventory_file))
        assert len(authority.chain()) == 2
        number = authority.submit(request_of(generate_key(1024)), label="A")
        assert authority.state(number) == "pending"
        administrator = (ADMINISTRATOR, passwords[ADMINISTRATOR_VARIABLE])
        user = (USER, passwords[USER_VARIABLE])
        assert administered(spec, "POST", f"/simulator/issue?ReqID={number}", *user)[0] == 403
        assert administered(spec, "GET", "/simulator/requests", *user)[0] == 403
        assert administered(spec, "POST", "/simulator/issue?ReqID=77", *administrator)[0] == 404
        assert authority.state(number) == "pending"
        status, body = administered(spec, "POST", f"/simulator/issue?ReqID={number}", *administrator)
        assert status == 200
        assert json.loads(body)[0]["disposition"] == "issued"
        assert authority.state(number) == "issued"
        denied = authority.submit(request_of(generate_key(1024)), label="B")
        assert administered(spec, "POST", f"/simulator/deny?ReqID={denied}", *administrator)[0] == 200
        assert authority.state(denied) == "denied"
        assert administered(spec, "GET", "/simulator/requests", *administrator)[0] == 200
    finally:
        os.kill(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=30)
    assert running.returncode == 0
    assert "Traceback" not in errors
