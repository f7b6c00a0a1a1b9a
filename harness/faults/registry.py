"""All faults that exist: the built-in ones, and those of installed packages.

A package adds its own by the entry point group `operator_harness.faults`; each entry point is a
`Fault` subclass and its name is the fault's name in scenarios.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from harness.errors import UsageError

from .access import RevokeAccess
from .api_path import ApiError, ApiLatency, CommitThenTimeout
from .clock_jump import ClockJump
from .command import Command
from .container_kill import ContainerKill
from .cordon import NodeCordon
from .crash_loop import CrashLoop
from .custom import Custom
from .deliveries import BookmarkStall, WatchDelay, WatchDrop, WatchDuplicate
from .drain import NodeDrain
from .drift import PatchObject, StripOwnerReferences
from .fault import Fault
from .finalizers import AddFinalizer
from .leader import LeaderSteal
from .namespace_deletion import DeleteNamespace
from .nodes import NodeLoss
from .objects import DeleteObject
from .obstacles import BlockEviction, Quota
from .pods import PodFailure, PodKill
from .process import OperatorCrash, OperatorPause, OperatorRestart
from .recreation import DeleteDuringCreate, RecreateSameName
from .resets import ConnectionReset
from .specs import BadSpec, RapidEdits
from .stale import StaleRead
from .taint import NodeTaint
from .throttle import Throttle
from .upgrade import OperatorUpgrade
from .watches import WatchDisconnect, WatchExpired
from .webhook_down import WebhookDown
from .workloads import CorruptImage, ScaleToZero

ENTRY_POINTS = "operator_harness.faults"

BUILT_IN: tuple[type[Fault], ...] = (
    PodKill,
    PodFailure,
    ContainerKill,
    DeleteObject,
    PatchObject,
    StripOwnerReferences,
    AddFinalizer,
    ScaleToZero,
    CorruptImage,
    CrashLoop,
    Quota,
    BlockEviction,
    DeleteNamespace,
    WebhookDown,
    BadSpec,
    RapidEdits,
    DeleteDuringCreate,
    RecreateSameName,
    OperatorCrash,
    OperatorPause,
    OperatorRestart,
    LeaderSteal,
    RevokeAccess,
    OperatorUpgrade,
    ClockJump,
    ApiError,
    ApiLatency,
    CommitThenTimeout,
    ConnectionReset,
    Throttle,
    WatchDisconnect,
    WatchExpired,
    WatchDrop,
    WatchDelay,
    WatchDuplicate,
    BookmarkStall,
    StaleRead,
    NodeLoss,
    NodeCordon,
    NodeTaint,
    NodeDrain,
    Custom,
    Command,
)


@cache
def fault_types() -> Mapping[str, type[Fault]]:
    """Every fault by its name in scenarios.

    Raises:
        UsageError: An installed package brings something that is no fault, or a taken name.
    """
    found = {fault.type: fault for fault in BUILT_IN}
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        loaded = entry.load()
        if not (isinstance(loaded, type) and issubclass(loaded, Fault)):
            raise UsageError(f"{entry.value} (fault {entry.name!r}) is no subclass of Fault")
        if entry.name in found:
            raise UsageError(f"{entry.value} is called {entry.name!r}, which is taken; rename it")
        loaded.type = entry.name
        found[entry.name] = loaded
    return found


__all__ = ["BUILT_IN", "ENTRY_POINTS", "Fault", "fault_types"]
