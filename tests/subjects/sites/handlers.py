"""A small operator for oracles to judge: a Site is a ConfigMap and a Deployment.

Right as it stands; the environment variable PLANT picks one mistake.

Its own queue is as simple as can be: each event reconciles at once, and a lock keeps order.
"""

import asyncio
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import kopf

PLANT = os.environ.get("PLANT", "")
SITES = "/apis/test.dev/v1/namespaces/{}/sites/{}"
CONFIGS = "/api/v1/namespaces/{}/configmaps/{}"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments/{}"
FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Object = dict[str, Any]
lock = asyncio.Lock()
sessions: list[aiohttp.ClientSession] = []
beats = itertools.count()
tasks: list[asyncio.Task[None]] = []
hopeless: set[str] = set()
first_images: dict[str, str] = {}


async def call(method: str, path: str, body: Object | None = None, query: str = "") -> Any:
    """One request; the answer, or None when there is no such thing."""
    host = os.environ["KUBERNETES_SERVICE_HOST"]
    token = (FOLDER / "token").read_text()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if method == "PATCH":
        merges = PLANT == "merges"
        headers["Content-Type"] = (
            "application/merge-patch+json" if merges else "application/apply-patch+yaml"
        )
        query = "fieldManager=sites" if merges else "fieldManager=sites&force=true"
    if not sessions:
        sessions.append(aiohttp.ClientSession())
    data = None if body is None else json.dumps(body)
    url = f"https://{host}{path}?{query}"
    request = sessions[0].request(method, url, data=data, headers=headers, ssl=False)
    async with request as answer:
        if answer.status == 404:
            return None
        answer.raise_for_status()
        return await answer.json()


async def put(path: str, document: Object) -> Any:
    """Apply; where the mistake is to merge, what does not exist has to be created."""
    metadata = document["metadata"]
    place = path.format(metadata["namespace"], metadata["name"])
    answer = await call("PATCH", place, document)
    if answer is None and PLANT == "merges":
        return await call("POST", place.rpartition("/")[0], document)
    return answer


@kopf.on.login()
def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**arguments)


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False
    if PLANT == "beats":
        tasks.append(asyncio.create_task(beat()))


async def beat() -> None:
    while True:
        await asyncio.sleep(20)
        await put(CONFIGS, config("default", "beats", {"count": str(next(beats))}))


@kopf.on.event("test.dev", "v1", "sites")
async def on_site(event: Any, namespace: Any, name: str, body: kopf.Body, **_: Any) -> None:
    if event["type"] != "DELETED":
        await reconcile(namespace, name)
    elif PLANT == "revives":
        await put(CONFIGS, config(namespace, f"{name}-config", {}) | owned_by(dict(body), name))


@kopf.on.event("apps", "v1", "deployments", labels={"site": kopf.PRESENT})
@kopf.on.event("v1", "configmaps", labels={"site": kopf.PRESENT})
async def on_child(namespace: Any, labels: Any, **_: Any) -> None:
    await reconcile(namespace, labels["site"])


async def reconcile(namespace: str, name: str) -> None:
    async with lock:
        site = await call("GET", SITES.format(namespace, name))
        if site is None or "deletionTimestamp" in site["metadata"]:
            return
        await misbehave(site)
        await keep(site)


async def misbehave(site: Object) -> None:
    """The mistakes that are no wrong children and no wrong status."""
    spec = site["spec"]
    if PLANT == "exits" and spec["replicas"] == 0:
        sys.exit(3)
    if PLANT == "raises":
        assert spec["message"]
    while PLANT == "spins" and spec["replicas"] == 3:  # noqa: ASYNC110 -- this is the mistake
        await asyncio.sleep(0)
    if PLANT == "asks" and spec["replicas"] == 3:
        for _ in range(600):
            await call("GET", CONFIGS.format(site["metadata"]["namespace"], "nothing"))
    if PLANT == "finalizes" and not site["metadata"].get("finalizers"):
        await call("PATCH", path_of(site), identity(site, finalizers=["test.dev/never"]))


async def keep(site: Object) -> None:
    metadata, spec = site["metadata"], site["spec"]
    namespace, name = metadata["namespace"], metadata["name"]
    owner = owned_by(site, name)
    data = {"message": spec["message"]} if "message" in spec else {}
    if PLANT == "restless":
        data["count"] = str(next(beats))
    settings = config(namespace, f"{name}-config", data, owner["metadata"], spec.get("labels"))
    await put(CONFIGS, settings)
    made = await put(DEPLOYMENTS, deployment(site, owner["metadata"]))
    await report(site, made)


async def report(site: Object, made: Object) -> None:
    spec, status = site["spec"], made.get("status") or {}
    ready = status.get("readyReplicas", 0)
    is_current = status.get("observedGeneration") == made["metadata"]["generation"]
    is_ready = is_current and ready == spec["replicas"] and not status.get("unavailableReplicas")
    if PLANT == "boasts":
        ready, is_ready = spec["replicas"], True
    generation = site["metadata"]["generation"]
    if PLANT == "lags" and spec.get("message") == "bye":
        generation -= 1
    conditions = [condition("Ready", is_ready, "Available" if is_ready else "Waiting")]
    if spec.get("message") == "wrong" and PLANT != "silent":
        conditions.append(condition("Degraded", True, "WrongMessage"))
    answer = identity(site) | {
        "status": {
            "observedGeneration": generation,
            "readyReplicas": ready,
            "conditions": conditions,
        }
    }
    if (site.get("status") or {}) != answer["status"]:
        await call("PATCH", path_of(site) + "/status", answer)


def condition(name: str, holds: bool, reason: str) -> Object:
    return {"type": name, "status": str(holds), "reason": reason}


def path_of(site: Object) -> str:
    return SITES.format(site["metadata"]["namespace"], site["metadata"]["name"])


def identity(site: Object, **more: Any) -> Object:
    metadata = {key: site["metadata"][key] for key in ("namespace", "name")}
    return {"apiVersion": "test.dev/v1", "kind": "Site", "metadata": metadata | more}


def owned_by(site: Object, name: str) -> Object:
    owner = {"apiVersion": "test.dev/v1", "kind": "Site", "name": name, "controller": True}
    return {
        "metadata": {
            "namespace": site["metadata"]["namespace"],
            "name": f"{name}-config",
            "labels": {"site": name},
            "ownerReferences": [owner | {"uid": site["metadata"]["uid"]}],
        }
    }


def config(
    namespace: str,
    name: str,
    data: Object,
    metadata: Object | None = None,
    labels: Object | None = None,
) -> Object:
    meta = (metadata or {}) | {"namespace": namespace, "name": name}
    meta["labels"] = {**(labels or {}), **meta.get("labels", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def deployment(site: Object, metadata: Object) -> Object:
    name, spec = site["metadata"]["name"], site["spec"]
    image = spec["image"]
    if PLANT == "ignores":
        image = first_images.setdefault(site["metadata"]["uid"], image)
    if PLANT == "despairs" and (image.startswith("x.invalid") or name in hopeless):
        hopeless.add(name)
        image = "x.invalid/gone:1"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata | {"name": name},
        "spec": {
            "replicas": spec["replicas"],
            "selector": {"matchLabels": {"site": name}},
            "template": {
                "metadata": {"labels": {"site": name}},
                "spec": {"containers": [{"name": "web", "image": image}]},
            },
        },
    }
