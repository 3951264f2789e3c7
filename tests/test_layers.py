"""Arrows point down: which room may import which (docs/architecture.md draws it)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pytest_cucmtls"
RIM = {"clients", "ca", "calls", "capture"}
MAY_IMPORT = {
    "model": {"model"},
    "wire": {"model", "wire"},
    "checks": {"model", "wire", "checks"},
    "policies": {"model", "policies"},
    "clients": {"model", "wire", "clients"},
    "ca": {"model", "wire", "whole_files", "ca", "clients"},
    "calls": {"model", "wire", "calls", "clusters"},
    "capture": {"model", "wire", "capture", "clients"},
    "probe": {"model", "wire", "probe"},
    "evidence": {"model", "wire", "whole_files", "checks", "policies", "evidence", "capture"},
    "sim": {"model", "wire", "sim"},
    "preflight": {"model", "wire", "whole_files", "clients", "ca", "capture", "clusters", "inventory", "checks", "preflight"},
    "procedure": RIM | {"model", "wire", "whole_files", "checks", "evidence", "clusters", "inventory", "procedure"},
    "rehearsal": RIM
    | {"model", "wire", "checks", "policies", "evidence", "procedure", "run", "probe", "rehearsal"}
    | {"clusters", "simulated_clusters", "inventory"},
    "report": {"model", "wire", "whole_files", "checks", "policies", "evidence", "report"},
}
DOORS = {"commands", "run", "testcases"}
"""Doors (these, plugin, cli and the modules at the top) may import everything but sim."""
STARTS_SIMULATOR = {"simulated_clusters.py", "simulate.py"}


def rooms_imported(file: Path) -> set[str]:
    """Second parts of the `pytest_cucmtls.x` names a file imports anywhere, type-checking blocks included."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "pytest_cucmtls" else [node.module]
        found |= {name.split(".")[1] for name in names if name.startswith("pytest_cucmtls.")}
    return found - {"__version__"}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    wrong = {
        f"{file.relative_to(PACKAGE)} imports {', '.join(sorted(strangers))}"
        for file in (PACKAGE / room).rglob("*.py")
        if (strangers := rooms_imported(file) - MAY_IMPORT[room])
    }
    assert not wrong


def test_every_room_has_a_rule() -> None:
    assert {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()} <= set(MAY_IMPORT) | DOORS


def test_nothing_but_two_doors_knows_the_simulator() -> None:
    outside = [file for file in PACKAGE.rglob("*.py") if "sim" not in file.relative_to(PACKAGE).parts]
    assert {file.name for file in outside if "sim" in rooms_imported(file)} <= STARTS_SIMULATOR


def test_the_import_rule_sees_a_forbidden_import(tmp_path: Path) -> None:
    guilty = tmp_path / "guilty.py"
    guilty.write_text("def late():\n    from pytest_cucmtls.sim.state import NodeState\n    return NodeState\n")
    assert rooms_imported(guilty) == {"sim"}


def test_loading_the_plugin_and_the_model_imports_nothing_heavy() -> None:
    heavy = "zeep pyshark asyncssh aiohttp cryptography lxml pylibsrtp requests allure allure_commons"
    code = (
        "import sys, pkgutil, importlib, pytest_cucmtls.plugin, pytest_cucmtls.model as m\n"
        "[importlib.import_module(f'pytest_cucmtls.model.{x.name}') for x in pkgutil.iter_modules(m.__path__)]\n"
        f"print(sorted(set('{heavy}'.split()) & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_modules_and_functions_stay_small() -> None:
    too_long = []
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > 400:
            too_long.append(f"{file.relative_to(PACKAGE)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 60:
                too_long.append(f"{file.relative_to(PACKAGE)}: {node.name} is longer than 60 lines")
    assert not too_long
