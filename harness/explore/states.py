"""Whether an object and what it owns are healthy, and the state at rest in few words."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.apiserver.requests import Object
from harness.clusters.state import Key
from harness.oracle.ready import why_not_ready

from .pods import motion_of

#: Conditions that are bad when they are True, and those that are bad when they are not.
ALARMS = frozenset({"Degraded", "Stalled", "Failed", "Error", "Invalid"})
PROMISES = ("Ready", "Available")
_RULED_BY_STATUS = frozenset({"Deployment", "StatefulSet"})


def conditions_of(document: Object) -> dict[str, dict[str, Any]]:
    """The conditions of an object's status, by type."""
    found = (document.get("status") or {}).get("conditions") or ()
    return {c["type"]: c for c in found if isinstance(c, dict) and "type" in c}


def is_alarmed(document: Object) -> bool:
    """Whether an object itself says that something is wrong."""
    known = conditions_of(document).items()
    return any(name in ALARMS and each.get("status") == "True" for name, each in known)


def why_unhealthy(document: Object, descendants: list[tuple[Key, Object]]) -> str:
    """What is not as it should be, by an object's own word or among its children; empty if all is.

    Its own word counts because what could not be made at all is missing among the children.
    """
    return _why_by_its_own_word(document) or _why_by_children(descendants)


def _why_by_its_own_word(document: Object) -> str:
    for name, condition in conditions_of(document).items():
        status = condition.get("status")
        if (name in ALARMS and status == "True") or (name in PROMISES and status != "True"):
            return f"{name} is {status} ({condition.get('reason', '')})"
    return ""


def _why_by_children(descendants: list[tuple[Key, Object]]) -> str:
    for key, document in descendants:
        if key.kind == "Pod" and motion_of(document) not in ("ready", "done"):
            return f"{key} is not ready"
        if key.kind in _RULED_BY_STATUS and (reason := why_not_ready(document)):
            return f"{key} {reason}"
    return ""


def in_words(document: Object | None, descendants: list[tuple[Key, Object]]) -> str:
    """The state of an object, without names and numbers: equal for equal situations.

    `Ready=True:AllReady | Deployment Pod+ Service`, where + are several and ! is unhealthy.
    """
    if document is None:
        return "absent"
    said = [
        f"{name}={condition.get('status')}:{condition.get('reason', '')}"
        for name, condition in sorted(conditions_of(document).items())
    ]
    kinds = Counter(key.kind for key, _ in descendants)
    owned = [f"{kind}{'+' if count > 1 else ''}" for kind, count in sorted(kinds.items())]
    mark = "!" if _why_by_children(descendants) else ""
    return " ".join([*said, f"|{mark}", *owned])
