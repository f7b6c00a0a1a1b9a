"""An API server in fifty lines for the operator's unit tests, and services to reconcile.

It knows what the operator depends on: versions, uids, generations, apply with ownership, deletes
with preconditions. Whether that is what Kubernetes does is not decided here but by
`recorded/service_at_rest.json`, from a real kube-apiserver 1.37.2, and by the scenarios.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiservice_operator.api import ApiError
from aiservice_operator.kinds import AISERVICE, FIELD_MANAGER, Kind, Object

LIST_KEYS = ("uid", "type", "containerPort", "port", "mountPath", "name")


def make_service(**spec: Any) -> Object:
    """An AIService as the API serves it, with the schema's defaults left out."""
    return {
        "apiVersion": AISERVICE.api_version,
        "kind": AISERVICE.kind,
        "metadata": {
            "name": "demo",
            "namespace": "default",
            "uid": "service-uid",
            "generation": 1,
            "resourceVersion": "1",
        },
        "spec": {"size": 2} | spec,
    }


class FakeApi:
    """Objects by (kind, name) in one namespace; `requests` lists what was asked as (verb, kind)."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.requests: list[tuple[str, str]] = []
        self.version = 1
        self.before: Callable[[str, str], None] = lambda verb, kind: None
        """Called with each request before it acts; may raise."""
        self.after: Callable[[str, str], None] = lambda verb, kind: None
        """Called when it has acted; raising here loses the answer."""

    def put(self, obj: Object) -> Object:
        """Store an object as somebody else's write."""
        self.version += 1
        obj = copy.deepcopy(obj)
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.objects[obj["kind"], obj["metadata"]["name"]] = obj
        return copy.deepcopy(obj)

    def names(self, kind: Kind) -> list[str]:
        """The names of all objects of a kind."""
        return sorted(name for each, name in self.objects if each == kind.kind)

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        self._ask("get", kind)
        return copy.deepcopy(self.objects.get((kind.kind, name)))

    async def create(self, kind: Kind, obj: Object) -> Object:
        self._ask("create", kind)
        if (kind.kind, obj["metadata"]["name"]) in self.objects:
            raise ApiError(409, "AlreadyExists", "the name is taken")
        self.put(obj)
        self.after("create", kind.kind)
        return obj

    async def apply(self, kind: Kind, obj: Object, subresource: str | None = None) -> Object:
        self._ask("apply", kind)
        key = kind.kind, obj["metadata"]["name"]
        live = self.objects.get(key)
        if live is None:
            live = {"metadata": {"uid": f"uid-{self.version}", "generation": 0}}
        seen = obj["metadata"].get("resourceVersion")
        if seen not in (None, live["metadata"].get("resourceVersion")):
            raise ApiError(409, "Conflict", "the object has been modified")
        new = _merged(live, obj, subresource)
        if new != live:
            if new.get("spec") != live.get("spec"):
                new["metadata"]["generation"] = live["metadata"].get("generation", 0) + 1
            self.put(new)
        self.after("apply", kind.kind)
        return copy.deepcopy(self.objects[key])

    async def delete(self, kind: Kind, obj: Object) -> None:
        self._ask("delete", kind)
        key = kind.kind, obj["metadata"]["name"]
        live = self.objects.get(key)
        if live is None:
            return
        for field in ("uid", "resourceVersion"):
            if live["metadata"][field] != obj["metadata"][field]:
                raise ApiError(409, "Conflict", f"precondition failed: {field}")
        self.version += 1
        del self.objects[key]
        self.after("delete", kind.kind)

    def _ask(self, verb: str, kind: Kind) -> None:
        self.requests.append((verb, kind.kind))
        self.before(verb, kind.kind)


def _merged(live: Object, applied: Object, subresource: str | None) -> Object:
    """`live` with what was applied, and our entry in its managedFields."""
    new: Object = _overlay(live, applied)
    body = {key: applied[key] for key in applied if key not in ("apiVersion", "kind", "metadata")}
    meta = {
        key: value
        for key, value in applied["metadata"].items()
        if key not in ("name", "namespace", "uid", "resourceVersion")
    }
    entry = {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "fieldsV1": _tree(body | ({"metadata": meta} if meta else {})),
    } | ({"subresource": subresource} if subresource else {})
    others = [
        each
        for each in live["metadata"].get("managedFields", [])
        if (each["manager"], each.get("subresource")) != (FIELD_MANAGER, subresource)
    ]
    new["metadata"]["managedFields"] = [*others, entry]
    return new


def _overlay(live: Any, applied: Any) -> Any:
    if isinstance(live, dict) and isinstance(applied, dict):
        return copy.deepcopy(live) | {
            key: _overlay(live.get(key), value) for key, value in applied.items()
        }
    return copy.deepcopy(applied)


def _tree(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"f:{key}": _tree(item) for key, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        key = next(name for name in LIST_KEYS if name in value[0])
        return {f"k:{json.dumps({key: item[key]})}": _tree(item) for item in value}
    return {}


@pytest.fixture
def api() -> FakeApi:
    """An empty API server."""
    return FakeApi()


@pytest.fixture
def service() -> Callable[..., Object]:
    """`service(size=3, ...)` makes an AIService named demo."""
    return make_service


@pytest.fixture
def at_rest() -> dict[str, Any]:
    """A service and its children as a real API server had them when all was done."""
    path = Path(__file__).parent / "recorded" / "service_at_rest.json"
    return dict(json.loads(path.read_text()))
