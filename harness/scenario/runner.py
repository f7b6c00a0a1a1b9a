"""Running one case on one cluster, and concluding.

With `likeReference`, the caller runs `without_faults(case)` first, on a cluster of its own, and
passes that result's `reference` to the run that counts.
"""

from __future__ import annotations

from harness.clusters.cluster import Cluster
from harness.clusters.ownership import Run
from harness.oracle.verdict import Finding, Verdict

from .loader import Case
from .result import CaseResult
from .runner_case import CaseRun
from .runner_reference import Reference, needs_reference, without_faults


async def run_case(
    case: Case,
    cluster: Cluster,
    *,
    seed: int,
    reference: Reference | None = None,
    allow_custom: bool = False,
    run: Run | None = None,
    shows_requests: bool = True,
) -> CaseResult:
    """Run one case and conclude.

    Args:
        case: What to run.
        cluster: Where; its subjects run already.
        seed: For the result; the cluster's entropy was made from it.
        reference: End states of the run without faults, by step.
        allow_custom: Permit `custom` faults and `script`.
        run: On a real cluster, whose the namespace and the undo records are; None keeps none.
        shows_requests: Whether the subject's requests are recorded, which `requests` judges.
    """
    missing = sorted(set(case.scenario.spec.requires) - cluster.capabilities)
    if missing:
        message = f"{cluster.name} has no {', '.join(missing)}"
        return _result(case, cluster, seed, Finding(Verdict.SKIPPED, "requires", message))
    one = CaseRun(
        case,
        cluster,
        reference=reference,
        allow_custom=allow_custom,
        run=run,
        shows_requests=shows_requests,
    )
    finding = await one.run()
    result = _result(case, cluster, seed, finding)
    result.converged_seconds = one.converged_seconds
    result.reference = dict(one.end_states)
    return result


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
        virtual_seconds=cluster.clock.elapsed_ns() / 1e9,
        faults=[entry.name for step in case.scenario.spec.steps for entry in step.faults],
    )


__all__ = ["Reference", "needs_reference", "run_case", "without_faults"]
