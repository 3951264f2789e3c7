"""Whole simulated pairs: starting, being found, staying apart, and going away when nobody needs them any more."""

import asyncio
import importlib
import json
import os
import pkgutil
import re
import select
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls import sim
from pytest_cucmtls.inventory import Credentials, read_inventory
from pytest_cucmtls.sim import interfaces
from pytest_cucmtls.sim.addresses import NoFreeNetwork, reserve_subnet
from pytest_cucmtls.sim.faults import FAULTS, UnknownFault
from pytest_cucmtls.sim.lifeline import process_gone
from pytest_cucmtls.sim.provenance import behaviours
from pytest_cucmtls.sim.server import RunningPair, start_pair
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE
from pytest_cucmtls.wire.x509 import parse_certificate, parse_certificates
from tests.sim_node_stand import ask, unverified

LIMIT_SECONDS = 20
MALFORMED_HTTP = (
    b"\x00\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    b"A" * 70_000,
)


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[tuple["subprocess.Popen[bytes]", dict[str, Any]]]:
    """The simulator as a process of its own, and the line it says that it is ready with."""
    command = [sys.executable, "-W", "error", "-m", "pytest_cucmtls.sim", "--state-dir", str(folder), *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], LIMIT_SECONDS)
        line = process.stdout.readline() if readable else b""
        yield process, json.loads(line) if line else {}
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What a modern pair in a process of its own says when it is ready; for tests that change nothing."""
    with simulator(tmp_path_factory.mktemp("modern")) as (_, ready):
        yield ready


@pytest.fixture(scope="module")
def source_document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The same for the source document's pair."""
    with simulator(tmp_path_factory.mktemp("document"), "--pair", "source-document") as (_, ready):
        yield ready


def served_certificate(address: str, port: int) -> bytes:
    with socket.create_connection((address, port), 5) as plain, unverified().wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True) or b""


def listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def test_a_started_pair_is_described_by_an_inventory_the_product_reads(modern: dict[str, Any]) -> None:
    assert modern["ready"] is True
    assert modern["seconds"] > 0
    assert set(modern["nodes"]) == {"cucm-a.alpha.example", "cucm-b.beta.example"}
    inventory = read_inventory(Path(modern["inventory"]))
    assert [(cluster.release, cluster.extension, cluster.trunk) for cluster in inventory.clusters] == [
        ("15", "1018", "to-cluster-b"),
        ("14", "9898", "to-cluster-a"),
    ]
    for cluster in inventory.clusters:
        assert modern["nodes"][cluster.publisher.name]["address"] == cluster.publisher.address
        assert re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", cluster.publisher.ssh_host_key or "")


@pytest.mark.parametrize("pair", ["modern", "source_document"])
def test_every_node_serves_the_certificate_its_bundle_holds(pair: str, request: pytest.FixtureRequest) -> None:
    ready = request.getfixturevalue(pair)
    for cluster in read_inventory(Path(ready["inventory"])).clusters:
        node = cluster.publisher
        assert listens(node.address, node.ssh_port)
        assert cluster.ca_bundle is not None
        bundle = parse_certificates(Path(cluster.ca_bundle).read_bytes())
        assert [certificate.der for certificate in bundle] == [served_certificate(node.address, node.https_port)]


@pytest.mark.parametrize("pair", ["modern", "source_document"])
def test_the_bundle_vouches_for_the_node_to_an_ordinary_tls_client(pair: str, request: pytest.FixtureRequest) -> None:
    ready = request.getfixturevalue(pair)
    for cluster in read_inventory(Path(ready["inventory"])).clusters:
        context = ssl.create_default_context(cafile=cluster.ca_bundle)
        context.check_hostname = False
        with socket.create_connection((cluster.publisher.address, cluster.publisher.https_port), 5) as plain:
            context.wrap_socket(plain).close()


