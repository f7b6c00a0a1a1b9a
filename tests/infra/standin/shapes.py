"""Comparing what the program wants with what the cluster has; plain functions over JSON.

    program inputs ─┐                         ┌─ what of the inputs the cluster has otherwise: drift
                    ├─ `changes`              │
    last inputs ────┘      live object ─ `as_seen`

A server adds defaults, status and metadata to an object, so only what the inputs name is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]

#: What only a new object can have, by kind; the identity of an object always.
IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
IMMUTABLE = {
    "ClusterRoleBinding": ("roleRef",),
    "ConfigMap": ("data", "binaryData"),  # as Pulumi: pods see the new one at a known moment
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Job": ("spec.selector", "spec.template"),
    "RoleBinding": ("roleRef",),
    "Secret": ("data", "stringData", "type"),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
}
_OF_THE_SERVER = ("managedFields", "resourceVersion", "generation")


def whole_numbers(value: Any) -> Any:
    """The same with integers where protobuf, which has only doubles, made 8080 into 8080.0."""
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def changes(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, `add`, `delete` or `update`) of each difference, in Pulumi's way to write paths."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            here = _joined(path, key)
            if key not in old:
                yield here, "add"
            elif key not in new:
                yield here, "delete"
            else:
                yield from changes(old[key], new[key], here)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from changes(before, after, f"{path}[{index}]")
    elif old != new:
        yield path, "update"


def needs_replacement(kind: str, path: str) -> bool:
    """Whether a change at this path can only be made by a new object."""
    fixed = (*IDENTITY, *IMMUTABLE.get(kind, ()))
    return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in fixed)


def as_seen(inputs: Any, live: Any) -> Any:
    """The inputs with the values that the live object has; what it has not is left out.

    Items of lists are matched by `name` where all have one.
    """
    if isinstance(inputs, dict) and isinstance(live, dict):
        return {key: as_seen(item, live[key]) for key, item in inputs.items() if key in live}
    if isinstance(inputs, list) and isinstance(live, list):
        wanted, there = _by_name(inputs), _by_name(live)
        if wanted is not None and there is not None:
            return [as_seen(item, there[name]) for name, item in wanted.items() if name in there]
        if len(inputs) == len(live):
            return [as_seen(item, other) for item, other in zip(inputs, live, strict=True)]
    return live


def essence(obj: Object) -> Object:
    """An object without what changes by every write."""
    kept = {key: item for key, item in obj.items() if key != "status"}
    metadata = {key: item for key, item in obj["metadata"].items() if key not in _OF_THE_SERVER}
    return kept | {"metadata": metadata}


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    named = {item["name"]: item for item in items if isinstance(item, dict) and "name" in item}
    return named if len(named) == len(items) else None


def _joined(path: str, key: str) -> str:
    if not key.replace("_", "").replace("$", "").isalnum():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key
