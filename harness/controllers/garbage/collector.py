"""The loop: an object all of whose owners are gone is deleted; other references to them are cut.

What an owner reference means is decided by asking the server for the owner, in the dependent's own
namespace, and comparing uids: a reference into another namespace is therefore dangling (and told
by the Event OwnerRefInvalidNamespace), while a cluster-scoped object that names a namespaced owner
is never deleted. A foreground deletion waits for the dependents that block it; an orphaning one
cuts their references first. (Upstream `garbagecollector.go`; "Garbage Collection".)

New kinds are discovered when a CustomResourceDefinition is established.
"""

from __future__ import annotations

from typing import Any, Literal

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CRDS, KindRef, ResourceRef

from ..controller import Controller
from ..discovery import served_resources
from ..objects import condition_is_true, name_of, namespace_of, uid_of
from .graph import FOREGROUND, ORPHAN, Graph, GraphNode, finalizers_of, owners_of

Work = tuple[Literal["discover", "examine", "orphan"], str]
_IGNORED = (("", "events"), ("events.k8s.io", "events"))


class GarbageCollector(Controller[Work]):
    """Deletes what nobody owns any more."""

    name = "garbage-collector"
    component = "garbage-collector-controller"

    def setup(self) -> None:
        """Discover once, and again when definitions come and go."""
        self._graph = Graph()
        self._followed: dict[ResourceRef, None] = {}
        self._refs: dict[tuple[str, str], ResourceRef] = {}  # by group and kind
        self._unmapped: dict[str, None] = {}  # owners whose kind is not served
        self.informer(CRDS).on_change(self._definition_changed)
        self.enqueue(("discover", ""))

    def _definition_changed(self, before: Object | None, after: Object | None) -> None:
        was = before is not None and condition_is_true(before, "Established")
        now = after is not None and condition_is_true(after, "Established")
        if was != now:
            self.enqueue(("discover", ""))

    async def sync(self, item: Work) -> None:
        """Discover, examine one object, or orphan the dependents of one."""
        kind, uid = item
        if kind == "discover":
            await self._discover()
            return
        node = self._graph.nodes.get(uid)
        if node is None:
            return
        if kind == "orphan":
            await self._orphan_dependents(node)
        else:
            await self._examine(node)

    # What there is

    async def _discover(self) -> None:
        wanted: dict[ResourceRef, None] = {}
        for served in await served_resources(self.client):
            ref = served.ref
            self._refs[ref.group, ref.kind] = ref
            if served.allows("list", "watch", "delete") and (ref.group, ref.plural) not in _IGNORED:
                wanted[ref] = None
        for ref in [ref for ref in self._followed if ref not in wanted]:
            del self._followed[ref]
            self.informers.drop(ref)
        for ref in wanted:
            if ref not in self._followed:
                self._follow(ref)
        for uid in self._unmapped:
            self.enqueue(("examine", uid))
        self._unmapped.clear()

    def _follow(self, ref: ResourceRef) -> None:
        self._followed[ref] = None
        informer = self.informer(ref)

        def changed(before: Object | None, after: Object | None) -> None:
            self._changed(ref, before, after)

        informer.on_change(changed)
        for document in informer.list():
            self._changed(ref, None, document)

    def _changed(self, ref: ResourceRef, before: Object | None, after: Object | None) -> None:
        if before is not None and (after is None or uid_of(before) != uid_of(after)):
            self._removed(before)
        if after is not None:
            self._put(ref, before, after)

    def _removed(self, document: Object) -> None:
        node = self._graph.nodes.get(uid_of(document))
        if node is None:
            return
        owners = self._graph.owners(node)
        self._graph.remove(node.uid)
        for dependent in self._graph.dependents(node):
            self.enqueue(("examine", dependent.uid))
        for owner in owners:
            if owner.deleting_dependents:
                self.enqueue(("examine", owner.uid))

    def _put(self, ref: ResourceRef, before: Object | None, after: Object) -> None:
        owners_before = [] if before is None else owners_of(before)
        was_waiting = before is not None and _waits_for(before, FOREGROUND)
        was_orphaning = before is not None and _waits_for(before, ORPHAN)
        former = [
            self._graph.nodes[owner["uid"]]
            for owner in owners_before
            if owner["uid"] in self._graph.nodes
        ]
        node = self._graph.put(ref, after)
        if _waits_for(after, ORPHAN) and not was_orphaning:
            self.enqueue(("orphan", node.uid))
        if node.deleting_dependents and not was_waiting:
            self.enqueue(("examine", node.uid))
            for dependent in self._graph.dependents(node):
                self.enqueue(("examine", dependent.uid))
        if owners_of(after) != owners_before:
            self._owners_changed(node, former)

    def _owners_changed(self, node: GraphNode, former: list[GraphNode]) -> None:
        for owner in former:
            if owner.deleting_dependents:
                self.enqueue(("examine", owner.uid))
        for owner in self._graph.owners(node):
            if owner.is_virtual:
                self.enqueue(("examine", owner.uid))
            elif owner.namespace not in ("", node.namespace) or owner.deleting_dependents:
                self.enqueue(("examine", node.uid))

    # What to do about one object

    async def _examine(self, node: GraphNode) -> None:
        if node.is_virtual:
            await self._examine_virtual(node)
            return
        assert node.ref is not None, "it has been seen"
        live = await self.client.find(node.ref, node.name, node.namespace)
        if live is None or uid_of(live) != node.uid:
            return  # its watch will tell
        if node.terminating and not node.deleting_dependents:
            return
        if node.deleting_dependents:
            await self._finish_foreground(node, live)
        elif owners_of(live):
            await self._judge(node, live)

    async def _examine_virtual(self, node: GraphNode) -> None:
        """Is an owner that nobody has seen really there?"""
        ref = await self._ref_of(node.api_version, node.kind)
        if ref is None:
            self._unmapped[node.uid] = None
            return
        live = await self.client.find(ref, node.name, node.namespace if ref.namespaced else "")
        if live is not None and uid_of(live) == node.uid:
            return  # its watch will tell
        self._graph.nodes.pop(node.uid, None)
        for dependent in self._graph.dependents(node):
            self.enqueue(("examine", dependent.uid))

    async def _finish_foreground(self, node: GraphNode, live: Object) -> None:
        """Let go of an owner whose blocking dependents are gone; else go after them."""
        dependents = self._graph.dependents(node)
        if not any(dependent.blocks(node.uid) for dependent in dependents):
            await self._drop_finalizer(node, live, FOREGROUND)
            return
        for dependent in dependents:
            if not dependent.deleting_dependents:
                self.enqueue(("examine", dependent.uid))

    async def _judge(self, node: GraphNode, live: Object) -> None:
        """Sort the owners into living, gone, and waiting for their dependents; then act."""
        solid: list[Object] = []
        gone: list[Object] = []
        waiting: list[Object] = []
        for owner in owners_of(live):
            ref = await self._ref_of(owner["apiVersion"], owner["kind"])
            if ref is None:
                self._unmapped[node.uid] = None
                return
            if ref.namespaced and not node.namespace:
                return  # cluster-scoped with a namespaced owner: never resolved, never deleted
            found = await self.client.find(ref, owner["name"], node.namespace)
            if found is None or uid_of(found) != owner["uid"]:
                self._warn_of_namespace(live, owner)
                gone.append(owner)
            elif _waits_for(found, FOREGROUND):
                waiting.append(owner)
            else:
                solid.append(owner)
        if solid:
            if gone or waiting:
                await self._keep_owners(node, live, solid)
        elif waiting and node.dependents:
            await self._delete_with_dependents(node, live)
        else:
            await self._delete(node, live)

    def _warn_of_namespace(self, live: Object, owner: Object) -> None:
        known = self._graph.nodes.get(owner["uid"])
        if known is None or known.is_virtual or known.namespace in ("", namespace_of(live)):
            return
        reference = f"[{owner['apiVersion']}/{owner['kind']}, namespace: {namespace_of(live)}, "
        reference += f"name: {owner['name']}, uid: {owner['uid']}]"
        message = f'ownerRef {reference} does not exist in namespace "{namespace_of(live)}"'
        self.events.emit(live, "Warning", "OwnerRefInvalidNamespace", message)

    async def _delete_with_dependents(self, node: GraphNode, live: Object) -> None:
        """An owner waits for us, and others for us: go in the foreground as well."""
        for dependent in self._graph.dependents(node):
            if dependent.deleting_dependents:  # a circle of waiting: cut it
                references = [{**o, "blockOwnerDeletion": False} for o in owners_of(live)]
                await self._keep_owners(node, live, references)
                break
        await self._delete(node, live, "Foreground")

    async def _delete(self, node: GraphNode, live: Object, policy: str = "") -> None:
        if not policy:
            finalizers = finalizers_of(live)
            policy = "Background"
            if ORPHAN in finalizers:
                policy = "Orphan"
            elif FOREGROUND in finalizers:
                policy = "Foreground"
        assert node.ref is not None, "it has been seen"
        try:
            await self.client.delete(
                node.ref, node.name, node.namespace, uid=node.uid, propagation=policy
            )
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    async def _orphan_dependents(self, node: GraphNode) -> None:
        """Cut the references of all dependents, then let the owner go."""
        assert node.ref is not None, "it has been seen"
        for dependent in self._graph.dependents(node):
            assert dependent.ref is not None, "dependents have been seen"
            live = await self.client.find(dependent.ref, dependent.name, dependent.namespace)
            if live is None or uid_of(live) != dependent.uid:
                continue
            kept = [owner for owner in owners_of(live) if owner["uid"] != node.uid]
            await self._keep_owners(dependent, live, kept)
        live = await self.client.find(node.ref, node.name, node.namespace)
        if live is not None and uid_of(live) == node.uid:
            await self._drop_finalizer(node, live, ORPHAN)

    # Writing

    async def _keep_owners(self, node: GraphNode, live: Object, owners: list[Object]) -> None:
        await self._patch(node, live, {"ownerReferences": owners or None})

    async def _drop_finalizer(self, node: GraphNode, live: Object, finalizer: str) -> None:
        kept = [item for item in finalizers_of(live) if item != finalizer]
        if kept != finalizers_of(live):
            await self._patch(node, live, {"finalizers": kept or None})

    async def _patch(self, node: GraphNode, live: Object, changes: dict[str, Any]) -> None:
        assert node.ref is not None, "it has been seen"
        version = live["metadata"]["resourceVersion"]
        document = {"metadata": {"uid": node.uid, "resourceVersion": version, **changes}}
        try:
            await self.client.patch(node.ref, name_of(live), namespace_of(live), document=document)
        except ApiError as error:
            if error.code != 404:
                raise

    async def _ref_of(self, api_version: str, kind: str) -> ResourceRef | None:
        """Where a kind is served now, in the version that is followed."""
        group = KindRef(api_version, kind).group
        return self._refs.get((group, kind))


def _waits_for(document: Object, finalizer: str) -> bool:
    return bool(document["metadata"].get("deletionTimestamp")) and finalizer in finalizers_of(
        document
    )
