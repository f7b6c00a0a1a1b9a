"""When faults act: at, after, when, jitter and duration combine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cluster import CREATE, Played, case_of, play

EXPECT = """
    expect:
      within: 60s
      all:
      - cel: workload.spec.replicas == 2
"""


def faults(tmp_path: Path, text: str, *, seed: int = 0) -> Played:
    """The step `break` with these faults, after the step `create`."""
    step = f"\n  - name: break\n    faults:\n{text}{EXPECT}"
    played = play(case_of(tmp_path, CREATE + step), seed=seed)
    assert played.decided == ("Passed", "")
    return played


def times(played: Played, name: str) -> dict[str, float]:
    """Seconds after the step was armed at which a fault reached its phases."""
    armed = played.of("step", name="break", phase="expect")[0][0]
    return {data["phase"]: round(at - armed, 6) for at, data in played.of("fault", name=name)}


PATCH = "patchObject: {object: parent, merge: {data: {%s: changed}}}"


def test_at_counts_from_the_end_of_do(tmp_path: Path) -> None:
    played = faults(tmp_path, f"    - name: one\n      at: 7s\n      {PATCH % 'a'}\n")
    assert times(played, "one")["injected"] == 7


def test_after_counts_from_another_faults_phase(tmp_path: Path) -> None:
    text = f"""
    - name: two
      after: one.ended
      {PATCH % "b"}
    - name: one
      at: 3s
      duration: 4s
      {PATCH % "a"}
"""
    assert times(faults(tmp_path, text), "two")["injected"] == 7


def test_with_at_and_after_the_later_one_counts(tmp_path: Path) -> None:
    text = f"""
    - name: two
      after: one.started
      at: 5s
      {PATCH % "b"}
    - name: one
      at: 3s
      {PATCH % "a"}
"""
    assert times(faults(tmp_path, text), "two")["injected"] == 5


def test_jitter_is_drawn_by_the_seed(tmp_path: Path) -> None:
    text = f"    - name: one\n      at: 1s\n      jitter: 2s..4s\n      {PATCH % 'a'}\n"
    drawn = [times(faults(tmp_path, text, seed=seed), "one")["injected"] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(3 <= at <= 5 for at in drawn)


def test_adding_a_fault_shifts_no_draw_of_another(tmp_path: Path) -> None:
    one = f"    - name: one\n      jitter: 2s..4s\n      {PATCH % 'a'}\n"
    other = f"    - name: other\n      jitter: 2s..4s\n      {PATCH % 'b'}\n"
    alone = times(faults(tmp_path, one), "one")["injected"]
    assert times(faults(tmp_path, other + one), "one")["injected"] == alone


def test_a_fault_lasts_as_long_as_its_duration(tmp_path: Path) -> None:
    text = "    - name: one\n      duration: 15s\n      apiError: {status: 500}\n"
    phases = times(faults(tmp_path, text), "one")
    assert (phases["injected"], phases["undone"], phases["ended"]) == (0, 15, 15)


def test_without_a_duration_a_fault_ends_when_it_was_observed(tmp_path: Path) -> None:
    text = "    - name: one\n      apiError: {status: 500}\n"
    phases = times(faults(tmp_path, text), "one")
    assert phases["observed"] == phases["ended"] <= 1


WHEN = """
    - name: lose
      at: 2s
      deleteObject: {object: workload}
    - name: crash
      when: {%s}
      operatorCrash: {restartAfter: 3s}
"""


def test_a_change_fires_at_the_instant_it_is_committed(tmp_path: Path) -> None:
    """Between the commit and the answer: the operator never sees that it succeeded."""
    text = WHEN % "event: ADDED, object: workload, by: subject"
    played = faults(tmp_path, text)
    (added,) = [
        record
        for record in played.records
        if record.kind == "object"
        and record.data["kind"] == "Deployment"
        and record.data["type"] == "ADDED"
        and record.time_ns > 6e9
    ]
    after = [record.kind for record in played.records if record.seq > added.seq][:3]
    assert after == ["fault", "process", "fault"]
    assert times(played, "crash")["injected"] == round(
        added.time_ns / 1e9 - played.of("step", name="break", phase="expect")[0][0], 6
    )


def test_a_request_fires_before_it_is_carried_out(tmp_path: Path) -> None:
    text = WHEN % "request: {verb: create, resource: deployments}"
    played = faults(tmp_path, text)
    kinds = [record.kind for record in played.records]
    crashed = next(
        index
        for index, record in enumerate(played.records)
        if record.kind == "process" and record.data["event"] == "crashed"
    )
    assert kinds[crashed - 2 : crashed] == ["request", "fault"]


def test_a_fault_that_a_request_fires_hits_this_very_request(tmp_path: Path) -> None:
    text = WHEN.replace("operatorCrash: {restartAfter: 3s}", "commitThenTimeout: {}")
    played = faults(tmp_path, text % "request: {verb: create, resource: deployments}")
    phases = times(played, "crash")
    assert phases["injected"] == phases["observed"] == phases["ended"]


def test_occurrences_count_from_the_moment_it_is_armed(tmp_path: Path) -> None:
    text = WHEN % "request: {verb: list, resource: configmaps}, occurrence: 4"
    played = faults(tmp_path, text)
    assert 3 <= times(played, "crash")["injected"] <= 4


def test_an_expression_fires_when_it_becomes_true(tmp_path: Path) -> None:
    text = f"""
    - name: one
      at: 4s
      {PATCH % "mark"}
    - name: crash
      when: {{cel: has(parent.data.mark)}}
      operatorCrash: {{}}
"""
    assert times(faults(tmp_path, text), "crash")["injected"] == 4


@pytest.mark.parametrize(
    ("wanted", "fires"),
    [
        pytest.param("object: workload", True, id="by-name"),
        pytest.param("object: Deployment/demo", True, id="by-reference"),
        pytest.param("object: Deployment", True, id="by-kind"),
        pytest.param("object: Deployment, by: 'fault:lose'", True, id="by-actor"),
    ],
)
def test_the_object_of_a_change_is_named_in_several_ways(
    tmp_path: Path, wanted: str, fires: bool
) -> None:
    played = faults(tmp_path, WHEN % f"event: DELETED, {wanted}")
    assert (times(played, "crash")["injected"] == 2) is fires
