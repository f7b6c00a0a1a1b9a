"""House rules that no linter knows: short files, short functions, modules with a story."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for folder in ("harness", "operator", "infra", "scripts")
    for path in (ROOT / folder).rglob("*.py")
)
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _place(path: Path, line: int = 1) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_no_file_is_long() -> None:
    long = [
        f"{_place(path)}: error: {count} lines, use at most {FILE_LINES_MAX}; one idea a file"
        for path in SOURCES
        if (count := len(path.read_text().splitlines())) > FILE_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_no_function_is_long() -> None:
    long = [
        f"{_place(path, node.lineno)}: error: {node.name} has {count} lines, use at most "
        f"{FUNCTION_LINES_MAX}"
        for path in SOURCES
        for node in _functions(ast.parse(path.read_text()))
        if (count := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_every_module_opens_with_its_story() -> None:
    silent = [
        f"{_place(path)}: error: no module docstring, say what flows here and why"
        for path in SOURCES
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert not silent, "\n".join(silent)


def test_no_unfinished_marks() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X:", "NotImplemented" + "Error")
    found = [
        f"{_place(path, number)}: error: {mark} is banned, finish it or name the limit in the docs"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for mark in marks
        if mark in line
    ]
    assert not found, "\n".join(found)


def test_unit_tests_are_those_that_are_quick_everywhere() -> None:
    """What needs real programs, hours, or a pytest of its own is for `tests/e2e`."""
    slow = ("mark.real", "mark.soak", '"-m", "pytest"', "pytester")
    found = [
        f"{_place(path, number)}: error: {word} in a unit test; move it to tests/e2e"
        for path in sorted((ROOT / "tests" / "unit").rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for word in slow
        if word in line
    ]
    assert not found, "\n".join(found)
