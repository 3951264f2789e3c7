"""The inventory a user writes: read whole, and every mistake named with its line and key."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.inventory import Credentials, parse_inventory, read_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError
from pytest_cucmtls.model.inventory import Account, Mode


def test_the_scaffold_is_a_valid_inventory_that_only_verifies() -> None:
    inventory = parse_inventory(TEMPLATE)
    assert [cluster.name for cluster in inventory.clusters] == ["A", "B"]
    assert inventory.mode is Mode.VERIFY
    assert inventory.cluster_a.publisher.address == "10.0.0.10"
    assert inventory.peer_of("A") is inventory.cluster_b


def changed(old: str, new: str) -> str:
    assert TEMPLATE.count(old) >= 1
    return TEMPLATE.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('mode = "verify"', 'mode = "destroy"', "mode"),
        ("place_calls = true", 'place_calls = "yes"', "place_calls"),
        ('kind = "files"', 'kind = "oracle"', "authority.kind"),
        ('extension = "1018"', "extension = 1018", "clusters.A.extension"),
        ('extension = "1018"', 'extension = ""', "clusters.A.extension"),
        ('phone = "SEP001122334455"', 'telephone = "SEP001122334455"', "clusters.A.telephone"),
        ('trunk = "to-cluster-b"', "", "clusters.A.trunk"),
        ('address = "cucm://10.0.0.10"', 'address = "10.0.0.10"', "clusters.A.nodes.address"),
        ('address = "cucm://10.0.0.10"', 'address = "cucm://"', "clusters.A.nodes.address"),
        ('role = "publisher"', 'role = "boss"', "clusters.A.nodes.role"),
        ('password_variable = "CUCMTLS_A_AXL_PASSWORD"', 'password_variable = "hunter 2!"', "clusters.A.axl.password_variable"),
        ('role = "publisher"', 'role = "publisher"\nssh_port = 65536', "clusters.A.nodes.ssh_port"),
        ('role = "publisher"', 'role = "publisher"\nssh_port = 0', "clusters.A.nodes.ssh_port"),
        ('role = "publisher"', 'role = "publisher"\nssh_port = true', "clusters.A.nodes.ssh_port"),
        ("# key_length = 2048", "key_length = 1023", "clusters.A.key_length"),
        ("# key_length = 2048", "key_length = 4097", "clusters.A.key_length"),
        ('# x509_subject_names = ["cucm-b.example.org"]', "x509_subject_names = [1]", "clusters.A.x509_subject_names"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(old: str, new: str, key: str) -> None:
    text = changed(old, new)
    with pytest.raises(ConfigurationInvalid) as caught:
        parse_inventory(text, "mine.toml")
    assert caught.value.key == key
    assert caught.value.line > 0
    named = text.splitlines()[caught.value.line - 1]
    assert key.rsplit(".", 1)[-1] in named or named.strip().startswith("["), named
    assert str(caught.value).startswith(f"mine.toml, line {caught.value.line}: {key}: ")


@pytest.mark.parametrize("length", [1024, 4096])
def test_a_key_length_at_its_bounds_is_accepted(length: int) -> None:
    assert parse_inventory(changed("# key_length = 2048", f"key_length = {length}")).cluster_a.key_length == length


def test_broken_toml_is_named_with_its_line() -> None:
    with pytest.raises(ConfigurationInvalid, match=r"mine.toml, line 2: is not valid TOML"):
        parse_inventory('policy = "x"\nmode = [', "mine.toml")


def test_one_cluster_is_not_a_pair() -> None:
    one = TEMPLATE.split("[clusters.B]", maxsplit=1)[0]
    with pytest.raises(ConfigurationInvalid, match="exactly two clusters"):
        parse_inventory(one)


def test_a_cluster_without_nodes_is_refused() -> None:
    text = TEMPLATE.replace("[[clusters.A.nodes]]", "[[clusters.B.nodes]]", 1)
    with pytest.raises(ConfigurationInvalid, match=r"\[\[clusters.NAME.nodes\]\]"):
        parse_inventory(text)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="cucmtls init"):
        read_inventory(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "clusters.toml"
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        read_inventory(file)


def test_file_names_are_taken_from_the_inventorys_own_folder() -> None:
    found = parse_inventory(TEMPLATE, "/somewhere/clusters.toml")
    assert found.cluster_a.ca_bundle == "/somewhere/cucm-a-tomcat.pem"
    assert found.authority.key_file == "/somewhere/ca.key"


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(TEMPLATE)), st.text(max_size=12), st.integers(0, 40))
def test_any_damage_ends_in_one_clear_error_or_a_valid_inventory(place: int, inserted: str, removed: int) -> None:
    damaged = TEMPLATE[:place] + inserted + TEMPLATE[place + removed :]
    try:
        parse_inventory(damaged)
    except CucmTlsError as problem:
        assert isinstance(problem, ConfigurationInvalid)  # noqa: PT017 - either outcome is right, no other error is


def test_a_password_comes_from_the_environment_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"SOME_PASSWORD": "from file"}))
    account = Account("axl", "SOME_PASSWORD")
    assert Credentials(file).password(account).reveal() == "from file"
    monkeypatch.setenv("SOME_PASSWORD", "from environment")
    assert Credentials(file).password(account).reveal() == "from environment"


def test_a_missing_password_names_its_variable_and_never_prints_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_PASSWORD", raising=False)
    with pytest.raises(ConfigurationInvalid, match="SOME_PASSWORD: is not set"):
        Credentials().password(Account("axl", "SOME_PASSWORD"))
    monkeypatch.setenv("SOME_PASSWORD", "hunter2")
    assert "hunter2" not in f"{Credentials().password(Account('axl', 'SOME_PASSWORD'))!r}"
