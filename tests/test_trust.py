"""`cucmtls trust`: shows what nodes present, accepts it only by a person or by its fingerprint, and writes all or nothing."""

import json
import os
import pty
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pytest_cucmtls.cli import main
from pytest_cucmtls.clients.ssh_presented import PresentedKey, read_host_keys
from pytest_cucmtls.clients.ssh_trust import host_key_trust
from pytest_cucmtls.clients.tls_presented import read_presented_chain, verify_peer
from pytest_cucmtls.commands.trust import _show as show
from pytest_cucmtls.model.errors import ClusterUnreachable, ConfigurationInvalid, PeerNotVerified
from pytest_cucmtls.model.inventory import Mode, NodeAddress
from pytest_cucmtls.preflight.accepting import canonical_fingerprint, offers, parse_named
from pytest_cucmtls.preflight.trust_files import add_host_key, host_name, pin_certificate
from pytest_cucmtls.preflight.trust_review import review_trust
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.https_stand_in import HttpsStandIn, Prepared, make_certificate
from tests.procedure_runs import simulated_pair

NODE = "cucm-a.alpha.example"
KEY = PresentedKey("ssh-rsa", "SHA256:" + "k" * 43, "AAAAB3NzaC1yc2E")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPair]:
    with simulated_pair(tmp_path_factory.mktemp("pair")) as started:
        yield started


