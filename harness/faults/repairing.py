"""Putting back what a fault broke, by its repairs.

Carried out twice, or on something that is gone already, a repair does nothing: whoever is killed
while doing it leaves the rest to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.apiserver.status import ApiError
from harness.client import Client, KindRef
from harness.client.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from harness.clusters.cluster import LastingNodes, Nodes
from harness.errors import HarnessError

from .finalizer_lists import set_finalizer
from .node_taints import set_taint
from .repairs import Create, Delete, Patch, Repair, RestoreNode, Resume, Unfinalize, Untaint

#: How a repair can fail.
FAILURES = (ApiError, HarnessError, OSError, LookupError)
_CONTENT_TYPES = {"merge": MERGE_PATCH, "json": JSON_PATCH, "strategic": STRATEGIC_PATCH}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a repair, for people; `done` is False when it has to be tried again."""

    text: str
    done: bool = True


async def repair(what: Repair, client: Client, nodes: Nodes | None) -> Outcome:
    """Put one thing back; what needs nothing, because it is gone or whole, is done.

    Args:
        what: What.
        client: Acts.
        nodes: The machines; None where they cannot be touched.

    Raises:
        ApiError: The server refuses it.
        LookupError: It cannot be created, because its kind is not served.
    """
    match what:
        case Create():
            return await _create(what, client)
        case Patch():
            return await _patch(what, client)
        case Delete():
            return await _delete(what, client)
        case Unfinalize():
            return await _unfinalize(what, client)
        case RestoreNode():
            return await _restore_node(what, nodes)
        case Untaint():
            await set_taint(
                client, what.node, {"key": what.key, "effect": what.effect}, present=False
            )
            return Outcome(f"node {what.node} has no taint {what.key}:{what.effect}")
        case Resume():
            return await _resume(what, nodes)


async def repair_all(repairs: Sequence[Repair], client: Client, nodes: Nodes | None) -> None:
    """Put back what was broken in this order, the latest first.

    Raises:
        ApiError: Or another of `FAILURES`: the first of those that failed; all had their turn.
    """
    failures: list[Exception] = []
    for each in reversed(repairs):
        try:
            await repair(each, client, nodes)
        except FAILURES as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


async def _create(what: Create, client: Client) -> Outcome:
    document = what.object
    meta = document["metadata"]
    namespace, shown = meta.get("namespace", ""), f"{document['kind']}/{meta['name']}"
    resource = await client.resource(KindRef(document["apiVersion"], document["kind"]))
    current = await client.find(resource, meta["name"], namespace)
    if current is not None:
        terminating = "deletionTimestamp" in current["metadata"]
        return Outcome(
            f"{shown} is {'on its way out' if terminating else 'there'}", not terminating
        )
    try:
        await client.create(resource, document, namespace)
    except ApiError as error:
        if error.reason == "AlreadyExists":
            return Outcome(f"{shown} is there")
        if _namespace_goes(error, namespace):
            return Outcome(f"{shown} is gone with its namespace")
        raise
    return Outcome(f"{shown} created")


def _namespace_goes(error: ApiError, namespace: str) -> bool:
    """Whether an object could not be created because its namespace is gone, or going."""
    if error.code == 404:
        return f'namespaces "{namespace}" not found' in error.message
    return error.code == 403 and "because it is being terminated" in error.message


async def _patch(what: Patch, client: Client) -> Outcome:
    resource, current = await what.find(client)
    shown = f"{what.kind}/{what.name}"
    if resource is None or current is None:
        return Outcome(f"{shown} is gone")
    if current["metadata"]["uid"] != what.uid:
        return Outcome(f"{shown} is another one by now")
    if what.patch:
        await client.patch(
            resource,
            what.name,
            what.namespace,
            document=what.patch,
            content_type=_CONTENT_TYPES[what.patch_type],
            subresource=what.subresource,
        )
    return Outcome(f"{shown} restored")


async def _delete(what: Delete, client: Client) -> Outcome:
    resource, current = await what.find(client)
    shown = f"{what.kind}/{what.name}"
    if resource is None or current is None:
        return Outcome(f"{shown} is gone")
    meta = current["metadata"]
    if what.uid and meta["uid"] != what.uid:
        return Outcome(f"{shown} is another one by now")
    if not what.labels.items() <= (meta.get("labels") or {}).items():
        return Outcome(f"{shown} is not ours")
    try:
        await client.delete(resource, what.name, what.namespace, uid=meta["uid"])
    except ApiError as error:
        if error.code not in (404, 409):  # somebody else was faster: gone, or another one
            raise
    return Outcome(f"{shown} deleted")


async def _unfinalize(what: Unfinalize, client: Client) -> Outcome:
    resource, current = await what.find(client)
    shown = f"{what.kind}/{what.name}"
    if resource is None or current is None:
        return Outcome(f"{shown} is gone")
    if current["metadata"]["uid"] != what.uid:
        return Outcome(f"{shown} is another one by now")
    await set_finalizer(client, resource, current, what.finalizer, present=False)
    return Outcome(f"{shown} has no finalizer {what.finalizer}")


async def _restore_node(what: RestoreNode, nodes: Nodes | None) -> Outcome:
    if nodes is None:
        return Outcome(f"node {what.name} was lost only as long as its process ran")
    await nodes.restore(what.name)
    return Outcome(f"node {what.name} restored")


async def _resume(what: Resume, nodes: Nodes | None) -> Outcome:
    if not isinstance(nodes, LastingNodes):
        return Outcome(f"Pod/{what.pod} failed only as long as its process ran")
    await nodes.resume_containers(what.namespace, what.pod)
    return Outcome(f"Pod/{what.pod} goes on")
