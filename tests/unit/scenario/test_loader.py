"""From files to cases: substitution, matrix, and errors that teach."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.scenario.check import FormatErrors
from harness.scenario.loader import load_cases, read_manifests
from harness.scenario.model import json_schema

HEAD = """\
apiVersion: harness.dev/v1alpha1
kind: Scenario
metadata: {name: sample}
spec:
  description: A sample.
"""
STEP = """\
  objects: {workload: Deployment/demo}
  steps:
  - name: look
    expect:
      within: 10s
      all:
      - cel: workload.status.readyReplicas == 1
"""


def write(folder: Path, text: str) -> Path:
    """The text as a scenario file."""
    file = folder / "sample.yaml"
    file.write_text(text)
    return file


def complaint(folder: Path, text: str) -> str:
    """What is said about a wrong scenario, without the folder."""
    with pytest.raises(UsageError) as caught:
        load_cases([write(folder, text)])
    return str(caught.value).replace(f"{folder}/", "")


def test_a_scenario_without_a_matrix_is_one_case(tmp_path: Path) -> None:
    (case,) = load_cases([write(tmp_path, HEAD + STEP)])
    assert (case.name, case.namespace, dict(case.values)) == ("sample", "sample", {})


def test_the_matrix_makes_one_case_for_each_combination(tmp_path: Path) -> None:
    text = HEAD + "  matrix: {size: [1, 3], kind: [A, B]}\n" + STEP
    names = [case.name for case in load_cases([write(tmp_path, text)])]
    assert names == [
        "sample[size=1,kind=A]",
        "sample[size=1,kind=B]",
        "sample[size=3,kind=A]",
        "sample[size=3,kind=B]",
    ]


def test_cases_of_one_matrix_have_namespaces_of_their_own(tmp_path: Path) -> None:
    text = HEAD + "  matrix: {size: [1, 3]}\n" + STEP
    one, other = load_cases([write(tmp_path, text)])
    assert one.namespace != other.namespace


def count(folder: Path, bound: str, bindings: str) -> Any:
    text = HEAD + f"  bindings: {bindings}\n" + STEP
    text += f"      - count: {{kind: Pod, exactly: {bound}}}\n"
    (case,) = load_cases([write(folder, text)])
    expect = case.scenario.spec.steps[0].expect
    assert expect is not None
    return expect.all[1].count


def test_a_binding_alone_in_a_scalar_keeps_its_type(tmp_path: Path) -> None:
    assert count(tmp_path, "$(size)", "{size: 3}").exactly == 3


def test_a_binding_may_use_those_before_it(tmp_path: Path) -> None:
    assert count(tmp_path, "$(size)", "{base: 4, size: $(base)}").exactly == 4


def test_a_doubled_dollar_is_literal(tmp_path: Path) -> None:
    text = (HEAD + STEP).replace("A sample.", "costs $$(size)")
    (case,) = load_cases([write(tmp_path, text)])
    assert case.scenario.spec.description == "costs $(size)"


def test_bindings_are_put_into_manifest_files(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("{apiVersion: v1, kind: Pod, metadata: {name: $(name)}}")
    (document,) = read_manifests(tmp_path / "m.yaml", {"name": "demo"})
    assert document["metadata"]["name"] == "demo"


def test_a_folder_may_hold_manifests_beside_scenarios(tmp_path: Path) -> None:
    write(tmp_path, HEAD + STEP)
    (tmp_path / "m.yaml").write_text("{apiVersion: v1, kind: Pod, metadata: {name: $(name)}}")
    assert [case.name for case in load_cases([tmp_path])] == ["sample"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            HEAD + STEP.replace("expect", "expekt"),
            r"sample.yaml:9:5: unknown key 'expekt'; did you mean 'expect'\?",
            id="unknown key",
        ),
        pytest.param(
            HEAD + STEP.replace("10s", "10"),
            r"sample.yaml:10:15: .*within: 10 has no unit; write '10s'",
            id="bare number",
        ),
        pytest.param(
            HEAD + STEP.replace("workload.status", "wrkload.status"),
            r"sample.yaml:12:14: .*undeclared reference to 'wrkload'",
            id="unknown name in an expression",
        ),
        pytest.param(
            HEAD + STEP.replace("10s", "$(wihtin)"),
            r"sample.yaml:10:15: \$\(wihtin\) is not bound; known: namespace",
            id="unbound name",
        ),
        pytest.param(
            HEAD.replace("v1alpha1", "v2") + STEP,
            r"sample.yaml:1:13: apiVersion is 'harness.dev/v2'; write harness.dev/v1alpha1",
            id="version",
        ),
        pytest.param(
            HEAD + "  requires: [node]\n" + STEP,
            r"sample.yaml:6:14: .*no cluster offers 'node'; did you mean 'nodes'\?",
            id="unknown capability",
        ),
        pytest.param(
            HEAD + "  matrix: {size: 3}\n" + STEP,
            r"sample.yaml:6:18: matrix.size is 3; write a list",
            id="matrix without list",
        ),
        pytest.param(
            HEAD + STEP.replace("    expect", "    faults: [{name: a, podKil: {}}]\n    expect"),
            r"sample.yaml:9:24: unknown key 'podKil'; did you mean 'podKill'\?",
            id="unknown fault",
        ),
        pytest.param(
            HEAD
            + STEP.replace(
                "    expect",
                "    faults: [{name: a, after: b.ended, podKill: {object: Pod/x}}]\n    expect",
            ),
            r"sample.yaml:9:31: after names no fault of this scenario: 'b'",
            id="after nothing",
        ),
        pytest.param(
            HEAD + STEP.replace("all:", "all:\n      - count: {kind: Pod, ownedBy: x, exactly: 1}"),
            r"sample.yaml:12:\d+: 'x' is neither in objects: nor written Kind/name",
            id="unknown owner",
        ),
    ],
)
def test_a_mistake_is_told_with_place_value_and_remedy(
    tmp_path: Path, text: str, words: str
) -> None:
    assert re.search(words, complaint(tmp_path, text))


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = HEAD + STEP.replace("within: 10s", "withn: 10s").replace("look", "look\n    dos: []")
    with pytest.raises(FormatErrors) as caught:
        load_cases([write(tmp_path, text)])
    lines = [error.line for error in caught.value.errors]
    assert lines == sorted(lines)
    assert len(lines) >= 2


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist; name a scenario file or a folder"):
        load_cases([tmp_path / "nothing"])


def test_two_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, HEAD + STEP)
    (tmp_path / "other.yaml").write_text(HEAD + STEP)
    with pytest.raises(UsageError, match="are both called 'sample'"):
        load_cases([tmp_path])


def test_the_json_schema_knows_every_fault() -> None:
    entry = json_schema()["$defs"]["FaultEntry"]["properties"]
    assert {"podKill", "apiError", "operatorCrash", "at", "when"} <= set(entry)
