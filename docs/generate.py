"""Writes the pages of this folder that are generated from code; run it after changing a check."""

import sys
from collections.abc import Callable
from pathlib import Path

from pytest_cucmtls.checks.check_pages import checks_page
from pytest_cucmtls.checks.requirements_map import requirements_page


def faults_page() -> str:
    """The table of faults stands with the tests that try it, beside this folder."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.fault_catalogue import catalogue_page

    return catalogue_page()


PAGES: dict[str, Callable[[], str]] = {
    "requirements.md": requirements_page,
    "checks.md": checks_page,
    "faults.md": faults_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(__file__).with_name(name).write_text(page(), encoding="utf-8")
