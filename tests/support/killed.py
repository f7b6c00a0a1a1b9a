"""A run that is killed at a chosen request, and what was there before.

The writes of a run are counted; at a chosen one it ends as by `kill -9`: no `finally`, no undo.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterable

from harness.apiserver.requests import Object, Request, Response
from harness.client import Client, KindRef
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, NODES, SECRETS
from harness.clusters.ownership import Process, Run
from harness.faults.context import FaultContext
from harness.faults.cordon import NodeCordon
from harness.faults.drift import PatchObject, StripOwnerReferences
from harness.faults.fault import Fault
from harness.faults.objects import DeleteObject
from harness.faults.specs import BadSpec, RapidEdits
from harness.faults.undo import UndoLog, UndoStore
from harness.vocabulary import Select

Transport = Callable[[Request], Awaitable[Response]]
COMPARED = (CONFIGMAPS, SECRETS, DEPLOYMENTS, NODES, NAMESPACES)
_NOT_COMPARED = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
_MADE_BY_A_CONTROLLER = "kube-root-ca.crt"


def faults_of_all_kinds(node: str) -> list[Fault]:
    """Faults that leave something in a cluster; they need `make_objects` and a node."""
    return [
        DeleteObject("Deployment/demo"),
        DeleteObject("Secret/password"),
        DeleteObject(select=Select(kinds=["ConfigMap"], labels={"app": "demo"}), mode="all"),
        PatchObject("Secret/token", merge={"data": {"token": None, "more": "bW9yZQ=="}}),
        PatchObject("ConfigMap/owned", json_=[{"op": "remove", "path": "/data/a"}]),
        StripOwnerReferences("ConfigMap/owned"),
        BadSpec("Deployment/other", spec={"replicas": 3}),
        RapidEdits("Deployment/other", specs=[{"paused": True}, {"paused": None}]),
        NodeCordon(node=node),
    ]


class Killed(BaseException):
    """The process is gone."""


def dying(
    transport: Transport, writes: int, *, answered: bool, die: Callable[[], None]
) -> Transport:
    """A transport that calls `die` at a write.

    Args:
        transport: The one to use.
        writes: At which, from 1.
        answered: After the server has carried it out; otherwise before it is sent.
        die: Does not return.
    """
    left = [writes]

    async def send(request: Request) -> Response:
        if request.method == "GET":
            return await transport(request)
        left[0] -= 1
        if left[0] == 0 and not answered:
            die()
        response = await transport(request)
        if left[0] == 0:
            die()
        return response

    return send


def dead_run() -> Run:
    """A run whose process is gone: this number began at another time."""
    own = Process.own()
    return Run("run-1-dead", (Process(own.host, own.boot, own.pid, "0"),))


def make_objects(namespace: str) -> list[Object]:
    """What `FAULTS` break, in the order in which it is to be created."""
    return [
        _deployment("demo", namespace),
        _deployment("other", namespace),
        _holder("Secret", "password", namespace, {"p": "cHc="}),
        _holder("Secret", "token", namespace, {"token": "dA=="}),
        _holder("ConfigMap", "one", namespace, {"a": "1"}, app="demo"),
        _holder("ConfigMap", "two", namespace, {"a": "2"}, app="demo"),
        _holder("ConfigMap", "owned", namespace, {"a": "3"}),
    ]


def _holder(kind: str, name: str, namespace: str, data: dict[str, str], **labels: str) -> Object:
    metadata = _meta(name, namespace, labels)
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data}


def _meta(name: str, namespace: str, labels: dict[str, str] | None = None) -> Object:
    return {"name": name, "namespace": namespace, "labels": labels or {"is": "there"}}


def _deployment(name: str, namespace: str) -> Object:
    labels = {"app": name}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "main", "image": "x:1"}]},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(name, namespace),
        "spec": spec,
    }


async def create_all(client: Client, documents: Iterable[Object]) -> None:
    """Create them; `owned` gets an owner."""
    owner: Object = {}
    for document in documents:
        resource = await client.resource(KindRef(document["apiVersion"], document["kind"]))
        meta = document["metadata"]
        if meta["name"] == "owned":
            document = {**document, "metadata": {**meta, "ownerReferences": [owner]}}
        made = await client.create(resource, document, meta["namespace"])
        if meta["name"] == "token":  # which no fault deletes
            owner = {"apiVersion": "v1", "kind": "Secret", "name": "token"}
            owner["uid"] = made["metadata"]["uid"]


def namespace_of_the_case(run: Run) -> str:
    """The namespace that a case makes, marked as the run's."""
    return f"of-{run.name}"


async def break_and_undo(
    run: Run,
    store: UndoStore,
    client: Client,
    make_context: Callable[..., FaultContext],
    *,
    node: str = "node-1",
) -> None:
    """What a case does: its namespace, all faults, all undone.

    Args:
        run: Whose it is.
        store: Of its undo records.
        client: Acts.
        make_context: Of a fault, given `name`, `client` and `undo_log`.
        node: That is cordoned.
    """
    namespace = namespace_of_the_case(run)
    await client.create(NAMESPACES, {"metadata": run.mark({"name": namespace})})
    log = UndoLog(store=store)
    for number, fault in enumerate(faults_of_all_kinds(node)):
        name = f"fault-{number}"
        await fault.inject(
            make_context(fault, name=name, client=client.acting_as(name), undo_log=log)
        )
    await log.undo_all()
    await client.delete(NAMESPACES, namespace)


async def as_they_are(client: Client, namespace: str) -> dict[str, Object]:
    """The namespaces and nodes that exist, and what faults broke in a namespace.

    Without what servers and controllers set.
    """
    found = {}
    for resource in COMPARED:
        for document in await client.list_objects(resource, namespace):
            meta = document["metadata"]
            path = resource.path(meta.get("namespace", ""), meta["name"])
            if meta["name"] != _MADE_BY_A_CONTROLLER:
                found[path] = _comparable(document)
    return found


def _comparable(document: Object) -> Object:
    kept = {key: value for key, value in copy.deepcopy(document).items() if key != "status"}
    for name in _NOT_COMPARED:
        kept["metadata"].pop(name, None)
    kept["metadata"].pop("annotations", None)  # revisions of Deployments
    kept.get("spec", {}).pop("taints", None)  # of nodes that no kubelet reports for
    return kept
