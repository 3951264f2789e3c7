"""The page about the simulation is made of the simulator's declarations, and the committed one is current."""

import pkgutil
from pathlib import Path

from pytest_cucmtls.sim import cli_commands
from pytest_cucmtls.sim.faults import FAULTS
from pytest_cucmtls.sim.injectable import INJECTIONS
from pytest_cucmtls.sim.provenance import Provenance, behaviours, counts
from pytest_cucmtls.sim.provenance_page import NOT_SIMULATED, simulation_page
from pytest_cucmtls.sim.releases import RELEASES

PAGE = Path(__file__).parents[1] / "docs" / "simulation.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == simulation_page(), (
        "docs/simulation.md is out of date: run `python -m pytest_cucmtls.sim.provenance_page > docs/simulation.md`"
    )


def test_every_interface_is_counted_and_the_totals_add_up() -> None:
    known = behaviours()
    interfaces = set(counts(known))
    assert {
        "AXL",
        "certificate REST",
        "Control Center",
        "DIME",
        "log collection",
        "Perfmon",
        "platform CLI",
        "RISPort",
    } <= interfaces
    assert {"SSH", "HTTPS", "WebDialer", "certificates"} <= interfaces
    page = simulation_page()
    for mark in Provenance:
        assert f"**{sum(behaviour.provenance is mark for behaviour in known)}**" in page


def test_no_interface_goes_by_two_names() -> None:
    names = {behaviour.interface for behaviour in behaviours()}
    assert len({name.lower().replace("-", " ") for name in names}) == len(names)


def test_every_family_of_commands_declares_its_own() -> None:
    described = {behaviour.description for behaviour in behaviours() if behaviour.interface == "platform CLI"}
    for information in pkgutil.iter_modules(cli_commands.__path__):
        module = __import__(f"{cli_commands.__name__}.{information.name}", fromlist=["COMMANDS"])
        assert {" ".join(command.words) for command in module.COMMANDS} <= described


def test_releases_faults_and_gaps_are_on_the_page() -> None:
    page = simulation_page()
    for release in RELEASES.values():
        assert release.full_version in page
    for name in FAULTS:
        assert f"`{name}`" in page
    for what, _ in NOT_SIMULATED:
        assert what in page


def test_every_assumption_says_so() -> None:
    assert all(behaviour.source for behaviour in behaviours())
    assert any(behaviour.provenance is Provenance.ASSUMED for behaviour in behaviours())


def test_every_fault_of_the_catalogue_says_how_it_gets_into_a_cluster() -> None:
    assert len({each.id for each in INJECTIONS}) == len(INJECTIONS)
    for each in INJECTIONS:
        assert each.interface or each.faults or each.out_of_reach, each.id
        assert not (each.out_of_reach and (each.interface or each.faults)), each.id
        assert set(each.faults) <= set(FAULTS), each.id
        assert f"| {each.id} | {each.what} |" in simulation_page()
