"""Plans on a real cluster: what is refused before the run, and what changes with the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.clusters.child_process import as_command
from harness.clusters.control_plane import missing_controllers
from harness.controllers.manager import NAMES
from harness.errors import FormatError, UsageError
from harness.faults.api_path import ApiLatency
from harness.running import place as placing
from harness.scenario.loader import load_file
from harness.scenario.plan import CONTROL_PLANE, Plan
from harness.scenario.scaling import with_scaled_timeouts
from harness.scenario.settings import Settings
from harness.subjects.spec import SubjectSpec

SCENARIO = """
apiVersion: harness.dev/v1alpha1
kind: Scenario
metadata: {name: slow}
spec:
  description: Something slow.
  timeouts: {total: 5m}
  steps:
  - name: wait
    faults:
    - {name: late, at: 4s, duration: 8s, apiLatency: {latency: 1s}}
    expect:
      within: 10s
      stableFor: 3s
      all:
      - count: {kind: Pod, exactly: 0}
  invariants:
  - {name: few, grace: 2s, always: {count: {kind: Pod, atMost: 1}}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    file = tmp_path / "slow.yaml"
    file.write_text(SCENARIO)
    return Plan(load_file(file)[0], 7, Settings(root=str(tmp_path)))


@pytest.fixture
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "missing_programs", lambda: "")


def test_deadlines_are_scaled_and_what_is_proven_stays(plan: Plan) -> None:
    spec = with_scaled_timeouts(plan.case, 3.0).scenario.spec
    (step,), (invariant,) = spec.steps, spec.invariants
    assert step.expect is not None
    assert (step.expect.within, spec.timeouts.total, invariant.grace) == (30.0, 900.0, 6.0)
    assert (step.expect.stable_for, step.faults[0].at, step.faults[0].duration) == (3.0, 4.0, 8.0)


def test_a_plan_in_the_simulation_stays_what_it_is(plan: Plan) -> None:
    assert placing.placed([plan], placing.Place()) == [plan]


@pytest.mark.usefixtures("_programs")
def test_a_plan_on_a_control_plane_is_in_real_time_and_says_so(plan: Plan) -> None:
    (placed,) = placing.placed([plan], placing.Place(CONTROL_PLANE))
    assert (placed.cluster, placed.in_real_time) == ("control-plane", True)
    assert placed.document()["cluster"] == "control-plane"
    assert "--seed 7 --cluster control-plane" in placed.replay_line
    assert "--cluster" not in plan.replay_line


@pytest.mark.usefixtures("_programs")
def test_a_fault_inside_the_api_server_is_refused_with_its_place(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiLatency, "points", frozenset({"committed"}))
    with pytest.raises(FormatError, match=r"slow.yaml:11:.*'late'.*committed.*--cluster sim"):
        placing.placed([plan], placing.Place(CONTROL_PLANE))
    assert placing.placed([plan], placing.Place())


def test_without_its_programs_a_control_plane_is_refused(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "missing_programs", lambda: "etcd not found")
    with pytest.raises(UsageError, match="--cluster control-plane: etcd not found"):
        placing.placed([plan], placing.Place(CONTROL_PLANE))


def test_a_kopf_module_is_run_by_kopf_without_probes() -> None:
    spec = SubjectSpec(module="a.b,c", liveness="http://0.0.0.0:8080/healthz", namespaces=("x",))
    line = list(as_command(spec).command)
    assert line[1:] == [
        *("-m", "kopf", "run", "--module", "a.b", "--module", "c"),
        *("--namespace=x", "--standalone"),
    ]


def test_a_command_is_run_as_it_is() -> None:
    spec = SubjectSpec(command=("my-operator", "--flag"), args=("more",))
    assert as_command(spec) is spec


def test_our_controllers_stand_in_for_the_programs_that_are_missing() -> None:
    both = frozenset({"kube-controller-manager", "kube-scheduler"})
    assert missing_controllers(both) == ["kubelet"]
    assert missing_controllers(both - {"kube-scheduler"}) == ["scheduler", "kubelet"]
    assert missing_controllers(frozenset()) == list(NAMES)
