"""Kinds that are misspelt in a scenario are refused, with the kind that was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.running.kinds import misspelt_kinds
from harness.scenario.loader import load_file

SCENARIO = """\
apiVersion: harness.dev/v1alpha1
kind: Scenario
metadata: {name: misspelt}
spec:
  description: Names a kind.
  objects: {workload: KIND/demo}
  steps:
  - name: wait
    expect: {within: 1s, all: [count: {kind: COUNTED, atLeast: 0}]}
"""
DEFINITION: dict[str, Any] = {
    "kind": "CustomResourceDefinition",
    "spec": {"names": {"kind": "Website"}},
}


def errors(folder: Path, kind: str, counted: str = "Pod", *manifests: Object) -> list[str]:
    file = folder / "scenario.yaml"
    file.write_text(SCENARIO.replace("KIND", kind).replace("COUNTED", counted))
    (case,) = load_file(file)
    return [error.message for error in misspelt_kinds(case, manifests)]


def test_a_misspelt_kind_of_an_object_is_refused(tmp_path: Path) -> None:
    found = errors(tmp_path, "Deploymnt")
    assert found == ["no kind 'Deploymnt' is served; did you mean 'Deployment'?"]


def test_a_misspelt_kind_of_a_count_is_refused(tmp_path: Path) -> None:
    found = errors(tmp_path, "Deployment", "Deployments")
    assert found == ["no kind 'Deployments' is served; did you mean 'Deployment'?"]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("Deployment", id="built-in"),
        pytest.param("CiliumNetworkPolicy", id="perhaps-defined-by-the-operator"),
        pytest.param("AIService", id="near-a-built-in-kind"),
    ],
)
def test_other_kinds_are_let_through(tmp_path: Path, kind: str) -> None:
    assert errors(tmp_path, kind) == []


def test_kinds_of_definitions_in_the_manifests_are_known(tmp_path: Path) -> None:
    assert errors(tmp_path, "Website", "Pod", DEFINITION) == []
    found = errors(tmp_path, "Websit", "Pod", DEFINITION)
    assert found == ["no kind 'Websit' is served; did you mean 'Website'?"]
