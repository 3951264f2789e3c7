"""Reading what surrounds a trunk: CLI answers of any shape; an account that only reads stops a run before its first change."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.errors import UnexpectedAnswer
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.procedure.runner import perform
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.run.earlier_identities import identities_in
from pytest_cucmtls.run.write_access import WriteAccessGate
from pytest_cucmtls.wire.cli_surroundings import parse_fips_status, parse_host_lookup, parse_replication_state
from tests.evidence_builders import NOW, certificate, good_pair, inventory, self_signed
from tests.procedure_runs import run_on, simulated_pair

STATE = """DB and Replication Services: SOME REPLICATION SERVICES ARE DOWN

Cluster Detailed View from PUB (2 Servers):

SERVER-NAME   IP ADDRESS    PING  DB/RPC/  REPL.  Replication  REPLICATION SETUP
-----------   ----------    (msec) DbMon?  QUEUE  Group ID     (RTMT) & Details
PUB           10.1.0.1      0.03   Y/Y/Y   0      (g_2)        (2) Setup Completed
SUB           10.1.0.2      0.25   Y/Y/Y   0      (g_3)        (3) Bad
"""


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("The system is operating in FIPS mode. Self test status:", True),
        ("The system is operating in non-FIPS mode.", False),
        ("FIPS mode off", False),
        ("FIPS mode ON", True),
    ],
)
def test_the_mode_is_what_the_node_says(text: str, enabled: bool) -> None:
    assert parse_fips_status(text) is enabled


def test_replication_is_read_server_by_server() -> None:
    state = parse_replication_state(STATE)
    assert [(name, number) for name, number, _ in state.servers] == [("PUB", 2), ("SUB", 3)]
    assert state.behind == ("SUB (3) Bad",)


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (
            "Local Resolution:\ncucm10 resolves locally to 10.2.0.1\n\nExternal Resolution:\ncucm10 has address 10.2.0.1\n",
            ("10.2.0.1",),
        ),
        ("cucm10 has address 10.2.0.1\ncucm10 has address 10.2.0.2", ("10.2.0.1", "10.2.0.2")),
        ("Host cucm10 not found: 3(NXDOMAIN)", ()),
    ],
)
def test_a_name_has_the_addresses_the_node_names(text: str, addresses: tuple[str, ...]) -> None:
    assert parse_host_lookup(text, "cucm10").addresses == addresses


@pytest.mark.parametrize("parse", [parse_fips_status, parse_replication_state, lambda text: parse_host_lookup(text, "x")])
@given(text=st.text(max_size=400))
@settings(max_examples=60)
def test_any_text_is_read_or_refused_with_a_reason(parse, text: str) -> None:
    with suppress(UnexpectedAnswer):
        parse(text)


def test_an_account_that_may_only_read_stops_the_run_before_anything_is_changed(tmp_path: Path) -> None:
    faults = ("administrator_may_only_read",)
    with simulated_pair(tmp_path / "simulator", faults=faults) as pair, run_on(pair, tmp_path / "run") as run:
        pair.inventory(Mode.APPLY, None)
        run.gates = (WriteAccessGate(run),)
        results = [perform(run, step) for step in STEPS[:3]]
        stopped = next(result for result in results if result.outcome is not Outcome.PASS)
        assert stopped.outcome is Outcome.BLOCKED
        assert "Standard AXL API Access is missing" in stopped.message
        assert [change for result in results for change in result.changes] == []
    access = load_evidence(tmp_path / "run").cluster("A").write_access
    assert access is not None
    assert access.value.may_write is False


def test_identities_of_a_baseline_are_kept_and_read_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.begin(inventory(), started_at=NOW)
    folder.keep(json.dumps(identities_in(good_pair())).encode(), kind="earlier_identities", interface="tool")
    known = load_evidence(tmp_path / "run").earlier_identities
    assert known is not None
    assert [one.sha256 for one in known.value if one.place == "A/CUCMA"] == [
        self_signed("CUCMA").sha256,
        certificate("CUCMA").sha256,
    ]
