"""Writes the pages of this folder that are generated from code; run it after changing a check."""

from collections.abc import Callable
from pathlib import Path

from api_reference import api_page

from pytest_cucmtls.checks.check_pages import checks_page
from pytest_cucmtls.checks.requirements_map import requirements_page
from pytest_cucmtls.rehearsal.pages import catalogue_page

PAGES: dict[str, Callable[[], str]] = {
    "requirements.md": requirements_page,
    "checks.md": checks_page,
    "faults.md": catalogue_page,
    "api.md": api_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(__file__).with_name(name).write_text(page(), encoding="utf-8")
