"""`children-gone`: after a deletion nothing that the object owned is left, and nothing is stuck.

Owned means by an owner reference to its uid, so what is kept on purpose (claims, backups) is kept
without one. The garbage collector deletes the rest; what is left at rest is left because somebody
made it after the owner was gone and goes on doing so, or because a finalizer keeps it. An object
that is terminating itself at rest waits for a finalizer that its operator does not remove.

It can be wrong when a finalizer waits for something outside of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.clusters.selection import owner_uids
from harness.clusters.state import is_terminating

from ..demands import Demand
from ..operations import Delete
from ..outcome import Finding
from ..scene import Scene
from .oracle import Oracle


class ChildrenGone(Oracle):
    """Nothing of a deleted object is left."""

    name = "children-gone"

    def at_rest(self, scene: Scene) -> Iterable[Finding]:
        """Look after each deletion; a scenario does so by itself, at its end."""
        if not isinstance(scene.operation, Delete) or not scene.fact.at_rest:
            return
        for name, document in scene.objects():
            if is_terminating(document):
                key = scene.hands.key(name)
                kept_by = ", ".join(document["metadata"].get("finalizers") or ["nobody"])
                yield scene.finding(
                    self.name,
                    f"{key} is still terminating at rest, kept by {kept_by}",
                    "stuck",
                    kept_by,
                    about=[key],
                    demand=Demand(),
                )
        yield from self._orphans(scene)

    def _orphans(self, scene: Scene) -> Iterable[Finding]:
        state, kind = scene.witness.state, scene.target.resource.kind
        for key, document in state.objects():
            owners = document["metadata"].get("ownerReferences") or ()
            if not any(owner["kind"] == kind for owner in owners):
                continue
            if all(state.by_uid(uid) is None for uid in owner_uids(document)):
                yield scene.finding(
                    self.name,
                    f"{key} is left although its owner is gone",
                    "orphan",
                    scene.role(key),
                    about=[key],
                    demand=Demand(),
                )
