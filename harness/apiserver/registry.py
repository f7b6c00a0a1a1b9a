"""Which resources are served: built-in ones from the start, custom ones as their CRDs come and go.

`generation` counts the changes, so that discovery and OpenAPI know when what they cached is old.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .requests import RequestInfo
from .resource import Resource
from .status import method_not_allowed, not_found, page_not_found

#: What can be done to a subresource that is a part of its object, or its replica count.
_PART_VERBS = ("get", "patch", "update")
_SUBRESOURCE_VERBS: Mapping[str, tuple[str, ...]] = {
    "binding": ("create",),
    "eviction": ("create",),
    "finalize": ("update",),
    "token": ("create",),
}


class Registry:
    """Served resources by (group, version, plural) and by (apiVersion, kind)."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self.generation = 0
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        for resource in resources:
            self.add(resource)

    def __iter__(self) -> Iterator[Resource]:
        """All resources, in the order in which they were added."""
        return iter(list(self._by_path.values()))

    def add(self, resource: Resource) -> None:
        """Serve a resource; one at the same path is replaced in its place."""
        self.generation += 1
        self._by_path[resource.group, resource.version, resource.plural] = resource
        self._by_kind[resource.api_version, resource.kind] = resource

    def remove(self, resource: Resource) -> None:
        """Stop serving a resource."""
        self.generation += 1
        self._by_path.pop((resource.group, resource.version, resource.plural), None)
        if self._by_kind.get((resource.api_version, resource.kind)) is resource:
            del self._by_kind[resource.api_version, resource.kind]

    def of_storage(self, group: str, plural: str) -> list[Resource]:
        """All served versions of one stored resource."""
        return [each for each in self if each.storage_key == (group, plural)]

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at a path, if it is served."""
        return self._by_path.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of a kind, if it is served."""
        return self._by_kind.get((api_version, kind))

    def resolve(self, info: RequestInfo) -> Resource:
        """The resource that a request asks for.

        Raises:
            ApiError: 404 when nothing is served there, 405 for a verb that is not.
        """
        resource = self.find(info.group, info.version, info.resource)
        if resource is None or not _in_scope(resource, info):
            raise page_not_found()
        if info.subresource:
            if info.subresource not in resource.subresources:
                if resource.custom:
                    raise not_found(resource.plural, info.name, resource.group)
                raise page_not_found()
            if info.verb not in _SUBRESOURCE_VERBS.get(info.subresource, _PART_VERBS):
                raise method_not_allowed()
        elif info.verb not in resource.verbs or not _fits(resource, info):
            raise method_not_allowed()
        return resource

    def serves_path(self, info: RequestInfo) -> bool:
        """Whether a path leads anywhere: to a served version, and there into the right scope."""
        resource = self.find(info.group, info.version, info.resource)
        if resource is not None:
            return not resource.custom or _in_scope(resource, info)
        return any((each.group, each.version) == (info.group, info.version) for each in self)


def _in_scope(resource: Resource, info: RequestInfo) -> bool:
    """A namespace in the path is only for what lives in one, or is one."""
    return resource.namespaced or not info.namespace or info.resource == "namespaces"


def _fits(resource: Resource, info: RequestInfo) -> bool:
    """Whether the path is one that the verb is for: a collection or a name, in a namespace."""
    if resource.namespaced and not info.namespace and info.verb not in ("list", "watch"):
        return False
    if info.verb == "create":
        return not info.name
    return bool(info.name) or info.verb in ("list", "watch", "deletecollection")
