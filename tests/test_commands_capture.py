"""The command `read-capture`: its options, its exit codes, and what it prints."""

import argparse
import json
import shutil
from pathlib import Path

import pytest

from pytest_cucmtls.commands.capture import add_commands
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from tests.packet_writer import TcpConversation, frames, pcap, udp_datagram
from tests.tls_pairs import INVITE, TRYING, TlsPair, identity

CALL_ID = "77-1@10.0.0.203"
with_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed: there is no second witness")


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    parsed = parser.parse_args(["read-capture", *map(str, arguments)])
    code: int = parsed.run(parsed)
    return code


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static-RSA handshake and its resumption on a port Wireshark does not know, SIP inside both."""
    pair, packets = TlsPair(ciphers="AES128-SHA"), []
    for number in range(2):
        ends = ("10.0.0.203", 40000 + number), ("10.0.0.200", 15061)
        packets += TcpConversation(*ends, mss=700).open().exchange(pair.flights()).close().packets
    path = tmp_path_factory.mktemp("command") / "call.pcap"
    path.write_bytes(pcap(frames(packets)))
    return path


def test_one_json_object_a_file_also_for_files_that_are_none(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "text"
    other.write_text("hello, not a capture")
    assert run("--json", capture, other, tmp_path / "absent") == 3
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [document["readable"] for document in documents] == [True, False, False]
    assert [document["schema"] for document in documents] == ["cucmtls-capture-1"] * 3
    assert "No such file" in documents[2]["problem"]
    assert run("--json", capture) == 0


def test_the_servers_key_opens_static_rsa_and_the_session_resumed_from_it(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--json", "--rsa-key", identity("cucm10").path, capture) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(seen["decrypted"], seen["resumed"]) for seen in document["handshakes"]] == [(True, False), (True, True)]
    assert document["sip"]["requests"] == {"INVITE": 2}
    assert (document["sip"]["plaintext"], document["sip"]["transports"]) == (False, ["tls"])
    assert run("--json", "--rsa-key", identity("cucma").path, capture) == 0
    assert json.loads(capsys.readouterr().out)["sip"]["requests"] == {}


def test_what_is_no_private_key_is_an_error_that_names_the_file(capture: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"call\.pcap"):
        run("--rsa-key", capture, capture)


def test_a_call_is_followed_as_text_and_as_svg(capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "ladder.svg"
    assert run("--rsa-key", identity("cucm10").path, "--follow", CALL_ID, "--ladder", picture, capture) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "4 messages between 10.0.0.203, 10.0.0.200" in lines[1]
    assert ["INVITE 9898" in line for line in lines[3:7]] == [True, False, True, False]
    assert lines[3].rstrip().endswith(">|  tls")
    assert "|<" in lines[4]
    assert picture.read_text().startswith("<svg")
    assert run("--rsa-key", identity("cucm10").path, "--follow", CALL_ID, "--ladder", "-", capture) == 0
    assert capsys.readouterr().out.startswith("<svg")


def test_a_tls_connection_is_followed_by_either_end(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--follow", "10.0.0.203:40001", capture) == 0
    assert "Client Hello" in capsys.readouterr().out
    assert run("--follow", "10.0.0.200:15061", capture) == 0
    assert capsys.readouterr().out.count("Client Hello") == 2


def test_what_cannot_be_followed_is_undecided_unless_another_file_shows_it(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--follow", CALL_ID, capture) == 3
    assert "in readable messages" in capsys.readouterr().err
    plain = tmp_path / "plain.pcap"
    ends = ("10.0.0.203", 5060), ("10.0.0.200", 5060)
    plain.write_bytes(pcap(frames([udp_datagram(*ends, INVITE), udp_datagram(*reversed(ends), TRYING)])))
    assert run("--follow", CALL_ID, capture, plain) == 0
    assert "udp" in capsys.readouterr().out


def test_several_parties_have_a_lifeline_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phone, proxy, other = ("10.0.0.1", 5060), ("10.0.0.2", 5060), ("10.0.0.3", 5060)
    packets = [udp_datagram(phone, proxy, INVITE), udp_datagram(proxy, other, INVITE), udp_datagram(other, phone, TRYING)]
    path = tmp_path / "proxied.pcap"
    path.write_bytes(pcap(frames(packets)))
    assert run("--follow", CALL_ID, "--ladder", tmp_path / "l.svg", path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(address in lines[2] for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"))
    assert "10.0.0.2 → 10.0.0.3: INVITE" in (tmp_path / "l.svg").read_text()


def test_control_characters_of_a_packet_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = INVITE.replace(b"9898@", b"98\x1b[2J98@").replace(b"Call-ID: ", b"Call-ID: \x1b]0;x\x07")
    path = tmp_path / "hostile.pcap"
    path.write_bytes(pcap(frames([udp_datagram(("10.0.0.1", 5060), ("10.0.0.2", 5060), hostile)])))
    run(path)
    run("--follow", "\x1b]0;x\x07" + CALL_ID, path)
    output = capsys.readouterr().out
    assert "INVITE 98?" in output
    assert "\x1b" not in output


@pytest.mark.parametrize(
    "arguments", [("--ladder", "x.svg"), ("--follow", CALL_ID, "--witness", "pyshark"), ("--follow", CALL_ID, "--ladder", "/")]
)
def test_options_that_make_no_sense_together_are_refused(capture: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationInvalid):
        run("--rsa-key", identity("cucm10").path, *arguments, capture)


@with_tshark
def test_both_witnesses_agree_also_on_an_unusual_port(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "--witness", "both", capture) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["disagreements"] == []
    assert len(document["witness"]["handshakes"]) == len(document["handshakes"]) == 2
    assert run("--witness", "both", capture) == 0
    assert "saw the same handshakes" in capsys.readouterr().out


@with_tshark
def test_the_other_witness_alone_says_null_where_it_is_not_asked(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "--witness", "pyshark", capture) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["reader"], document["sip"], document["packets"]) == ("pyshark", None, None)
    assert document["handshakes"][0]["server_certificates"] == [{"sha256": identity("cucm10").sha256}]
    assert run("--witness", "pyshark", capture) == 0
    assert "TLS 10.0.0.203:40000 → 10.0.0.200:15061" in capsys.readouterr().out


def test_without_the_other_witness_nothing_is_agreed(
    capture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run("--witness", "both", capture) == 3
    assert "second witness: none" in capsys.readouterr().out
    assert run("--witness", "pyshark", capture) == 3


def test_media_is_measured_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packets = [
        udp_datagram(("10.1.0.1", 2000), ("10.1.0.2", 2002), bytes([0x80, 0, 0, n]) + (n * 160).to_bytes(4, "big") + bytes(164))
        for n in range(40)
        if n != 7
    ]
    path = tmp_path / "media.pcap"
    path.write_bytes(pcap(frames(packets)))
    run("--json", path)
    assert json.loads(capsys.readouterr().out)["streams"][0]["quality"] is None
    run("--json", "--media", path)
    (stream,) = json.loads(capsys.readouterr().out)["streams"]
    assert (stream["quality"]["lost"], stream["one_way"], stream["kind"]) == (1, True, "rtp")
    run("--media", path)
    assert "1 of 40 lost" in capsys.readouterr().out
