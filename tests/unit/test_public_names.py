"""The public surface: few names, all importable, none forgotten."""

from __future__ import annotations

import subprocess
import sys

import harness


def test_all_names_exactly_what_has_a_home() -> None:
    assert harness.__all__ == sorted(harness._HOMES)


def test_every_public_name_can_be_imported() -> None:
    missing = [name for name in harness.__all__ if not hasattr(harness, name)]
    assert missing == []


def test_the_public_surface_stays_small() -> None:
    """The aim was 25. Two thirds of the names are faults, one word each, as in scenario files;
    a module of their own for those would be one more import in every test that breaks something.
    """
    assert len(harness.__all__) <= 30


def test_importing_harness_imports_none_of_its_rooms() -> None:
    code = "import sys, harness; print([m for m in sys.modules if m.startswith('harness.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_starts_without_what_only_its_subcommands_need() -> None:
    """It starts twice: the first process only fixes the hash seed of the second."""
    heavy = {"pydantic", "aiohttp", "rich", "hypothesis", "kopf", "ruamel.yaml", "cryptography"}
    code = f"import sys, harness.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(harness, "no_such_name")
