"""What is to be put back, as data: whoever reads it can do it, also after a `kill -9`.

    object as it was > Repair > JSON > a record in the cluster > Repair > `repairing.repair`

An injection says before it acts what it will break; each repair is the least that puts one thing
back: an object is created if it is missing, a few fields get their former values, something that
was made goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from harness.apiserver.requests import Object
from harness.client import Client, KindRef, ResourceRef
from harness.client.resources import SECRETS
from harness.vocabulary import StrictModel

#: What only a server sets; a new object is refused with some of them.
_SERVER_SET = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
)


class _OfObject(StrictModel):
    """Names one object."""

    api_version: str
    kind: str
    namespace: str = ""
    name: str

    async def find(self, client: Client) -> tuple[ResourceRef | None, Object | None]:
        """Where it is served and what it is now; None where its kind or it is gone."""
        try:
            resource = await client.resource(KindRef(self.api_version, self.kind))
        except LookupError:
            return None, None
        return resource, await client.find(resource, self.name, self.namespace)

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind}/{self.name}{where}"


class Create(StrictModel):
    """Create an object if there is none of its name."""

    type: Literal["create"] = "create"
    object: dict[str, Any]
    """As it was; what only a server may set is left out."""

    def __str__(self) -> str:
        meta = self.object["metadata"]
        where = f" in {meta['namespace']}" if meta.get("namespace") else ""
        return f"create {self.object['kind']}/{meta['name']}{where} if missing"


class Patch(_OfObject):
    """Change an object, as long as it is the same one."""

    type: Literal["patch"] = "patch"
    uid: str
    """Another incarnation is left alone."""
    patch: dict[str, Any] | list[Any]
    patch_type: Literal["merge", "json", "strategic"] = "merge"
    subresource: str = ""

    def __str__(self) -> str:
        return f"restore {super().__str__()}"


class Delete(_OfObject):
    """Delete what a fault made, and nothing else of that name."""

    type: Literal["delete"] = "delete"
    uid: str = ""
    """Only this incarnation; empty where the fault could not know it before it acted."""
    labels: dict[str, str] = {}
    """Only an object that carries all of these."""

    def __str__(self) -> str:
        return f"delete {super().__str__()}"


class Unfinalize(_OfObject):
    """Remove one finalizer from an object; all others stay."""

    type: Literal["unfinalize"] = "unfinalize"
    uid: str
    """Another incarnation is left alone."""
    finalizer: str

    def __str__(self) -> str:
        return f"remove finalizer {self.finalizer} from {super().__str__()}"


class RestoreNode(StrictModel):
    """Let a lost node come back."""

    type: Literal["node"] = "node"
    name: str

    def __str__(self) -> str:
        return f"restore node {self.name}"


class Untaint(StrictModel):
    """Remove one taint from a node; all others stay."""

    type: Literal["untaint"] = "untaint"
    node: str
    key: str
    effect: str

    def __str__(self) -> str:
        return f"remove taint {self.key}:{self.effect} from node {self.node}"


class Resume(StrictModel):
    """Let what runs in a pod go on."""

    type: Literal["resume"] = "resume"
    namespace: str
    pod: str

    def __str__(self) -> str:
        return f"let Pod/{self.pod} in {self.namespace} go on"


Repair = Annotated[
    Create | Patch | Delete | Unfinalize | RestoreNode | Untaint | Resume,
    Field(discriminator="type"),
]
_REPAIRS: TypeAdapter[list[Repair]] = TypeAdapter(list[Repair])


def repairs_to_data(repairs: Iterable[Repair]) -> list[dict[str, Any]]:
    """Repairs as JSON values."""
    return [repair.model_dump(mode="json") for repair in repairs]


def repairs_from_data(data: Any) -> list[Repair]:
    """Repairs from JSON values.

    Raises:
        ValueError: They are not what `repairs_to_data` writes.
    """
    return _REPAIRS.validate_python(data)


def holds_secrets(repair: Repair) -> bool:
    """Whether a repair carries values of a Secret."""
    if isinstance(repair, Create):
        document = repair.object
        return (document.get("apiVersion"), document.get("kind")) == ("v1", SECRETS.kind)
    return isinstance(repair, Patch) and (repair.api_version, repair.kind) == ("v1", SECRETS.kind)


def creation_of(document: Object) -> Create:
    """Create this object again, without its status and without what only a server may set."""
    metadata = {k: v for k, v in document["metadata"].items() if k not in _SERVER_SET}
    kept = {k: v for k, v in document.items() if k != "status"}
    return Create(object={**kept, "metadata": metadata})


def patch_of(document: Object, patch: Any, **more: Any) -> Patch:
    """Patch this object, in this incarnation only."""
    meta = document["metadata"]
    return Patch(
        api_version=document["apiVersion"],
        kind=document["kind"],
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        uid=meta["uid"],
        patch=patch,
        **more,
    )


def scale_of(document: Object, replicas: int) -> Patch:
    """Scale this object, through its scale subresource."""
    return patch_of(document, {"spec": {"replicas": replicas}}, subresource="scale")
