"""Tools nobody here wrote, unchanged, against whole simulated pairs: sslyze, OpenSSH (skipped where not installed)."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.inventory import Credentials, read_inventory
from pytest_cucmtls.model.inventory import ClusterSpec
from pytest_cucmtls.wire.x509 import parse_certificates
from tests.test_sim_server import simulator

LIMIT_SECONDS = 60
RSA_SUITES = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}
ECDSA_SUITES = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}


def installed(program: str) -> str:
    """Its path, or the test is skipped with the reason."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed (it stays out of this environment: it needs another cryptography)")
    return found


@pytest.fixture(scope="module", params=["modern", "source-document"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    """A configured pair in a process of its own."""
    folder = tmp_path_factory.mktemp(request.param)
    with simulator(folder, "--pair", request.param, "--configured") as (_, ready):
        yield request.param, ready


@pytest.fixture(scope="module")
def scan(pair: tuple[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """sslyze's findings on 8443 and 5061 of cluster B, by port."""
    sslyze = installed("sslyze")
    node = list(pair[1]["nodes"].values())[1]
    report = tmp_path_factory.mktemp("sslyze") / "report.json"
    targets = [f"{node['address']}:{node[port]}" for port in ("https_port", "sip_port")]
    # Exit code 1 means that the scan ran and Mozilla's recommendations are not met, which is no question here.
    subprocess.run([sslyze, f"--json_out={report}", *targets], capture_output=True, timeout=LIMIT_SECONDS, check=False)
    results = json.loads(report.read_text())["server_scan_results"]
    return {str(result["server_location"]["port"]): result for result in results}


def accepted(result: dict[str, Any], version: str) -> set[str]:
    found = result["scan_result"][f"{version}_cipher_suites"]["result"]["accepted_cipher_suites"]
    return {suite["cipher_suite"]["name"] for suite in found}


def test_sslyze_sees_that_sip_asks_for_a_client_certificate_and_https_does_not(scan: dict[str, dict[str, Any]]) -> None:
    assert scan["5061"]["connectivity_result"]["client_auth_requirement"] == "REQUIRED"
    assert scan["8443"]["connectivity_result"]["client_auth_requirement"] == "DISABLED"


def test_sslyze_finds_the_versions_and_suites_of_the_release_on_sip(
    pair: tuple[str, dict[str, Any]], scan: dict[str, dict[str, Any]]
) -> None:
    old = pair[0] == "source-document"
    assert accepted(scan["5061"], "tls_1_2") == RSA_SUITES | ({"TLS_RSA_WITH_AES_128_CBC_SHA"} if old else ECDSA_SUITES)
    assert accepted(scan["5061"], "tls_1_0") == ({"TLS_RSA_WITH_AES_128_CBC_SHA"} if old else set())
    for version in ("ssl_2_0", "ssl_3_0", "tls_1_3"):
        assert accepted(scan["5061"], version) == set()


def test_sslyze_finds_https_no_older_than_the_release(pair: tuple[str, dict[str, Any]], scan: dict[str, dict[str, Any]]) -> None:
    assert bool(accepted(scan["8443"], "tls_1_0")) is (pair[0] == "source-document")
    assert accepted(scan["8443"], "tls_1_2")


@pytest.mark.parametrize("port", ["5061", "8443"])
def test_sslyze_finds_nothing_broken(scan: dict[str, dict[str, Any]], port: str) -> None:
    found = scan[port]["scan_result"]
    assert found["heartbleed"]["result"]["is_vulnerable_to_heartbleed"] is False
    assert found["openssl_ccs_injection"]["result"]["is_vulnerable_to_ccs_injection"] is False
    assert found["tls_compression"]["result"]["supports_compression"] is False


def test_sslyze_gets_leaf_and_root_of_the_authority(pair: tuple[str, dict[str, Any]], scan: dict[str, dict[str, Any]]) -> None:
    deployments = scan["5061"]["scan_result"]["certificate_info"]["result"]["certificate_deployments"]
    chains = [
        [
            certificate.subject.common_name
            for certificate in parse_certificates(
                "".join(each["as_pem"] for each in found["received_certificate_chain"]).encode()
            )
        ]
        for found in deployments
    ]
    node = list(pair[1]["nodes"])[1]
    assert [node, "Simulated CA"] in chains
    ecdsa = [] if pair[0] == "source-document" else [[node.replace(".", "-EC.", 1)]]
    assert [chain for chain in chains if chain[0] != node] == ecdsa


def cluster_b(pair: tuple[str, dict[str, Any]]) -> tuple[ClusterSpec, str]:
    """Cluster B's description and its platform password."""
    spec = read_inventory(Path(pair[1]["inventory"])).cluster_b
    return spec, Credentials(Path(pair[1]["credentials"])).password(spec.platform).reveal()


def test_openssh_logs_in_and_works_off_commands(pair: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    ssh = installed("ssh")
    spec, password = cluster_b(pair)
    asker = tmp_path / "ask"
    asker.write_text('#!/bin/sh\necho "$PASSWORD_FOR_TEST"\n')
    asker.chmod(0o700)
    options = [
        "StrictHostKeyChecking=no",
        f"UserKnownHostsFile={tmp_path / 'hosts'}",
        "LogLevel=ERROR",
        "NumberOfPasswordPrompts=1",
    ]
    if pair[0] == "source-document":
        options += ["HostKeyAlgorithms=+ssh-rsa", "KexAlgorithms=+diffie-hellman-group14-sha1", "MACs=+hmac-sha1"]
    command = [ssh, "-F", "none", "-tt", "-p", str(spec.publisher.ssh_port), "-l", spec.platform.user]
    command += [word for option in options for word in ("-o", option)]
    environment = {
        "PATH": os.environ["PATH"],
        "SSH_ASKPASS": str(asker),
        "SSH_ASKPASS_REQUIRE": "force",
        "PASSWORD_FOR_TEST": password,
    }
    done = subprocess.run(
        [*command, spec.publisher.address],
        input=b"show version active\nshow cert list own\nquit\n",
        capture_output=True,
        timeout=LIMIT_SECONDS,
        env=environment,
        check=False,
    )
    shown = done.stdout.decode()
    assert "Welcome to the Platform Command Line Interface" in shown, done.stderr.decode()
    assert "Active Master Version: 1" in shown
    assert "CallManager/CallManager.pem: Certificate Signed by CA" in shown
