"""Who owns whom: every object of every resource, linked by uid.

An owner that is referred to but has not been seen is a *virtual* node, until it is seen or found to
be absent. (Upstream `graph_builder.go`.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.apiserver.requests import Object
from harness.client.resources import ResourceRef

from ..objects import is_terminating, name_of, namespace_of, uid_of

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


def owners_of(document: Object) -> list[Object]:
    """All owner references of an object."""
    owners: list[Object] = document["metadata"].get("ownerReferences") or []
    return owners


def finalizers_of(document: Object) -> list[str]:
    """The finalizers of an object."""
    finalizers: list[str] = document["metadata"].get("finalizers") or []
    return finalizers


@dataclass
class GraphNode:
    """An object that exists, or an owner that is only referred to (`ref` is None)."""

    uid: str
    api_version: str
    kind: str
    namespace: str
    name: str
    ref: ResourceRef | None = None
    owners: list[Object] = field(default_factory=list)
    dependents: dict[str, None] = field(default_factory=dict)
    deleting_dependents: bool = False  # in foreground deletion
    terminating: bool = False

    @property
    def is_virtual(self) -> bool:
        """Whether nobody has seen it yet."""
        return self.ref is None

    def blocks(self, owner_uid: str) -> bool:
        """Whether it blocks the foreground deletion of one of its owners."""
        return any(
            owner["uid"] == owner_uid and owner.get("blockOwnerDeletion") for owner in self.owners
        )


class Graph:
    """All nodes by uid."""

    def __init__(self) -> None:
        self.nodes: dict[str, GraphNode] = {}

    def put(self, ref: ResourceRef, document: Object) -> GraphNode:
        """Take a version of an object in; returns its node."""
        uid = uid_of(document)
        node = self.nodes.get(uid)
        if node is None:
            node = self.nodes[uid] = GraphNode(uid, "", "", "", "")
        node.ref, node.api_version, node.kind = ref, ref.api_version, ref.kind
        node.namespace, node.name = namespace_of(document), name_of(document)
        node.terminating = is_terminating(document)
        node.deleting_dependents = node.terminating and FOREGROUND in finalizers_of(document)
        self._link(node, owners_of(document))
        return node

    def remove(self, uid: str) -> GraphNode | None:
        """Take an object out; its dependents keep a virtual node if there are any."""
        node = self.nodes.get(uid)
        if node is None:
            return None
        self._link(node, [])
        del self.nodes[uid]
        return node

    def _link(self, node: GraphNode, owners: list[Object]) -> None:
        wanted = {owner["uid"]: owner for owner in owners}
        for owner in node.owners:
            known = self.nodes.get(owner["uid"])
            if owner["uid"] not in wanted and known is not None:
                known.dependents.pop(node.uid, None)
                if known.is_virtual and not known.dependents:
                    del self.nodes[known.uid]
        for uid, owner in wanted.items():
            known = self.nodes.get(uid)
            if known is None:
                known = self.nodes[uid] = GraphNode(
                    uid, owner["apiVersion"], owner["kind"], node.namespace, owner["name"]
                )
            known.dependents[node.uid] = None
        node.owners = owners

    def dependents(self, node: GraphNode) -> list[GraphNode]:
        """The nodes that `node` owns."""
        return [self.nodes[uid] for uid in node.dependents if uid in self.nodes]

    def owners(self, node: GraphNode) -> list[GraphNode]:
        """The nodes that own `node`."""
        return [self.nodes[o["uid"]] for o in node.owners if o["uid"] in self.nodes]
