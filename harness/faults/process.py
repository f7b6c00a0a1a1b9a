"""Faults of the operator's process: crashed, paused, restarted.

A crash is a crash: at that instant its network is cut, requests already accepted stay committed,
memory and timers are gone. Somebody starts it again, as a Deployment's kubelet would. A graceful
restart is another fault: the operator is asked to end and may clean up.

An operator that is a Deployment can die in more ways than a process, and somebody else may start it
again: its kubelet, its ReplicaSet. It still counts as down until the fault lets it come back.
"""

from __future__ import annotations

from typing import ClassVar

from harness.apiserver.requests import Object
from harness.client.resources import PODS
from harness.clusters.cluster import DeployedSubject, Subject
from harness.simulation.records import Record
from harness.vocabulary import CrashForm, Duration

from .context import FaultContext
from .fault import Family, Fault, Injection
from .repairs import Repair, Resume, creation_of, scale_of


class ProcessFault(Fault):
    """Acts on the operator's process."""

    family: ClassVar[Family] = "process"
    points: ClassVar[frozenset[str]] = frozenset({"process"})

    subject: str | None = None
    """Which operator, where several run; default: the first."""


class OperatorCrash(ProcessFault):
    """Kill the operator at this instant; it is started again later, with no memory of before.

    `by` says what dies, where the operator runs as a Deployment: `process` (all of its pods at
    once; they come back when the fault ends), `container` (SIGKILL; the kubelet starts it again),
    `pod` (deleted with grace 0; the ReplicaSet makes another), `deployment` (deleted, and created
    again when the fault ends), `scale` (to zero, and back when the fault ends). In each form its
    line to the API is cut at this very instant, and again open when `restartAfter` is over. Where
    the operator is nothing but a process (in `sim`, and as a child process), every form is the
    same: the process crashes and is started again after `restartAfter`.
    """

    type: ClassVar[str] = "operatorCrash"
    example: ClassVar[str] = """\
- name: crash
  when: {request: {verb: patch, resource: deployments}}
  operatorCrash: {restartAfter: 3s}
"""

    by: CrashForm = "process"
    """What dies: process, container, pod, deployment, scale."""

    restart_after: Duration = 1.0
    """How long it is down; a longer `duration` of the fault counts instead."""

    def prepare(self, context: FaultContext) -> Injection:
        """One crash."""
        return Crash(self, context)


class OperatorPause(ProcessFault):
    """Stop the operator where it is (SIGSTOP) for the fault's duration, then let it go on."""

    type: ClassVar[str] = "operatorPause"
    example: ClassVar[str] = """\
- name: pause
  duration: 30s
  operatorPause: {}
"""

    def prepare(self, context: FaultContext) -> Injection:
        """One pause."""
        return Pause(self, context)


class OperatorRestart(ProcessFault):
    """Ask the operator to end (SIGTERM), and start it again."""

    type: ClassVar[str] = "operatorRestart"
    example: ClassVar[str] = """\
- name: restart
  operatorRestart: {downFor: 5s}
"""

    down_for: Duration = 0.0
    """How long it stays down after it has ended."""

    def prepare(self, context: FaultContext) -> Injection:
        """One restart."""
        return Restart(self, context)


class ProcessInjection(Injection):
    """Knows its subject, and sees it by the `process` records."""

    lasts = True
    #: The event of a `process` record that shows it.
    shown_by: ClassVar[tuple[str, ...]]

    def __init__(self, fault: ProcessFault, context: FaultContext) -> None:
        super().__init__(context)
        self.subject: Subject = context.subject(fault.subject)

    async def foresee(self) -> None:
        """A Deployment is down from the strike on, so how it comes up again is saved before."""
        if deployment_of(self.subject) is not None:
            self._promise_undo()
            assert self._undo is not None, "each of these faults has something to undo"
            await self.context.undo_log.save(self._undo, self.repairs())

    def choose(self) -> str:
        """Who is hit."""
        return self.subject.name

    def sees(self, record: Record) -> bool:
        """The process of the subject did what the fault makes it do."""
        return (
            record.kind == "process"
            and record.data["name"] == self.subject.name
            and record.data["event"] in self.shown_by
        )


class Crash(ProcessInjection):
    """Down from the very instant it strikes until it is started again."""

    shown_by = ("crashed",)

    def __init__(self, fault: OperatorCrash, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._restart_after = fault.restart_after
        self._by = fault.by
        self._down = False

    def strike(self) -> None:
        """Cut it off now, even in the middle of a request of its own."""
        self._down = True
        self.subject.crash(self._by)

    async def act(self) -> None:
        """Leave it down for its time."""
        await self.context.clock.sleep(self._restart_after)

    def undo_description(self) -> str:
        """It runs again."""
        return f"start {self.subject.name} again"

    def repairs(self) -> list[Repair]:
        """What another process can put back: a Deployment that is gone or scaled to zero."""
        deployment = deployment_of(self.subject)
        if deployment is None or self._by in ("container", "pod"):
            return []
        if self._by == "deployment":
            return [creation_of(deployment)]
        return [_scaled_as(deployment)]

    async def undo(self) -> None:
        """Start it, once."""
        if self._down:
            self._down = False
            await self.subject.start()


def deployment_of(subject: Subject) -> Object | None:
    """The Deployment that a subject is; None where it is a process."""
    return subject.deployment if isinstance(subject, DeployedSubject) else None


def _scaled_as(deployment: Object) -> Repair:
    return scale_of(deployment, deployment["spec"].get("replicas", 1))


class Pause(ProcessInjection):
    """Stopped from the very instant it strikes until its end."""

    shown_by = ("paused",)

    def strike(self) -> None:
        """Stop it now."""
        self.subject.pause()

    def undo_description(self) -> str:
        """It goes on."""
        return f"resume {self.subject.name}"

    def repairs(self) -> list[Repair]:
        """What another process can put back: pods of a Deployment that are frozen."""
        deployment = deployment_of(self.subject)
        if deployment is None:
            return []
        namespace = deployment["metadata"]["namespace"]
        labels = deployment["spec"]["selector"].get("matchLabels") or {}
        return [
            Resume(namespace=namespace, pod=key.name)
            for key, pod in self.context.state.objects(PODS.kind)
            if key.namespace == namespace
            and labels.items() <= (pod["metadata"].get("labels") or {}).items()
        ]

    async def undo(self) -> None:
        """Let it go on."""
        self.subject.resume()


class Restart(ProcessInjection):
    """Ended in good order, then started again."""

    shown_by = ("stopped", "exited")

    def __init__(self, fault: OperatorRestart, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._down_for = fault.down_for
        self._down = False

    async def act(self) -> None:
        """Stop it and wait until it has ended."""
        self._down = True
        await self.subject.stop()
        await self.context.clock.sleep(self._down_for)

    def undo_description(self) -> str:
        """It runs again."""
        return f"start {self.subject.name} again"

    def repairs(self) -> list[Repair]:
        """What another process can put back: a Deployment that is scaled to zero."""
        deployment = deployment_of(self.subject)
        return [] if deployment is None else [_scaled_as(deployment)]

    async def undo(self) -> None:
        """Start it, once."""
        if self._down:
            self._down = False
            await self.subject.start()
