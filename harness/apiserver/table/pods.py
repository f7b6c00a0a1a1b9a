"""The row of a pod: readiness, one word for its state, restarts.

The word is the most telling one there is: the reason of the pod, of an init container that does not
end, or of the last container that waits or has ended; `Terminating` wins over all.
Source: k8s.io/kubernetes `pkg/printers/internalversion`, printPod.
"""

from __future__ import annotations

import datetime
from typing import Any

from ..requests import Object
from .ages import age

_NONE = "<none>"


def pod_row(document: Object, now: datetime.datetime) -> list[Any]:
    """The cells of a pod."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    statuses = status.get("containerStatuses") or []
    sidecars = _sidecars(spec, status)
    ready = sum(1 for each in [*statuses, *sidecars] if each.get("ready"))
    total = len(spec.get("containers") or ()) + len(_sidecar_names(spec))
    return [
        document["metadata"]["name"],
        f"{ready}/{total}",
        pod_state(document),
        _restarts([*statuses, *sidecars], now),
        age(document["metadata"].get("creationTimestamp"), now),
        status.get("podIP") or _NONE,
        spec.get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
        _gates(spec, status),
    ]


def _sidecar_names(spec: Object) -> list[str]:
    rows = spec.get("initContainers") or ()
    return [row["name"] for row in rows if row.get("restartPolicy") == "Always"]


def _sidecars(spec: Object, status: Object) -> list[Object]:
    names = _sidecar_names(spec)
    return [row for row in status.get("initContainerStatuses") or () if row.get("name") in names]


def pod_state(document: Object) -> str:
    """The one word that tells most about a pod."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    word = status.get("reason") or status.get("phase") or ""
    starting = _init_word(spec, status)
    if starting:
        word = starting
    else:
        word = _container_word(status, word)
    if document["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return str(word)


def _init_word(spec: Object, status: Object) -> str:
    """What the first init container that has not succeeded says, or empty."""
    total = len(spec.get("initContainers") or ())
    sidecars = _sidecar_names(spec)
    for index, row in enumerate(status.get("initContainerStatuses") or ()):
        state = row.get("state") or {}
        ended, waits = state.get("terminated"), state.get("waiting")
        if ended and ended.get("exitCode") == 0:
            continue
        if row.get("name") in sidecars and row.get("started"):
            continue
        if ended:
            return f"Init:{ended.get('reason') or _exit_word(ended)}"
        if waits and waits.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waits['reason']}"
        return f"Init:{index}/{total}"
    return ""


def _exit_word(ended: Object) -> str:
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _container_word(status: Object, word: str) -> str:
    running = False
    for row in reversed(status.get("containerStatuses") or ()):
        state = row.get("state") or {}
        ended, waits = state.get("terminated"), state.get("waiting")
        if waits and waits.get("reason"):
            word = waits["reason"]
        elif ended:
            word = ended.get("reason") or _exit_word(ended)
        elif row.get("ready") and state.get("running"):
            running = True
    if word == "Completed" and running:
        return "Running" if _is_ready(status) else "NotReady"
    return word


def _is_ready(status: Object) -> bool:
    conditions = status.get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _restarts(statuses: list[Object], now: datetime.datetime) -> str:
    count = sum(row.get("restartCount", 0) for row in statuses)
    ends = [(row.get("lastState") or {}).get("terminated") or {} for row in statuses]
    last = max((str(end["finishedAt"]) for end in ends if end.get("finishedAt")), default="")
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def _gates(spec: Object, status: Object) -> str:
    wanted = [row.get("conditionType") for row in spec.get("readinessGates") or ()]
    if not wanted:
        return _NONE
    met = {c["type"] for c in status.get("conditions") or () if c.get("status") == "True"}
    return f"{sum(1 for kind in wanted if kind in met)}/{len(wanted)}"
