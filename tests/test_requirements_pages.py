"""The pages of requirements and checks: complete, current, and generated from the code."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_cucmtls.checks.check_pages import checks_page
from pytest_cucmtls.checks.register import all_checks
from pytest_cucmtls.checks.requirements_map import REQUIREMENTS, requirements_page

DOCS = Path(__file__).parents[1] / "docs"


def test_the_requirements_are_t01_to_t42_in_order():
    assert [requirement.id for requirement in REQUIREMENTS] == [f"T{number:02d}" for number in range(1, 43)]


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.id)
def test_a_requirement_has_checks_and_a_rule_or_a_reason_why_there_is_none(requirement):
    existing = {check.id for check in all_checks()}
    assert set(requirement.checks) <= existing
    assert bool(requirement.checks) != bool(requirement.why_none)
    assert bool(requirement.rule) == bool(requirement.checks)
    assert requirement.clauses
    assert {clause.mark for clause in requirement.clauses} <= set("VSTM")


@pytest.mark.parametrize(("name", "page"), [("requirements.md", requirements_page), ("checks.md", checks_page)])
def test_the_page_in_the_repository_is_the_one_the_code_generates(name, page):
    assert (DOCS / name).read_text(encoding="utf-8") == page(), f"{name} is out of date: run `python docs/generate.py`"


def test_every_check_has_a_section_and_every_link_of_the_requirements_leads_to_one():
    sections = set(re.findall(r'<a id="(\w+)">', checks_page()))
    assert sections == {check.id for check in all_checks()}
    assert set(re.findall(r"checks\.md#(\w+)", requirements_page())) == sections


def test_a_requirement_that_names_an_unknown_check_breaks_the_page():
    with pytest.raises(KeyError, match="no_such_check"):
        requirements_page((replace(REQUIREMENTS[0], checks=("no_such_check",)),))


def test_no_cell_of_a_table_row_breaks_the_table():
    rows = [line for line in requirements_page().splitlines() if line.startswith("| T")]
    assert len(rows) == 42
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
