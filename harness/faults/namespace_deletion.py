"""The case's namespace is deleted with all that is in it, as by somebody who tidies up.

    delete > everything in it is deleted > what finalizers keep, keeps it > gone > made anew, empty

Nothing can be created in it meanwhile, and all children disappear at once, in any order. An
operator that goes on repairing them is answered 403. (Kubernetes "Namespaces"; its lifecycle.)
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import NAMESPACES
from harness.clusters.state import Key
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Family, Fault, Injection
from .repairs import Repair, creation_of

_SYSTEM = ("default", "kube-node-lease", "kube-public", "kube-system")


class DeleteNamespace(Fault):
    """Delete the scenario's namespace, wait until it is gone, and make it anew.

    Seen when it is gone. Objects without a namespace stay. What the scenario had made in it does
    not come back.
    """

    type: ClassVar[str] = "deleteNamespace"
    family: ClassVar[Family] = "object"
    points: ClassVar[frozenset[str]] = frozenset({"objects"})
    example: ClassVar[str] = """\
- name: tidy-up
  deleteNamespace: {}
"""

    recreate: bool = True
    """Make it anew, empty, as soon as it is gone; otherwise at the end of the case."""

    def prepare(self, context: FaultContext) -> Injection:
        """One deletion."""
        return NamespaceDeletion(self, context)


class NamespaceDeletion(Injection):
    """A namespace that goes; seen when it is gone."""

    def __init__(self, fault: DeleteNamespace, context: FaultContext) -> None:
        super().__init__(context)
        self._fault = fault
        self._namespace: Object = {}
        self._gone = asyncio.Event()

    def choose(self) -> str:
        """The case's own namespace, and never one that the cluster itself needs."""
        name = self.context.namespace
        found = self.context.state.get(Key("", NAMESPACES.kind, "", name))
        if found is None or name in _SYSTEM:
            why = "belongs to the cluster" if name in _SYSTEM else "does not exist"
            raise CannotInject(f"fault {self.context.name}: namespace {name} {why}")
        self._namespace = found
        return f"{NAMESPACES.kind}/{name}"

    async def act(self) -> None:
        """Delete it, and make it anew when it is gone."""
        metadata = self._namespace["metadata"]
        await self.context.client.delete(NAMESPACES, metadata["name"], uid=metadata["uid"])
        await self._gone.wait()
        if self._fault.recreate:
            await self._create()

    async def _create(self) -> None:
        document = _anew(self._namespace)
        try:
            await self.context.client.create(NAMESPACES, document)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise

    def sees(self, record: Record) -> bool:
        """It is gone."""
        uid = self._namespace["metadata"]["uid"]
        is_it = record.kind == "object" and record.data["uid"] == uid
        if is_it and record.data["type"] == "DELETED":
            self._gone.set()
        return self._gone.is_set()

    def undo_description(self) -> str:
        """It is there, empty."""
        return f"create namespace {self.context.namespace} if missing"

    def repairs(self) -> list[Repair]:
        """The namespace; what was in it is lost."""
        return [creation_of(_anew(self._namespace))] if self._namespace else []


def _anew(namespace: Object) -> Object:
    """The namespace as it may be created: names, labels, annotations."""
    metadata = namespace["metadata"]
    kept = {key: metadata[key] for key in ("name", "labels", "annotations") if key in metadata}
    return {"apiVersion": "v1", "kind": NAMESPACES.kind, "metadata": kept}
