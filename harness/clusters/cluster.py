"""What every cluster offers to a run, whatever it is made of.

A run asks nothing else: a client to read and write, the clock and the chance to use, the records
to judge by, the fault plane to stand in the way, the subjects and the nodes. Protocols, so that a
cluster is whatever has these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object
from harness.client import Client
from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder
from harness.vocabulary import CrashForm


class Subject(Protocol):
    """One operator under test: a process that can be started, crashed, paused and stopped."""

    @property
    def name(self) -> str:
        """What scenarios call it; its actor in the journal is `subject:NAME`."""

    async def start(self) -> None:
        """Start it, with no memory of an earlier life; returns when it runs."""

    def crash(self, by: CrashForm = "process") -> None:
        """Cut it off at this instant: nothing it does from now on reaches the API.

        Args:
            by: What dies. Where there is nothing but a process, every form is its crash.
        """

    def pause(self) -> None:
        """Stop it where it is, as SIGSTOP does."""

    def resume(self) -> None:
        """Let a paused one go on, as SIGCONT does."""

    async def stop(self) -> None:
        """Ask it to end, as SIGTERM does, and wait until it has."""


@runtime_checkable
class DeployedSubject(Subject, Protocol):
    """A subject that is a Deployment of the cluster, which other processes can put back too."""

    @property
    def deployment(self) -> Object | None:
        """The Deployment as it was when the subject was started; None before."""


@runtime_checkable
class ClockedSubject(Subject, Protocol):
    """A subject whose clock can be set, because it is a simulated one."""

    def shift_clock(self, seconds: float) -> None:
        """Let its time of day jump by so many seconds, also for its next starts."""


@runtime_checkable
class UpgradableSubject(Subject, Protocol):
    """A subject that can be another version when it is started next."""

    def become(self, *, module: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """What it is from its next start on.

        Args:
            module: Other kopf modules; empty for those it had at first.
            command: Another program and its arguments; empty for what it was at first.
            env: Variables on top of those that it had at first.
        """


#: Ends what a fault has begun.
Recovery = Callable[[], Awaitable[None]]


class Nodes(Protocol):
    """The machines of a cluster, as far as a fault can touch them."""

    def names(self) -> Sequence[str]:
        """The nodes that exist, in a fixed order."""

    async def lose(self, name: str) -> None:
        """Cut a node off: its kubelet reports nothing and starts nothing."""

    async def restore(self, name: str) -> None:
        """Let a lost node come back."""

    async def fail_pod(self, namespace: str, name: str) -> Recovery:
        """Keep a pod from being ready; returns the function that ends that."""

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """Kill a container of a pod by SIGKILL, all of them when unnamed; False when none runs.

        Its kubelet starts it again, as the pod's restart policy says.
        """


@runtime_checkable
class LastingNodes(Nodes, Protocol):
    """Machines of a real cluster: what is done to them stays when the process that did it is gone.

    Another process puts it back with what the undo record says.
    """

    async def resume_containers(self, namespace: str, pod: str) -> None:
        """End what `fail_pod` or a pause began; a pod that is gone or runs needs nothing."""


class Cluster(Protocol):
    """One running cluster."""

    @property
    def name(self) -> str:
        """`sim`, `control-plane`, `kind` or `existing`."""

    @property
    def clock(self) -> Clock:
        """The time in it."""

    @property
    def entropy(self) -> Entropy:
        """The chance in it."""

    @property
    def recorder(self) -> Recorder:
        """Where everything that happens is written down."""

    @property
    def client(self) -> Client:
        """The harness's own access; it bypasses the fault plane."""

    @property
    def fault_plane(self) -> FaultPlane:
        """Where faults stand in the way of requests."""

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """The operators under test, by name."""

    @property
    def nodes(self) -> Nodes:
        """Its machines."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What scenarios may require of it, such as `volumes`."""
