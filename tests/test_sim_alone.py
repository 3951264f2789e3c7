"""The simulator on its own: clusters from a file, configured from the start, saved and restored, at chosen ports."""

import asyncio
import http.client
import json
import signal
import socket
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.inventory import read_inventory
from pytest_cucmtls.sim.addresses import NoFreeNetwork, reserve_subnet, reserve_this_subnet
from pytest_cucmtls.sim.certificates.trust_lists import current_ctl
from pytest_cucmtls.sim.inventory_plan import PlanUnusable, parse_plan, read_plan
from pytest_cucmtls.sim.pairs import build_cluster
from pytest_cucmtls.sim.releases import RELEASE_15_SU5
from pytest_cucmtls.sim.saved_state import StateUnreadable, read_state, save_state
from pytest_cucmtls.sim.server import start_pair
from pytest_cucmtls.wire.x509 import parse_certificate
from tests.sim_node_stand import unverified
from tests.test_sim_server import LIMIT_SECONDS, listens, simulator

THREE = """
policy = "nist-800-52"

[clusters.paris]
extension = "1000"
phone = "SEP000000001000"
trunk = "to-london"
partition = "PT-Trunks"
subject = { OU = "Voice", C = "FR" }
[clusters.paris.axl]
user = "reader"
password_variable = "PARIS_AXL"
[[clusters.paris.nodes]]
name = "paris-sub.example"
address = "sim://14"
role = "subscriber"
[[clusters.paris.nodes]]
name = "paris-pub.example"
address = "sim://14"

[clusters.london]
extension = "2000"
phone = "SEP000000002000"
trunk = "to-rome"
[[clusters.london.nodes]]
name = "london"
address = "sim://12.5"

[clusters.rome]
extension = "3000"
phone = "SEP000000003000"
trunk = "to-paris"
[[clusters.rome.nodes]]
name = "rome"
address = "sim://15su5"
sip_port = 5062
"""


def status_of(node: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPSConnection(node["address"], node["https_port"], timeout=5, context=unverified())
    try:
        connection.request("GET", "/simulator/status")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found
    finally:
        connection.close()


def test_a_file_describes_any_number_of_clusters_and_nodes() -> None:
    plan = parse_plan(THREE)
    assert [cluster.name for cluster in plan.clusters] == ["paris", "london", "rome"]
    assert [[node.name for node in cluster.nodes] for cluster in plan.clusters] == [
        ["paris-pub.example", "paris-sub.example"],
        ["london"],
        ["rome"],
    ]
    assert [node.host for node in plan.nodes] == [11, 12, 13, 14]
    assert plan.clusters[0].subject == (("C", "FR"), ("OU", "Voice"))
    assert plan.clusters[0].password_variable("axl") == "PARIS_AXL"
    assert plan.clusters[0].password_variable("call") == "CUCMTLS_paris_CALL_PASSWORD"
    assert plan.clusters[2].release is RELEASE_15_SU5
    assert (plan.clusters[2].sip_port, plan.policy) == (5062, "nist-800-52")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("sim://12.5", "sim://7.1"), "is none of"),
        (("sim://12.5", "cucm://host"), "is none of"),
        (('address = "sim://14"\nrole', 'address = "sim://15"\nrole'), "the same release"),
        (("paris-sub.example", "paris-pub.example"), "the same name"),
        (('trunk = "to-rome"', ""), "clusters.london.trunk"),
        (('extension = "2000"', "extension = 2000"), "clusters.london.extension"),
        (("sip_port = 5062", "sip_port = 0"), "sip_port"),
        (("sip_port = 5062", "sip_port = true"), "sip_port"),
        (("[[clusters.rome.nodes]]", "[clusters.rome.nodes]"), "clusters.rome.nodes"),
        (("[clusters.paris]", "[clusters.'a b']"), "letters, digits"),
        (("policy", "policy ="), "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(change: tuple[str, str], words: str) -> None:
    with pytest.raises(PlanUnusable, match=words.replace(".", r"\.")):
        parse_plan(THREE.replace(*change))


@pytest.mark.parametrize("text", ["", "clusters = 3", "[clusters]", "clusters = []", "[clusters.a]\nnodes = [1]"])
def test_a_file_without_clusters_is_refused(text: str) -> None:
    with pytest.raises(PlanUnusable):
        parse_plan(text)


@pytest.mark.parametrize(("nodes", "fits"), [(80, True), (81, False)])
def test_one_network_holds_eighty_nodes(nodes: int, fits: bool) -> None:
    head = '[clusters.a]\nextension = "1"\nphone = "SEP1"\ntrunk = "t"\n'
    text = head + "".join(f'[[clusters.a.nodes]]\nname = "n{number}"\naddress = "sim://15"\n' for number in range(nodes))
    if fits:
        assert len(parse_plan(text).nodes) == nodes
    else:
        with pytest.raises(PlanUnusable):
            parse_plan(text)


@settings(max_examples=100)
@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_odd_values_never_get_further_than_a_refusal(value: object) -> None:
    written = json.dumps(value, ensure_ascii=True).replace("null", "false")
    for key in ("extension", "nodes", "subject", "axl", "key_length", "x509_subject_names"):
        text = f"[clusters.a]\n{key} = {written}\n"
        with pytest.raises(PlanUnusable):
            parse_plan(text)


def test_a_missing_or_binary_file_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(bytes(range(128, 256)))
    for file in (tmp_path / "nothing.toml", tmp_path, binary):
        with pytest.raises(PlanUnusable, match=str(file)):
            read_plan(file)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Path]]:
    """Three configured clusters from a file, the inventory written elsewhere."""
    folder = tmp_path_factory.mktemp("three")
    (folder / "in.toml").write_text(THREE)
    out = folder / "out" / "clusters.toml"
    with simulator(folder, "--inventory-in", str(folder / "in.toml"), "--inventory-out", str(out), "--configured") as (_, ready):
        yield ready, out


