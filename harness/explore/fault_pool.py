"""Faults that any operator has to survive, to be drawn together with changes of specs.

They need no knowledge of the operator: its requests fail, are slow or lose their answers, its
watches break, it crashes between two writes. Each acts during one operation and is over before
anything is judged.
"""

from __future__ import annotations

from .operations import Inject

_WRITES = ["create", "update", "patch", "delete"]

FAULT_POOL: tuple[Inject, ...] = (
    Inject("operatorCrash", {"restartAfter": "1s"}, delay=0.05),
    Inject("operatorCrash", {"restartAfter": "1s"}, delay=0.3),
    Inject("apiError", {"verbs": _WRITES, "status": 500, "percent": 50}, duration=5.0),
    Inject("apiError", {"verbs": _WRITES, "status": 409, "percent": 50}, duration=5.0),
    Inject("commitThenTimeout", {"verbs": _WRITES, "percent": 50}, duration=5.0),
    Inject("apiLatency", {"latency": "2s"}, duration=10.0),
    Inject("watchDisconnect", {}, delay=0.05),
)
