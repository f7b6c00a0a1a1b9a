"""Several served versions of one resource: one is stored, the others are views of it.

Built-in kinds of which the same is true have a `Conversion`. For custom resources, with the
conversion strategy None, which is what is implemented, versions differ in `apiVersion` and in which
fields their schemas keep. Objects are stored in the storage version, shown in the version
of the request, and a write in another version starts from what that version shows.
Source: Kubernetes "Versions in CustomResourceDefinitions".
"""

from __future__ import annotations

from typing import Any

from . import documents
from .requests import Object
from .resource import Resource
from .schema import pruning
from .store import Version


def _version_of(resource: Resource) -> dict[str, Any]:
    for version in resource.definition["spec"]["versions"]:
        if version["name"] == resource.version:
            return dict(version)
    return {}


def stored_api_version(resource: Resource) -> str:
    """The apiVersion in which objects of a resource are stored."""
    if resource.conversion is not None:
        return resource.conversion.api_version
    if not resource.custom:
        return resource.api_version
    for version in resource.definition["spec"]["versions"]:
        if version.get("storage"):
            return f"{resource.group}/{version['name']}"
    return resource.api_version


def deprecation_warning(resource: Resource) -> str:
    """What users of a deprecated version are told; empty for the others."""
    version = _version_of(resource) if resource.custom else {}
    if not version.get("deprecated"):
        return ""
    default = f"{resource.api_version} {resource.kind} is deprecated"
    return str(version.get("deprecationWarning") or default)


def as_served(resource: Resource, document: Object) -> Object:
    """A stored document in the version of the resource."""
    if resource.conversion is not None:
        return resource.conversion.from_stored(document)
    if not resource.custom or document.get("apiVersion") == resource.api_version:
        return document
    shown: Object = documents.copy(document)
    shown["apiVersion"] = resource.api_version
    pruning.prune(resource.node, shown)
    return shown


def version_as_served(resource: Resource, version: Version) -> Version:
    """A stored version with its document in the version of the resource."""
    document = as_served(resource, version.document)
    if document is version.document:
        return version
    return Version(
        version.rv, version.type, version.storage_key, version.key, document, version.previous
    )
