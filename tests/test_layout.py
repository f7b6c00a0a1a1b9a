"""`operator/` is a folder here and a module of Python: it must never become the second.

A package of that name on `sys.path` would shadow the standard library for everybody. STYLE in
CONTRIBUTING.md tells what was tried.
"""

from __future__ import annotations

import operator
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_standard_library_operator_is_the_one_imported() -> None:
    assert Path(operator.__file__).is_relative_to(sysconfig.get_paths()["stdlib"])


@pytest.mark.parametrize("folder", ["", "operator", "infra"], ids=["root", "operator", "infra"])
def test_importing_operator_works_from_every_folder(folder: str) -> None:
    code = "import operator, collections; print(operator.add(1, 2))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / folder, capture_output=True, text=True, check=False
    )
    assert done.stdout == "3\n", done.stderr


@pytest.mark.parametrize("name", ["__init__.py", "conftest.py"])
def test_operator_folder_is_no_package(name: str) -> None:
    assert not (ROOT / "operator" / name).exists()


def test_no_tests_live_below_operator() -> None:
    assert not list((ROOT / "operator").rglob("test_*.py"))
