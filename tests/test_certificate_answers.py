"""The JSON of the certificate REST API, in every shape public samples show."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.wire import certificate_answers as answers
from tests.https_stand_in import make_certificate

PEM = make_certificate("cucm-a.alpha.example").pem.decode()
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"


def written(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "value",
    [
        {"service": "CallManager", "certificate": PEM},
        {"certificates": [{"certificate": PEM}]},
        [{"certificate": PEM}],
        [PEM],
        PEM,
    ],
)
def test_an_identity_is_read_from_every_shape_seen(value: object) -> None:
    identity = answers.parse_identity(written(value), "CallManager")
    assert (identity.unit, identity.file_name) == ("CallManager", "cucm-a.alpha.example.pem")
    assert identity.certificate.subject.common_name == "cucm-a.alpha.example"


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"certificates": rows}])
def test_a_trust_store_keeps_file_names_and_descriptions(wrap: Callable[[Any], Any]) -> None:
    rows = [{"filename": "CA1.pem", "certificate": PEM, "description": "Trust Certificate"}, {"certificate": PEM}]
    first, second = answers.parse_trust(written(wrap(rows)), "CallManager")
    assert (first.unit, first.file_name, first.description) == ("CallManager-trust", "CA1.pem", "Trust Certificate")
    assert (second.file_name, second.description) == ("cucm-a.alpha.example.pem", None)


def test_an_empty_trust_store_is_empty() -> None:
    assert answers.parse_trust(b"[]", "CallManager") == ()
    assert answers.parse_trust(b'{"certificates": []}', "CallManager") == ()


def test_a_snapshot_holds_identities_then_trust_and_skips_services_without_a_certificate() -> None:
    snapshot = {
        "trackingId": "x",
        "server": "cucm-a",
        "identities": [{"service": "CallManager", "certificate": PEM, "csr": CSR}, {"service": "ipsec", "certificate": ""}],
        "trusts": [
            {"service": "CallManager-trust", "certificate_data": [{"filename": "CA1.pem", "certificate": PEM}]},
            {"service": "tomcat", "certificate_data": None},
        ],
        "revokedCertificates": [],
    }
    found = answers.parse_snapshot(written(snapshot))
    assert [(row.unit, row.file_name) for row in found] == [
        ("CallManager", "cucm-a.alpha.example.pem"),
        ("CallManager-trust", "CA1.pem"),
    ]


def test_a_request_is_read_as_pem() -> None:
    assert answers.parse_csr(written({"csr": CSR})) == CSR.encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "no CA"}, "no CA"),
        ({"messages": ["first", "second"]}, "first"),
        ({"messages": [{"message": "nested"}]}, "nested"),
        ({"message": " ", "error": "stale"}, "stale"),
        ({"messages": []}, '{"messages": []}'),
        (["a"], '["a"]'),
    ],
)
def test_a_refusal_says_what_the_server_said_in_any_of_three_fields(body: object, said: str) -> None:
    assert answers.refusal_of(written(body)) == said


def test_a_refusal_that_is_no_json_is_shown_as_it_is() -> None:
    assert answers.refusal_of(b"<html>500</html>") == "<html>500</html>"


PARSERS: list[Callable[[bytes], Any]] = [
    lambda body: answers.parse_identity(body, "CallManager"),
    lambda body: answers.parse_trust(body, "CallManager"),
    answers.parse_csr,
]


@pytest.mark.parametrize("parse", [*PARSERS, answers.parse_snapshot])
@pytest.mark.parametrize("body", [b"", b"<html/>", b"\xff\xfe", b"[" * 100_000, b'{"certificates": [5]}', b"5", b'"text"'])
def test_anything_else_is_not_understood(parse: Callable[[bytes], Any], body: bytes) -> None:
    if parse is answers.parse_snapshot and body.startswith(b'{"certificates"'):
        assert parse(body) == ()
        return
    with pytest.raises(UnexpectedAnswer):
        parse(body)


def test_an_absurd_number_of_certificates_is_refused() -> None:
    with pytest.raises(UnexpectedAnswer, match="more than"):
        answers.parse_trust(written([""] * (answers.MAX_CERTIFICATES + 1)), "CallManager")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(PEM),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["certificate", "certificates", "csr", "identities", "trusts", "service"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_no_json_raises_anything_but_our_error(value: object) -> None:
    for parse in (*PARSERS, answers.parse_snapshot, answers.refusal_of):
        try:
            parse(written(value))
        except UnexpectedAnswer:
            continue
