"""DELETE: now, later, or when the last finalizer is gone.

    options > preconditions > grace (pods only) > finalizers that the policy asks for
      > nothing to wait for: a tombstone, at once
      > else: deletionTimestamp is set, and whoever removes the last finalizer deletes

The policies Orphan and Foreground are finalizers that the garbage collector handles; the server
only sets them. Source: k8s.io/apiserver `pkg/registry/rest/delete.go`, `registry/generic/registry`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from . import crds, fields, lifecycle, metadata
from .decoding import parse_body
from .parameters import check_write_options, integer, is_dry_run
from .reading import select
from .requests import Object, Request, Response
from .resource import Resource
from .state import ServerState
from .status import (
    FieldError,
    bad_request,
    conflict,
    forbidden,
    invalid,
    invalid_value,
    not_supported,
)
from .store import Version
from .writing import current

POLICIES = ("Foreground", "Background", "Orphan")
PODS = ("", "pods")
#: Kinds whose deletion answers with the object instead of a Status.
_ANSWERS_WITH_OBJECT = frozenset(
    {
        PODS,
        ("", "services"),
        ("", "serviceaccounts"),
        ("", "podtemplates"),
        ("", "persistentvolumes"),
        ("", "persistentvolumeclaims"),
        ("", "resourcequotas"),
        ("storage.k8s.io", "storageclasses"),
        ("storage.k8s.io", "csidrivers"),
        ("storage.k8s.io", "csinodes"),
        ("storage.k8s.io", "volumeattachments"),
    }
)


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """`metav1.DeleteOptions`; empty and None mean "not said"."""

    grace_seconds: int | None = None
    policy: str = ""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


def delete_options(request: Request) -> DeleteOptions:
    """Options of a DELETE, from its body or else its query.

    Raises:
        ApiError: 400 for a body that is no DeleteOptions, 422 for options that make no sense.
    """
    check_write_options(request, "DeleteOptions")
    body = _options_body(request)
    if body:
        dry_run = is_dry_run(request) or _body_dry_run(body)
        conditions = body.get("preconditions") or {}
        return DeleteOptions(
            body.get("gracePeriodSeconds"),
            _policy(body.get("propagationPolicy"), body.get("orphanDependents")),
            conditions.get("uid") or "",
            conditions.get("resourceVersion") or "",
            dry_run,
        )
    orphan = request.parameter("orphanDependents")
    return DeleteOptions(
        integer(request, "gracePeriodSeconds"),
        _policy(request.parameter("propagationPolicy"), orphan == "true" if orphan else None),
        dry_run=is_dry_run(request),
    )


def _body_dry_run(body: Object) -> bool:
    values = list(body.get("dryRun") or ())
    if any(value != "All" for value in values):
        error = not_supported("dryRun", values, ["All"])
        raise invalid("DeleteOptions", "", [error], "meta.k8s.io")
    return bool(values)


def _options_body(request: Request) -> Object:
    if request.document is None and not request.body.strip():
        return {}
    try:
        value, _ = parse_body(request)
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    if not isinstance(value, dict):
        raise bad_request("decoded object cannot be converted to DeleteOptions")
    if not isinstance(value.get("gracePeriodSeconds"), int | None):
        raise bad_request("DeleteOptions: gracePeriodSeconds must be an integer")
    if not isinstance(value.get("preconditions"), dict | None):
        raise bad_request("DeleteOptions: preconditions must be an object")
    return value


def _policy(policy: Any, orphan_dependents: bool | None) -> str:
    errors: list[FieldError] = []
    if policy and policy not in POLICIES:
        errors.append(not_supported("propagationPolicy", policy, [*POLICIES, "nil"]))
    elif policy and orphan_dependents is not None:
        words = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(invalid_value("propagationPolicy", policy, words))
    if errors:
        raise invalid("DeleteOptions", "", errors, "meta.k8s.io")
    if orphan_dependents is not None:
        return "Orphan" if orphan_dependents else "Background"
    return policy or ""


def delete(state: ServerState, request: Request, resource: Resource) -> Response:
    """DELETE of one object.

    Raises:
        ApiError: 404, 409 (preconditions), 403 (namespaces that must stay).
    """
    options = delete_options(request)
    live = current(state, request, resource)
    return delete_version(state, request, resource, live, options)


def delete_collection(state: ServerState, request: Request, resource: Resource) -> Response:
    """DELETE of a collection: each selected object, one after another; answers with the list."""
    options = delete_options(request)
    versions, rv = select(state, request, resource)
    for version in versions:
        newest = state.store.collection(resource.storage_key).get(version.key)
        if newest is not None:
            delete_version(state, request, resource, newest, options)
    items = [version.document for version in versions]
    if not resource.custom:
        items = [{k: v for k, v in i.items() if k not in ("kind", "apiVersion")} for i in items]
    document = {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(rv)},
        "items": items,
    }
    return Response(200, document, changed=bool(items) and not options.dry_run)


def delete_version(
    state: ServerState,
    request: Request,
    resource: Resource,
    live: Version,
    options: DeleteOptions,
) -> Response:
    """Delete one stored object as the options ask for."""
    check_preconditions(resource, live, options)
    for plugin in (*state.mutating, *state.validating):
        plugin(request, resource, None, live.document)
    if resource.storage_key == lifecycle.NAMESPACES:
        return _delete_namespace(state, request, resource, live, options)
    grace = _grace_seconds(resource, live.document, options)
    meta = live.document["metadata"]
    finalizers = _finalizers(meta, options.policy)
    if resource.storage_key == crds.CRDS and not meta.get("deletionTimestamp"):
        finalizers = [*finalizers, crds.FINALIZER]
    if meta.get("deletionTimestamp"):
        pending = _pending(live, grace, finalizers)
        if pending:
            return Response(200, live.document, source=live, rv=live.rv)
    graceful = resource.storage_key == PODS
    waits = bool(finalizers) or grace > 0
    if waits or graceful or finalizers != (meta.get("finalizers") or []):
        marked = _mark(state, live.document, grace, finalizers)
        if options.dry_run:
            return Response(200, marked)
        live = _commit_mark(state, request, resource, live, marked)
        if waits:
            if resource.storage_key == crds.CRDS:
                _empty_definition(state, request, live)
            return Response(200, live.document, source=live, rv=live.rv, changed=True)
    return _remove(state, request, resource, live, options)


def check_preconditions(resource: Resource, live: Version, options: DeleteOptions) -> None:
    """Whether it is the object that is meant; 409 otherwise."""
    meta, name = live.document["metadata"], live.key[1]
    if options.uid and options.uid != meta["uid"]:
        raise conflict(
            resource.kind,
            name,
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({meta['uid']}). The object might have been deleted and then recreated",
            resource.group,
        )
    if options.resource_version and options.resource_version != meta["resourceVersion"]:
        raise conflict(
            resource.kind,
            name,
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match "
            f"the ResourceVersion in record ({meta['resourceVersion']}). "
            "The object might have been modified",
            resource.group,
        )


def _grace_seconds(resource: Resource, document: Object, options: DeleteOptions) -> int:
    """How long a pod may take to stop: nothing before it is scheduled or after it ended."""
    if resource.storage_key != PODS:
        return 0
    spec, status = document.get("spec") or {}, document.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ("Failed", "Succeeded"):
        return 0
    if options.grace_seconds is not None:
        return options.grace_seconds if options.grace_seconds >= 0 else 1
    return int(spec.get("terminationGracePeriodSeconds", 30))


def _finalizers(meta: Object, policy: str) -> list[str]:
    """Finalizers of the object under a propagation policy; not said keeps what is there."""
    existing = list(meta.get("finalizers") or ())
    if not policy:
        return existing
    wanted = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}.get(policy)
    kept = [name for name in existing if name not in ("orphan", "foregroundDeletion")]
    return [*kept, wanted] if wanted else kept


def _pending(live: Version, grace: int, finalizers: list[str]) -> bool:
    """Whether a deletion that was asked for before already covers this one."""
    meta = live.document["metadata"]
    shorter = grace < meta.get("deletionGracePeriodSeconds", 0)
    return (
        not shorter
        and finalizers == (meta.get("finalizers") or [])
        and bool(finalizers or meta.get("deletionGracePeriodSeconds"))
    )


def _mark(state: ServerState, document: Object, grace: int, finalizers: list[str]) -> Object:
    """The object as it waits for its deletion."""
    meta = dict(document["metadata"])
    before = meta.get("deletionTimestamp")
    if not before or grace < meta.get("deletionGracePeriodSeconds", 0):
        moment = state.clock.now() + datetime.timedelta(seconds=grace)
        meta["deletionTimestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        meta["deletionGracePeriodSeconds"] = grace
    if not before and meta.get("generation"):
        meta["generation"] += 1
    meta["finalizers"] = finalizers
    return {**document, "metadata": metadata.tidy(meta)}


def _commit_mark(
    state: ServerState, request: Request, resource: Resource, live: Version, marked: Object
) -> Version:
    if fields.same_but_for_times(marked, live.document):
        return live
    return state.commit(request, resource, "MODIFIED", marked)


def _empty_definition(state: ServerState, request: Request, definition: Version) -> None:
    """Delete every object of a definition that goes."""
    spec = definition.document["spec"]
    served = state.registry.of_storage(spec["group"], spec["names"]["plural"])
    for version in crds.objects_of(state, definition.document):
        delete_version(state, request, served[0], version, DeleteOptions())


def _remove(
    state: ServerState,
    request: Request,
    resource: Resource,
    live: Version,
    options: DeleteOptions,
) -> Response:
    """Commit the tombstone and answer with the object or, for most kinds, a Status."""
    document, rv = live.document, None
    if not options.dry_run:
        version = state.commit(request, resource, "DELETED", dict(document))
        document, rv = version.document, version.rv
    if resource.storage_key in _ANSWERS_WITH_OBJECT:
        return Response(200, document, rv=rv, changed=rv is not None)
    details: Object = {"name": live.key[1]}
    if resource.group:
        details["group"] = resource.group
    details = {**details, "kind": resource.plural, "uid": document["metadata"]["uid"]}
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }
    return Response(200, status, rv=rv, changed=rv is not None)


def _delete_namespace(
    state: ServerState,
    request: Request,
    resource: Resource,
    live: Version,
    options: DeleteOptions,
) -> Response:
    """A namespace terminates first; its controller lets it go through `/finalize`."""
    name, document = live.key[1], live.document
    if name in lifecycle.PROTECTED_NAMESPACES:
        words = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
        raise forbidden(words, "namespaces", name)
    meta, spec = document["metadata"], document.get("spec") or {}
    if meta.get("deletionTimestamp"):
        if spec.get("finalizers") or meta.get("finalizers"):
            return Response(200, document, source=live, rv=live.rv)
        return _remove(state, request, resource, live, options)
    if not spec.get("finalizers") and not meta.get("finalizers"):
        return _remove(state, request, resource, live, options)
    marked = {
        **document,
        "metadata": {**meta, "deletionTimestamp": state.clock.timestamp()},
        "status": {**(document.get("status") or {}), "phase": "Terminating"},
    }
    marked["metadata"]["finalizers"] = _finalizers(meta, options.policy)
    if options.dry_run:
        return Response(200, marked)
    version = state.commit(request, resource, "MODIFIED", marked)
    return Response(200, version.document, source=version, rv=version.rv, changed=True)
