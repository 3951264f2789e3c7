"""Two independent readers of the same capture: agreement, disagreement, and a witness that is not there."""

import dataclasses
import shutil
import ssl
from pathlib import Path

import pytest

from pytest_cucmtls.capture.files import read_capture
from pytest_cucmtls.capture.pyshark_reader import read_with_pyshark
from pytest_cucmtls.capture.witnesses import WitnessedHandshake, WitnessReading, compare
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.network import Endpoint
from tests.packet_writer import TcpConversation, frames, pcap
from tests.tls_pairs import TlsPair, identity

with_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed: no second witness to compare with"
)

VARIANTS = {
    "mutual": TlsPair(),
    "source-document": TlsPair(version=ssl.TLSVersion.TLSv1, ciphers="AES128-SHA"),
    "null": TlsPair(ciphers="NULL-SHA"),
    "tls13": TlsPair(version=ssl.TLSVersion.TLSv1_3),
    "no-client-certificate": TlsPair(client_certificate=False, require_certificate=False),
    "unknown-ca": TlsPair(server_trusts_client=False),
    "client-refuses": TlsPair(client_trusts_server=False),
    "dhe": TlsPair(ciphers="DHE-RSA-AES256-SHA256"),
}


def write_all(path: Path) -> list[str]:
    """Every variant in one file, each from a port of its own; returns their names."""
    packets: list[bytes] = []
    for number, pair in enumerate(VARIANTS.values()):
        conversation = TcpConversation(("10.0.0.203", 40000 + number), ("10.0.0.200", 5061), mss=536)
        packets += conversation.open().exchange(pair.flights()).close().packets
    path.write_bytes(pcap(frames(packets)))
    return list(VARIANTS)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CaptureReport]:
    path = tmp_path_factory.mktemp("witness") / "mixed.pcap"
    write_all(path)
    return path, read_capture(path)


@with_tshark
def test_both_readers_see_the_same_handshakes(mixed: tuple[Path, CaptureReport]) -> None:
    path, native = mixed
    other = read_with_pyshark(path, [5061])
    assert other.unavailable is None
    assert other.problem is None
    assert len(other.handshakes) == len(native.handshakes) == len(VARIANTS)
    assert compare(native, other) == ()
    assert other.handshakes[0].server_certificates == (identity("cucm10").sha256,)


@with_tshark
def test_a_cut_file_is_read_as_far_as_it_goes_by_both(mixed: tuple[Path, CaptureReport], tmp_path: Path) -> None:
    content = mixed[0].read_bytes()
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(content[: len(content) - 30])
    other = read_with_pyshark(cut, [5061])
    assert len(other.handshakes) == len(VARIANTS)
    assert "ends in the middle of packet" in other.problem
    assert compare(read_capture(cut), other) == ()


def test_without_tshark_the_witness_is_unavailable_and_agrees_to_nothing(
    mixed: tuple[Path, CaptureReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    other = read_with_pyshark(mixed[0])
    assert "tshark is not installed" in other.unavailable
    (sentence,) = compare(mixed[1], other)
    assert sentence.startswith("there is no second witness")


def test_every_kind_of_disagreement_is_one_sentence(mixed: tuple[Path, CaptureReport]) -> None:
    native = dataclasses.replace(mixed[1], handshakes=mixed[1].handshakes[:1])
    seen = native.handshakes[0]
    same = WitnessedHandshake(
        seen.client, seen.server, 1, "TLSv1.2", 0xC02F, (identity("cucm10").sha256,), (identity("cucma").sha256,)
    )
    assert compare(native, WitnessReading((same,))) == ()
    changes = {
        "version": {"version": "TLSv1.1"},
        "cipher suite": {"cipher_suite": 0x2F},
        "server's certificates": {"server_certificates": ()},
        "client's certificates": {"client_certificates": ("00",)},
        "alerts": {"alerts": (("server", "fatal", "unknown_ca"),)},
    }
    for name, change in changes.items():
        (sentence,) = compare(native, WitnessReading((dataclasses.replace(same, **change),)))
        assert f": {name}: " in sentence
    assert "1 handshakes, Wireshark's dissectors 0" in compare(native, WitnessReading())[0]
    stranger = dataclasses.replace(same, client=Endpoint("10.9.9.9", 1))
    assert len(compare(native, WitnessReading((same, stranger)))) == 1
