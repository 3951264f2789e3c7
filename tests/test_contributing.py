"""The worked example of CONTRIBUTING.md: three files, put into a copy of the package, are all it takes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the files of the example in it."""
    place = tmp_path_factory.mktemp("contributed")
    shutil.copytree(ROOT / "pytest_cucmtls", place / "pytest_cucmtls", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in example():
        assert not (place / name).exists()
        (place / name).write_text(text, encoding="utf-8")
    return place


def example() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest_cucmtls.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=place, timeout=120)


def test_the_example_is_a_check_a_fault_and_a_policy() -> None:
    assert [Path(name).parent.name for name, _ in example()] == ["checks", "faults", "policies"]


def test_the_fault_is_found_by_the_check_and_everything_about_it_is_right(package: Path) -> None:
    ended = run(package, "rehearse", "--score", "--json", "--fault", "G-900")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (row,) = json.loads(ended.stdout)["rows"]
    assert [row[key] for key in ("detection", "diagnosis", "remedy", "localisation", "stability")] == [[]] * 5


def test_the_policy_is_listed_explained_and_compared(package: Path) -> None:
    assert "our-voice-network" in run(package, "policies").stdout
    assert "Our security standard" in run(package, "policies", "our-voice-network", "--explain").stdout
    compared = run(package, "policies", "--compare", "cisco-hardening", "our-voice-network").stdout
    assert "cert.rsa_min" in compared
    assert "3072" in compared
