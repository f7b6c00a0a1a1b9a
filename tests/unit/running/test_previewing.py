"""What `harness plan` says of a stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.running.place import Place
from harness.running.previewing import stack_preview
from harness.scenario.loader import load_file
from harness.scenario.plan import KIND, Plan
from harness.scenario.settings import Settings, find_settings
from tests.support.command import ROOT

SCENARIO = ROOT / "scenarios/lifecycle/create-to-ready.yaml"


def plan_with(settings: Settings) -> Plan:
    return Plan(load_file(SCENARIO)[0], 1, settings)


def test_only_kind_has_a_stack() -> None:
    assert list(stack_preview([plan_with(find_settings(SCENARIO))], Place())) == []


def test_a_project_without_a_stack_says_so(tmp_path: Path) -> None:
    (line,) = stack_preview([plan_with(Settings(root=str(tmp_path)))], Place(KIND))
    assert line == "no [tool.operator-harness.stack]: the manifests are applied"


def test_a_plan_does_without_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (line,) = stack_preview([plan_with(find_settings(SCENARIO))], Place(KIND))
    assert line.startswith("no preview of the stack: Pulumi's engine")
