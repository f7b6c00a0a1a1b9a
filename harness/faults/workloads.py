"""Workloads are changed by hand as people do in an emergency: scaled to zero, a wrong image."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from harness.apiserver.requests import Object
from harness.client.client import STRATEGIC_PATCH
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection
from .repairs import Repair, patch_of, scale_of
from .targets import TargetedFault, TargetedInjection

#: Of a registry that cannot exist (RFC 2606), so no node can have it.
MISSING_IMAGE = "registry.invalid/does-not-exist:0"


class ScaleToZero(TargetedFault):
    """Scale workloads to zero through their scale subresource (`kubectl scale --replicas=0`)."""

    type: ClassVar[str] = "scaleToZero"
    example: ClassVar[str] = """\
- name: stop
  scaleToZero: {select: {ownedBy: service, kinds: [Deployment]}}
"""
    kinds: ClassVar[tuple[str, ...]] = ("Deployment", "StatefulSet", "ReplicaSet")

    def prepare(self, context: FaultContext) -> Injection:
        """One scaling."""
        return Stopping(self, context)


class CorruptImage(TargetedFault):
    """Give the containers of workloads another image, which no node can pull.

    Pods that run go on; new ones wait with ErrImagePull. It is a bad deployment past the operator.
    """

    type: ClassVar[str] = "corruptImage"
    example: ClassVar[str] = """\
- name: corrupt
  corruptImage: {object: workload}
"""
    kinds: ClassVar[tuple[str, ...]] = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")

    image: str = Field(default=MISSING_IMAGE, min_length=1)
    """The wrong image."""
    containers: list[str] = []
    """Names of containers; default: the first one of each."""

    def prepare(self, context: FaultContext) -> Injection:
        """One change."""
        return Corruption(self, context)


class Stopping(TargetedInjection[ScaleToZero]):
    """Workloads that are scaled to zero; seen when that is committed."""

    def choose(self) -> str:
        """Choose; what is at zero already is no target."""
        chosen = super().choose()
        if not any(_replicas(document) for _, document in self.targets):
            raise CannotInject(f"fault {self.context.name}: {chosen} is at zero already")
        return chosen

    async def act(self) -> None:
        """Scale them, one after the other."""
        for key, document in self.targets:
            await self.context.client.patch(
                await self.context.resource_of(document),
                key.name,
                key.namespace,
                document={"spec": {"replicas": 0}},
                subresource="scale",
            )

    def sees(self, record: Record) -> bool:
        """A version that this fault wrote."""
        return record.kind == "object" and record.actor == self.context.actor

    def undo_description(self) -> str:
        """They get their replicas back."""
        return f"scale {', '.join(str(key) for key, _ in self.targets)} back"

    def repairs(self) -> list[Repair]:
        """As many as they had."""
        return [scale_of(document, _replicas(document)) for _, document in self.targets]


def _replicas(document: Object) -> int:
    return int(document["spec"].get("replicas", 1))


class Corruption(TargetedInjection[CorruptImage]):
    """Workloads with a wrong image; seen when that is committed."""

    def choose(self) -> str:
        """Choose workloads; each must have the containers."""
        chosen = super().choose()
        for key, document in self.targets:
            known = list(_images(document))
            missing = [name for name in self.fault.containers if name not in known]
            if missing:
                raise CannotInject(
                    f"fault {self.context.name}: {key} has no container {missing[0]!r}; "
                    f"it has {', '.join(known)}"
                )
        return chosen

    def _wrong(self, document: Object) -> list[str]:
        return self.fault.containers or list(_images(document))[:1]

    async def act(self) -> None:
        """Change them, one after the other."""
        for key, document in self.targets:
            wrong = dict.fromkeys(self._wrong(document), self.fault.image)
            await self.context.client.patch(
                await self.context.resource_of(document),
                key.name,
                key.namespace,
                document=_with_images(wrong),
                content_type=STRATEGIC_PATCH,
            )

    def sees(self, record: Record) -> bool:
        """A version that this fault wrote."""
        return record.kind == "object" and record.actor == self.context.actor

    def undo_description(self) -> str:
        """They get their images back."""
        return f"restore the images of {', '.join(str(key) for key, _ in self.targets)}"

    def repairs(self) -> list[Repair]:
        """The images that were changed, by the names of their containers."""
        return [
            patch_of(document, _with_images(self._right(document)), patch_type="strategic")
            for _, document in self.targets
        ]

    def _right(self, document: Object) -> dict[str, str]:
        images = _images(document)
        return {name: images[name] for name in self._wrong(document)}


def _images(document: Object) -> dict[str, str]:
    containers = document["spec"]["template"]["spec"]["containers"]
    return {container["name"]: container.get("image", "") for container in containers}


def _with_images(images: dict[str, str]) -> dict[str, Any]:
    containers = [{"name": name, "image": image} for name, image in images.items()]
    return {"spec": {"template": {"spec": {"containers": containers}}}}