def test_credentials_are_for_their_owner_only_and_stand_nowhere_else(modern: dict[str, Any]) -> None:
    file = Path(modern["credentials"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    credentials, text = Credentials(file), Path(modern["inventory"]).read_text()
    passwords = {
        credentials.password(account).reveal()
        for cluster in read_inventory(Path(modern["inventory"])).clusters
        for account in (cluster.axl, cluster.platform, cluster.call)
    }
    assert len(passwords) == 6
    assert not [password for password in passwords if password in text or password in json.dumps(modern)]


def test_the_source_documents_pair_has_its_addresses_names_and_subjects(source_document: dict[str, Any]) -> None:
    places = {name: node["address"].rpartition(".")[2] for name, node in source_document["nodes"].items()}
    assert places == {"CUCMA": "203", "CUCM10": "200"}
    declared = tomllib.loads(Path(source_document["inventory"]).read_text())["clusters"]
    assert declared["A"]["subject"] == {"OU": "cisco", "O": "cisco", "L": "cisco", "ST": "cisco", "C": "IN"}
    assert (declared["A"]["trunk"], declared["B"]["trunk"], declared["B"]["device_pool"]) == ("CUCM10", "CUCMA", "HQ")


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_simulator_without_a_word(tmp_path: Path, signal_number: int) -> None:
    with simulator(tmp_path) as (process, ready):
        process.send_signal(signal_number)
        output, errors = process.communicate(timeout=LIMIT_SECONDS)
        assert (process.returncode, output, errors) == (0, b"", b"")
        assert not any(listens(node["address"], node["https_port"]) for node in ready["nodes"].values())


def test_the_simulator_ends_when_its_parent_does(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        with simulator(tmp_path, "--parent-pid", str(parent.pid)) as (process, ready):
            assert ready["ready"] is True
            assert process.poll() is None
            parent.kill()
            parent.wait()
            _, errors = process.communicate(timeout=LIMIT_SECONDS)
            assert (process.returncode, errors) == (0, b"")
    finally:
        parent.kill()
        parent.communicate()


def test_a_process_that_is_gone_already_is_noticed_at_once() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    asyncio.run(asyncio.wait_for(process_gone(gone.pid), LIMIT_SECONDS))


def test_a_living_process_is_waited_for() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(process_gone(os.getpid()), 0.05))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--pair", "nothing"), b"invalid choice"),
        (("--fault", "nothing"), b"no fault named 'nothing'"),
        (("--fault", "trust_missing@C"), b"no cluster named 'C'"),
    ],
)
def test_wrong_usage_is_told_in_one_line_without_a_traceback(tmp_path: Path, options: tuple[str, ...], words: bytes) -> None:
    with simulator(tmp_path, *options) as (process, ready):
        _, errors = process.communicate(timeout=LIMIT_SECONDS)
        assert ready == {}
        assert process.returncode == 2
        assert words in errors
        assert b"Traceback" not in errors


def run_with_pair(tmp_path: Path, check: Any, pair: str = "modern", **options: Any) -> None:
    """Start a pair in this process, hand it to an async check, stop it."""

    async def start_check_stop() -> None:
        running = await start_pair(pair, tmp_path, **options)
        try:
            await check(running)
        finally:
            await running.close()

    asyncio.run(start_check_stop())


def test_a_new_pair_is_not_configured_yet(tmp_path: Path) -> None:
    async def check(pair: RunningPair) -> None:
        for node in pair.nodes:
            database = node.cluster.database
            assert database.rows("sipTrunk") == database.rows("routePattern") == []
            assert [row["name"] for row in database.rows("sipTrunkSecurityProfile")] == ["Non Secure SIP Trunk Profile"]
            assert node.loaded is not None
            assert parse_certificate(node.loaded.identity.der).names_itself_as_issuer
            assert node.services[CALL_MANAGER_SERVICE].status == "Started"
            assert node.cluster.writes == []

    run_with_pair(tmp_path, check)


def test_two_pairs_at_once_share_nothing(tmp_path: Path) -> None:
    async def check(first: RunningPair) -> None:
        second = await start_pair("modern", tmp_path / "second")
        try:
            assert not {node.ip for node in first.nodes} & {node.ip for node in second.nodes}
            status = [
                json.loads((await asyncio.to_thread(ask, node, "/simulator/status", role=None)).body)
                for node in (first.nodes[0], second.nodes[0])
            ]
            assert status[0]["certificates"]["store"] != status[1]["certificates"]["store"]
            passwords = [{account.password for account in pair.clusters[0].accounts} for pair in (first, second)]
            assert not passwords[0] & passwords[1]
        finally:
            await second.close()

    run_with_pair(tmp_path / "first", check)


def test_a_closed_pair_gives_its_ports_back(tmp_path: Path) -> None:
    addresses: list[str] = []

    async def check(pair: RunningPair) -> None:
        addresses.extend(node.ip for node in pair.nodes)

    run_with_pair(tmp_path, check)
    assert not any(listens(address, port) for address in addresses for port in (8443, 8022, 5061))


def test_a_pair_that_cannot_start_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    async def fail_second(node: Any) -> Any:
        started.append(node.ip)
        raise OSError("port taken")

    monkeypatch.setattr("pytest_cucmtls.sim.server.serve_platform_cli", fail_second)
    with pytest.raises(OSError, match="port taken"):
        asyncio.run(start_pair("modern", tmp_path))
    assert not any(listens(address, 8443) for address in started)


def test_a_reserved_network_is_nobody_elses_until_it_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_cucmtls.sim.addresses.random.randint", lambda low, high: (low + high) // 2)
    first = reserve_subnet([11], (8443,))
    with pytest.raises(NoFreeNetwork):
        reserve_subnet([12], (8443,))
    first.release()
    reserve_subnet([12], (8443,)).release()


