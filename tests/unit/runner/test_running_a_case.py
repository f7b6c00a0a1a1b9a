"""One case from its first step to its verdict."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import CONFIGMAPS
from harness.scenario.runner import run_case, without_faults
from tests.support.api import Api, with_api
from tests.support.cluster import CREATE, Operator, SmallCluster, case_of, play

LOSE = """
  - name: lose
    faults:
    - name: lose
      deleteObject: {object: workload}
    expect:
      within: 10s
      stableFor: 5s
      all:
      - cel: workload.spec.replicas == 2
"""


def test_a_case_whose_steps_hold_is_passed(tmp_path: Path) -> None:
    played = play(case_of(tmp_path, CREATE + LOSE))
    assert played.result.message == ""
    assert played.decided == ("Passed", "")
    assert [data["verdict"] for _, data in played.of("verdict")] == ["Passed"]


def test_steps_run_in_order_and_are_told(tmp_path: Path) -> None:
    played = play(case_of(tmp_path, CREATE + LOSE))
    told = [(data["name"], data["phase"]) for _, data in played.of("step")]
    phases = ["do", "expect", "converged", "stable", "ended"]
    assert told == [(name, phase) for name in ("create", "lose") for phase in phases]


def test_convergence_is_timed_from_the_end_of_the_last_fault(tmp_path: Path) -> None:
    """The operator looks once a second, so it takes at most one."""
    result = play(case_of(tmp_path, CREATE + LOSE)).result
    assert result.converged_seconds is not None
    assert 0 < result.converged_seconds <= 1
    assert result.virtual_seconds == pytest.approx(11, abs=1)


def test_an_operator_that_does_not_repair_is_not_converged(tmp_path: Path) -> None:
    played = play(case_of(tmp_path, CREATE + LOSE), bug="creates-once")
    assert played.decided == ("NotConverged", "within")
    assert played.result.step == "lose"
    assert "Deployment/demo: last DELETED by fault:lose" in played.result.message


def test_the_same_seed_gives_the_same_records(tmp_path: Path) -> None:
    case = case_of(tmp_path, CREATE + LOSE)
    assert play(case, seed=3).records == play(case, seed=3).records


def test_a_flapping_workload_is_unstable(tmp_path: Path) -> None:
    text = CREATE.replace("stableFor: 5s", "stableFor: 5s\n      quiet: {writes: 0}")
    played = play(case_of(tmp_path, text), bug="writes-always")
    assert played.decided == ("Unstable", "quiet")
    assert "the subject wrote Deployment/demo" in played.result.message


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        pytest.param(
            "deleteObject: {object: Service/none}", "nothing is selected", id="nothing-selected"
        ),
        pytest.param(
            "when: {event: DELETED, object: workload}\n      operatorCrash: {}",
            "its `when` never came",
            id="never-fired",
        ),
        pytest.param(
            "when: {event: DELETED, object: workload, deadline: 5s}\n      operatorCrash: {}",
            "did not fire",
            id="not-fired-by-its-deadline",
        ),
        pytest.param(
            "duration: 5s\n      apiError: {status: 500, resources: [secrets]}",
            "not seen to take effect",
            id="no-effect",
        ),
    ],
)
def test_a_fault_that_was_not_seen_to_act_is_inconclusive(
    tmp_path: Path, fault: str, text: str
) -> None:
    lose = LOSE.replace("deleteObject: {object: workload}", fault)
    played = play(
        case_of(tmp_path, CREATE.replace("steps", "timeouts: {total: 60s}\n  steps") + lose)
    )
    assert played.decided == ("Inconclusive", "fault")
    assert text in played.result.message


def test_a_finding_is_not_hidden_by_a_fault_that_did_not_act(tmp_path: Path) -> None:
    lose = LOSE.replace(
        "    expect", "    - name: never\n      deleteObject: {object: Service/none}\n    expect"
    )
    played = play(case_of(tmp_path, CREATE + lose), bug="creates-once")
    assert played.decided == ("NotConverged", "within")


def test_a_finding_is_not_hidden_by_a_fault_that_is_still_awaited(tmp_path: Path) -> None:
    """D never began, because the fault never acted; the claims failed all the same."""
    lose = LOSE.replace(
        "    expect",
        "    - name: awaited\n      apiError: {status: 500, resources: [secrets]}\n    expect",
    )
    played = play(case_of(tmp_path, CREATE + lose), bug="creates-once")
    assert played.decided == ("NotConverged", "within")
    assert "not converged, and that for more than 10.000s" in played.result.message


def test_too_large_a_blast_radius_is_an_error(tmp_path: Path) -> None:
    lose = LOSE.replace("deleteObject: {object: workload}", "deleteObject: {select: {}, mode: all}")
    text = "  blastRadius: {maxObjects: 1}" + CREATE + lose
    played = play(case_of(tmp_path, text))
    assert played.decided == ("Error", "fault")
    assert "blastRadius.maxObjects is 1" in played.result.message


def test_what_faults_broke_is_put_back_in_the_end(tmp_path: Path) -> None:
    drift = LOSE.replace(
        "deleteObject: {object: workload}",
        "patchObject: {object: parent, merge: {data: {x: changed}}}",
    )
    played = play(case_of(tmp_path, CREATE + drift))
    undone = played.of("fault", phase="undone", name="lose")
    assert [data["detail"] for _, data in undone] == ["restore ConfigMap/demo"]
    *_, (_, last) = played.of("object", kind="ConfigMap", name="demo")
    assert last["object"]["data"] == {"replicas": "2"}


def test_an_interrupted_run_puts_back_what_its_faults_broke(tmp_path: Path) -> None:
    drift = LOSE.replace(
        "deleteObject: {object: workload}",
        "duration: 1h\n      patchObject: {object: parent, merge: {data: {x: changed}}}",
    )
    case = case_of(tmp_path, CREATE + drift)

    async def body(api: Api) -> tuple[Object, Object]:
        operator = Operator(api)
        await operator.start()
        running = asyncio.create_task(run_case(case, SmallCluster(api, operator), seed=0))
        await api.clock.sleep(60)
        during = await api.client.get(CONFIGMAPS, "demo", case.namespace)
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()
        operator.end()
        return during["data"], (await api.client.get(CONFIGMAPS, "demo", case.namespace))["data"]

    during, after = with_api(body)
    assert during == {"replicas": "2", "x": "changed"}
    assert after == {"replicas": "2"}


@pytest.mark.parametrize(
    ("step", "oracle"),
    [
        pytest.param(
            "faults: [{name: own, custom: {function: 'json:dumps'}}]", "fault", id="fault"
        ),
        pytest.param("do: [{script: {command: ['true']}}]", "do", id="script"),
    ],
)
def test_programs_of_the_users_own_need_to_be_permitted(
    tmp_path: Path, step: str, oracle: str
) -> None:
    played = play(case_of(tmp_path, f"{CREATE}\n  - name: own\n    {step}\n"))
    assert played.decided == ("Error", oracle)
    assert "--allow-custom permits that" in played.result.message


def test_faults_of_a_step_without_expect_reach_into_the_next(tmp_path: Path) -> None:
    """The next expectation counts from their end, too."""
    steps = """
  - name: break
    faults:
    - name: errors
      duration: 30s
      apiError: {status: 500}
  - name: look
    expect:
      within: 10s
      all:
      - cel: workload.spec.replicas == 2
