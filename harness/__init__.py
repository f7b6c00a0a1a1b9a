"""Prove that a Kubernetes operator converges, whatever breaks.

These are all public names; everything else may move. They are imported when first used, so that
`import harness` costs nothing.

    Cluster, NotConverged                        a cluster for one test (fixture `cluster`)
    ready, cel, count, matches                   claims
    Seconds                                      a duration from Python
    PodKill, DeleteObject, ApiError, ...         faults, as in scenario files
    fuzz                                         a test that searches an operator from its CRD
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.explore.campaign.testing import fuzz
    from harness.faults.api_path import ApiError, ApiLatency, CommitThenTimeout
    from harness.faults.container_kill import ContainerKill
    from harness.faults.cordon import NodeCordon
    from harness.faults.drain import NodeDrain
    from harness.faults.drift import PatchObject, StripOwnerReferences
    from harness.faults.leader import LeaderSteal
    from harness.faults.nodes import NodeLoss
    from harness.faults.objects import DeleteObject
    from harness.faults.pods import PodFailure, PodKill
    from harness.faults.process import OperatorCrash, OperatorPause, OperatorRestart
    from harness.faults.specs import BadSpec, RapidEdits
    from harness.faults.taint import NodeTaint
    from harness.faults.watches import WatchDisconnect, WatchExpired
    from harness.library.claims import cel, count, matches
    from harness.library.cluster import Cluster, NotConverged
    from harness.oracle.ready import ready
    from harness.vocabulary import Seconds

_HOMES = {
    "ApiError": "harness.faults.api_path",
    "ApiLatency": "harness.faults.api_path",
    "BadSpec": "harness.faults.specs",
    "Cluster": "harness.library.cluster",
    "CommitThenTimeout": "harness.faults.api_path",
    "ContainerKill": "harness.faults.container_kill",
    "DeleteObject": "harness.faults.objects",
    "LeaderSteal": "harness.faults.leader",
    "NodeCordon": "harness.faults.cordon",
    "NodeDrain": "harness.faults.drain",
    "NodeLoss": "harness.faults.nodes",
    "NodeTaint": "harness.faults.taint",
    "NotConverged": "harness.library.cluster",
    "OperatorCrash": "harness.faults.process",
    "OperatorPause": "harness.faults.process",
    "OperatorRestart": "harness.faults.process",
    "PatchObject": "harness.faults.drift",
    "PodFailure": "harness.faults.pods",
    "PodKill": "harness.faults.pods",
    "RapidEdits": "harness.faults.specs",
    "Seconds": "harness.vocabulary",
    "StripOwnerReferences": "harness.faults.drift",
    "WatchDisconnect": "harness.faults.watches",
    "WatchExpired": "harness.faults.watches",
    "cel": "harness.library.claims",
    "count": "harness.library.claims",
    "fuzz": "harness.explore.campaign.testing",
    "matches": "harness.library.claims",
    "ready": "harness.oracle.ready",
}

__all__ = [
    "ApiError",
    "ApiLatency",
    "BadSpec",
    "Cluster",
    "CommitThenTimeout",
    "ContainerKill",
    "DeleteObject",
    "LeaderSteal",
    "NodeCordon",
    "NodeDrain",
    "NodeLoss",
    "NodeTaint",
    "NotConverged",
    "OperatorCrash",
    "OperatorPause",
    "OperatorRestart",
    "PatchObject",
    "PodFailure",
    "PodKill",
    "RapidEdits",
    "Seconds",
    "StripOwnerReferences",
    "WatchDisconnect",
    "WatchExpired",
    "cel",
    "count",
    "fuzz",
    "matches",
    "ready",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
