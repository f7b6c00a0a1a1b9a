"""A simulated API server with what a fault needs around it, for tests of faults.

with_api(body) runs `async def body(api: Api)` on virtual time and returns its result
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object, Request, Response, UserInfo
from harness.apiserver.server import ApiServer
from harness.client import Client
from harness.client.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICE_ACCOUNTS,
)
from harness.clusters.cluster import Recovery
from harness.clusters.state import ClusterState
from harness.faults.context import FaultContext
from harness.faults.fault import Fault, Injection, carry_out
from harness.faults.undo import UndoLog
from harness.simulation.records import Record, Recorder
from harness.simulation.world import World, run
from harness.vocabulary import CrashForm, ObjectReference

T = TypeVar("T")
NAMESPACE = "case"


class FakeSubject:
    """Writes down what is done to it, and tells the journal as a real subject does."""

    def __init__(self, recorder: Recorder, name: str = "operator") -> None:
        self.name = name
        self._recorder = recorder
        self.running = True
        self.crashed_by: list[CrashForm] = []

    def _tell(self, event: str) -> None:
        self._recorder.record(
            "process", actor=f"subject:{self.name}", event=event, name=self.name, detail=""
        )

    async def start(self) -> None:
        """Run."""
        self.running = True
        self._tell("started")

    def crash(self, by: CrashForm = "process") -> None:
        """Be gone."""
        self.running = False
        self.crashed_by.append(by)
        self._tell("crashed")

    def pause(self) -> None:
        """Stand still."""
        self._tell("paused")

    def resume(self) -> None:
        """Go on."""
        self._tell("resumed")

    async def stop(self) -> None:
        """End in order."""
        self.running = False
        self._tell("stopped")


class FakeNodes:
    """Nodes whose Ready condition follows at once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.failed_pods: list[str] = []
        self.killed_containers: list[tuple[str, str]] = []

    def names(self) -> list[str]:
        """All of them."""
        return ["node-1", "node-2", "node-3"]

    async def lose(self, name: str) -> None:
        """Not ready."""
        await self._condition(name, "Unknown")

    async def restore(self, name: str) -> None:
        """Ready."""
        await self._condition(name, "True")

    async def fail_pod(self, namespace: str, name: str) -> Recovery:
        """Keep it in a list until the returned function is called."""
        self.failed_pods.append(name)

        async def recover() -> None:
            self.failed_pods.remove(name)

        return recover

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """Write it down."""
        self.killed_containers.append((pod, container))
        return True

    async def _condition(self, name: str, status: str) -> None:
        change = {"status": {"conditions": [{"type": "Ready", "status": status}]}}
        await self._client.patch(NODES, name, document=change, subresource="status")


class Api:
    """The server, two clients of it, and the state by its records."""

    def __init__(self, world: World) -> None:
        self.clock = world.clock
        self.entropy = world.entropy
        self.recorder = world.recorder
        self.plane = FaultPlane()
        server = ApiServer(
            world.clock, world.entropy.substream("apiserver"), world.recorder, faults=self.plane
        )
        self.handle = server.handle
        self.client = Client(self.handle, "user")
        self.subject_transport = _as_admin(server)
        self.subject_client = Client(self.subject_transport, "subject:operator", bypass=False)
        self.subject = FakeSubject(world.recorder)
        self.nodes = FakeNodes(self.client)
        self.state = ClusterState(world.recorder.records)
        self.undo_log = UndoLog()
        world.recorder.follow(lambda record: self.state.take(record) and None)

    def context(self, fault: Fault, *, name: str = "it", **more: Any) -> FaultContext:
        """The surroundings of one injection."""
        return FaultContext(
            **{
                "name": name,
                "type": fault.type,
                "client": self.client.acting_as(f"fault:{name}"),
                "clock": self.clock,
                "entropy": self.entropy.substream("fault", name),
                "recorder": self.recorder,
                "fault_plane": self.plane,
                "state": self.state,
                "names": {"workload": ObjectReference("Deployment", "demo")},
                "namespace": NAMESPACE,
                "subjects": {self.subject.name: self.subject},
                "nodes": self.nodes,
                "undo_log": self.undo_log,
                **more,
            }
        )

    async def inject(self, fault: Fault, duration: float | None = None, **more: Any) -> Injection:
        """The whole life of a fault."""
        injection = fault.prepare(self.context(fault, **more))
        injection.begin()
        await carry_out(injection, duration)
        return injection

    async def begin(self, fault: Fault, **more: Any) -> Injection:
        """A fault that has acted and goes on."""
        return await fault.inject(self.context(fault, **more))

    def phases(self, name: str = "it") -> list[str]:
        """What the journal tells of a fault."""
        return [r.data["phase"] for r in self.recorder.records if _is_fault(r, name)]

    async def deployment(self, name: str = "demo", **metadata: Any) -> Object:
        """A Deployment of its own."""
        labels = {"app": name}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "main", "image": "x:1"}]},
        }
        document = {
            "metadata": {"name": name, "labels": labels, **metadata},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        }
        return await self.client.create(DEPLOYMENTS, document, NAMESPACE)

    async def pod(self, name: str, *, node: str = "node-1", **metadata: Any) -> Object:
        """A pod on a node."""
        spec = {"nodeName": node, "containers": [{"name": "main", "image": "x:1"}]}
        document = {"metadata": {"name": name, **metadata}, "spec": spec}
        return await self.client.create(PODS, document, NAMESPACE)

    async def config(self, name: str = "settings", **data: str) -> Object:
        """A ConfigMap, written by the harness."""
        document = {"metadata": {"name": name}, "data": data}
        return await self.client.create(CONFIGMAPS, document, NAMESPACE)


def with_api(body: Callable[[Api], Coroutine[Any, Any, T]], *, seed: int = 0) -> T:
    """Run a test body against a fresh server that has one namespace and three nodes."""

    async def main(world: World) -> T:
        api = Api(world)
        await api.client.create(NAMESPACES, {"metadata": {"name": NAMESPACE}})
        account = {"metadata": {"name": "default"}}
        await api.client.create(SERVICE_ACCOUNTS, account, NAMESPACE)
        for name in api.nodes.names():
            await api.client.create(NODES, {"metadata": {"name": name}})
        return await body(api)

    return run(main, seed=seed)


def _as_admin(server: ApiServer) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def transport(request: Request) -> Response:
        request.user = UserInfo("admin", ("system:masters",))
        return await server.handle(request)

    return transport


def _is_fault(record: Record, name: str) -> bool:
    return record.kind == "fault" and record.data["name"] == name
