"""The probe's hellos are well formed, and any answer whatever is read as accepted, refused or unclear."""

import os
import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.wire.probe_hellos import (
    GROUP_NUMBERS,
    TLS13_SUITES,
    client_hello,
    ephemeral_suites,
    read_clear_answer,
    read_first_flight,
    read_sslv2_answer,
    sslv2_client_hello,
    suites_of_family,
    usual_suites,
)
from pytest_cucmtls.wire.probe_report import parse_probe, probe_as_json
from pytest_cucmtls.wire.tls_messages import offered_versions, parse_client_hello, parse_sslv2_client_hello
from pytest_cucmtls.wire.tls_registry import cipher_suite
from tests.probe_reports import probe

RANDOM = bytes(range(32))
FATAL_VERSION = bytes.fromhex("15030100020246")
SERVER_HELLO = bytes.fromhex("0303") + RANDOM + bytes.fromhex("00c03000")


def record(kind: int, body: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(body).to_bytes(2, "big") + body


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


@pytest.mark.parametrize("version", ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
def test_a_hello_offers_exactly_the_version_it_asks_about(version):
    number = {"SSLv3": 0x300, "TLSv1.0": 0x301, "TLSv1.1": 0x302, "TLSv1.2": 0x303, "TLSv1.3": 0x304}[version]
    suites = TLS13_SUITES if version == "TLSv1.3" else usual_suites()
    hello = parse_client_hello(client_hello(version, suites, RANDOM)[9:])
    assert offered_versions(hello) == (number,)
    assert hello.suites == suites
    assert hello.random == RANDOM
    assert bool(hello.extensions) == (version != "SSLv3")


def test_a_hello_about_a_group_offers_that_group_only():
    group = GROUP_NUMBERS["secp384r1"]
    hello = parse_client_hello(client_hello("TLSv1.2", ephemeral_suites(), RANDOM, groups=(group,))[9:])
    assert hello.extensions[10] == b"\0\2" + group.to_bytes(2, "big")


def test_an_ssl2_hello_is_read_by_our_own_reader():
    hello = parse_sslv2_client_hello(sslv2_client_hello(RANDOM)[2:])
    assert hello.version == 2
    assert hello.random == RANDOM[:16]


def test_a_family_holds_its_suites_and_no_others():
    names = [cipher_suite(number).name for number in suites_of_family("DES")]
    assert "TLS_RSA_WITH_DES_CBC_SHA" in names
    assert not [name for name in names if "3DES" in name]
    assert cipher_suite(suites_of_family("NULL")[0]).encrypts is False


@pytest.mark.parametrize(("random", "suites"), [(b"short", (1,)), (RANDOM, ())])
def test_an_impossible_hello_is_refused(random, suites):
    with pytest.raises(ValueError, match="hello"):
        client_hello("TLSv1.2", suites, random)


def test_openssl_answers_the_hello_with_what_we_read():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("AECDH-AES128-SHA:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(client_hello("TLSv1.2", suites_of_family("anon"), os.urandom(32)))
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    data = outgoing.read()
    flight = read_first_flight(data)
    assert (flight.answer, flight.version, flight.complete) == (Answer.ACCEPTED, "TLSv1.2", True)
    assert flight.cipher_suite == "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"
    assert flight.client_certificate_requested is False
    assert not read_first_flight(data[:-1]).complete


@pytest.mark.parametrize(
    ("data", "answer", "complete"),
    [
        (b"", Answer.UNCLEAR, False),
        (FATAL_VERSION, Answer.REFUSED, True),
        (FATAL_VERSION[:-1], Answer.UNCLEAR, False),
        (record(21, b"\x01\x70"), Answer.UNCLEAR, False),
        (b"HTTP/1.1 400 Bad Request", Answer.UNCLEAR, True),
        (record(22, message(2, SERVER_HELLO)), Answer.ACCEPTED, False),
        (record(22, message(2, SERVER_HELLO) + message(14, b"")), Answer.ACCEPTED, True),
        (record(22, message(2, SERVER_HELLO[:20])), Answer.UNCLEAR, True),
        (record(22, message(2, SERVER_HELLO)[:10]) + record(22, message(2, SERVER_HELLO)[10:]), Answer.ACCEPTED, False),
    ],
)
def test_an_answer_is_accepted_refused_or_unclear(data, answer, complete):
    flight = read_first_flight(data)
    assert (flight.answer, flight.complete) == (answer, complete)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (bytes.fromhex("8003040001"), Answer.ACCEPTED),
        (bytes.fromhex("8003000001"), Answer.REFUSED),
        (FATAL_VERSION, Answer.REFUSED),
        (record(22, message(2, SERVER_HELLO)), Answer.REFUSED),
        (b"", Answer.UNCLEAR),
    ],
)
def test_only_an_ssl2_server_hello_accepts_ssl2(data, answer):
    assert read_sslv2_answer(data).answer is answer


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"SIP/2.0 200 OK\r\n", Answer.ACCEPTED),
        (b"SIP/2.0 405 Method Not Allowed\r\n", Answer.ACCEPTED),
        (b"SIP/2", Answer.UNCLEAR),
        (FATAL_VERSION, Answer.REFUSED),
        (b"HTTP/1.1 400", Answer.UNCLEAR),
    ],
)
def test_only_a_sip_status_line_is_sip_in_clear(data, answer):
    assert read_clear_answer(data).answer is answer


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.builds(record, st.integers(20, 23), st.binary(max_size=120))))
def test_no_bytes_of_a_hostile_listener_raise_anything(data):
    for read in (read_first_flight, read_sslv2_answer, read_clear_answer):
        assert read(data).answer in (Answer.ACCEPTED, Answer.REFUSED, Answer.UNCLEAR)


def test_a_report_survives_its_file():
    assert parse_probe(probe_as_json(probe())) == probe()


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"schema": "other"}', b"\xff", b"[" * 100_000, b'{"schema":"cucmtls-probe-1"}']
)
def test_a_damaged_report_is_unreadable(data):
    with pytest.raises(FileUnreadable, match="cucmtls-probe-1"):
        parse_probe(data)