@pytest.fixture
def inventory(pair: SimulatedPair, tmp_path: Path) -> Path:
    """The pair's inventory as somebody writes it first: nothing is vouched for yet, the files do not exist."""
    text = pair.inventory_file.read_text(encoding="utf-8")
    text = re.sub(r"^ssh_host_key = .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ca_bundle = .*$", 'ca_bundle = "nodes.pem"\nknown_hosts = "hosts"', text, flags=re.MULTILINE)
    file = tmp_path / "clusters.toml"
    file.write_text(text, encoding="utf-8")
    return file


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    code = main(["trust", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def fingerprints(capsys: pytest.CaptureFixture[str], inventory: Path) -> dict[str, tuple[str, str]]:
    """(HTTPS, SSH) fingerprint of each node."""
    nodes = shown(capsys, "--inventory", str(inventory))[1]["nodes"]
    assert isinstance(nodes, list)
    return {one["node"]: (one["https"]["chain"][0]["sha256"], one["ssh"]["keys"][0]["fingerprint"]) for one in nodes}


def test_a_pair_its_inventory_vouches_for_is_trusted(pair: SimulatedPair, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = shown(capsys, "--inventory", str(pair.inventory_file))
    assert code == 0
    assert [(one["trusted"], one["https"]["pinned"]) for one in document["nodes"]] == [(True, True)] * 2  # type: ignore[index,attr-defined]


def test_nodes_nobody_vouches_for_are_shown_and_nothing_is_written(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "--inventory", str(inventory)]) == 1
    text = capsys.readouterr().out
    assert text.count("NOT TRUSTED") == 4
    assert "0 of 2 nodes" in text
    assert sorted(file.name for file in inventory.parent.iterdir()) == ["clusters.toml"]


def test_fingerprints_named_on_the_command_line_are_pinned_and_the_pair_is_trusted_then(
    inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    presented = fingerprints(capsys, inventory)
    wishes = [word for node, both in presented.items() for fingerprint in both for word in ("--accept", f"{node}={fingerprint}")]
    code, document = shown(capsys, "--inventory", str(inventory), *wishes)
    assert code == 0
    assert len(document["accepted"]) == 4  # type: ignore[arg-type]
    assert (inventory.parent / "nodes.pem").read_text().count("BEGIN CERTIFICATE") == 2
    assert stat.S_IMODE((inventory.parent / "hosts").stat().st_mode) == 0o600
    assert shown(capsys, "--inventory", str(inventory)) == (0, {**document, "accepted": []})


def test_one_wrong_fingerprint_and_nothing_at_all_is_accepted(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tls, ssh = fingerprints(capsys, inventory)[NODE]
    wrong = f"SHA256:{'0' * 64}"
    wishes = ["--accept", f"{NODE}={tls}", "--accept", f"{NODE}={ssh}", "--accept", f"{NODE}={wrong}"]
    assert main(["trust", "--inventory", str(inventory), *wishes]) == 2
    assert "somebody may answer in the node's place" in capsys.readouterr().err
    assert not (inventory.parent / "nodes.pem").exists()
    assert not (inventory.parent / "hosts").exists()


def test_another_nodes_fingerprint_does_not_count(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    presented = fingerprints(capsys, inventory)
    other = next(both for node, both in presented.items() if node != NODE)
    assert main(["trust", "--inventory", str(inventory), "--accept", f"{NODE}={other[0]}"]) == 2
    assert main(["trust", "--inventory", str(inventory), "--accept", f"nobody={other[0]}"]) == 2
    assert "no such node" in capsys.readouterr().err


def test_without_a_terminal_nobody_is_asked_and_nothing_is_accepted(inventory: Path) -> None:
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "trust", "--inventory", str(inventory), "--accept"]
    ended = subprocess.run(command, input=b"y\ny\ny\ny\n", capture_output=True, check=False, timeout=120)
    assert ended.returncode == 2
    assert b"no terminal" in ended.stderr
    assert sorted(file.name for file in inventory.parent.iterdir()) == ["clusters.toml"]


def on_a_terminal(command: list[str], typed: bytes) -> tuple[int, str]:
    """Run with a terminal of its own, answers typed beforehand; (exit code, everything shown)."""
    process_id, terminal = pty.fork()
    if process_id == 0:  # pragma: no cover - the child becomes the command
        os.execv(command[0], command)
    os.write(terminal, typed)
    output = b""
    try:
        while piece := os.read(terminal, 65536):
            output += piece
    except OSError:  # how Linux says that the other side of a terminal is closed
        pass
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]), output.decode("utf-8", "replace")


def test_on_a_terminal_each_difference_is_asked_and_only_yes_is_yes(inventory: Path) -> None:
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "trust", "--inventory", str(inventory), "--accept"]
    code, output = on_a_terminal(command, b"y\nno\n\nyes\n")
    assert code == 1, output
    assert output.count("[y/N]") == 4
    assert output.count("written to") == 2
    assert (inventory.parent / "nodes.pem").read_text().count("BEGIN CERTIFICATE") == 1
    assert len((inventory.parent / "hosts").read_text().splitlines()) == 1


def test_a_host_key_that_stands_in_the_inventory_is_changed_there_by_its_owner(
    pair: SimulatedPair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = pair.inventory_file.read_text(encoding="utf-8")
    file = tmp_path / "clusters.toml"
    file.write_text(re.sub(r"^ssh_host_key = .*$", f'ssh_host_key = "SHA256:{"B" * 43}"', text, flags=re.MULTILINE))
    ssh = fingerprints(capsys, file)[NODE][1]
    assert main(["trust", "--inventory", str(file), "--accept", f"{NODE}={ssh}"]) == 2
    told = capsys.readouterr().err
    assert "stands in the inventory" in told
    assert ssh in told


def test_an_expired_certificate_cannot_be_pinned(tmp_path: Path, pair: SimulatedPair) -> None:
    identity, _ = make_certificate("old", days_valid=-1).write(tmp_path, "old")
    with HttpsStandIn(identity, [Prepared(b"")]) as server:
        spec = pair.inventory(Mode.VERIFY, None).cluster_a
        node = replace(spec.publisher, address="127.0.0.1", https_port=server.port)
        trust = review_trust([replace(spec, nodes=(node,))])[0]
    assert "expired" in next(offer for offer in offers(trust) if offer.what.startswith("HTTPS")).hindrance


def test_a_hostile_certificate_cannot_steer_the_terminal(
    tmp_path: Path, pair: SimulatedPair, capsys: pytest.CaptureFixture[str]
) -> None:
    identity, _ = make_certificate("x\x1b[2J\r\n  HTTPS port 8443: trusted\u202e").write(tmp_path, "hostile")
    with HttpsStandIn(identity, [Prepared(b"")]) as server:
        spec = pair.inventory(Mode.VERIFY, None).cluster_a
        node = replace(spec.publisher, address="127.0.0.1", https_port=server.port)
        show(review_trust([replace(spec, nodes=(node,))]))
    shown = capsys.readouterr().out
    assert not {"\x1b", "\r", "\u202e"} & set(shown)
    assert sum(line.startswith("  HTTPS") for line in shown.splitlines()) == 1


def test_a_node_that_is_not_there_is_undecided(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = re.sub(r"^(https|ssh)_port = .*$", r"\1_port = 1", inventory.read_text(), flags=re.MULTILINE)
    inventory.write_text(gone)
    code, document = shown(capsys, "--inventory", str(inventory))
    assert code == 3
    assert all("cannot be reached" in one["https"]["problem"] for one in document["nodes"])  # type: ignore[attr-defined]


def test_a_whole_chain_is_presented_leaf_first(tmp_path: Path) -> None:
    authority = make_certificate("Test CA", is_ca=True)
    leaf = make_certificate("cucm-a", issuer=authority, names=("127.0.0.1",))
    identity, _ = leaf.write(tmp_path, "leaf")
    identity.write_bytes(identity.read_bytes() + authority.pem)
    bundle = authority.write(tmp_path, "ca")[1]
    with HttpsStandIn(identity, [Prepared(b"")]) as server:
        chain = read_presented_chain("127.0.0.1", server.port, "TLSv1.2", 5)
        version, _ = verify_peer("127.0.0.1", server.port, str(bundle), "TLSv1.2", 5)
        with pytest.raises(PeerNotVerified) as refused:
            verify_peer("127.0.0.1", server.port, None, "TLSv1.2", 5)
    assert len(chain.certificates) == 2
    assert version == chain.version
    assert refused.value.fingerprint == chain.fingerprint
    with pytest.raises(ClusterUnreachable):
        read_presented_chain("127.0.0.1", 1, "TLSv1.2", 5)
    with pytest.raises(ClusterUnreachable):
        read_host_keys(NodeAddress("gone", "127.0.0.1", ssh_port=1), legacy_algorithms=False, limit_seconds=5)


HEX = "ab" * 32


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (f"SHA256:{HEX}", f"SHA256:{HEX.upper()}"),
        (HEX.upper(), f"SHA256:{HEX.upper()}"),
        (":".join(["ab"] * 32), f"SHA256:{HEX.upper()}"),
        ("SHA256:" + "k" * 43, "SHA256:" + "k" * 43),
        ("SHA256:" + "k" * 43 + "=", "SHA256:" + "k" * 43),
        ("SHA256:" + "k" * 42, ""),
        ("SHA256:" + HEX[:-1], ""),
        ("MD5:" + "ab:" * 15 + "ab", ""),
        ("", ""),
        ("SHA256:", ""),
        ("k" * 10_000, ""),
    ],
)
def test_a_fingerprint_counts_whole_or_not_at_all(text: str, canonical: str) -> None:
    assert canonical_fingerprint(text) == canonical


@pytest.mark.parametrize("text", ["", "=", "node", "node=", f"={HEX}", "node=SHA256:short", f"node{HEX}"])
def test_what_is_not_node_and_fingerprint_is_a_mistake(text: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        parse_named(text)


def test_a_padded_fingerprint_is_understood() -> None:
    assert parse_named(f"node=SHA256:{'k' * 43}=").node == "node"
    assert parse_named(f"node={HEX}").fingerprint == f"SHA256:{HEX.upper()}"


NODE_A = NodeAddress("cucm-a", "10.0.0.10", ssh_port=22)


def test_a_certificate_accepted_again_replaces_the_earlier_one_and_no_other(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    other = "Bag Attributes\n" + make_certificate("other").pem.decode().rstrip()
    bundle.write_text(other)
    bundle.chmod(0o640)
    first, second = (make_certificate("cucm-a") for _ in range(2))
    for one in (first, second):
        pin_certificate(bundle, NODE_A, _der(one.pem), date(2026, 11, 23))
    text = bundle.read_text()
    assert text.startswith(other + "\n# cucmtls: cucm-a at 10.0.0.10:8443, accepted 2026-11-23\n")
    assert text.count("BEGIN CERTIFICATE") == 2
    assert second.pem.decode().split("\n")[1] in text
    assert first.pem.decode().split("\n")[1] not in text
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o640


def _der(pem: bytes) -> bytes:
    import ssl

    return ssl.PEM_cert_to_DER_cert(pem.decode())


def test_a_host_key_replaces_what_stands_under_its_own_address_only(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    kept = [
        "# a comment",
        "10.0.0.11 ssh-rsa OTHER",
        "10.0.0.10,cucm-a ssh-rsa LISTED",
        "@revoked 10.0.0.10 ssh-rsa REVOKED",
        "|1|aGFzaA==|aGFzaA== ssh-rsa HASHED",
        "[10.0.0.10]:2222 ssh-rsa PORT",
    ]
    file.write_text("\n".join([*kept, "10.0.0.10 ssh-rsa OLD", "10.0.0.10 ssh-ed25519 OLDER"]) + "\n")
    add_host_key(file, NODE_A, KEY)
    assert file.read_text().splitlines() == [*kept, "10.0.0.10 ssh-rsa AAAAB3NzaC1yc2E"]
    assert host_name(replace(NODE_A, ssh_port=8022)) == "[10.0.0.10]:8022"


def test_a_link_stays_a_link_and_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("10.0.0.11 ssh-rsa OTHER\n")
    link.symlink_to(real)
    add_host_key(link, NODE_A, KEY)
    assert link.is_symlink()
    assert len(real.read_text().splitlines()) == 2
    with pytest.raises(ConfigurationInvalid, match="Not a directory"):
        add_host_key(real / "below-a-file", NODE_A, KEY)


def test_an_interrupted_write_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("10.0.0.11 ssh-rsa OTHER\n")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigurationInvalid, match="No space left"):
        add_host_key(file, NODE_A, KEY)
    assert [one.name for one in tmp_path.iterdir()] == ["known_hosts"]
    assert file.read_text() == "10.0.0.11 ssh-rsa OTHER\n"


def test_an_accepted_key_is_what_the_platform_cli_expects(pair: SimulatedPair, tmp_path: Path) -> None:
    node = replace(pair.inventory(Mode.VERIFY, None).cluster_a.publisher, ssh_host_key=None)
    key = read_host_keys(node, legacy_algorithms=False, limit_seconds=10)[0]
    add_host_key(tmp_path / "hosts", node, key)
    assert host_key_trust(node, str(tmp_path / "hosts")).expected == (key.fingerprint,)
