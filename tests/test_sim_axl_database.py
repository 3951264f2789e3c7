"""The simulated database: rows are found by value, keep their order, and show their repeated elements."""

import re

import pytest

from pytest_cucmtls.sim.database import KINDS, Database, new_uuid, repeated


def test_a_row_gets_a_uuid_unless_it_has_one() -> None:
    database = Database()
    assert re.fullmatch(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", str(database.add("css", {"name": "a"})["uuid"]))
    kept = new_uuid()
    assert database.add("css", {"name": "b", "uuid": kept})["uuid"] == kept


def test_rows_are_found_by_every_field_given() -> None:
    database = Database()
    first = database.add("line", {"pattern": "1", "routePartitionName": ""})
    second = database.add("line", {"pattern": "1", "routePartitionName": "PT"})
    assert database.find("line", pattern="1") is first
    assert database.find("line", pattern="1", routePartitionName="PT") is second
    assert database.find("line", pattern="2") is None
    assert database.rows("line") == [first, second]


def test_a_removed_row_is_gone_and_cannot_be_removed_again() -> None:
    database = Database()
    row = database.add("sipTrunk", {"name": "t"})
    database.remove("sipTrunk", row)
    assert database.rows("sipTrunk") == []
    with pytest.raises(ValueError):
        database.remove("sipTrunk", row)


def test_an_unknown_kind_is_an_error_and_every_known_kind_starts_empty() -> None:
    assert all(Database().rows(kind) == [] for kind in KINDS)
    with pytest.raises(KeyError):
        Database().rows("nonsense")


@pytest.mark.parametrize(
    ("row", "members"),
    [
        ({"members": {"member": [{"a": 1}]}}, [{"a": 1}]),
        ({"members": [{"a": 1}]}, [{"a": 1}]),
        ({"members": {"member": []}}, []),
        ({"members": {}}, []),
        ({"members": None}, []),
        ({}, []),
    ],
)
def test_repeated_elements_are_read_through_their_wrapper(row: dict[str, object], members: list[dict[str, int]]) -> None:
    assert repeated(row, "members") == members
