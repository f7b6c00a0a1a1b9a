"""What in a real cluster is ours: labels that say so, and whose run it belongs to.

    label       app.kubernetes.io/managed-by: operator-harness
    label       harness.dev/run: RUN
    annotation  harness.dev/processes: [{"host": ..., "boot": ..., "pid": ..., "began": ...}]

A run that was killed leaves its namespaces and undo records. `harness clean` must not take them
from one that lives, so each says which processes it belongs to. They can be asked after only on
their own machine.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from harness.apiserver.requests import Object
from harness.errors import InfrastructureError

from .run_identity import RunIdentity

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
RUN_LABEL = "harness.dev/run"
PROCESSES_ANNOTATION = "harness.dev/processes"
MANAGER = "operator-harness"
#: All that belongs to us, as a label selector.
OURS = f"{MANAGED_BY_LABEL}={MANAGER}"


class Life(StrEnum):
    """Whether a run goes on."""

    ALIVE = "alive"
    OVER = "over"
    UNKNOWN = "unknown"  # it runs, or ran, on another machine


@dataclass(frozen=True, slots=True)
class Process:
    """One process of one machine, since one start of that machine."""

    host: str
    boot: str
    pid: int
    began: str

    @classmethod
    def own(cls) -> Self:
        """This process."""
        identity = RunIdentity.own()
        return cls(socket.gethostname(), _boot(), identity.pid, identity.began)

    def life(self) -> Life:
        """Whether it runs, as far as this machine knows."""
        if self.host != socket.gethostname():
            return Life.UNKNOWN
        if self.boot != _boot():
            return Life.OVER
        return Life.ALIVE if RunIdentity(self.pid, self.began).is_alive() else Life.OVER


def _boot() -> str:
    """Which start of this machine this is; empty where it does not say (macOS)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Run:
    """A run and the processes that work on it; it is over when none of them lives.

    Args:
        name: A label's value; the names of its objects begin with it.
        processes: Of the command, and of the case where that has a process of its own.
    """

    name: str
    processes: tuple[Process, ...]

    @classmethod
    def begin(cls) -> Self:
        """The run of this process."""
        own = Process.own()
        digest = blake2b(json.dumps(asdict(own)).encode(), digest_size=5).hexdigest()
        return cls(f"run-{own.pid}-{digest}", (own,))

    def joined(self) -> Self:
        """The same run, in a process that was forked for one of its cases."""
        own = Process.own()
        return self if own in self.processes else replace(self, processes=(*self.processes, own))

    def life(self) -> Life:
        """Alive while one of its processes is; unknown while one is elsewhere."""
        lives = {process.life() for process in self.processes}
        for life in (Life.ALIVE, Life.UNKNOWN):
            if life in lives:
                return life
        return Life.OVER

    @property
    def is_ending(self) -> bool:
        """Whether the command was killed, and its case, a process of its own, goes on alone."""
        return self.life() is Life.ALIVE and self.processes[0].life() is Life.OVER

    @property
    def hosts(self) -> str:
        """Where it runs, for people."""
        return ", ".join(dict.fromkeys(process.host for process in self.processes))

    def mark(self, metadata: Mapping[str, Any]) -> Object:
        """The metadata of an object of this run."""
        labels = {MANAGED_BY_LABEL: MANAGER, RUN_LABEL: self.name}
        said = {PROCESSES_ANNOTATION: json.dumps([asdict(each) for each in self.processes])}
        return {
            **metadata,
            "labels": {**(metadata.get("labels") or {}), **labels},
            "annotations": {**(metadata.get("annotations") or {}), **said},
        }


def is_ours(document: Object) -> bool:
    """Whether a run has made this object, this one or another."""
    labels = document["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY_LABEL) == MANAGER and RUN_LABEL in labels


def run_of(document: Object) -> Run:
    """The run that an object of ours belongs to.

    Raises:
        InfrastructureError: What it says of it cannot be read.
    """
    meta = document["metadata"]
    name = (meta.get("labels") or {}).get(RUN_LABEL, "")
    text = (meta.get("annotations") or {}).get(PROCESSES_ANNOTATION, "[]")
    try:
        return Run(name, tuple(Process(**each) for each in json.loads(text)))
    except (ValueError, TypeError) as error:
        message = f"annotation {PROCESSES_ANNOTATION} of {meta['name']} cannot be read: {error}"
        raise InfrastructureError(message) from None
