"""A small operator without pods, for searches: a Page is a ConfigMap, a Service, and one Service
for each route. Right as it stands; modules loaded beside it plant mistakes by replacing its
functions.

Changes of a page and of its children make it reconcile, one page at a time: what is wanted is
applied (server-side), what is owned and not wanted is deleted, then the status is written.
"""

import asyncio
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import kopf

PAGES = "/apis/test.dev/v1/namespaces/{}/pages/{}"
PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps/{}",
    "Service": "/api/v1/namespaces/{}/services/{}",
}
QUOTAS = {"free": 1, "basic": 10, "business": 100}
NAME_LENGTH = 63
APPLY = "application/apply-patch+yaml"
FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Object = dict[str, Any]
lock = asyncio.Lock()
waiting: set[tuple[str, str]] = set()
sessions: list[aiohttp.ClientSession] = []


async def call(method: str, path: str, body: Object | None = None, type_: str = APPLY) -> Any:
    """One request; the answer, or None when there is no such thing."""
    query = "fieldManager=pages&force=true" if type_ == APPLY else "fieldManager=pages"
    if method != "PATCH":
        query, type_ = "", "application/json"
    url = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}{path}?{query}"
    token = (FOLDER / "token").read_text()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": type_}
    data = None if body is None else json.dumps(body)
    async with sessions[0].request(method, url, data=data, headers=headers, ssl=False) as answer:
        if answer.status == 404:
            return None
        answer.raise_for_status()
        return await answer.json()


async def put(child: Object) -> Any:
    """Make a child what it should be."""
    return await call("PATCH", path_of(child), child)


@kopf.on.login()
def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**arguments)


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False
    sessions.append(aiohttp.ClientSession())


@kopf.on.cleanup()
async def stop(**_: Any) -> None:
    await sessions.pop().close()


@kopf.on.event("test.dev", "v1", "pages")
async def on_page(namespace: Any, name: str, **_: Any) -> None:
    await reconcile(namespace, name)


@kopf.on.event("v1", "configmaps")
@kopf.on.event("v1", "services")
async def on_child(namespace: Any, meta: Any, **_: Any) -> None:
    for owner in meta.get("ownerReferences", []):
        if owner["kind"] == "Page":
            await reconcile(namespace, owner["name"])


async def reconcile(namespace: str, name: str) -> None:
    if (namespace, name) in waiting:
        return
    waiting.add((namespace, name))
    async with lock:
        waiting.discard((namespace, name))
        page = await call("GET", PAGES.format(namespace, name))
        if page is not None and "deletionTimestamp" not in page["metadata"]:
            await keep(page)


async def keep(page: Object) -> None:
    """Children first, the status last: it speaks of what is done."""
    wanted = [config(page), service(page), *routes(page)]
    for child in wanted:
        await put(child)
    names = {child["metadata"]["name"] for child in wanted if child["kind"] == "Service"}
    namespace, uid = page["metadata"]["namespace"], page["metadata"]["uid"]
    for found in (await call("GET", PATHS["Service"].format(namespace, "")))["items"]:
        owners = found["metadata"].get("ownerReferences", [])
        if any(owner["uid"] == uid for owner in owners) and found["metadata"]["name"] not in names:
            await call("DELETE", PATHS["Service"].format(namespace, found["metadata"]["name"]))
    await report(page)


async def report(page: Object) -> None:
    status = {
        "observedGeneration": page["metadata"]["generation"],
        "conditions": [{"type": "Ready", "status": "True", "reason": "Published"}],
    }
    if page.get("status") != status:
        metadata = {key: page["metadata"][key] for key in ("namespace", "name")}
        document = {"apiVersion": "test.dev/v1", "kind": "Page", "metadata": metadata}
        place = PAGES.format(metadata["namespace"], metadata["name"])
        await call("PATCH", f"{place}/status", document | {"status": status})


def config(page: Object) -> Object:
    """What the page is, for whoever serves it."""
    spec = page["spec"]
    data = {
        "title": title(spec["title"]),
        "quota": str(spec.get("quota", QUOTAS[spec["tier"]])),
        "hosts": hosts(spec),
        "cache": cache(spec),
    }
    metadata = metadata_of(page, page["metadata"]["name"])
    metadata["labels"] = {**spec.get("labels", {}), **metadata["labels"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def title(text: str) -> str:
    return text.strip()


def hosts(spec: Object) -> str:
    """In the order of the spec: the first is the canonical one."""
    return ",".join(spec.get("hosts", []))


def cache(spec: Object) -> str:
    if "cache" not in spec:
        return "no-store"
    scope = "private" if spec["cache"].get("private") else "public"
    return f"{scope}, max-age={spec['cache']['seconds']}"


def service(page: Object) -> Object:
    return service_of(page, page["metadata"]["name"], page["spec"]["port"])


def routes(page: Object) -> list[Object]:
    """A Service for each route."""
    return [
        service_of(page, route_name(page["metadata"]["name"], route["name"]), route["port"])
        for route in page["spec"].get("routes", [])
    ]


def route_name(page: str, route: str) -> str:
    """Shortened by a digest where Kubernetes allows no more."""
    name = f"{page}-{route}"
    if len(name) <= NAME_LENGTH:
        return name
    return f"{name[: NAME_LENGTH - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def service_of(page: Object, name: str, port: int) -> Object:
    spec = {
        "selector": {"page": page["metadata"]["name"]},
        "ports": [{"name": f"p{port}", "port": port, "protocol": "TCP"}],
    }
    metadata = metadata_of(page, name)
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def metadata_of(page: Object, name: str) -> Object:
    owner = {"apiVersion": "test.dev/v1", "kind": "Page", "controller": True}
    owner |= {key: page["metadata"][key] for key in ("name", "uid")}
    return {
        "namespace": page["metadata"]["namespace"],
        "name": name,
        "labels": {"page": page["metadata"]["name"]},
        "ownerReferences": [owner],
    }


def path_of(child: Object) -> str:
    metadata = child["metadata"]
    return PATHS[child["kind"]].format(metadata["namespace"], metadata["name"])