"""
    played = play(case_of(tmp_path, CREATE + steps))
    assert played.decided == ("Passed", "")
    (started,), (ended,) = (
        played.of("fault", name="errors", phase=phase) for phase in ("injected", "ended")
    )
    assert played.of("step", name="look", phase="stable")[0][0] == ended[0] == started[0] + 30


def test_an_invariant_is_judged_at_every_instant_from_the_end_of_the_first_step(
    tmp_path: Path,
) -> None:
    invariant = """
  invariants:
  - {name: never-gone, always: {cel: workload.spec.replicas == 2}}
"""
    played = play(case_of(tmp_path, CREATE + LOSE + invariant))
    assert played.decided == ("InvariantViolated", "invariant never-gone")
    assert "workload (Deployment/demo) does not exist" in played.result.message


def test_grace_tolerates_a_violation_that_is_short(tmp_path: Path) -> None:
    invariant = """
  invariants:
  - {name: never-long, always: {cel: workload.spec.replicas == 2}, grace: 2s}
"""
    assert play(case_of(tmp_path, CREATE + LOSE + invariant)).decided == ("Passed", "")


def test_a_scenario_that_needs_what_the_cluster_lacks_is_skipped(tmp_path: Path) -> None:
    played = play(case_of(tmp_path, "  requires: [volumes]" + CREATE))
    assert played.decided == ("Skipped", "requires")
    assert played.result.message == "sim has no volumes"


def test_an_action_that_fails_is_an_error_of_the_scenario(tmp_path: Path) -> None:
    step = "\n  - name: patch\n    do:\n    - patch: {object: Service/none, merge: {}}\n"
    played = play(case_of(tmp_path, CREATE + step))
    assert played.decided == ("Error", "do")
    assert "Service/none does not exist" in played.result.message


def test_what_must_be_refused_but_is_accepted_is_a_finding(tmp_path: Path) -> None:
    patch = "{object: parent, merge: {data: {x: changed}}, refused: true}"
    step = f"\n  - name: bad\n    do:\n    - patch: {patch}\n"
    played = play(case_of(tmp_path, CREATE + step))
    assert played.decided == ("InvariantViolated", "refused")


def test_what_is_refused_as_it_must_be_is_fine(tmp_path: Path) -> None:
    patch = "{object: workload, merge: {spec: {replicas: -1}}, refused: true}"
    step = f"\n  - name: bad\n    do:\n    - patch: {patch}\n"
    assert play(case_of(tmp_path, CREATE + step)).decided == ("Passed", "")


def test_actions_do_what_they_say(tmp_path: Path) -> None:
    step = """
  - name: act
    do:
    - patch: {object: parent, merge: {data: {replicas: "3"}}}
    - wait: {for: 2s}
    - scale: {object: workload, replicas: 5}
    - delete: {object: workload, wait: true}
    - delete: {object: Service/none}
    expect:
      within: 10s
      all:
      - cel: workload.spec.replicas == 3
