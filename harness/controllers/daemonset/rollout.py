"""Which old pods a rolling update replaces now, and where new ones come beside them.

Without surge, old pods that are not available go, and as many others as may be unavailable; what is
gone comes again with the new template. With surge, a new pod comes beside an old one, which goes
when the new one is available (upstream `rollingUpdate`).
"""

from __future__ import annotations

from harness.apiserver.requests import Object

from ..objects import is_terminating
from .placement import DaemonState, Plan


def plan(state: DaemonState) -> Plan:
    """What the rollout needs, once every node has what it needs apart from it."""
    if (state.spec.get("updateStrategy") or {}).get("type") != "RollingUpdate":
        return Plan()
    return _surge(state) if state.limit("maxSurge") else _replace(state)


def _pairs(state: DaemonState) -> dict[str, tuple[Object | None, Object | None] | None]:
    """New and old pod of each node; None for a node with too many, which comes in order first."""
    found: dict[str, tuple[Object | None, Object | None] | None] = {}
    wanted = [name for name, node in state.fits.items() if node.runs or name in state.by_node]
    lost = [name for name in state.by_node if name not in state.fits]
    for name in [*wanted, *lost]:
        pods = [pod for pod in state.by_node.get(name, ()) if not is_terminating(pod)]
        new = [pod for pod in pods if state.is_new(pod)]
        old = [pod for pod in pods if not state.is_new(pod)]
        crowded = len(new) > 1 or len(old) > 1
        found[name] = None if crowded else (next(iter(new), None), next(iter(old), None))
    return found


def _replace(state: DaemonState) -> Plan:
    unavailable, broken, candidates = 0, [], []
    for pair in _pairs(state).values():
        new, old = pair or (None, None)
        if old is None or new is not None:
            ready = new is not None and old is None and state.is_available(new)
            unavailable += not ready
        elif state.is_available(old):
            candidates.append(old)
        else:
            broken.append(old)
            unavailable += 1
    allowed = max(0, max(1, state.limit("maxUnavailable")) - unavailable)
    return Plan(delete=[*broken, *candidates[:allowed]])


def _surge(state: DaemonState) -> Plan:
    made = Plan()
    leaving: list[Object] = []
    candidates: list[str] = []
    surging = available = 0
    for name, pair in _pairs(state).items():
        if pair is None:
            surging += 1
            continue
        new, old = pair
        counted = old or new
        is_available = counted is not None and state.is_available(counted)
        available += is_available
        if old is None:
            continue
        if new is not None:
            if state.is_available(new):
                made.delete.append(old)
            else:
                surging += 1
        elif name not in state.fits or not state.fits[name].runs:
            (leaving if is_available else made.delete).append(old)
        else:
            (candidates if is_available else made.create).append(name)
    made.delete += leaving[: max(0, available - state.desired)]
    made.create += candidates[: max(0, state.limit("maxSurge") - surging)]
    return made
