"""What would fail in every run is told before the first, with its remedy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import FormatError, UsageError
from harness.running.checking import check_plans
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan
from harness.scenario.settings import Settings, SubjectSettings
from tests.support.command import ROOT, scenario

CRD = str(ROOT / "operator" / "manifests" / "crd.yaml")
SCRIPT = "  - {name: own, do: [{script: {command: [make, up]}}]}\n"
CUSTOM = '  - {name: own, faults: [{name: mine, custom: {function: "os:getcwd"}}]}\n'


def plans(folder: Path, settings: Settings, more: str = "") -> list[Plan]:
    """The plans of a scenario with two cases."""
    file = folder / "own.yaml"
    file.write_text(scenario("own", more, sizes=(1, 2)))
    return [Plan(case, 1, settings) for case in load_file(file)]


def with_subject(module: str = "", *command: str, **more: str) -> Settings:
    """Settings with this operator."""
    subject = SubjectSettings(module=module, command=list(command), **more)  # type: ignore[arg-type]
    return Settings(manifests=[CRD], subject=subject)


SUBJECTS = [
    pytest.param(with_subject("nosuch.handlers"), "there is no module 'nosuch'", id="top"),
    pytest.param(with_subject("harness.nosuch"), "there is no module 'harness.nosuch'", id="below"),
    pytest.param(with_subject("sys.path"), "there is no module 'sys.path'", id="no-package"),
    pytest.param(with_subject("", "nosuch", "-x"), "'nosuch' is not found", id="command"),
    pytest.param(
        with_subject("harness", deployment="mine"), "subject.deployment is 'mine'", id="deployment"
    ),
    pytest.param(
        Settings(manifests=[CRD], programs={"*": "harness"}),
        "'harness' names no function",
        id="program",
    ),
]


@pytest.mark.parametrize(("settings", "told"), SUBJECTS)
def test_an_operator_that_is_not_there_is_told(
    tmp_path: Path, settings: Settings, told: str
) -> None:
    with pytest.raises(UsageError) as refused:
        check_plans(plans(tmp_path, settings), Options())
    assert told in str(refused.value)


def test_looking_for_a_module_imports_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "checked_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    (package / "handlers.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    check_plans(plans(tmp_path, with_subject("checked_package.handlers")), Options())
    assert "checked_package" not in sys.modules


@pytest.mark.parametrize("more", [SCRIPT, CUSTOM], ids=["script", "custom"])
def test_own_code_is_refused_once_with_its_place(tmp_path: Path, more: str) -> None:
    with pytest.raises(FormatError, match="--allow-custom permits that") as refused:
        check_plans(plans(tmp_path, Settings(manifests=[CRD]), more), Options())
    assert refused.value.line == scenario("own").count("\n") + 1
    assert str(refused.value).count("--allow-custom") == 1


def test_permitted_code_is_let_pass(tmp_path: Path) -> None:
    check_plans(plans(tmp_path, Settings(manifests=[CRD]), CUSTOM), Options(allow_custom=True))


def test_a_script_needs_real_time(tmp_path: Path) -> None:
    permitted = Options(allow_custom=True)
    with pytest.raises(FormatError, match="a kopf module runs on virtual time"):
        check_plans(plans(tmp_path, with_subject("harness"), SCRIPT), permitted)
    check_plans(plans(tmp_path, with_subject("", sys.executable), SCRIPT), permitted)


def test_the_replay_line_permits_own_code_and_survives_a_shell(tmp_path: Path) -> None:
    settings = with_subject("", "run me", "--name=$HOME")
    line = plans(tmp_path, settings, CUSTOM)[0].replay_line
    assert line.endswith(""" --subject ''"'"'run me'"'"' '"'"'--name=$HOME'"'"'' --allow-custom""")