"""
    played = play(case_of(tmp_path, CREATE + step))
    assert played.decided == ("Passed", "")
    replicas = [d["object"]["spec"]["replicas"] for _, d in played.of("object", kind="Deployment")]
    assert replicas == [2, 3, 5, 5, 3]


def test_the_total_bounds_a_case(tmp_path: Path) -> None:
    step = "\n  - name: sleep\n    do:\n    - wait: {for: 2h}\n"
    played = play(case_of(tmp_path, CREATE + step))
    assert played.decided == ("Error", "total")
    assert played.result.virtual_seconds == 600


def test_an_orphan_is_a_leak(tmp_path: Path) -> None:
    """There is no garbage collector in the small cluster."""
    step = "\n  - name: gone\n    do:\n    - delete: {object: parent}\n"
    played = play(case_of(tmp_path, CREATE + step))
    assert played.decided == ("Leaked", "leaks")
    assert "Deployment/demo is an orphan" in played.result.message


def test_an_oracle_that_is_on_by_default_can_be_switched_off(tmp_path: Path) -> None:
    step = "\n  - name: gone\n    do:\n    - delete: {object: parent}\n"
    text = "  disabledOracles: [leaks]" + CREATE + step
    assert play(case_of(tmp_path, text)).decided == ("Passed", "")


LIKE = LOSE.replace("all:\n      - cel: workload.spec.replicas == 2", "likeReference: true")


def test_the_end_state_is_compared_with_the_run_without_faults(tmp_path: Path) -> None:
    case = case_of(tmp_path, CREATE + LIKE)
    reference = play(without_faults(case)).result.reference
    assert [*reference] == ["lose"]
    assert play(case, reference=reference).decided == ("Passed", "")


def test_an_end_state_that_differs_from_the_reference_is_told(tmp_path: Path) -> None:
    case = case_of(tmp_path, CREATE + LIKE)
    reference = play(without_faults(case)).result.reference
    played = play(case, bug="creates-once", reference=reference)
    assert played.decided == ("NotConverged", "within")
    assert "Deployment/demo: 1 without faults, 0 here" in played.result.message


def test_without_its_reference_likereference_is_inconclusive(tmp_path: Path) -> None:
    assert play(case_of(tmp_path, CREATE + LIKE)).decided == ("Inconclusive", "likeReference")


def test_spec_faults_stay_in_the_run_without_faults(tmp_path: Path) -> None:
    both = LOSE.replace(
        "    expect",
        "    - name: bad\n      after: lose.ended\n"
        "      badSpec: {object: workload, spec: {paused: true}}\n    expect",
    )
    (_, step) = without_faults(case_of(tmp_path, CREATE + both)).scenario.spec.steps
    assert [(entry.name, entry.after) for entry in step.faults] == [("bad", None)]
