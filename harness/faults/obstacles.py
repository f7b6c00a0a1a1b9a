"""Objects that stand in the operator's way: a quota that is used up, a budget without evictions.

The fault makes one object in the case's namespace and removes it at its end; what follows from that
object is the cluster's work, as ever. (Kubernetes "Resource Quotas"; "Disruptions".)
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from harness.apiserver.requests import Object
from harness.client import KindRef
from harness.simulation.records import Record

from .context import FaultContext
from .fault import Family, Fault, Injection
from .repairs import Delete, Repair

#: By which the object is known to be a fault's, and to whose.
FAULT_LABEL = "harness.dev/fault"


class ObstacleFault(Fault):
    """Makes one object."""

    family: ClassVar[Family] = "object"
    points: ClassVar[frozenset[str]] = frozenset({"objects"})


class Quota(ObstacleFault):
    """Limit what the namespace may hold by a ResourceQuota, until the fault ends.

    What is there stays; whatever would go beyond is refused with 403. So a quota of no pods keeps
    every pod from being replaced.
    """

    type: ClassVar[str] = "quota"
    example: ClassVar[str] = """\
- name: full
  duration: 30s
  quota: {hard: {pods: "0"}}
"""

    hard: dict[str, str] = Field(default={"pods": "0"}, min_length=1)
    """What there may be at most: `pods`, `requests.cpu`, `count/deployments.apps`, ..."""

    def prepare(self, context: FaultContext) -> Injection:
        """One quota."""
        return Obstacle(context, "v1", "ResourceQuota", {"hard": self.hard})


class BlockEviction(ObstacleFault):
    """Forbid evictions by a PodDisruptionBudget that allows none, until the fault ends.

    A drain waits as long. Pods that another budget selects too cannot be evicted at all then: the
    API answers 500, because a pod may have only one.
    """

    type: ClassVar[str] = "blockEviction"
    example: ClassVar[str] = """\
- name: forbid
  duration: 30s
  blockEviction: {matchLabels: {app: other}}
"""

    match_labels: dict[str, str] = {}
    """Labels of the pods that must stay; default: all pods of the namespace."""

    def prepare(self, context: FaultContext) -> Injection:
        """One budget."""
        selector: dict[str, Any] = {"matchLabels": self.match_labels} if self.match_labels else {}
        spec = {"maxUnavailable": 0, "selector": selector}
        return Obstacle(context, "policy/v1", "PodDisruptionBudget", spec)


class Obstacle(Injection):
    """One object that a fault makes; seen when it is committed.

    Args:
        context: Its surroundings.
        api_version: Of the object.
        kind: Of the object.
        spec: Of the object.
    """

    lasts = True

    def __init__(self, context: FaultContext, api_version: str, kind: str, spec: Object) -> None:
        super().__init__(context)
        self._kind = KindRef(api_version, kind)
        self._spec = spec
        self._name = f"harness-{context.name}"[:63].rstrip("-")
        self._labels = {FAULT_LABEL: context.name[:63].rstrip("-")}
        self._uid = ""

    def choose(self) -> str:
        """What is made."""
        return f"{self._kind.kind}/{self._name}"

    async def act(self) -> None:
        """Make it."""
        document = {
            "apiVersion": self._kind.api_version,
            "kind": self._kind.kind,
            "metadata": {"name": self._name, "labels": self._labels},
            "spec": self._spec,
        }
        resource = await self.context.resource_of(document)
        made = await self.context.client.create(resource, document, self.context.namespace)
        self._uid = made["metadata"]["uid"]

    def sees(self, record: Record) -> bool:
        """It is there."""
        return (
            record.kind == "object"
            and record.actor == self.context.actor
            and record.data["kind"] == self._kind.kind
            and record.data["type"] == "ADDED"
        )

    def undo_description(self) -> str:
        """It goes."""
        return f"delete {self._kind.kind}/{self._name}"

    def repairs(self) -> list[Repair]:
        """Only what this fault has made goes."""
        return [
            Delete(
                api_version=self._kind.api_version,
                kind=self._kind.kind,
                namespace=self.context.namespace,
                name=self._name,
                uid=self._uid,
                labels=self._labels,
            )
        ]
