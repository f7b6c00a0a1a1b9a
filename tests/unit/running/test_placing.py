"""Plans on a real cluster: what is refused before the run, and what changes with the cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.clusters.child_process import as_command
from harness.clusters.control_plane import missing_controllers
from harness.clusters.offers import CLUSTERS, CONTROL_PLANE
from harness.controllers.manager import NAMES
from harness.errors import FormatError, UsageError
from harness.faults.api_path import ApiLatency
from harness.oracle.verdict import Verdict
from harness.running import place as placing
from harness.running.place import Place
from harness.running.processes import run_plan
from harness.running.real import real_clusters
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan, read_plan
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
def calm(tmp_path: Path) -> Plan:
    """One without faults, which can be played anywhere."""
    file = tmp_path / "calm.yaml"
    file.write_text(
        "".join(
            line for line in SCENARIO.splitlines(True) if "ault" not in line and "late" not in line
        )
    )
    return Plan(load_file(file)[0], 7, Settings(root=str(tmp_path)))


def test_deadlines_are_scaled_and_what_is_proven_stays(plan: Plan) -> None:
    spec = with_scaled_timeouts(plan.case, 3.0).scenario.spec
    (step,), (invariant,) = spec.steps, spec.invariants
    assert step.expect is not None
    assert (step.expect.within, spec.timeouts.total, invariant.grace) == (30.0, 900.0, 6.0)
    assert (step.expect.stable_for, step.faults[0].at, step.faults[0].duration) == (3.0, 4.0, 8.0)


def test_a_plan_in_the_simulation_stays_what_it_is(plan: Plan) -> None:
    assert placing.placed([plan], Place()) == [plan]


def test_a_plan_on_a_control_plane_is_in_real_time_and_says_so(plan: Plan) -> None:
    (placed,) = placing.placed([plan], Place(CONTROL_PLANE))
    assert (placed.cluster, placed.in_real_time) == ("control-plane", True)
    assert placed.document()["cluster"] == "control-plane"
    assert "--seed 7 --cluster control-plane" in placed.replay_line
    assert "--cluster" not in plan.replay_line


def test_a_fault_inside_the_api_server_is_refused_with_its_place(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiLatency, "points", frozenset({"committed"}))
    with pytest.raises(FormatError, match=r"slow.yaml:11:.*'late'.*committed.*--cluster sim"):
        placing.placed([plan], Place(CONTROL_PLANE))
    assert placing.placed([plan], Place())


def test_without_its_programs_a_control_plane_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "missing_programs", lambda: "etcd not found")
    with pytest.raises(UsageError, match="--cluster control-plane: etcd not found"):
        placing.check_startable(Place(CONTROL_PLANE))
    placing.check_startable(Place())


GIVEN = [
    pytest.param("sim", {"timeout-scale": 2.0}, "--timeout-scale 2", id="time"),
    pytest.param("existing", {"context": "kind-a b"}, "--context 'kind-a b'", id="context"),
    pytest.param("existing", {"operator": "deployment"}, "--operator deployment", id="operator"),
    pytest.param("existing", {"apply-manifests": True}, "--apply-manifests", id="flag"),
    pytest.param("existing", {"kubeconfig": Path("k")}, "--kubeconfig k", id="path"),
    pytest.param("kind", {"cluster-name": "mine"}, "--cluster-name mine", id="kind"),
    pytest.param("kind", {"operator": "deployment"}, "", id="default-is-not-said"),
    pytest.param(
        "existing",
        {"allow-context": ("a", "b")},
        "--allow-context a --allow-context b",
        id="several",
    ),
]


@pytest.mark.parametrize(("cluster", "given", "words"), GIVEN)
def test_the_replay_line_says_where(
    calm: Plan, cluster: str, given: dict[str, Any], words: str
) -> None:
    (there,) = placing.placed([calm], Place.from_options(cluster, given))
    where = "" if cluster == "sim" else f" --cluster {cluster}"
    assert there.replay_line.endswith(f"--seed 7{where} {words}".rstrip())


def test_a_plan_that_was_written_down_is_placed_as_it_was(calm: Plan, tmp_path: Path) -> None:
    given = {
        "context": "c",
        "timeout-scale": 2.0,
        "operator": "deployment",
        "allow-context": ("c",),
    }
    place = Place.from_options("existing", given)
    (there,) = placing.placed([calm], place)
    file = tmp_path / "plan.yaml"
    with file.open("w") as stream:
        YAML(typ="safe", pure=True).dump(there.document(), stream)
    again, _ = read_plan(file)
    assert again.case.scenario.spec.timeouts.total == 600.0
    recorded = Place.from_options(again.where, again.place)
    # To break a context that does not look disposable is permitted anew each time.
    assert recorded == replace(place, allowed_contexts=())


MISPLACED = [
    pytest.param(
        "sim", {"context": "c"}, "--context is for --cluster existing, and this is for sim",
        id="existing-only",
    ),
    pytest.param(
        "existing", {"kind-bin": "kind"}, "--kind-bin is for --cluster kind, and", id="kind-only"
    ),
    pytest.param(
        "control-plane", {"kubeconfig": Path("k")},
        "--kubeconfig is for --cluster existing or --cluster kind", id="either",
    ),
    pytest.param(
        "control-plane", {"operator": "deployment"}, "pods are data .* use --cluster kind",
        id="no-deployment",
    ),
    pytest.param(
        "existing", {"operator": "deployment", "apply-manifests": True},
        "leave --apply-manifests out", id="installed-already",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "given", "message"), MISPLACED)
def test_an_option_of_another_cluster_is_refused(
    cluster: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Place.from_options(cluster, given)


def test_requests_of_an_operator_that_stays_where_it_runs_cannot_be_stood_in_the_way_of(
    plan: Plan,
) -> None:
    place = Place.from_options("existing", {"operator": "deployment"})
    with pytest.raises(FormatError, match=r"slow.yaml:11:.*\(received\).*--operator process"):
        placing.placed([plan], place)
    for operator in ("process", None):
        assert placing.placed([plan], Place("existing", operator=operator))
    assert placing.placed([plan], Place("kind", operator="deployment"))


def test_machines_of_somebodys_cluster_are_not_touched(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiLatency, "points", frozenset({"node"}))
    with pytest.raises(FormatError, match=r"slow.yaml:11:.*serve others too"):
        placing.placed([plan], Place("existing"))
    assert placing.placed([plan], Place("control-plane"))


def requiring(plan: Plan, capability: str) -> Plan:
    """The same plan, of a scenario that requires something."""
    spec = plan.case.scenario.spec.model_copy(update={"requires": [capability]})
    scenario = plan.case.scenario.model_copy(update={"spec": spec})
    return replace(plan, case=replace(plan.case, scenario=scenario))


def lacking(plan: Plan) -> dict[str, str]:
    """What each cluster cannot do for a plan."""
    return {
        cluster: placing.lacking(*placing.placed([plan], Place(cluster))) for cluster in CLUSTERS
    }


def test_what_a_cluster_cannot_have_is_known_before_it_is_started(plan: Plan) -> None:
    needing = requiring(plan, "loadBalancers")
    assert lacking(needing) == {name: f"{name} has no loadBalancers" for name in CLUSTERS}
    plans = placing.placed([needing], Place("control-plane"))
    with real_clusters(plans, Place("control-plane"), Options()) as options:
        assert options.site is None  # none was started
        result = run_plan(plans[0], None, options)
    assert (result.verdict, result.oracle) == (Verdict.SKIPPED, "requires")


def test_claims_get_volumes_on_every_cluster(plan: Plan) -> None:
    assert lacking(requiring(plan, "volumes")) == dict.fromkeys(CLUSTERS, "")


PARALLEL = [
    pytest.param("sim", 3, 3, id="sim"),
    pytest.param("control-plane", 3, 3, id="control-plane"),
    pytest.param("control-plane", None, 1, id="real-time-is-not-crowded"),
    pytest.param("kind", 1, 1, id="kind"),
    pytest.param("existing", None, 1, id="existing"),
]


@pytest.mark.parametrize(("cluster", "wanted", "runs"), PARALLEL)
def test_how_many_run_at_once(cluster: str, wanted: int | None, runs: int) -> None:
    assert placing.runs_at_once(Place(cluster), wanted) == runs
    assert placing.runs_at_once(Place(cluster), wanted, fork=False) == 1


@pytest.mark.parametrize("cluster", ["kind", "existing"])
def test_two_operators_do_not_share_a_cluster(cluster: str) -> None:
    with pytest.raises(UsageError, match="--parallel 2: an operator acts on the whole cluster"):
        placing.runs_at_once(Place(cluster), 2)


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
    assert missing_controllers(both) == ["provisioner", "resizer", "kubelet"]
    assert missing_controllers(both - {"kube-scheduler"}) == [
        "provisioner",
        "resizer",
        "scheduler",
        "kubelet",
    ]
    assert missing_controllers(frozenset()) == list(NAMES)
