"""The probe against real listeners on loopback: polite, complete, and never stuck."""

import os
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.probe.client_certificates import ClientIdentity, untrusted_identity
from pytest_cucmtls.probe.exchanges import ask
from pytest_cucmtls.probe.listener import Manners, probe_listener
from pytest_cucmtls.run.probing import probe_listeners
from pytest_cucmtls.wire.probe_hellos import client_hello, read_first_flight, usual_suites
from tests.evidence_builders import NOW, inventory, spec

HELLO = client_hello("TLSv1.2", usual_suites(), bytes(32))


@contextmanager
def listening(handle):
    """A listener that gives every connection to `handle`, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def serve():
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    handle(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join(10)


def tls_server(tmp_path, *, requires: bool):
    """Handler of a TLS 1.2 listener that trusts one client identity."""
    for name in ("server", "client"):
        (tmp_path / f"{name}.pem").write_bytes(untrusted_identity(datetime.now(UTC)).pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED if requires else ssl.CERT_NONE
    context.load_verify_locations(tmp_path / "client.pem")

    def handle(connection):
        try:
            with context.wrap_socket(connection, server_side=True) as channel:
                channel.recv(1)
        except OSError:
            return

    return handle, ClientIdentity((tmp_path / "client.pem").read_bytes())


def manners(pauses: list[int] | None = None) -> Manners:
    return Manners(lambda: (pauses if pauses is not None else []).append(1), os.urandom, lambda: datetime.now(UTC), 0.0, 5.0)


def said(report, topic: str) -> dict[str, Answer]:
    return {answer.asked: answer.answer for answer in report.about(topic)}


def test_a_mutual_listener_is_described_as_it_is(tmp_path):
    handle, trusted = tls_server(tmp_path, requires=True)
    pauses = []
    with listening(handle) as port:
        report = probe_listener("127.0.0.1", port, manners(pauses), trusted=trusted)
    assert report.accepted_versions == ("TLSv1.2",)
    assert set(said(report, "suites").values()) == {Answer.REFUSED} or said(report, "suites")["CHACHA20"] is Answer.ACCEPTED
    assert said(report, "group")["secp256r1"] is Answer.ACCEPTED
    assert said(report, "group")["secp192r1"] is Answer.REFUSED
    assert said(report, "clear_sip") == {"tcp": Answer.REFUSED}
    assert said(report, "certificate") == {"none": Answer.REFUSED, "untrusted": Answer.REFUSED, "trusted": Answer.ACCEPTED}
    assert all(answer.client_certificate_requested for answer in report.about("version") if answer.answer is Answer.ACCEPTED)
    assert len(pauses) == len(report.answers) - 1


def test_a_listener_that_asks_for_nothing_lets_everybody_in(tmp_path):
    handle, _ = tls_server(tmp_path, requires=False)
    with listening(handle) as port:
        report = probe_listener("127.0.0.1", port, manners())
    assert said(report, "certificate") == {
        "none": Answer.ACCEPTED,
        "untrusted": Answer.ACCEPTED,
        "trusted": Answer.NOT_ASKED,
    }


def test_a_port_nobody_listens_on_is_asked_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    report = probe_listener("127.0.0.1", port, manners())
    assert [answer.answer for answer in report.answers] == [Answer.UNREACHABLE]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"", Answer.REFUSED),
        (b"\x16\x03\x03", Answer.REFUSED),
        (b"hello there", Answer.UNCLEAR),
        (b"\x15\x03\x03\0\2\2\x28", Answer.REFUSED),
    ],
)
def test_whatever_a_listener_replies_before_it_hangs_up_is_an_answer(reply, answer):
    def handle(connection):
        connection.recv(4096)
        connection.sendall(reply)

    with listening(handle) as port:
        assert ask("127.0.0.1", port, HELLO, read_first_flight).answer is answer


def test_a_silent_listener_is_unclear_after_the_limit():
    def handle(connection):
        while connection.recv(4096):
            pass

    with listening(handle) as port:
        flight = ask("127.0.0.1", port, HELLO, read_first_flight, limit_seconds=0.1)
    assert flight.answer is Answer.UNCLEAR
    assert "0.1 s" in flight.detail


def test_a_listener_that_never_stops_talking_is_cut_off():
    def handle(connection):
        try:
            while True:
                connection.sendall(b"\x16\x03\x03\x40\x00" + bytes(0x4000))
        except OSError:
            return

    with listening(handle) as port:
        assert ask("127.0.0.1", port, HELLO, read_first_flight).answer in (Answer.UNCLEAR, Answer.ACCEPTED)


def test_an_identity_does_not_print_its_key():
    assert "PRIVATE" not in repr(untrusted_identity(NOW))


def run_on(tmp_path, **changes):
    """As much of a run as the probe needs."""
    stock = inventory(**changes)
    folder = RunFolder(tmp_path / "run")
    folder.begin(stock, started_at=NOW)
    nodes = [(SimpleNamespace(name=cluster.name), node) for cluster in stock.clusters for node in cluster.nodes]
    return SimpleNamespace(inventory=stock, folder=folder, nodes=lambda: nodes, authority=None, progress=print)


def test_a_run_that_does_not_ask_for_the_probe_says_so_and_opens_nothing(tmp_path):
    run = run_on(tmp_path)
    assert run.inventory.probes is False
    probe_listeners(run)
    assert [reason for reason in load_evidence(run.folder.path).reasons if "probe = true" in reason[1]]


def test_a_run_keeps_one_probe_per_node_and_pauses_between_all_connections_off_loopback(tmp_path, monkeypatch):
    handle, _ = tls_server(tmp_path, requires=True)
    waits = []
    with listening(handle) as port:
        nodes = {name: (NodeAddress(name, "127.0.0.1", sip_port=port),) for name in "AB"}
        run = run_on(
            tmp_path, cluster_a=spec("A", nodes=nodes["A"]), cluster_b=spec("B", nodes=nodes["B"]), probe_pause_seconds=0.5
        )
        monkeypatch.setattr(type(run.inventory), "on_loopback", property(lambda _: False))
        monkeypatch.setattr(type(run.inventory), "probes", property(lambda _: True))
        probe_listeners(run, waits.append)
    found = [cluster.nodes[0].probe.value for cluster in load_evidence(run.folder.path).clusters]
    assert [report.accepted_versions for report in found] == [("TLSv1.2",)] * 2
    asked = [answer for report in found for answer in report.answers if answer.answer is not Answer.NOT_ASKED]
    assert waits == [0.5] * (len(asked) - 1)


@pytest.mark.parametrize(
    ("address", "declared", "probes"),
    [("127.3.2.1", None, True), ("10.1.0.1", None, False), ("10.1.0.1", True, True), ("127.3.2.1", False, False)],
)
def test_the_probe_is_on_by_default_only_where_every_node_is_on_loopback(address, declared, probes):
    stock = inventory(
        cluster_a=spec("A", nodes=(NodeAddress("A", address),)),
        cluster_b=spec("B", nodes=(NodeAddress("B", "127.0.0.1"),)),
        probe=declared,
    )
    assert stock.probes is probes
