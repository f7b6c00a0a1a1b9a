"""Object metadata: what the server fills in, and what it refuses.

Source: k8s.io/apimachinery `pkg/api/validation`, k8s.io/apiserver `pkg/registry/rest`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import names
from .requests import Object
from .resource import Resource
from .status import (
    FieldError,
    forbidden_field,
    invalid_value,
    required,
    too_long,
)

ANNOTATIONS_BYTES_MAX = 256 * 1024
GENERATED_NAME_LENGTH_MAX = 58  # 63 minus the suffix
STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")

NameCheck = Callable[[str], list[str]]

_NAME_CHECKS: Mapping[tuple[str, str], NameCheck] = {
    ("", "namespaces"): names.dns_label,
    ("", "services"): names.dns_label,
    ("apps", "statefulsets"): names.stateful_set_name,
    ("rbac.authorization.k8s.io", "roles"): names.path_segment,
    ("rbac.authorization.k8s.io", "clusterroles"): names.path_segment,
    ("rbac.authorization.k8s.io", "rolebindings"): names.path_segment,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): names.path_segment,
}

#: What a writer cannot change: a new value is ignored when absent, refused when different.
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp")


def validate_create(resource: Resource, meta: Object) -> list[FieldError]:
    """What is wrong with the metadata of a new object."""
    errors: list[FieldError] = []
    prefix, name = meta.get("generateName", ""), meta.get("name", "")
    check = _NAME_CHECKS.get(resource.storage_key, names.dns_subdomain)
    if prefix:
        masked = prefix[:-1] + "a" if prefix.endswith("-") else prefix
        errors += [invalid_value("metadata.generateName", prefix, c) for c in check(masked)]
    if not name:
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        errors += [invalid_value("metadata.name", name, complaint) for complaint in check(name)]
    return errors + _validate_parts(meta)


def validate_written(new: Object, old: Object) -> list[FieldError]:
    """What an update writes into metadata that only the server sets."""
    path, grace = "deletionGracePeriodSeconds", new.get("deletionGracePeriodSeconds")
    if grace is not None and grace != old.get(path):
        return [invalid_value(f"metadata.{path}", grace, "field is immutable")]
    return []


def validate_update(resource: Resource, new: Object, old: Object) -> list[FieldError]:
    """What is wrong with changed metadata."""
    errors: list[FieldError] = []
    for field in _IMMUTABLE:
        if new.get(field) != old.get(field):
            errors.append(
                invalid_value(f"metadata.{field}", new.get(field, ""), "field is immutable")
            )
    if old.get("deletionTimestamp"):
        known = old.get("finalizers") or []
        added = [name for name in new.get("finalizers") or [] if name not in known]
        if added:
            shown = ", ".join(f'"{name}"' for name in sorted(added))
            words = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{shown}}}"
            )
            errors.append(forbidden_field("metadata.finalizers", words))
    # What is stored was judged when it was written.
    changed = {field: value for field, value in new.items() if value != old.get(field)}
    return errors + _validate_parts(changed)


def _validate_parts(meta: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    if meta.get("labels"):
        errors += validate_labels(meta["labels"], "metadata.labels")
    if meta.get("annotations"):
        errors += _validate_annotations(meta["annotations"])
    if meta.get("ownerReferences"):
        errors += _validate_owners(meta["ownerReferences"])
    if meta.get("finalizers"):
        errors += _validate_finalizers(meta["finalizers"])
    return errors


def validate_labels(labels: Mapping[str, Any], path: str) -> list[FieldError]:
    """What is wrong with a map of labels, wherever it stands."""
    errors: list[FieldError] = []
    for key, value in sorted(labels.items()):
        errors += [invalid_value(path, key, complaint) for complaint in names.qualified_name(key)]
        errors += [invalid_value(path, value, c) for c in names.label_value(value or "")]
    return errors


def _validate_annotations(annotations: Mapping[str, Any]) -> list[FieldError]:
    path, errors, total = "metadata.annotations", [], 0
    for key, value in sorted(annotations.items()):
        complaints = names.qualified_name(key.lower())
        errors += [invalid_value(path, key, complaint) for complaint in complaints]
        total += len(key.encode()) + len((value or "").encode())
    if total > ANNOTATIONS_BYTES_MAX:
        errors.append(too_long(path, ANNOTATIONS_BYTES_MAX))
    return errors


def _validate_owners(owners: list[Object]) -> list[FieldError]:
    errors: list[FieldError] = []
    controllers: list[Object] = []
    for index, owner in enumerate(owners):
        path = f"metadata.ownerReferences[{index}]"
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                errors.append(required(f"{path}.{field}", "must not be empty"))
        if owner.get("kind") == "Event" and owner.get("apiVersion") == "v1":
            errors.append(
                invalid_value(path, "v1, Kind=Event", "is disallowed from being an owner")
            )
        if owner.get("controller"):
            controllers.append(owner)
    if len(controllers) > 1:
        first, second = (f"{owner.get('kind')}/{owner.get('name')}" for owner in controllers[:2])
        words = (
            'Only one reference can have Controller set to true. Found "true" in references '
            f"for {first} and {second}"
        )
        errors.append(invalid_value("metadata.ownerReferences", owners, words))
    return errors


def _validate_finalizers(finalizers: list[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, name in enumerate(finalizers):
        path = f"metadata.finalizers[{index}]"
        complaints = names.qualified_name(name)
        errors += [invalid_value(path, name, complaint) for complaint in complaints]
        if not complaints and "/" not in name and name not in STANDARD_FINALIZERS:
            words = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(invalid_value(path, name, words))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        words = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(invalid_value("metadata.finalizers", finalizers, words))
    return errors


def keep_system_fields(new: Object, old: Object) -> None:
    """Fill in, in place, what an update may leave out and cannot change."""
    for field in ("name", "namespace", "uid", "creationTimestamp"):
        if not new.get(field) and field in old:
            new[field] = old[field]
    for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"):
        if field in old:
            new[field] = old[field]
        else:
            new.pop(field, None)
    new["resourceVersion"] = old["resourceVersion"]


_ORDER = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)


def tidy(meta: Object) -> Object:
    """The metadata in the server's order of fields, without what is empty."""
    # Zero counts: it is a grace period.
    filled = {field: value for field in _ORDER if (value := meta.get(field)) or value == 0}
    if not filled.get("generation"):
        filled.pop("generation", None)  # typed clients send the zero of kinds without generation
    return filled
