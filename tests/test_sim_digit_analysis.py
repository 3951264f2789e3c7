"""Digit analysis of the simulated cluster: patterns, closest match, transformations, partitions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.sim.calls.dial_plan import analyse, search_space, trunks_behind
from pytest_cucmtls.sim.calls.digit_analysis import (
    CalledPartyTransformation,
    PatternInvalid,
    PatternMatch,
    apply_mask,
    match_pattern,
    parse_pattern,
    regular_expression,
    significant_digits,
)
from pytest_cucmtls.sim.database import Database


@pytest.mark.parametrize(
    ("pattern", "digits", "matches"),
    [
        ("9898", "9898", True),
        ("9898", "989", False),
        ("9898", "98981", False),
        ("98XX", "9800", True),
        ("98XX", "98*0", False),
        ("[2-4]000", "2000", True),
        ("[2-4]000", "4000", True),
        ("[2-4]000", "1000", False),
        ("[2-4]000", "5000", False),
        ("[^2-4]000", "5000", True),
        ("[^2-4]000", "2000", False),
        ("9.!", "9", False),
        ("9.!", "91", True),
        ("!", "", False),
        ("!", "1" * 64, True),
        ("\\+.!", "+4989", True),
        ("\\+.!", "4989", False),
        ("*1#", "*1#", True),
    ],
)
def test_a_pattern_matches_the_whole_number_or_not_at_all(pattern: str, digits: str, matches: bool) -> None:
    assert (match_pattern(parse_pattern(pattern), digits) is not None) is matches


@pytest.mark.parametrize("text", ["", "[", "[]", "[9-1]", "[a-c]", "9@", "1..2", "x", "9 8", "(1)", "[1-]x", "\\1"])
def test_a_malformed_pattern_is_refused(text: str) -> None:
    with pytest.raises(PatternInvalid):
        parse_pattern(text)


@settings(max_examples=100)
@given(st.text(max_size=40), st.text(alphabet="0123456789*#+", max_size=24))
def test_any_pattern_text_is_parsed_or_refused_and_matching_never_crashes(text: str, digits: str) -> None:
    try:
        pattern = parse_pattern(text)
    except PatternInvalid:
        return
    match = match_pattern(pattern, digits)
    assert match is None or 0 <= match.before_dot <= len(digits)
    assert regular_expression(pattern)


@settings(max_examples=60)
@given(st.text(alphabet="0123456789", min_size=1, max_size=20))
def test_a_number_is_the_closest_pattern_for_itself(digits: str) -> None:
    exact = match_pattern(parse_pattern(digits), digits)
    wide = match_pattern(parse_pattern("X" * len(digits)), digits)
    assert exact is not None
    assert wide is not None
    assert exact.possibilities == 1 < wide.possibilities


def test_discarding_comes_before_the_mask_and_the_prefix_last() -> None:
    match = match_pattern(parse_pattern("10.500X"), "105001")
    assert match is not None
    change = CalledPartyTransformation(discard_pre_dot=True, mask="7XXX", prefix="9")
    assert change.apply("105001", match) == "97001"


@pytest.mark.parametrize(
    ("mask", "digits", "result"),
    [("XXXX", "9898", "9898"), ("55XX", "9898", "5598"), ("XXXXXX", "9898", "9898"), ("1", "9", "1")],
)
def test_a_mask_is_laid_over_the_number_from_the_right(mask: str, digits: str, result: str) -> None:
    assert apply_mask(mask, digits) == result


@pytest.mark.parametrize(("count", "kept"), [(None, "9898"), (0, ""), (2, "98"), (4, "9898"), (5, "9898")])
def test_significant_digits_are_the_last_ones(count: int | None, kept: str) -> None:
    assert significant_digits("9898", count) == kept


def test_the_regular_expression_has_a_group_on_each_side_of_the_dot() -> None:
    assert regular_expression(parse_pattern("\\+.!")) == "(+)([0-9]+)"
    assert regular_expression(parse_pattern("9898")) == "(9898)"


def _plan(*patterns: tuple[str, str]) -> Database:
    database = Database()
    for pattern, partition in patterns:
        database.add("routePattern", {"pattern": pattern, "routePartitionName": partition, "destination": {"gatewayName": "t"}})
    return database


def test_the_closest_match_wins_whatever_the_order_of_partitions() -> None:
    found = analyse(_plan(("98XX", "PT-first"), ("9898", "PT-second")), "9898", ("PT-first", "PT-second"))
    assert found is not None
    assert found.entry.pattern.text == "9898"


def test_equal_matches_are_decided_by_the_order_of_partitions() -> None:
    plan = _plan(("98X8", "PT-first"), ("9X98", "PT-second"))
    assert analyse(plan, "9898", ("PT-second", "PT-first")).entry.partition == "PT-second"  # type: ignore[union-attr]
    assert analyse(plan, "9898", ("PT-first", "PT-second")).entry.partition == "PT-first"  # type: ignore[union-attr]


def test_the_none_partition_is_always_searched_and_others_only_when_listed() -> None:
    assert analyse(_plan(("9898", "")), "9898", ()) is not None
    assert analyse(_plan(("9898", "PT")), "9898", ()) is None
    assert analyse(_plan(("9898", "PT")), "9898", ("PT",)) is not None


def test_a_directory_number_shadows_an_equal_route_pattern() -> None:
    plan = _plan(("9898", ""))
    plan.add("line", {"pattern": "9898", "routePartitionName": ""})
    found = analyse(plan, "9898", ())
    assert found is not None
    assert found.entry.usage == 2


def test_an_unusable_pattern_in_the_database_routes_nothing_and_disturbs_nothing() -> None:
    assert analyse(_plan(("9.@", ""), ("9898", "")), "9898", ()) is not None
    assert analyse(_plan(("9.@", "")), "9898", ()) is None


def test_a_search_space_keeps_the_index_order_and_the_lines_space_comes_first() -> None:
    database = Database()
    members = [{"routePartitionName": "B", "index": 2}, {"routePartitionName": "A", "index": 1}]
    database.add("css", {"name": "phone", "members": {"member": members}})
    database.add("css", {"name": "line", "members": {"member": [{"routePartitionName": "L", "index": 1}]}})
    assert search_space(database, "line", "phone") == ("L", "A", "B")
    assert search_space(database, "", "missing") == ()


def test_a_route_list_is_tried_in_selection_order() -> None:
    database = Database()
    database.add("routeList", {"name": "RL", "members": {"member": [_group("RG2", 2), _group("RG1", 1)]}})
    database.add("routeGroup", {"name": "RG1", "members": {"member": [_device("b", 2), _device("a", 1)]}})
    database.add("routeGroup", {"name": "RG2", "members": {"member": [_device("c", 1), _device("a", 2)]}})
    assert trunks_behind(database, {"destination": {"routeListName": "RL"}}) == ("a", "b", "c")
    database.rows("routeList")[0]["routeListEnabled"] = False
    assert trunks_behind(database, {"destination": {"routeListName": "RL"}}) == ()
    assert trunks_behind(database, {"destination": {"routeListName": "missing"}}) == ()


def _group(name: str, order: int) -> dict[str, object]:
    return {"routeGroupName": name, "selectionOrder": order}


def _device(name: str, order: int) -> dict[str, object]:
    return {"deviceName": name, "deviceSelectionOrder": order}


def test_a_match_counts_how_many_numbers_it_could_stand_for() -> None:
    assert match_pattern(parse_pattern("98XX"), "9898") == PatternMatch(100, 0)
    assert match_pattern(parse_pattern("9!"), "9898") == PatternMatch(1000, 0)
