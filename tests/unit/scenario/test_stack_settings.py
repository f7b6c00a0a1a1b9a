"""A project says in its settings which Pulumi program provisions real clusters."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.clusters.stack import StackProgram
from harness.errors import FormatError, UsageError
from harness.scenario.settings import find_settings


def project(folder: Path, table: str, *, program: bool = True, description: str = "") -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.operator-harness]\n{table}")
    (folder / "infra").mkdir()
    if program:
        (folder / "infra" / "__main__.py").write_text("")
    if description:
        (folder / "infra" / "Pulumi.yaml").write_text(description)
    return folder


def test_a_project_without_a_stack_has_none(tmp_path: Path) -> None:
    assert find_settings(project(tmp_path, "")).stack_program is None


def test_a_stack_has_defaults(tmp_path: Path) -> None:
    settings = find_settings(project(tmp_path, "[tool.operator-harness.stack]\n"))
    assert settings.stack_program == StackProgram(
        tmp_path / "infra", "harness", "operator-harness", {}
    )


def test_the_project_is_called_as_in_its_description(tmp_path: Path) -> None:
    table = '[tool.operator-harness.stack]\nname = "ci"\nconfig = { image = "mine:1" }\n'
    settings = find_settings(project(tmp_path, table, description="name: my-operator\n"))
    assert settings.stack_program == StackProgram(
        tmp_path / "infra", "ci", "my-operator", {"image": "mine:1"}
    )


def test_a_folder_without_a_program_is_refused(tmp_path: Path) -> None:
    settings = find_settings(project(tmp_path, "[tool.operator-harness.stack]\n", program=False))
    with pytest.raises(UsageError, match=r"there is no Pulumi program in .*infra: .* __main__\.py"):
        _ = settings.stack_program


def test_a_description_without_a_name_is_refused(tmp_path: Path) -> None:
    table = "[tool.operator-harness.stack]\n"
    settings = find_settings(project(tmp_path, table, description="runtime: python\n"))
    with pytest.raises(FormatError, match=r"Pulumi\.yaml: not a Pulumi project"):
        _ = settings.stack_program


def test_an_unknown_word_is_answered_with_the_nearest(tmp_path: Path) -> None:
    table = '[tool.operator-harness.stack]\nprogramm = "infra"\n'
    with pytest.raises(FormatError, match=r"stack\.programm is unknown.*program"):
        find_settings(project(tmp_path, table))
