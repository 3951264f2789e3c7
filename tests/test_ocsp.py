"""OCSP: asked only where the inventory allows it, believed only when a responder the issuer allows signed the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from pytest_cucmtls.model.inventory import AuthoritySpec
from pytest_cucmtls.rehearsal.built_ocsp import ocsp_answer
from pytest_cucmtls.run.ocsp_answers import keep_ocsp_answers
from pytest_cucmtls.wire.x509 import pem_of
from pytest_cucmtls.wire.x509_ocsp import answer_is_signed_for, ocsp_request, parse_ocsp_answer, responder_urls
from tests.evidence_builders import NOW, certificate, inventory, key, root


@contextmanager
def responder(status: int = 200, body: bytes | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A simulated responder of the authority on loopback; remembers what it was asked."""
    asked: list[bytes] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            serial = ocsp.load_der_ocsp_request(asked[-1]).serial_number
            known = {certificate(name).serial_number: certificate(name) for name in ("CUCMA", "CUCM10")}
            answer = ocsp_answer(known[serial]) if body is None else body
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ocsp", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def finished_run(folder: Path, wanted: str | None) -> SimpleNamespace:
    """As much of a run as asking takes: identities and the authority were kept."""
    stock = replace(inventory(), authority=AuthoritySpec(ocsp=wanted))
    kept = RunFolder(folder)
    kept.begin(stock, started_at=NOW)
    kept.keep(pem_of(root().der).encode(), kind="authority_certificate", interface="authority")
    nodes = []
    for spec in stock.clusters:
        node = spec.nodes[0]
        pem = pem_of(certificate(node.name).der).encode()
        kept.keep(pem, kind="own_certificate", cluster=spec.name, node=node.name, interface="file")
        nodes.append((SimpleNamespace(name=spec.name), node))
    return SimpleNamespace(inventory=stock, folder=kept, nodes=lambda: nodes)


def test_a_responder_is_asked_about_each_identity_and_its_answer_is_kept(tmp_path: Path) -> None:
    with responder() as (url, asked):
        keep_ocsp_answers(finished_run(tmp_path, url))
    assert len(asked) == 2
    answers = [cluster.nodes[0].ocsp for cluster in load_evidence(tmp_path).clusters]
    assert [answer.value.status for answer in answers if answer] == ["good", "good"]


def test_nobody_is_asked_unless_the_inventory_allows_it(tmp_path: Path) -> None:
    with responder() as (_, asked):
        keep_ocsp_answers(finished_run(tmp_path, None))
    assert asked == []
    assert any("does not allow it" in why for _, why in load_evidence(tmp_path).reasons)


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"no answer"), (200, b""), (301, b""), (200, b"x" * 70_000)])
def test_an_answer_that_is_none_is_a_reason_and_no_crash(tmp_path: Path, status: int, body: bytes) -> None:
    with responder(status, body) as (url, _):
        keep_ocsp_answers(finished_run(tmp_path, url))
    evidence = load_evidence(tmp_path)
    assert evidence.clusters[0].nodes[0].ocsp is None
    assert any(fact.startswith("OCSP answer on A") for fact, _ in evidence.reasons)


def test_a_certificate_that_names_no_responder_is_a_reason(tmp_path: Path) -> None:
    assert responder_urls(certificate("CUCMA")) == ()
    keep_ocsp_answers(finished_run(tmp_path, "certificate"))
    assert any("names none" in why for _, why in load_evidence(tmp_path).reasons)


def test_only_the_issuer_and_whom_it_certified_for_ocsp_may_answer() -> None:
    leaf = certificate("CUCMA")
    delegated = certificate("responder", usages=(ExtendedKeyUsageOID.OCSP_SIGNING,))
    not_delegated = certificate("web server")
    assert answer_is_signed_for(parse_ocsp_answer(ocsp_answer(leaf)), root())
    assert answer_is_signed_for(parse_ocsp_answer(ocsp_answer(leaf, responder=delegated, signer=key("responder", 2048))), root())
    stranger = ocsp_answer(leaf, responder=not_delegated, signer=key("web server", 2048))
    assert not answer_is_signed_for(parse_ocsp_answer(stranger), root())
    namesake = ocsp_answer(leaf, issuer=root("CA", "stranger"), signer=key("stranger", 2048))
    assert not answer_is_signed_for(parse_ocsp_answer(namesake), root())


def test_the_question_names_the_certificate() -> None:
    asked = ocsp.load_der_ocsp_request(ocsp_request(certificate("CUCMA"), root()))
    assert asked.serial_number == certificate("CUCMA").serial_number


@given(st.binary(max_size=600))
@settings(max_examples=60)
def test_any_bytes_are_an_answer_or_refused(data: bytes) -> None:
    with pytest.raises(FileUnreadable):
        parse_ocsp_answer(data)


@pytest.mark.parametrize("wanted", ["ftp://x", "http://user@x/", "yes", "http://"])
def test_only_the_certificate_or_an_address_can_be_asked(wanted: str) -> None:
    text = TEMPLATE.replace("[authority]", f'[authority]\nocsp = "{wanted}"', 1)
    with pytest.raises(ConfigurationInvalid, match="ocsp"):
        parse_inventory(text)
