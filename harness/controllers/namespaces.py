"""The namespace controller: a namespace that is being deleted is emptied, then let go.

Pods go first and alone, everything else when they are gone (ordered deletion, since 1.33). What
could not be deleted yet is told in the status conditions, and looked at again after half of the
longest grace period that pods have left, as upstream does; when nothing is left the finalizer
`kubernetes` is taken away. (Upstream `namespaced_resources_deleter.go`.)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import NAMESPACES, PODS, ResourceRef
from harness.client.watching import Key

from .controller import KeyController
from .discovery import served_resources
from .objects import condition, is_terminating, merged, name_of, seconds, status_of

FINALIZER = "kubernetes"
#: Upstream waits so long before it begins, so that other servers have seen the deletion.
DELETION_GRACE_SECONDS = 5.0
OTHER_GRACE_SECONDS = 15.0  # upstream's estimate for objects with finalizers


@dataclass
class Remains:
    """What is still in a namespace."""

    counts: Counter[str] = field(default_factory=Counter)  # by `plural.group`
    finalizers: Counter[str] = field(default_factory=Counter)
    grace_seconds: float = 0.0

    def add(self, ref: ResourceRef, items: list[Object]) -> None:
        """Count what is left of one resource."""
        if not items:
            return
        self.counts[f"{ref.plural}.{ref.group}"] += len(items)
        for item in items:
            self.finalizers.update(item["metadata"].get("finalizers") or ())
        self.grace_seconds = max(self.grace_seconds, _grace(ref, items))


def _grace(ref: ResourceRef, items: list[Object]) -> float:
    if ref != PODS:
        return OTHER_GRACE_SECONDS
    graces = [item["spec"].get("terminationGracePeriodSeconds", 30) for item in items]
    return float(max(graces))


class NamespaceController(KeyController):
    """Deletes the content of namespaces."""

    name = "namespace"
    component = "namespace-controller"
    primary = NAMESPACES

    def setup(self) -> None:
        """Follow namespaces."""
        self._namespaces = self.follow_primary()

    async def sync(self, item: Key) -> None:
        """Empty one namespace a bit more."""
        namespace = self._namespaces.objects.get(item)
        if namespace is None or not is_terminating(namespace):
            return
        due = seconds(namespace["metadata"]["deletionTimestamp"]) + DELETION_GRACE_SECONDS
        wait = due - self.clock.now_ns() / 1e9
        if wait > 0:
            self.queue.add_after(item, wait)
            return
        if FINALIZER not in (namespace["spec"].get("finalizers") or ()):
            return
        remains = await self._delete_content(name_of(namespace))
        namespace = await self._write_conditions(namespace, remains)
        if remains.counts:
            self.queue.add_after(item, remains.grace_seconds / 2 + 1)
        else:
            await self._finalize(namespace)

    async def _delete_content(self, namespace: str) -> Remains:
        remains = Remains()
        remains.add(PODS, await self._delete_all(PODS, namespace))
        if remains.counts:
            return remains
        for served in await served_resources(self.client):
            if served.ref.namespaced and served.ref != PODS and served.allows("delete", "list"):
                remains.add(served.ref, await self._delete_all(served.ref, namespace))
        return remains

    async def _delete_all(self, ref: ResourceRef, namespace: str) -> list[Object]:
        """Delete all objects of one resource; returns those that stay for a while."""
        items = await self.client.list_objects(ref, namespace)
        if not items:
            return []
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
        }
        await self.client.call("DELETE", ref.path(namespace), document=options)
        return await self.client.list_objects(ref, namespace)

    async def _write_conditions(self, namespace: Object, remains: Remains) -> Object:
        wanted = [
            self._settled(namespace, kind, status, reason, message)
            for kind, status, reason, message in _conditions(remains)
        ]
        if wanted == status_of(namespace).get("conditions"):
            return namespace
        status = {**status_of(namespace), "phase": "Terminating", "conditions": wanted}
        return await self.client.update(
            NAMESPACES, merged(namespace, status=status), subresource="status"
        )

    def _settled(
        self, namespace: Object, kind: str, status: str, reason: str, message: str
    ) -> dict[str, Any]:
        known = condition(namespace, kind)
        same = known is not None and known["status"] == status
        since = known["lastTransitionTime"] if same and known is not None else None
        return {
            "type": kind,
            "status": status,
            "lastTransitionTime": since or self.clock.timestamp(),
            "reason": reason,
            "message": message,
        }

    async def _finalize(self, namespace: Object) -> None:
        kept = [item for item in namespace["spec"]["finalizers"] if item != FINALIZER]
        document = merged(namespace, spec={**namespace["spec"], "finalizers": kept})
        path = NAMESPACES.path("", name_of(namespace), "finalize")
        try:
            await self.client.call("PUT", path, document=document)
        except ApiError as error:
            if error.code != 404:
                raise


def _conditions(remains: Remains) -> list[tuple[str, str, str, str]]:
    fine = [
        (
            "NamespaceDeletionDiscoveryFailure",
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
    ]
    return [*fine, _content_remaining(remains), _finalizers_remaining(remains)]


def _content_remaining(remains: Remains) -> tuple[str, str, str, str]:
    kind = "NamespaceContentRemaining"
    if not remains.counts:
        return kind, "False", "ContentRemoved", "All content successfully removed"
    parts = [f"{name} has {n} resource instances" for name, n in sorted(remains.counts.items())]
    return kind, "True", "SomeResourcesRemain", f"Some resources are remaining: {', '.join(parts)}"


def _finalizers_remaining(remains: Remains) -> tuple[str, str, str, str]:
    kind = "NamespaceFinalizersRemaining"
    if not remains.finalizers:
        return kind, "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"
    parts = [f"{name} in {n} resource instances" for name, n in sorted(remains.finalizers.items())]
    message = f"Some content in the namespace has finalizers remaining: {', '.join(parts)}"
    return kind, "True", "SomeFinalizersRemain", message
