"""Whether a Job ends, and how: a pure decision over one `JobState`.

What was decided earlier stays. Else the first that holds: a rule of the failure policy, too many
failures, too long, failed indexes, a rule of the success policy, enough successes.
"""

from __future__ import annotations

from ..objects import condition, seconds
from .policies import judge, success_rule
from .reading import is_pod_failed, is_suspended, restarts
from .state import JobState, Outcome

_TOO_MANY_FAILURES = "Job has reached the specified backoff limit"
_TOO_LONG = "Job was active longer than specified deadline"
_TOO_MANY_INDEXES = "Job has exceeded the specified maximal number of failed indexes"
_FAILED_INDEXES = "Job has failed indexes"
_ENOUGH = "Reached expected number of succeeded pods"


def decided(state: JobState, now: float) -> Outcome | None:
    """How the Job has to end before anything else is done; None while it may go on.

    Args:
        state: The Job and its pods.
        now: Seconds since 1970.
    """
    return (
        _decided_before(state)
        or _by_policy(state)
        or _by_limits(state, now)
        or _by_indexes(state)
        or _by_success_policy(state)
    )


def completed(state: JobState) -> Outcome | None:
    """Success, when enough pods have succeeded and none is active."""
    needed = 1 if state.completions is None else state.completions
    if state.succeeded < needed or state.active:
        return None
    return Outcome("Complete", "CompletionsReached", _ENOUGH)


def seconds_to_deadline(state: JobState, now: float) -> float | None:
    """How long the Job may still be active, in seconds; None without a limit."""
    allowed = state.spec.get("activeDeadlineSeconds")
    if allowed is None or is_suspended(state.job) or "startTime" not in state.status:
        return None
    return float(seconds(state.status["startTime"]) + allowed - now)


def _decided_before(state: JobState) -> Outcome | None:
    for kind, interim in (("Complete", "SuccessCriteriaMet"), ("Failed", "FailureTarget")):
        known = condition(state.job, interim)
        if known is not None and known["status"] == "True":
            reason, message = known.get("reason", ""), known.get("message", "")
            return Outcome(kind, reason, message, is_new=False)
    return None


def _by_policy(state: JobState) -> Outcome | None:
    if "podFailurePolicy" not in state.spec:
        return None
    for pod in state.pods:
        message = judge(state.job, pod).message if is_pod_failed(pod, state.job) else ""
        if message:
            return Outcome("Failed", "PodFailurePolicy", message)
    return None


def _by_limits(state: JobState, now: float) -> Outcome | None:
    if state.failed > state.spec["backoffLimit"] or _restarted_too_often(state):
        return Outcome("Failed", "BackoffLimitExceeded", _TOO_MANY_FAILURES)
    left = seconds_to_deadline(state, now)
    if left is not None and left <= 0:
        return Outcome("Failed", "DeadlineExceeded", _TOO_LONG)
    return None


def _restarted_too_often(state: JobState) -> bool:
    """Containers that restart in place count by their restarts, not by failed pods."""
    if state.spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    limit = state.spec["backoffLimit"]
    return restarts(state.pods) >= max(int(limit), 1)


def _by_indexes(state: JobState) -> Outcome | None:
    failed = state.failed_indexes
    if failed is None:
        return None
    allowed = state.spec.get("maxFailedIndexes")
    if allowed is not None and len(failed) > allowed:
        return Outcome("Failed", "MaxFailedIndexesExceeded", _TOO_MANY_INDEXES)
    if failed and len(failed) + len(state.succeeded_indexes) >= state.spec["completions"]:
        return Outcome("Failed", "FailedIndexes", _FAILED_INDEXES)
    return None


def _by_success_policy(state: JobState) -> Outcome | None:
    rule = success_rule(state.job, state.succeeded_indexes)
    if rule is None:
        return None
    return Outcome("Complete", "SuccessPolicy", f"Matched rules at index {rule}")
