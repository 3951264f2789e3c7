"""The built wheel carries what an empty folder needs: test cases, policies, templates, type marker."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_the_test_cases_are_in_the_package(members: set[str]) -> None:
    wanted = {f"pytest_cucmtls/testcases/{file.name}" for file in (CHECKOUT / "testcases").glob("*.py")}
    assert len(wanted) > 10
    assert wanted <= members


def test_policies_and_the_type_marker_are_in_the_package(members: set[str]) -> None:
    wanted = {f"pytest_cucmtls/policies/{file.name}" for file in (CHECKOUT / "pytest_cucmtls" / "policies").glob("*.toml")}
    assert wanted | {"pytest_cucmtls/py.typed"} <= members


def test_nothing_of_the_project_around_it_is_in_the_package(members: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in members} == {"pytest_cucmtls"}
    assert not [name for name in members if name.startswith("pytest_cucmtls/tests/")]
