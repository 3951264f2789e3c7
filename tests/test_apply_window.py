"""The maintenance window and the ceilings, both sides of each boundary, with the clock as a value."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pytest_cucmtls.evidence.inventory_json import inventory_as_json, inventory_from_json
from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.inventory_template import TEMPLATE
from pytest_cucmtls.model.errors import ConfigurationInvalid, UnsafeToAct
from pytest_cucmtls.model.maintenance import Maintenance
from pytest_cucmtls.procedure.bounds import gates_of
from pytest_cucmtls.procedure.context import Change

PARIS = ZoneInfo("Europe/Paris")
TICK = timedelta(microseconds=1)
NIGHT = Maintenance("2026-11-28T22:00", "2026-11-29T02:00", zone="Europe/Paris")
OPENS = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)


def change(interface: str = "axl") -> Change:
    return Change("A trunk x", "absent", "there", interface, lambda: None)


def inventory_with(text: str) -> str:
    return TEMPLATE.replace("[clusters.A]\n", f"[maintenance]\n{text}\n[clusters.A]\n")


def gate_at(maintenance: Maintenance, *moments: datetime) -> Callable[[int, Change], None]:
    clock = iter(moments)
    (gate,) = gates_of(replace(parse_inventory(TEMPLATE), maintenance=maintenance), lambda: next(clock))
    return gate


def test_a_window_is_open_from_its_first_moment_and_closed_at_its_last() -> None:
    assert not NIGHT.is_open(OPENS - TICK, PARIS)
    assert NIGHT.is_open(OPENS, PARIS)
    assert NIGHT.is_open(CLOSES - TICK, PARIS)
    assert not NIGHT.is_open(CLOSES, PARIS)


def test_an_offset_in_the_file_wins_over_the_zone() -> None:
    window = replace(NIGHT, opens="2026-11-28T22:00+00:00", closes="2026-11-29T02:00+00:00")
    assert not window.is_open(OPENS, PARIS)
    assert window.is_open(datetime(2026, 11, 28, 22, 0, tzinfo=UTC), PARIS)


def test_a_window_on_weekdays_may_reach_over_midnight() -> None:
    window = Maintenance("22:00", "04:00", ("sat",), "Europe/Paris")
    saturday = datetime(2026, 11, 28, tzinfo=PARIS)
    assert not window.is_open(saturday + timedelta(hours=22) - TICK, PARIS)
    assert window.is_open(saturday + timedelta(hours=22), PARIS)
    assert window.is_open(saturday + timedelta(hours=28) - TICK, PARIS)
    assert not window.is_open(saturday + timedelta(hours=28), PARIS)
    assert not window.is_open(saturday + timedelta(hours=3), PARIS), "Friday's night does not count"
    assert not window.is_open(saturday + timedelta(days=1, hours=23), PARIS)


def test_a_window_within_a_day_is_open_on_its_days_only() -> None:
    window = Maintenance("08:00", "09:30", ("mon", "tue"), "UTC")
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert not window.is_open(monday + timedelta(hours=8) - TICK, UTC)
    assert window.is_open(monday + timedelta(hours=8), UTC)
    assert window.is_open(monday + timedelta(days=1, hours=9, minutes=30) - TICK, UTC)
    assert not window.is_open(monday + timedelta(days=1, hours=9, minutes=30), UTC)
    assert not window.is_open(monday + timedelta(days=2, hours=8), UTC)


def test_without_a_window_the_clusters_may_be_changed_at_any_time() -> None:
    assert Maintenance(max_calls=1).is_open(OPENS, UTC)
    assert gates_of(parse_inventory(TEMPLATE)) == ()


def test_no_change_is_begun_outside_the_window() -> None:
    gate = gate_at(NIGHT, OPENS, OPENS, CLOSES)
    gate(9, change())
    with pytest.raises(
        UnsafeToAct, match=r"maintenance window .* is closed at 2026-11-29 01:00:00 UTC.*continue later"
    ) as caught:
        gate(9, change())
    assert "stopped before the next change" in str(caught.value)


def test_no_change_is_begun_at_or_beyond_the_ceiling_of_minutes() -> None:
    limit = OPENS + timedelta(minutes=30)
    gate = gate_at(Maintenance(max_minutes=30), OPENS, limit - TICK, limit)
    gate(9, change())
    with pytest.raises(UnsafeToAct, match="ceiling of 30 minutes"):
        gate(9, change())


def test_a_signature_touches_no_cluster_and_needs_no_window() -> None:
    gate_at(NIGHT, CLOSES, CLOSES)(4, change("authority"))


def test_the_inventory_declares_all_of_it_and_keeps_it_in_the_run_folder() -> None:
    text = (
        'from = "22:00"\nuntil = "04:00"\nweekdays = ["Sat", "sunday"]\nzone = "Europe/Paris"\nmax_calls = 0\nmax_minutes = 90\n'
    )
    found = parse_inventory(inventory_with(text))
    assert found.maintenance == Maintenance("22:00", "04:00", ("sat", "sun"), "Europe/Paris", 0, 90)
    assert inventory_from_json(inventory_as_json(found)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('from = "22:00"', "from and until belong together"),
        ('until = "22:00"', "from and until belong together"),
        ('weekdays = ["sat"]', "weekdays need from and until"),
        ('from = "22:00"\nuntil = "23:00"', "moments like"),
        ('from = "2026-11-28T22:00"\nuntil = "2026-11-28T22:00"', "until must be later"),
        ('from = "2026-11-28T22:00"\nuntil = "2026-11-29T02:00"\nweekdays = ["sat"]', "times of day like"),
        ('from = "25:00"\nuntil = "26:00"\nweekdays = ["sat"]', "times of day like"),
        ('from = "22:00"\nuntil = "23:00"\nweekdays = ["someday"]', "weekdays are mon"),
        ('zone = "Europe/Nowhere"', "no time zone"),
        ('zone = "../../etc/passwd"', "no time zone"),
        ("max_minutes = 0", "number from 1"),
        ("max_calls = -1", "number from 0"),
        ("window = 3", "unknown key"),
    ],
)
def test_a_wrong_declaration_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said) as caught:
        parse_inventory(inventory_with(text))
    assert caught.value.line > 0
