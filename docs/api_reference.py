"""Writes the API reference from the docstrings of the rooms a user's own tests and tools may build on."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "pytest_cucmtls"
ROOMS = {
    "model": "Frozen values: what everything else passes around.",
    "wire": "Bytes to values, without any input or output of its own.",
    "policies": "Policies as data.",
    "evidence": "Run folders: keeping, loading, judging.",
    "clients": "The interfaces of a cluster.",
    "calls": "Ways to place a call.",
    "ca": "Certificate authorities.",
}
_INTRODUCTION = """# API reference

Generated from the docstrings by `docs/generate.py`. Fixtures of the plugin come first, then the rooms your own tests may
build on. What is not here is not meant to be imported.
"""


def api_page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, _fixtures()]
    for room, about in ROOMS.items():
        parts.append(f"## {room}\n\n{about}\n")
        parts.extend(_module(file) for file in sorted((PACKAGE / room).glob("*.py")) if file.name != "__init__.py")
    return "\n".join(part for part in parts if part)


def _fixtures() -> str:
    tree = ast.parse((PACKAGE / "plugin.py").read_text(encoding="utf-8"))
    lines = ["## Fixtures\n", "| fixture | what |", "|---|---|"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(mark) for mark in node.decorator_list):
            lines.append(f"| `{node.name}` | {_first_paragraph(node)} |")
    return "\n".join(lines) + "\n"


def _module(file: Path) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    entries = [entry for node in tree.body for entry in _entries(node)]
    if not entries:
        return ""
    name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    return f"### {name}\n\n{_first_paragraph(tree)}\n\n" + "\n".join(entries) + "\n"


def _entries(node: ast.stmt) -> Iterator[str]:
    """Bullet per public class or function, methods indented."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
        yield f"- `{node.name}{_signature(node)}`: {_first_paragraph(node)}"
    elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
        yield f"- **`{node.name}`**: {_first_paragraph(node)}"
        for member in node.body:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not member.name.startswith("_"):
                yield f"    - `{member.name}{_signature(member)}`: {_first_paragraph(member)}"


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self").removeprefix("cls, ").removeprefix("cls")
    return f"({arguments})" + (f" -> {ast.unparse(node.returns)}" if node.returns else "")


def _first_paragraph(node: ast.AST) -> str:
    """Of the docstring, on one line; what it raises comes along."""
    assert isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    paragraphs = [" ".join(part.split()) for part in (ast.get_docstring(node) or "").split("\n\n")]
    raises = next((part for part in paragraphs[1:] if part.startswith("Raises:")), "")
    return f"{paragraphs[0]} {raises}".strip().replace("|", "\\|")
