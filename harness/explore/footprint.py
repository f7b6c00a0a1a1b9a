"""What an operator has made of its objects' specs, to be compared with another way to them.

Taken are all objects that the operator has written, as it would have to write them again, and of
its own objects the few conditions whose meaning is fixed, with the number of ready pods. Left out
is what tells of the way and not of its end:

    status of children              their controllers', not the operator's
    pods, ReplicaSets, endpoints    follow from the Deployment that is compared
    ControllerRevisions, Jobs       are history by definition
    claims and volumes              hold data, and outlive what asked for them
    volumeClaimTemplates            cannot be changed after creation, by nobody

and all that `harness.oracle.reference` masks: identities, generations, counters and times.

A footprint holds references to immutable documents, so taking one costs next to nothing; they are
masked when two are compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.apiserver.requests import Object
from harness.clusters.state import is_terminating
from harness.controllers.objects import is_kept_running
from harness.oracle.reference import masked, role_of

from .pods import motion_of
from .scene import Scene
from .states import conditions_of

_LEFT_OUT = frozenset(
    {
        "Pod",
        "ReplicaSet",
        "EndpointSlice",
        "Endpoints",
        "ControllerRevision",
        "Job",
        "Event",
        "Lease",
        "PersistentVolumeClaim",
        "PersistentVolume",
        "Node",
    }
)
_CONDITIONS = ("Ready", "Available", "Degraded", "Stalled")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")

#: By role, the documents that have it.
Footprint = dict[str, list[Object]]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two footprints differ: a role, a path in it, and what stands there; None is nothing.

    An empty path is about the whole object.
    """

    role: str
    path: Path
    wanted: Any
    found: Any

    @property
    def is_leftover(self) -> bool:
        """Whether something is there that should not be."""
        return self.wanted is None and self.found is not None

    def __str__(self) -> str:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"{self.role}{where}"


def footprint(scene: Scene) -> Footprint:
    """Of all that exists at rest."""
    state, kind = scene.witness.state, scene.target.resource.kind
    found: Footprint = {}
    for key in sorted(scene.witness.touched):
        document = state.get(key)
        wanted = document is not None and key.kind not in _LEFT_OUT and key.kind != kind
        if wanted and document is not None and not is_terminating(document):
            found.setdefault(role_of(state, document), []).append(document)
    for name, document in scene.objects():
        # Whether the pod of a Job runs just now is chance.
        family = (pod for key, pod in scene.family(document) if key.kind == "Pod")
        pods = [pod for pod in family if is_kept_running(pod)]
        known = conditions_of(document)
        found[f"{kind}/{name}"] = [
            {
                "conditions": {
                    name: known[name].get("status") for name in _CONDITIONS if name in known
                },
                "readyPods": sum(motion_of(pod) == "ready" for pod in pods),
            }
        ]
    return found


def differences(reference: Footprint, actual: Footprint) -> Iterator[Difference]:
    """What differs, by role, each place once."""
    for role in sorted({**reference, **actual}):
        wanted = sorted(map(_comparable, reference.get(role, ())), key=_text)
        found = sorted(map(_comparable, actual.get(role, ())), key=_text)
        if len(wanted) != len(found):
            # The objects that are too many stand for all that they contain.
            yield Difference(role, (), wanted or None, found or None)
            continue
        for one, other in zip(wanted, found, strict=True):
            yield from _compare(role, one, other, ())


def _comparable(document: Object) -> Any:
    kept = {name: value for name, value in document.items() if name != "status"}
    if document.get("kind") == "StatefulSet":
        spec = kept.get("spec") or {}
        kept["spec"] = {k: v for k, v in spec.items() if k != "volumeClaimTemplates"}
    return _timeless(masked(kept))


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    return _TIME.sub("*", value) if isinstance(value, str) else value


def _compare(role: str, one: Any, other: Any, path: Path) -> Iterator[Difference]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({**one, **other}):
            yield from _compare(role, one.get(name), other.get(name), (*path, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _compare(role, left, right, (*path, index))
    else:
        yield Difference(role, path, one, other)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
