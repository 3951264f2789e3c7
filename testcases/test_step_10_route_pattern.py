"""Step 10 - The route pattern leads the peer's extension into the trunk."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("10")


def test_10_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_10_is_performed")


def test_10_02_called_line_rings_where_dialled(verify: Verify, direction: str) -> None:
    verify("called_line_rings_where_dialled", direction)


def test_10_03_every_way_is_secure(verify: Verify, direction: str) -> None:
    verify("every_way_is_secure", direction)


def test_10_04_nothing_shadows_the_pattern(verify: Verify, direction: str) -> None:
    verify("nothing_shadows_the_pattern", direction)


def test_10_05_pattern_leads_to_the_trunk(verify: Verify, direction: str) -> None:
    verify("pattern_leads_to_the_trunk", direction)


def test_10_06_changes_are_recorded(verify: Verify) -> None:
    verify("changes_are_recorded")
