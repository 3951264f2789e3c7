"""WebDialer in both generations: the right address, the right shape, and no password in any log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.clients.webdialer import WebDialer, speaks_new_service
from pytest_cucmtls.model.cucm import Release
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.soap import child, parse_envelope, text_of
from tests.https_stand_in import HttpsStandIn, Prepared, make_certificate
from tests.test_serviceability_answers import NEW_CALL, OLD_CALL

OLD, NEW = Release("14.0.1.12900-161", 14, 0), Release("15.0.1.15900-1", 15, 0)
PIN = Secret("p&n<1>")


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate("cucm-a").write(tmp_path_factory.mktemp("webdialer"), "tomcat")


@pytest.fixture
def node(identity: tuple[Path, Path]) -> Iterator[HttpsStandIn]:
    with HttpsStandIn(identity[0]) as stand_in:
        yield stand_in


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("9.1.2.10000-28", False),
        ("14.0.1.15900-1", False),
        ("15.0.1.14900-9", False),
        ("15.0.1.15899-9", False),
        ("15.0.1.15900-1", True),
        ("15.0.1.15900(1)", True),
        ("15.0.2.10000-1", True),
        ("16.0.1.10000-1", True),
        ("15", False),
    ],
)
def test_the_newer_service_is_used_from_15_su5_on(text: str, new: bool) -> None:
    assert speaks_new_service(Release(text, int(text.split(".")[0]), 0)) is new


def test_the_older_service_gets_typed_rpc_parameters(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    node.answers[:] = [Prepared(OLD_CALL)]
    reading = WebDialer(node.session(identity[1]), OLD).make_call("bill", PIN, "SEP001122334418", "1018", "9898")
    assert reading.value == (0, "Success")
    assert (reading.interface, reading.operation, reading.raw) == ("webdialer", "makeCallSoap", OLD_CALL)
    asked = parse_envelope(node.asked[0].body)
    assert node.asked[0].path == "/webdialer/services/WebdialerSoapService70"
    assert asked.tag == "{urn:WD70}makeCallSoap"
    assert [text_of(asked, "in0", "userID"), text_of(asked, "in0", "password"), text_of(asked, "in1")] == [
        "bill",
        PIN.reveal(),
        "9898",
    ]
    assert [text_of(asked, "in2", name) for name in ("user", "deviceName", "lineNumber")] == ["bill", "SEP001122334418", "1018"]
    credential = child(asked, "in0")
    assert credential is not None
    assert credential.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "urn:Credential"


def test_the_newer_service_gets_document_literal_parameters(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    node.answers[:] = [Prepared(NEW_CALL)]
    reading = WebDialer(node.session(identity[1]), NEW).make_call("bill", PIN, "SEP001122334418", "1018", "9898")
    assert reading.value == (2, "Authentication error")
    asked = parse_envelope(node.asked[0].body)
    assert node.asked[0].path == "/webdialer/services/webdialer"
    assert asked.tag == "{http://webdialer.ccm.cisco.com}makeCallSoap"
    assert [text_of(asked, "args0", "userID"), text_of(asked, "args1"), text_of(asked, "args2", "lineNumber")] == [
        "bill",
        "9898",
        "1018",
    ]


@pytest.mark.parametrize(("release", "answer", "profile"), [(OLD, OLD_CALL, "in1"), (NEW, NEW_CALL, "args1")])
def test_a_call_is_ended_on_the_same_device(
    node: HttpsStandIn, identity: tuple[Path, Path], release: Release, answer: bytes, profile: str
) -> None:
    node.answers[:] = [Prepared(answer)]
    WebDialer(node.session(identity[1]), release).end_call("bill", PIN, "SEP001122334418", "1018")
    asked = parse_envelope(node.asked[0].body)
    assert asked.tag.endswith("endCallSoap")
    assert text_of(asked, profile, "deviceName") == "SEP001122334418"


@pytest.mark.parametrize("release", [OLD, NEW])
def test_the_exchange_log_never_holds_the_password(node: HttpsStandIn, identity: tuple[Path, Path], release: Release) -> None:
    seen: list[bytes] = []
    node.answers[:] = [Prepared(OLD_CALL)]
    session = node.session(identity[1], log=lambda operation, asked, got: seen.extend((operation.encode(), asked, got)))
    reading = WebDialer(session, release).make_call("bill", PIN, "SEP001122334418", "1018", "9898")
    logged = b"".join(seen) + reading.raw + reading.operation.encode()
    assert b"bill" in logged
    assert PIN.reveal().encode() not in logged
    assert b"p&amp;n&lt;1&gt;" not in logged


def test_a_service_that_is_not_activated_says_so(node: HttpsStandIn, identity: tuple[Path, Path]) -> None:
    node.answers[:] = [Prepared(b"<html>HTTP Status 404</html>", 404, "text/html")]
    with pytest.raises(InterfaceRefused, match="Activate the service"):
        WebDialer(node.session(identity[1]), OLD).make_call("bill", PIN, "SEP1", "1018", "9898")
