"""A simulated API server and subjects in it, for tests of subjects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from harness.apiserver.http import protocol_factory
from harness.apiserver.requests import UserInfo
from harness.apiserver.server import ApiServer, ServerOptions
from harness.client import Client
from harness.client.resources import CONFIGMAPS
from harness.simulation.records import Record
from harness.simulation.tls import authority
from harness.simulation.world import World, run
from harness.subjects.endpoint import Endpoint
from harness.subjects.in_process import InProcessSubject
from harness.subjects.spec import SubjectSpec

HOST, PORT, TOKEN = "kubernetes.default.svc", 443, "token-of-the-subject"


class SubjectWorld:
    """Server, client and journal of one run."""

    def __init__(self, world: World) -> None:
        self.world = world
        user = UserInfo("system:serviceaccount:default:subject", ("system:masters",))
        self.server = ApiServer(
            world.clock,
            world.entropy.substream("apiserver"),
            world.recorder,
            options=ServerOptions(tokens={TOKEN: user}),
        )
        self.client = Client(self.server.handle, "test")
        world.network.listen(
            HOST,
            PORT,
            protocol_factory(self.server, _actor),
            authority().server_context(HOST),
            tls_optional=True,
        )
        self.endpoint = Endpoint(HOST, PORT, authority().pem, TOKEN)

    def subject(self, module: str, name: str = "operator", **options: Any) -> InProcessSubject:
        """A subject that is not started yet."""
        spec = SubjectSpec(name=name, module=f"tests.subjects.{module}", **options)
        return InProcessSubject(spec, world=self.world, endpoint=self.endpoint)

    async def create(self, name: str, **labels: str) -> None:
        """A ConfigMap with labels."""
        metadata = {"name": name, "namespace": "default", "labels": labels}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        await self.client.create(CONFIGMAPS, body, "default")

    async def data(self, name: str) -> dict[str, str]:
        """The data of a ConfigMap."""
        document = await self.client.get(CONFIGMAPS, name, "default")
        found: dict[str, str] = document.get("data", {})
        return found

    async def note(self, key: str, value: str) -> None:
        """Write into the ConfigMap `notes`."""
        change = {"data": {key: value}}
        await self.client.patch(CONFIGMAPS, "notes", "default", document=change)

    def records(self, kind: str, *, since: float = 0.0) -> list[Record]:
        """Records of a kind about the subject, after an instant."""
        return [
            record
            for record in self.world.recorder.records
            if record.kind == kind
            and record.actor.startswith("subject:")
            and record.time_ns >= since * 1e9
        ]

    def events(self) -> list[str]:
        """What happened to the subject's process."""
        return [record.data["event"] for record in self.records("process")]

    def log(self) -> list[str]:
        """What the subject logged."""
        return [record.data["message"] for record in self.records("log")]

    async def until(self, seconds: float) -> None:
        """Let time pass up to an instant."""
        await asyncio.sleep(seconds - self.world.loop.time())


def _actor(transport: Any) -> str:
    return str(transport.get_extra_info("simulation_process") or "test")


def simulate(body: Callable[[SubjectWorld], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    """Run `body` in a fresh world."""

    async def main(world: World) -> Any:
        return await body(SubjectWorld(world))

    return run(main, **options)
