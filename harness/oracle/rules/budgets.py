"""`disruptionBudget`: the operator disrupts no more pods than their budget allows.

A PodDisruptionBudget binds evictions only; a plain deletion goes past it. An operator that replaces
pods by deleting them must therefore ask the budget itself, or evict. Judged is each ready pod that
the operator deletes while a budget that selects it allows no disruption (`disruptionsAllowed: 0`),
unless pod, budget or an owner of the pod is on its way out, because then the service itself goes.
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.clusters.selection import owner_uids
from harness.clusters.state import ClusterState, Key, is_terminating
from harness.controllers.selectors import matches
from harness.simulation.records import Record

from ..quiet import is_subjects

_BUDGET = "PodDisruptionBudget"


class DisruptionBudgets:
    """Looks at each pod that begins to go."""

    def take(self, record: Record, key: Key | None, state: ClusterState) -> str:
        """A ready pod that the operator deletes although its budget forbids that."""
        if key is None or (key.group, key.kind) != ("", "Pod") or not is_subjects(record):
            return ""
        *earlier, newest = state.history(key)
        before = earlier[-1].object if earlier else None
        going = newest.type == "DELETED" or is_terminating(newest.object)
        if before is None or not going or is_terminating(before) or not _is_ready(before):
            return ""
        if _owner_goes(before, state):
            return ""
        for budget_key, budget in state.objects(_BUDGET):
            if budget_key.namespace == key.namespace and _forbids(budget, before):
                return f"{key} was deleted although {budget_key} allows no disruption"
        return ""


def _forbids(budget: Object, pod: Object) -> bool:
    status = budget.get("status") or {}
    is_current = status.get("observedGeneration") == budget["metadata"].get("generation")
    allows_none = is_current and status.get("disruptionsAllowed") == 0
    selector = (budget.get("spec") or {}).get("selector")
    return bool(
        allows_none
        and not is_terminating(budget)
        and selector
        and matches(selector, pod["metadata"].get("labels") or {})
    )


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _owner_goes(document: Object, state: ClusterState) -> bool:
    """Whether an owner of an object, direct or through others, is gone or on its way out."""
    waiting, seen = owner_uids(document), set[str]()
    while waiting:
        uid = waiting.pop()
        if uid in seen:
            continue
        seen.add(uid)
        owner = state.by_uid(uid)
        if owner is None or is_terminating(owner):
            return True
        waiting += owner_uids(owner)
    return False
