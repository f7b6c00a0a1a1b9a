"""Running one case on one cluster, and concluding.

With `likeReference`, the caller runs `without_faults(case)` first, on a cluster of its own, and
passes that result's `reference` to the run that counts.
"""

from __future__ import annotations

from harness.clusters.cluster import Cluster
from harness.oracle.verdict import Finding, Verdict

from .loader import Case
from .model import Step
from .result import CaseResult
from .runner_case import CaseRun, Reference, faults_to_leave_out, has_faults


async def run_case(
    case: Case,
    cluster: Cluster,
    *,
    seed: int,
    reference: Reference | None = None,
    allow_custom: bool = False,
) -> CaseResult:
    """Run one case and conclude.

    Args:
        case: What to run.
        cluster: Where; its subjects run already.
        seed: For the result; the cluster's entropy was made from it.
        reference: End states of the run without faults, by step.
        allow_custom: Permit `custom` faults and `script`.
    """
    missing = sorted(set(case.scenario.spec.requires) - cluster.capabilities)
    if missing:
        message = f"{cluster.name} has no {', '.join(missing)}"
        return _result(case, cluster, seed, Finding(Verdict.SKIPPED, "requires", message))
    run = CaseRun(case, cluster, reference=reference, allow_custom=allow_custom)
    finding = await run.run()
    result = _result(case, cluster, seed, finding)
    result.converged_seconds = run.converged_seconds
    result.reference = dict(run.end_states)
    return result


def needs_reference(case: Case) -> bool:
    """Whether a run of the case is judged by a run without faults."""
    steps = case.scenario.spec.steps
    likes = any(step.expect is not None and step.expect.like_reference for step in steps)
    return likes and has_faults(case)


def without_faults(case: Case) -> Case:
    """The same case without object, process, API, watch and node faults; spec faults stay."""
    removed = {entry.name for entry in faults_to_leave_out(case)}
    steps = [_step_without(step, removed) for step in case.scenario.spec.steps]
    spec = case.scenario.spec.model_copy(update={"steps": steps})
    scenario = case.scenario.model_copy(update={"spec": spec})
    return Case(scenario, case.values, case.bindings, case.tree, case.namespace, case.file)


def _step_without(step: Step, removed: set[str]) -> Step:
    kept = []
    for entry in step.faults:
        if entry.name in removed:
            continue
        waits_for_removed = entry.after is not None and entry.after.partition(".")[0] in removed
        kept.append(entry.model_copy(update={"after": None}) if waits_for_removed else entry)
    return step.model_copy(update={"faults": kept})


def _result(case: Case, cluster: Cluster, seed: int, finding: Finding | None) -> CaseResult:
    return CaseResult(
        case=case.name,
        file=case.file,
        seed=seed,
        verdict=finding.verdict if finding is not None else Verdict.PASSED,
        oracle=finding.oracle if finding is not None else "",
        message=finding.message if finding is not None else "",
        step=finding.step if finding is not None else "",
        cluster=cluster.name,
        virtual_seconds=cluster.clock.monotonic(),
        faults=[entry.name for step in case.scenario.spec.steps for entry in step.faults],
    )
