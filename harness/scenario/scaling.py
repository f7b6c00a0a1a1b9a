"""Slower machines get more time: deadlines are multiplied, what a scenario proves stays.

`within`, `grace` and the total are how long something may take, so they grow. `stableFor`, and the
times of faults, are part of what is done, so they do not.
"""

from __future__ import annotations

from .loader import Case
from .model import Step


def with_scaled_timeouts(case: Case, factor: float) -> Case:
    """The same case with `factor` times as long deadlines."""
    if factor == 1.0:
        return case
    spec = case.scenario.spec
    timeouts = spec.timeouts.model_copy(update={"total": spec.timeouts.total * factor})
    invariants = [
        invariant.model_copy(update={"grace": invariant.grace * factor})
        for invariant in spec.invariants
    ]
    update = {
        "timeouts": timeouts,
        "invariants": invariants,
        "steps": [_scaled(step, factor) for step in spec.steps],
    }
    scenario = case.scenario.model_copy(update={"spec": spec.model_copy(update=update)})
    return Case(scenario, case.values, case.bindings, case.tree, case.namespace, case.file)


def _scaled(step: Step, factor: float) -> Step:
    if step.expect is None:
        return step
    expect = step.expect.model_copy(update={"within": step.expect.within * factor})
    return step.model_copy(update={"expect": expect})
