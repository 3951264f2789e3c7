"""Every command in the documentation does what its page says, for a reader with a configured pair of clusters."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance_runs import CHECKOUT
from tests.documented_commands import INVENTORY, Command, Reader, commands_of, unpacked_wheel

PAGES = sorted(path.relative_to(CHECKOUT).as_posix() for path in (*CHECKOUT.glob("docs/*.md"), CHECKOUT / "README.md"))
WITH_COMMANDS = [page for page in PAGES if commands_of(CHECKOUT / page)]
_SETTING_UP = ("pip install", "make ")
"""Run by the project's own CI, and by the tests of the wheel; here only looked at."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A configured pair, served by the command the documentation names for it."""
    folder = tmp_path_factory.mktemp("clusters")
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "simulate", "--configured", "--inventory", INVENTORY]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        assert '"ready": true' in served.stdout.readline()
        yield folder
        served.terminate()
        assert served.wait(30) == 0


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_every_command_of_a_page_ends_as_the_page_says(page: str, tmp_path: Path, site: Path, clusters: Path) -> None:
    reader = Reader(tmp_path, site, clusters)
    commands = commands_of(CHECKOUT / page)
    reader.bring_mesh((CHECKOUT / page).read_text(encoding="utf-8"))
    if not any(command.line.startswith("cucmtls init") for command in commands):
        reader.bring_clusters()
    for command in commands:
        if command.line.startswith(_SETTING_UP):
            look_at(command)
            continue
        if "packets.cap" in command.line:
            reader.lay_out_files(next(tmp_path.glob("reports/run-*")))
        reader.follow(command)
        if command.line.startswith("cucmtls init"):
            reader.bring_clusters()


def look_at(command: Command) -> None:
    """The package, the extra or the target exists."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if command.line.startswith("make "):
        assert f"\n{command.line.split()[1]}:" in (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    else:
        name, extra = re.fullmatch(r"pip install '?([a-z-]+)(?:\[([a-z]+)\])?'?", command.line).groups()  # type: ignore[union-attr]
        assert name == project["name"]
        assert extra is None or extra in project["optional-dependencies"]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    file = CHECKOUT / page
    text = file.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text):
        place = (file.parent / target).resolve() if target else file
        assert place.exists(), f"{page} points to {target}"
        if anchor:
            assert anchor in anchors_of(place), f"{page} points to #{anchor} of {place.name}"


def anchors_of(page: Path) -> set[str]:
    """Those a renderer makes of headings, and those set by hand."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    return made | set(re.findall(r"""<a id=["']([^"']+)""", text))


def test_the_generated_pages_are_current() -> None:
    """`python docs/generate.py` was run after the last change of code they are made from."""
    script = "import json, generate; print(json.dumps({name: page() for name, page in generate.PAGES.items()}))"
    run = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT / "docs", capture_output=True, text=True, check=True)
    stale = [
        name for name, page in json.loads(run.stdout).items() if (CHECKOUT / "docs" / name).read_text(encoding="utf-8") != page
    ]
    assert not stale


def test_the_pages_hold_commands_to_run() -> None:
    assert len(WITH_COMMANDS) > 5


def test_a_command_that_ends_otherwise_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ exit 3   # exits 3\n$ exit 1\n```\n")
    announced, wrong = commands_of(page)
    reader = Reader(tmp_path, tmp_path, tmp_path)
    reader.follow(announced)
    with pytest.raises(AssertionError, match="exit 1"):
        reader.follow(wrong)
