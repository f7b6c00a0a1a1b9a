"""What is to be put back, as data: whoever reads it can do it, also after a `kill -9`.

    object as it was > Repair > JSON > (a record in the cluster) > repair(...)

An injection says before it acts what it will break; each repair is the least that puts one thing
back: an object is created if it is missing, a few fields get their former values, something that
was made goes. Carried out twice, or on something that is gone already, a repair does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, KindRef, ResourceRef
from harness.client.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from harness.client.resources import SECRETS
from harness.clusters.cluster import LastingNodes, Nodes
from harness.vocabulary import StrictModel

_CONTENT_TYPES = {"merge": MERGE_PATCH, "json": JSON_PATCH, "strategic": STRATEGIC_PATCH}
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


class RestoreNode(StrictModel):
    """Let a lost node come back."""

    type: Literal["node"] = "node"
    name: str

    def __str__(self) -> str:
        return f"restore node {self.name}"


class Resume(StrictModel):
    """Let what runs in a pod go on."""

    type: Literal["resume"] = "resume"
    namespace: str
    pod: str
    container: str = ""
    """Empty for all of them."""

    def __str__(self) -> str:
        return f"let Pod/{self.pod} in {self.namespace} go on"


Repair = Annotated[Create | Patch | Delete | RestoreNode | Resume, Field(discriminator="type")]
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
        case RestoreNode():
            return await _restore_node(what, nodes)
        case Resume():
            return await _resume(what, nodes)


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


async def _restore_node(what: RestoreNode, nodes: Nodes | None) -> Outcome:
    if nodes is None:
        return Outcome(f"node {what.name} was lost only as long as its process ran")
    await nodes.restore(what.name)
    return Outcome(f"node {what.name} restored")


async def _resume(what: Resume, nodes: Nodes | None) -> Outcome:
    if not isinstance(nodes, LastingNodes):
        return Outcome(f"Pod/{what.pod} failed only as long as its process ran")
    await nodes.resume_pod(what.namespace, what.pod, what.container)
    return Outcome(f"Pod/{what.pod} goes on")
