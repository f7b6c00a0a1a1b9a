"""Play requests that a real API server answered once, and say where our answer differs.

Golden files are made by `scripts/record_answers.py`. A case goes the way of every write (decode,
prune, default, prepare, validate, allocate) through the strategy of its kind, without a store: what
is compared is what the kind itself decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from harness.apiserver import documents, metadata, status
from harness.apiserver.admission.priorities import give_priority
from harness.apiserver.crd import served_resources
from harness.apiserver.kinds.limits import SYSTEM_CLASSES
from harness.apiserver.requests import Object
from harness.apiserver.resource import Resource
from harness.apiserver.schema.builtin import resources
from harness.apiserver.schema.pruning import prune

_VOLATILE = ("creationTimestamp", "managedFields", "resourceVersion", "uid", "generation")
_TOKEN_VOLUME = re.compile(r"kube-api-access-\w{5}")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CLASSES: dict[str, Object] = {
    name: {"metadata": {"name": name}, "value": value} for name, value in SYSTEM_CLASSES.items()
}
UID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Case:
    """One request and the answer of the real server."""

    id: str
    path: str
    answer: Object
    body: Object = field(default_factory=dict)
    old: Object | None = None
    change: Object = field(default_factory=dict)


def read_cases(*files: Path) -> list[Case]:
    """All cases of some golden files."""
    return [Case(**row) for file in files for row in orjson.loads(file.read_bytes())["cases"]]


def served(*files: Path) -> dict[tuple[str, str], Resource]:
    """What is served while the cases are played: built-in kinds and those of the definitions."""
    known = {(each.api_version, each.plural): each for each in resources()}
    for file in files:
        for definition in orjson.loads(file.read_bytes())["definitions"]:
            crd = write(known["apiextensions.k8s.io/v1", "customresourcedefinitions"], definition)
            known |= {(each.api_version, each.plural): each for each in served_resources(crd)}
    return known


def answer(known: Mapping[tuple[str, str], Resource], case: Case) -> Object:
    """What we answer to a case."""
    parts = case.path.strip("/").split("/")
    api_version = "/".join(parts[1:3]) if parts[0] == "apis" else parts[1]
    resource = known[api_version, parts[-1]]
    try:
        if case.old is None:
            return write(resource, case.body)
        old = write(resource, case.old)
        return write(resource, _changed(old, case.change), old)
    except status.ApiError as error:
        return error.status()


def _changed(document: Object, change: Object) -> Object:
    """A copy with the value at a place set, or removed where the change names none."""
    changed: Object = documents.copy(document)
    *parents, last = change["place"]
    target: Any = changed
    for part in parents:
        target = target[part] if isinstance(target, list) else target.setdefault(part, {})
    if "value" in change:
        target[last] = change["value"]
    else:
        target.pop(last, None)
    return changed


def write(resource: Resource, body: Object, old: Object | None = None) -> Object:
    """The stored form of a document that is created, or that replaces `old`."""
    strategy = resource.strategy
    document: Object = documents.copy(body)
    strategy.decode(document)
    prune(resource.node, document)
    strategy.drop_nulls(document)
    meta = document.setdefault("metadata", {})
    if resource.namespaced:
        meta.setdefault("namespace", "default")
    strategy.default(document)
    if old is None:
        if resource.kind == "Pod":
            give_priority(resource, document, _CLASSES)
        strategy.prepare_create(document)
        meta |= {"uid": UID, "creationTimestamp": "2026-01-01T00:00:00Z"}
        errors = metadata.validate_create(resource, meta) + strategy.validate_create(document)
    else:
        metadata.keep_system_fields(meta, {**old["metadata"], "resourceVersion": "1"})
        strategy.prepare_update(document, old)
        errors = metadata.validate_update(resource, meta, old["metadata"])
        errors += strategy.validate_update(document, old)
    if not errors and old is None and strategy.allocates:
        errors = strategy.allocate(document, [])
    if errors:
        raise status.invalid(resource.kind, meta.get("name", ""), errors, resource.group)
    return document


def differences(case: Case, ours: Object) -> list[str]:
    """Each place where the real answer (left) and ours (right) differ."""
    return list(_differences(_comparable(case.answer), _comparable(ours), ""))


def _comparable(document: Object) -> Any:
    if document.get("kind") == "Status" or "code" in document:
        return {key: document.get(key) for key in ("code", "reason", "message", "details")}
    kept = {key: value for key, value in document.items() if key not in ("metadata", "status")}
    meta = {k: v for k, v in document["metadata"].items() if k not in _VOLATILE}
    text = json.dumps({**kept, "metadata": meta})
    text = _TOKEN_VOLUME.sub("kube-api-access-xxxxx", text)
    value = json.loads(_UID.sub(UID, text))
    _forget_addresses(value.get("spec"))
    return value


def _forget_addresses(spec: Any) -> None:
    """Addresses and node ports are given by another rule than upstream's, which draws them."""
    if not isinstance(spec, dict):
        return
    if spec.get("clusterIP", "None") != "None":
        spec["clusterIP"] = spec["clusterIPs"] = "given"
    ports = spec.get("ports")
    for port in ports if isinstance(ports, list) else ():
        if port.get("nodePort"):
            port["nodePort"] = "given"


def _differences(real: Any, ours: Any, path: str) -> Iterator[str]:
    if isinstance(real, dict) and isinstance(ours, dict):
        for key in sorted({*real, *ours}):
            missing = "(absent)"
            yield from _differences(real.get(key, missing), ours.get(key, missing), f"{path}.{key}")
    elif isinstance(real, list) and isinstance(ours, list) and len(real) == len(ours):
        for index, (one, other) in enumerate(zip(real, ours, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif real != ours or type(real) is not type(ours):
        yield f"{path}: {real!r} != {ours!r}"