def test_a_network_with_one_wanted_port_taken_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_cucmtls.sim.addresses.random.randint", lambda low, high: (low + 2 * high) // 3)
    found = reserve_subnet([11], (8443,))
    address = found.address(11)
    found.release()
    with socket.create_server((address, 8443)):
        with pytest.raises(NoFreeNetwork):
            reserve_subnet([11, 12], (5061, 8443))
        reserve_subnet([12], (5061, 8443)).release()


def test_a_fault_goes_into_the_cluster_it_names(tmp_path: Path) -> None:
    async def check(pair: RunningPair) -> None:
        assert pair.cluster("A").faults == {"clock_ahead"}
        assert pair.cluster("B").faults == {"device_queries_limited"}
        assert pair.cluster("A").publisher.clock_offset.days > 0
        assert pair.cluster("B").enterprise_parameters["Allowed Device Queries Per Minute"] == "1"

    run_with_pair(tmp_path, check, pair="source-document", faults=["clock_ahead", "device_queries_limited@B"])


@pytest.mark.parametrize("faults", [(), ("old_certificate_still_served",)])
def test_a_new_certificate_is_in_use_after_a_restart_unless_the_restart_has_no_effect(
    tmp_path: Path, faults: tuple[str, ...]
) -> None:
    async def check(pair: RunningPair) -> None:
        node = pair.clusters[0].publisher
        assert node.loaded is not None
        assert node.call_manager is not None
        before = node.loaded.identity
        node.certificates.regenerate("CallManager")
        assert node.loaded.identity is before
        await node.call_manager.restart()
        assert (node.loaded.identity is before) is bool(faults)
        assert node.services[CALL_MANAGER_SERVICE].status == "Started"

    run_with_pair(tmp_path, check, pair="source-document", faults=faults)


def test_an_unknown_fault_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnknownFault):
        asyncio.run(start_pair("modern", tmp_path, faults=["nothing"]))


def test_every_behaviour_some_part_looks_for_is_a_registered_fault() -> None:
    sources = [file.read_text() for file in Path(sim.__file__).parent.rglob("*.py")]
    constants = {
        name: value for text in sources for name, value in re.findall(r'^([A-Z][A-Z0-9_]+) = "(\w+)"$', text, re.MULTILINE)
    }
    looked_for = {name for text in sources for name in re.findall(r"\b([A-Z][A-Z0-9_]+) (?:not )?in [\w.]*\bfaults\b", text)}
    assert looked_for
    assert {constants[name] for name in looked_for} - set(FAULTS) == set()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_says_what_is_wrong(name: str) -> None:
    assert FAULTS[name].description.endswith((".", ")"))
    assert len(FAULTS[name].description) > 20


def test_malformed_http_and_tls_leave_no_trace_in_the_log_and_the_pair_running(tmp_path: Path) -> None:
    with simulator(tmp_path, "--pair", "source-document") as (process, ready):
        for node in ready["nodes"].values():
            place = (node["address"], node["https_port"])
            with socket.create_connection(place, 5) as plain:
                plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            for request in (
                b"\x00\r\n\r\n",
                b"GET / HTTP/9.9\r\n\r\n",
                b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                b"A" * 70_000,
            ):
                with socket.create_connection(place, 5) as plain, unverified().wrap_socket(plain) as secured:
                    secured.sendall(request)
                    assert secured.recv(12) == b"HTTP/1.0 400"
        assert process.poll() is None
        process.terminate()
        _, errors = process.communicate(timeout=LIMIT_SECONDS)
        assert (process.returncode, errors) == (0, b"")


def test_a_starter_that_does_not_listen_makes_no_noise(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "pytest_cucmtls.sim", "--pair", "source-document", "--state-dir", str(tmp_path)]
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    try:
        done = subprocess.run(
            [*command, "--parent-pid", str(gone.pid)], stdout=writing, stderr=subprocess.PIPE, timeout=LIMIT_SECONDS, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("read_only", [False, True])
def test_an_inventory_asks_for_no_more_than_the_clusters_allow(tmp_path: Path, read_only: bool) -> None:
    async def check(pair: RunningPair) -> None:
        assert read_inventory(pair.files.inventory).mode.value == ("verify" if read_only else "apply")

    run_with_pair(tmp_path, check, pair="source-document", read_only=read_only)


PAGES_NO_CUCM_HAS = {"status_page", "front_page", "checkpoints"}


@pytest.mark.parametrize("name", sorted({name for _, name, _ in pkgutil.iter_modules(interfaces.__path__)} - PAGES_NO_CUCM_HAS))
def test_every_interface_is_found_and_declares_where_its_behaviour_comes_from(name: str) -> None:
    module = importlib.import_module(f"{interfaces.__name__}.{name}")
    assert callable(module.routes)
    declared = {behaviour.interface.lower() for behaviour in behaviours()}
    assert getattr(module, "BEHAVIOURS", ()) or name in declared