def test_every_cluster_of_the_file_is_there_and_configured_towards_the_others(three: tuple[dict[str, Any], Path]) -> None:
    ready, out = three
    assert ready["inventory"] == str(out)
    assert stat.S_IMODE((out.parent / "credentials.json").stat().st_mode) == 0o600
    shown = {name: status_of(node) for name, node in ready["nodes"].items()}
    assert [trunk["name"] for trunk in shown["paris-sub.example"]["trunks"]] == ["to-london", "to-rome"]
    rome = ready["nodes"]["rome"]["address"]
    assert shown["london"]["trunks"][0]["destinations"] == [[rome, 5062]]
    for status in shown.values():
        certificates = status["certificates"]
        assert certificates["loaded"]["sha256"] == certificates["store"]["sha256"]
        assert list(certificates["trust"]) == ["Simulated_CA.pem"]


def test_what_the_file_said_is_in_the_inventory_that_is_written(three: tuple[dict[str, Any], Path]) -> None:
    written = tomllib.loads(three[1].read_text())
    assert list(written["clusters"]) == ["paris", "london", "rome"]
    assert written["policy"] == "nist-800-52"
    assert written["clusters"]["paris"]["partition"] == "PT-Trunks"
    assert written["clusters"]["paris"]["axl"] == {"user": "reader", "password_variable": "PARIS_AXL"}
    assert "PARIS_AXL" in json.loads((three[1].parent / "credentials.json").read_text())
    key = Path(written["authority"]["key_file"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_password_of_the_environment_is_the_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUCMTLS_A_AXL_PASSWORD", "chosen by the caller")

    async def check() -> None:
        pair = await start_pair("modern", tmp_path)
        try:
            assert pair.clusters[0].account("axl-admin", "chosen by the caller") is not None
        finally:
            await pair.close()

    asyncio.run(check())


def test_free_and_fixed_ports(tmp_path: Path) -> None:
    options = ("--pair", "source-document", "--https-port", "0", "--ssh-port", "0", "--sip-port", "5062")
    with simulator(tmp_path, *options) as (_, ready):
        for node in ready["nodes"].values():
            assert node["sip_port"] == 5062
            assert 0 not in (node["https_port"], node["ssh_port"])
            assert all(listens(node["address"], node[port]) for port in ("https_port", "ssh_port", "sip_port"))
            assert not listens(node["address"], 5061)
        assert read_inventory(Path(ready["inventory"])).cluster_a.publisher.sip_port == 5062


def test_a_chosen_network(tmp_path: Path) -> None:
    free = reserve_subnet([11, 12], (8443,))
    free.release()
    with simulator(tmp_path, "--network", free.prefix) as (_, ready):
        assert {node["address"] for node in ready["nodes"].values()} == {free.address(11), free.address(12)}


@pytest.mark.parametrize("prefix", ["10.0.0", "127.1", "127.1.2.3", "127.1.256", "127.a.b", ""])
def test_only_loopback_networks_can_be_chosen(prefix: str) -> None:
    with pytest.raises(NoFreeNetwork, match="loopback"):
        reserve_this_subnet(prefix, [11], (8443,))


def test_a_network_in_use_is_refused() -> None:
    held = reserve_subnet([11], (8443,))
    try:
        with pytest.raises(NoFreeNetwork, match="taken"):
            reserve_this_subnet(held.prefix, [11], (8443,))
    finally:
        held.release()


def test_somebody_elses_listener_makes_a_network_unusable() -> None:
    free = reserve_subnet([11], (8443,))
    free.release()
    with socket.create_server((free.address(11), 8443)), pytest.raises(NoFreeNetwork):
        reserve_this_subnet(free.prefix, [11], (8443,))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sip-port", "0"), b"--sip-port"),
        (("--sip-port", "70000"), b"from 0 to 65535"),
        (("--inventory-in", "nothing.toml"), b"nothing.toml"),
        (("--restore", "nothing.json"), b"nothing.json"),
        (("--restore", "nothing.json", "--configured"), b"leave the other options out"),
        (("--restore", "a", "--pair", "modern"), b"not allowed with"),
        (("--network", "10.1.2"), b"no loopback network"),
    ],
)
def test_impossible_wishes_are_told_in_one_line(tmp_path: Path, options: tuple[str, ...], words: bytes) -> None:
    with simulator(tmp_path, *options) as (process, ready):
        _, errors = process.communicate(timeout=LIMIT_SECONDS)
        assert ready == {}
        assert process.returncode in (1, 2)
        assert words in errors
        assert b"Traceback" not in errors


