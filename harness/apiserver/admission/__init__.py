"""Admission: what looks at other objects before a write is stored, and changes or refuses it.

    defaults > MUTATING: limit ranges, priority, webhooks > system fields > validation
      > VALIDATING: limit ranges, webhooks, quotas > the store

Both lists hang on `ServerState`; each plugin is called with the request, the resource, the new
document (None for a deletion) and the old one (None for a creation). The order is that of
kube-apiserver's own plugins: quotas come last, because what they count has to happen.
Source: Kubernetes "Admission Controllers Reference".
"""

from __future__ import annotations

from ..state import ServerState
from .limit_ranges import LimitRanger
from .priorities import PriorityAdmission
from .quotas import QuotaAdmission
from .storage_classes import StorageAdmission
from .webhooks.plugin import Webhooks

__all__ = ["install"]


def install(state: ServerState) -> None:
    """Let the built-in plugins take part in every write."""
    limits, priority = LimitRanger(state), PriorityAdmission(state)
    storage = StorageAdmission(state)
    builtin = [limits.mutate, priority.mutate, storage.mutate]
    webhooks = Webhooks(state, builtin)
    state.mutating += [*builtin, webhooks.mutate]
    state.validating += [limits.validate, priority.validate, storage.validate, webhooks.validate]
    state.validating.append(QuotaAdmission(state))
