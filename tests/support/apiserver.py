"""One simulated API server on virtual time, and short words to talk to it in tests."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import orjson

from harness.apiserver.requests import Object, Request, Response, UserInfo, WatchEvent
from harness.apiserver.server import ApiServer, ServerOptions
from harness.simulation import world
from harness.simulation.world import World

T = TypeVar("T")

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"
ADMIN, BOB = "admin-token", "bob-token"
USERS = {ADMIN: UserInfo("admin", ("system:masters",)), BOB: UserInfo("bob")}


class Api:
    """A server in a world. Calls come from `admin` unless a token says otherwise."""

    def __init__(self, run: World, *, history_limit: int = 100_000) -> None:
        options = ServerOptions(tokens=USERS, history_limit=history_limit)
        self.world = run
        self.server = ApiServer(run.clock, run.entropy, run.recorder, options=options)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = ADMIN,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Response:
        """One request, as the HTTP skin would make it."""
        given = {"authorization": f"Bearer {token}", "user-agent": "test/1", **(headers or {})}
        if body is not None:
            given["content-type"] = content_type
        text = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        parameters = {name: [value] for name, value in query.items()}
        request = Request(method, path, parameters, given, text, actor="test", connection="test:1")
        return await self.server.handle(request)

    async def create(self, path: str, name: str, **fields: Any) -> Object:
        """Create an object; it must succeed."""
        meta = {"name": name, **fields.pop("metadata", {})}
        return await self.ok("POST", path, {"metadata": meta, **fields})

    async def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Object:
        """A request that must succeed; returns its document."""
        response = await self.call(method, path, body, **more)
        assert response.status < 300, response.document
        document: Object = response.document
        return document

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> Object:
        """A request that must fail; returns its Status."""
        response = await self.call(method, path, body, **more)
        assert response.status >= 400, response.document
        document: Object = response.document
        return document

    async def watch(self, path: str, **query: str) -> Any:
        """The stream of a watch."""
        parameters: Any = query
        response = await self.call("GET", path, watch="true", **parameters)
        assert response.events is not None, response.document
        return response.events

    async def define(self, **version: Any) -> str:
        """Create the definition of `things.example.com`; returns the path of its objects."""
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        served = {"name": "v1", "served": True, "storage": True}
        await self.create(
            CRDS,
            "things.example.com",
            spec={
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "things", "kind": "Thing"},
                "versions": [{**served, "schema": {"openAPIV3Schema": schema}, **version}],
            },
        )
        return "/apis/example.com/v1/namespaces/default/things"


def thing(name: str, **fields: Any) -> Object:
    """A custom object of the kind that `Api.define` defines."""
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}, **fields}


def seen(event: WatchEvent) -> tuple[str, str]:
    """Type and name of an event."""
    return event.type, event.object["metadata"].get("name", "")


def on_server(
    main: Callable[[Api], Coroutine[Any, Any, T]], *, seed: int = 1, history_limit: int = 100_000
) -> T:
    """Run `main(api)` against a fresh server on virtual time."""

    async def in_world(run: World) -> T:
        return await main(Api(run, history_limit=history_limit))

    return world.run(in_world, seed=seed)
