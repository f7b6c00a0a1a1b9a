"""From one valid spec to the next: steps have names, and the API server accepts each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from harness import strategies
from harness.explore.operations import Create, Delete, Scale, Update
from harness.explore.strategies.kind import kind_of
from harness.strategies import Add, Change, Remove, Revert
from tests.support.schemas import AISERVICE, crd_with

FEW = settings(
    max_examples=100,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SEARCHING = settings(max_examples=500, database=None, derandomize=True)
FULL: dict[str, Any] = {
    "size": 2,
    "env": [{"name": "A", "value": "1"}, {"name": "B"}],
    "model": {"name": "m", "version": "1"},
    "resources": {"limits": {"cpu": "1"}},
}


@given(data=st.data())
@FEW
def test_every_next_spec_is_accepted_as_an_update_and_differs(data: Any) -> None:
    kind = kind_of(AISERVICE)
    spec = data.draw(strategies.from_crd(AISERVICE))
    old = kind.judge(kind.whole(spec)).stored
    found = data.draw(strategies.transitions(AISERVICE, spec))
    assert kind.judge(kind.whole(found.spec), old).errors == []
    assert found.spec != spec


@pytest.mark.parametrize(
    ("step", "after"),
    [
        pytest.param(Change("spec.size"), {**FULL, "size": 0}, id="change-a-leaf"),
        pytest.param(
            Remove("spec.model"), {k: FULL[k] for k in FULL if k != "model"}, id="block-off"
        ),
        pytest.param(Add("spec.probe"), {**FULL, "probe": {}}, id="block-on"),
        pytest.param(Add("spec.port"), {**FULL, "port": 1}, id="add-a-leaf"),
        pytest.param(Add("spec.env[]"), {**FULL, "env": [*FULL["env"], {"name": "a"}]}, id="grow"),
        pytest.param(Remove("spec.env[]"), {**FULL, "env": FULL["env"][1:]}, id="shrink"),
        pytest.param(
            Remove("spec.env[].value"),
            {**FULL, "env": [{"name": "A"}, {"name": "B"}]},
            id="remove-in-an-item",
        ),
        pytest.param(
            Remove("spec.resources.limits.*"), {**FULL, "resources": {"limits": {}}}, id="map-entry"
        ),
    ],
)
def test_each_kind_of_step_is_taken(step: strategies.Step, after: dict[str, Any]) -> None:
    steps = strategies.transitions(AISERVICE, FULL, paths=[step.path])
    found = find(steps, lambda one: one.step == step, settings=SEARCHING)
    assert found.spec == after
    assert strategies.steps_between(AISERVICE, FULL, after) == (step,)


def test_an_earlier_spec_comes_back() -> None:
    steps = strategies.transitions(AISERVICE, FULL, earlier=[{"size": 9}])
    found = find(steps, lambda one: one.step == Revert(), settings=SEARCHING)
    assert found.spec == {"size": 9}


def test_what_a_transition_rule_forbids_is_not_drawn() -> None:
    immutable = {"x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    crd = crd_with(
        {"fixed": {"type": "integer", **immutable}, "free": {"type": "integer"}},
        rules=("!has(oldSelf.fixed) || has(self.fixed)",),
    )

    @FEW
    @given(strategies.transitions(crd, {"fixed": 7, "free": 1}))
    def judge(found: strategies.Transition) -> None:
        assert found.spec["fixed"] == 7

    judge()


@pytest.mark.parametrize(
    ("old", "new", "steps"),
    [
        pytest.param({"size": 1}, {"size": 1}, (), id="nothing"),
        pytest.param({"size": 1}, {"size": 2}, (Change("spec.size"),), id="leaf"),
        pytest.param(
            {"size": 1}, {"size": 1, "probe": {"path": "/"}}, (Add("spec.probe"),), id="block"
        ),
        pytest.param(
            {"env": [{"name": "A"}, {"name": "B"}]},
            {"env": [{"name": "B"}, {"name": "A"}]},
            (Change("spec.env"),),
            id="order-of-a-keyed-list",
        ),
        pytest.param(
            {"env": [{"name": "A"}]},
            {"env": [{"name": "B"}]},
            (Remove("spec.env[]"), Add("spec.env[]")),
            id="another-key-is-another-item",
        ),
        pytest.param(
            {"resources": {"limits": {"cpu": 1}}},
            {"resources": {"limits": {"cpu": 2, "memory": 1}}},
            (Change("spec.resources.limits.*"), Add("spec.resources.limits.*")),
            id="map",
        ),
    ],
)
def test_steps_between_two_specs_have_names(
    old: dict[str, Any], new: dict[str, Any], steps: tuple[strategies.Step, ...]
) -> None:
    assert strategies.steps_between(AISERVICE, old, new) == steps


@given(operations=strategies.operations(AISERVICE))
@settings(FEW, max_examples=40)
def test_operations_make_sense_one_after_the_other(operations: list[Any]) -> None:
    kind = kind_of(AISERVICE)
    stored: dict[str, Any] = {}
    for operation in operations:
        if isinstance(operation, Create | Update):
            old = stored.get(operation.name)
            assert (old is None) == isinstance(operation, Create)
            verdict = kind.judge(kind.whole(operation.spec, operation.name), old)
            is_refused = bool(verdict.errors or verdict.unknown)
            assert is_refused == bool(operation.invalid)
            if not is_refused:
                stored[operation.name] = verdict.stored
        elif isinstance(operation, Delete):
            assert operation.name in stored
            if not operation.recreate:
                del stored[operation.name]
        elif isinstance(operation, Scale):
            whole = {**stored[operation.name]["spec"], "size": operation.replicas}
            stored[operation.name] = kind.judge(kind.whole(whole, operation.name)).stored


def test_the_minimal_list_creates_one_minimal_object() -> None:
    assert find(strategies.operations(AISERVICE), lambda found: True) == [Create("a", {"size": 0})]


@pytest.mark.parametrize(
    ("wanted", "minimal"),
    [
        pytest.param(Delete, [Create("a", {"size": 0}), Delete("a")], id="delete"),
        pytest.param(Scale, [Create("a", {"size": 0}), Scale("a", 0)], id="scale"),
    ],
)
def test_lists_shrink_to_what_matters(wanted: type, minimal: list[Any]) -> None:
    few = strategies.operations(
        AISERVICE, most=3, mistakes=False, disturbances=False, crashes=False
    )
    found = find(
        few,
        lambda operations: any(isinstance(one, wanted) for one in operations),
        settings=SEARCHING,
    )
    assert found == minimal


@pytest.mark.parametrize("off", ["mistakes", "disturbances", "crashes"])
def test_kinds_of_operations_can_be_left_out(off: str) -> None:
    chosen: dict[str, Any] = {off: False}
    drawn: list[str] = []

    @settings(FEW, max_examples=40)
    @given(strategies.operations(AISERVICE, **chosen))
    def collect(found: list[Any]) -> None:
        drawn.extend(_sort_of(operation) for operation in found)

    collect()
    assert off not in drawn
    assert set(drawn) - {"other"} == {"mistakes", "disturbances", "crashes"} - {off}


def _sort_of(operation: Any) -> str:
    if getattr(operation, "invalid", ""):
        return "mistakes"
    return {"DisturbChild": "disturbances", "Crash": "crashes"}.get(
        type(operation).__name__, "other"
    )
