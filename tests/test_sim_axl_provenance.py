"""Provenance is data: every behaviour has a mark and a source, and the totals come from the declarations."""

from pytest_cucmtls.sim.axl.operations import OPERATIONS
from pytest_cucmtls.sim.provenance import Behaviour, Provenance, behaviours, counts


def test_every_behaviour_has_a_description_and_a_source() -> None:
    for behaviour in behaviours():
        assert behaviour.description
        assert behaviour.source


def test_no_behaviour_is_declared_twice() -> None:
    axl = [behaviour.description for behaviour in behaviours() if behaviour.interface == "AXL"]
    assert len(axl) == len(set(axl))


def test_every_axl_operation_says_where_its_elements_come_from() -> None:
    declared = {behaviour.description for behaviour in behaviours()}
    assert {f"elements of {name}" for name in OPERATIONS} <= declared


def test_the_totals_add_up_per_interface() -> None:
    known = behaviours()
    totals = counts(known)
    assert sum(sum(marks.values()) for marks in totals.values()) == len(known)
    assert {"AXL", "platform CLI"} <= set(totals)
    assert all(totals["AXL"][mark] for mark in Provenance)


def test_counting_nothing_is_empty_and_every_mark_is_listed() -> None:
    assert counts([]) == {}
    one = counts([Behaviour("x", "y", Provenance.ASSUMED, "z")])
    assert one == {"x": {Provenance.RECORDED: 0, Provenance.SPECIFIED: 0, Provenance.ASSUMED: 1}}
