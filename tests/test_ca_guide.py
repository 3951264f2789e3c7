"""The guide to authorities shows inventory lines that are read as it says, and the inventory refuses what cannot work."""

import re
from pathlib import Path

import pytest

from pytest_cucmtls.evidence.inventory_json import inventory_as_json, inventory_from_json
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import Account, AuthoritySpec

GUIDE = (Path(__file__).parents[1] / "docs" / "authorities.md").read_text(encoding="utf-8")
TABLES = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
CERTSRV = 'kind = "certsrv"\nurl = "https://ca.example/certsrv"\nuser = "CORP\\\\x"\npassword_variable = "CA_PASSWORD"\n'
REST = TEMPLATE[TEMPLATE.index("[clusters.A]") :]


def authority(table: str) -> AuthoritySpec:
    return parse_inventory(TEMPLATE[: TEMPLATE.index("[authority]")] + table + "\n" + REST).authority


def test_the_guide_has_one_table_per_kind() -> None:
    kinds = [authority(table).kind for table in TABLES]
    assert kinds == ["embedded", "files", "certsrv", "folder", "existing"]
    assert all(f"## {kind}: " in GUIDE for kind in kinds)


@pytest.mark.parametrize("table", TABLES)
def test_every_line_of_the_guide_is_read_the_commented_ones_too(table: str) -> None:
    assert authority(re.sub(r"(?m)^# ", "", table)) is not None


def test_every_key_of_the_template_is_read() -> None:
    begin, end = TEMPLATE.index("[authority]"), TEMPLATE.index("[clusters.A]")
    lines = TEMPLATE[begin:end].split("\n\n")[0].splitlines()
    table = "\n".join(re.sub(r"^# (?=\w+ =)", "", line) for line in lines)
    spec = authority(table)
    assert (spec.template, spec.authentication, spec.wait_seconds) == ("CUCMTrunk", "basic", 0)
    assert spec.url == "https://ca.example.org/certsrv"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('kind = "certsrv"', r"authority\.url: is missing"),
        (CERTSRV.replace("https", "http"), r"authority\.url: must look like https"),
        (CERTSRV.replace("ca.example", "user:secret@ca.example"), r"authority\.url: must look like https"),
        (CERTSRV.replace('user = "CORP\\\\x"', ""), r"authority\.user: is missing"),
        (CERTSRV.replace('password_variable = "CA_PASSWORD"', ""), r"authority\.password_variable: is missing"),
        (CERTSRV.replace("CA_PASSWORD", "my secret"), r"authority\.password_variable: must be the name"),
        (CERTSRV + 'authentication = "digest"', r"authority\.authentication: must be one of basic, ntlm, negotiate"),
        (CERTSRV + "wait_seconds = -1", r"authority\.wait_seconds"),
        ('kind = "existing"', r"authority\.chain_file: is missing"),
        ('kind = "acme"', r"authority\.kind: must be one of embedded, files, folder, certsrv, existing"),
    ],
)
def test_a_table_that_cannot_work_is_refused_with_the_key(table: str, key: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=key):
        authority(f"[authority]\n{table}\n")


def test_negotiate_needs_no_account() -> None:
    spec = authority('[authority]\nkind = "certsrv"\nurl = "https://ca.example/certsrv"\nauthentication = "negotiate"\n')
    assert spec.account is None


def test_the_password_comes_in_every_way_an_account_has() -> None:
    table = CERTSRV.replace('password_variable = "CA_PASSWORD"', 'password_command = ["pass", "show", "ca"]')
    assert authority(f"[authority]\n{table}").account == Account("CORP\\x", password_command=("pass", "show", "ca"))
    inventory = parse_inventory(TEMPLATE[: TEMPLATE.index("[authority]")] + f"[authority]\n{table}\n" + REST)
    assert inventory_from_json(inventory_as_json(inventory)) == inventory
