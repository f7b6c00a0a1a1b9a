"""What a field means, told from its name and type where that leaves no doubt.

Only names that Kubernetes itself uses are taken for what they are there: `replicas`, `image`,
`storageClassName`, `schedule`, names of objects. Everything else stays what its schema says.
Source: Kubernetes API conventions; the fields of Pod, Deployment, CronJob and
PersistentVolumeClaim.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from harness.apiserver.schema.node import Node

from .kind import CustomKind
from .paths import everything

Meaning = Literal[
    "replicas",
    "image",
    "storageClass",
    "schedule",
    "quantity",
    "duration",
    "port",
    "name",
    "label",
]

#: More pods than this show nothing new, and cost time.
REPLICAS_MAX = 5
#: What a new cluster has, and what the harness's simulation takes for a class that exists.
STORAGE_CLASSES = ("standard",)
_NAMES = frozenset(
    (
        *("configMapName", "secretName", "serviceAccountName", "serviceName", "claimName"),
        *("namespace", "priorityClassName", "nodeName", "runtimeClassName", "schedulerName"),
    )
)
_LABELS = frozenset(("labels", "matchLabels", "nodeSelector", "podLabels"))


@dataclass(frozen=True, slots=True)
class Guess:
    """A meaning, and the reason to believe it."""

    means: Meaning
    reason: str
    values: tuple[Any, ...] = ()
    most: int | None = None


def guesses(kind: CustomKind) -> dict[str, Guess]:
    """What can be told of the spec of a kind, by path of the schema."""
    scaled = kind.strategy.replicas_path.removeprefix(".")
    found = dict(_by_name(kind.spec))
    if scaled:
        reason = "the scale subresource's specReplicasPath"
        found[scaled] = Guess("replicas", reason, most=REPLICAS_MAX)
    return found


def _by_name(spec: Node) -> Iterator[tuple[str, Guess]]:
    for node, path in everything(spec, "spec"):
        outer, _, name = path.removesuffix(".*").removesuffix("[]").rpartition(".")
        if node.raw.get("enum") or not outer:
            continue
        guess = _of_map(node, name) if path.endswith(".*") else _of_field(node, name)
        if guess is not None and not path.endswith("[]"):
            yield path, guess


def _of_map(node: Node, name: str) -> Guess | None:
    if node.type == "string" and name in _LABELS:
        return Guess("label", f"the name {name!r}")
    return None


def _of_field(node: Node, name: str) -> Guess | None:
    reason = f"the name {name!r}"
    if node.type == "integer":
        if name == "replicas":
            return Guess("replicas", reason, most=REPLICAS_MAX)
        if name == "port" or name.endswith("Port"):
            return Guess("port", reason)
    if node.type != "string" or node.format:
        return None
    if name == "image":
        default = node.raw.get("default")
        return Guess("image", reason, (default,) if default else ())
    if name in ("storageClassName", "storageClass"):
        return Guess("storageClass", reason, STORAGE_CLASSES)
    if name == "schedule":
        return Guess("schedule", reason)
    return Guess("name", reason) if name in _NAMES else None
