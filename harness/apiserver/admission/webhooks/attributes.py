"""What a webhook is told about a write, and what its rules and selectors look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ...documents import copy
from ...lifecycle import NAMESPACES
from ...parameters import is_dry_run
from ...requests import Object, Request, UserInfo
from ...resource import Resource
from ...scale import scale_of
from ...state import ServerState
from ...versions import as_served

_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
_QUERY_OPTIONS = ("fieldManager", "fieldValidation")
_DELETE_OPTIONS = ("gracePeriodSeconds", "preconditions", "orphanDependents", "propagationPolicy")


@dataclass(frozen=True)
class Attributes:
    """One write in one phase of its admission."""

    request: Request
    resource: Resource
    new: Object | None
    old: Object | None

    @property
    def operation(self) -> str:
        """CREATE, UPDATE or DELETE."""
        if self.new is None:
            return "DELETE"
        return "CREATE" if self.old is None else "UPDATE"

    @property
    def subresource(self) -> str:
        """`status`, `scale`, ... or empty."""
        assert self.request.info is not None
        return self.request.info.subresource

    @property
    def name(self) -> str:
        """What the object is called; empty before its name is generated."""
        assert self.request.info is not None
        new = self.new or {"metadata": {}}
        return str(self.request.info.name or new["metadata"].get("name", ""))

    @property
    def namespace(self) -> str:
        """Where it lives; a namespace lives in itself."""
        if self.resource.storage_key == NAMESPACES:
            return self.name
        document = self.new or self.old or {"metadata": {}}
        return str(document["metadata"].get("namespace", ""))

    def namespace_labels(self, state: ServerState) -> Mapping[str, str] | None:
        """Labels of the namespace; None where there is none."""
        if self.resource.storage_key == NAMESPACES and self.new is not None:
            return labels_of(self.new)
        version = state.store.collection(NAMESPACES).get(("", self.namespace))
        return labels_of(version.document) if version is not None else None


def labels_of(document: Object | None) -> Mapping[str, str]:
    """The labels of an object; none of none."""
    labels: Mapping[str, str] = ((document or {}).get("metadata") or {}).get("labels") or {}
    return labels


def shown(attributes: Attributes, target: Resource, document: Object | None) -> Object | None:
    """A document as a webhook sees it: a Scale for `/scale`, else in the version of its rule."""
    if document is None:
        return None
    if attributes.subresource == "scale":
        return scale_of(attributes.resource, document)
    if target is attributes.resource:
        return document
    conversion = attributes.resource.conversion
    stored = conversion.to_stored(document) if conversion is not None else document
    return as_served(target, stored)


def review_request(attributes: Attributes, target: Resource, uid: str) -> Object:
    """The `request` of an AdmissionReview."""
    request, resource, part = attributes.request, attributes.resource, attributes.subresource
    told: Object = {"uid": uid, "kind": _kind(target, part), "resource": _resource(target)}
    told |= {"subResource": part} if part else {}
    told |= {"requestKind": _kind(resource, part), "requestResource": _resource(resource)}
    told |= {"requestSubResource": part} if part else {}
    told |= {"name": attributes.name} if attributes.name else {}
    told |= {"namespace": attributes.namespace} if attributes.namespace else {}
    return told | {
        "operation": attributes.operation,
        "userInfo": _user(request),
        "object": shown(attributes, target, attributes.new),
        "oldObject": shown(attributes, target, attributes.old),
        "dryRun": is_dry_run(request),
        "options": _options(attributes),
    }


def _kind(resource: Resource, subresource: str) -> Object:
    if subresource == "scale":
        return {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _resource(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def _user(request: Request) -> Object:
    user = request.user or UserInfo(request.actor, ("system:masters", "system:authenticated"))
    told: Object = {"username": user.name}
    told |= {"uid": user.uid} if user.uid else {}
    return told | ({"groups": list(user.groups)} if user.groups else {})


def _options(attributes: Attributes) -> Object:
    request, operation = attributes.request, attributes.operation
    told: Object = {"kind": _OPTIONS[operation], "apiVersion": "meta.k8s.io/v1"}
    if operation == "DELETE":
        given = _delete_body(request)
        told |= {name: given[name] for name in _DELETE_OPTIONS if given.get(name) is not None}
    told |= {"dryRun": ["All"]} if is_dry_run(request) else {}
    if operation != "DELETE":
        told |= {n: request.parameter(n) for n in _QUERY_OPTIONS if request.parameter(n)}
    return told


def _delete_body(request: Request) -> Object:
    value: Any = request.document
    if value is None and request.body.strip():
        try:
            value = orjson.loads(request.body)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        value = {name: request.parameter(name) or None for name in _DELETE_OPTIONS}
    options: Object = copy(value)
    return options