def test_what_was_saved_at_the_end_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "state.json"
    fault = ("--fault", "clock_ahead@B", "--fault", "subject_name_wrong")
    with simulator(tmp_path / "first", "--configured", "--save", str(file), *fault) as (process, before):
        shown = {name: status_of(node) for name, node in before["nodes"].items()}
        credentials = Path(before["credentials"]).read_text()
        inventory = Path(before["inventory"]).read_text()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=LIMIT_SECONDS) == (b"", b"")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with simulator(tmp_path / "second", "--restore", str(file)) as (_, after):
        assert after["nodes"] == before["nodes"]
        again = {name: status_of(node) for name, node in after["nodes"].items()}
        assert Path(after["credentials"]).read_text() == credentials
        assert Path(after["inventory"]).read_text().replace("/second/", "/first/") == inventory
    for status in (*shown.values(), *again.values()):
        del status["certificates"]["loaded_at"]
    assert again == {
        name: {**status, "faults": [f for f in status["faults"] if f == "clock_ahead"]} for name, status in shown.items()
    }


def test_a_state_that_cannot_be_written_is_told_and_everything_still_ends(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with simulator(tmp_path / "state", "--pair", "source-document", "--save", str(blocked / "state.json")) as (process, ready):
        process.terminate()
        _, errors = process.communicate(timeout=LIMIT_SECONDS)
        assert process.returncode == 1
        assert errors.startswith(b"simulated clusters: state not saved")
        assert not any(listens(node["address"], node["https_port"]) for node in ready["nodes"].values())


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state file."""
    folder = tmp_path_factory.mktemp("saved")

    async def make() -> None:
        pair = await start_pair("source-document", folder)
        save_state(folder / "state.json", pair.plan, pair.network, pair.clusters)
        await pair.close()

    asyncio.run(make())
    return folder / "state.json"


def test_a_state_file_is_read_back_as_the_plan_it_was_made_from(saved: Path) -> None:
    state = read_state(saved)
    assert state.plan.name == "source-document"
    assert [cluster.release.key for cluster in state.plan.clusters] == ["9.1", "10.5"]
    assert state.plan.clusters[1].release.default_hash == "sha1"
    assert isinstance(state.plan.clusters[0].subject[0], tuple)


DAMAGE: dict[str, Any] = {
    "no JSON": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "another schema": lambda text: text.replace("state-2", "state-9", 1),
    "a list": lambda _: "[]",
    "no plan": lambda text: json.dumps({**json.loads(text), "plan": {}}),
    "a number for a plan": lambda text: json.dumps({**json.loads(text), "plan": 3}),
    "no clusters": lambda text: json.dumps({**json.loads(text), "clusters": 7}),
    "deep": lambda _: "[" * 200_000,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_state_file_is_refused(saved: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(DAMAGE[name](saved.read_text()))
    with pytest.raises(StateUnreadable, match=str(file)):
        read_state(file)


@pytest.mark.parametrize("key", ["tables", "accounts", "nodes", "parameters"])
def test_damaged_contents_are_noticed_when_they_are_filled_in(saved: Path, tmp_path: Path, key: str) -> None:
    state = json.loads(saved.read_text())
    state["clusters"][0][key] = 5
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    with simulator(tmp_path / "s", "--restore", str(file)) as (process, _):
        _, errors = process.communicate(timeout=LIMIT_SECONDS)
        assert process.returncode == 2
        assert b"is damaged" in errors


def test_the_identity_of_a_configured_cluster_is_signed_by_its_authority(three: tuple[dict[str, Any], Path]) -> None:
    authority = tomllib.loads(three[1].read_text())["authority"]
    root = parse_certificate(Path(authority["certificate_file"]).read_bytes())
    assert root.is_ca
    assert root.names_itself_as_issuer


def test_trust_lists_names_and_requests_survive_a_save(tmp_path: Path) -> None:
    async def check() -> None:
        pair = await start_pair("source-document", tmp_path / "first")
        cluster = pair.cluster("B")
        store = cluster.publisher.certificates
        store.subject, store.alternate_names = (("C", "FR"), ("O", "Changed")), ("other.example",)
        request = store.generate_request("CallManager")
        trust = current_ctl(cluster)
        save_state(tmp_path / "state.json", pair.plan, pair.network, pair.clusters)
        await pair.close()
        saved = read_state(tmp_path / "state.json")
        subnet = reserve_subnet([200], ())
        again = build_cluster(saved.plan.clusters[1], subnet, tmp_path / "second")
        other = build_cluster(saved.plan.clusters[0], subnet, tmp_path / "third")
        subnet.release()
        saved.fill([other, again], tmp_path)
        kept = again.publisher.certificates
        assert (kept.subject, kept.alternate_names) == (store.subject, store.alternate_names)
        pending = kept.request("CallManager")
        assert pending is not None
        assert pending.der == request
        assert current_ctl(again) == trust

    asyncio.run(check())
