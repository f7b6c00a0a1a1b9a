"""Parts of Kubernetes' own types inside a CRD, known by their fields, not by their names.

A CRD that embeds a pod template repeats its whole schema, but not what the API server checks of a
pod in code. A template drawn from the schema alone is one that no pod can be made from. So known
shapes are drawn with the few fields that matter, in values that work together; where a schema has
no room for that, it is drawn as any other.
Source: Kubernetes API reference: PodSpec, PodTemplateSpec, Container, ObjectMeta,
ResourceRequirements, LabelSelector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import validate

from . import formats
from .drawing import mapping
from .required import SearchStrategy, st

_LABELS = st.dictionaries(formats.LABEL_KEY, formats.LABEL_VALUE, max_size=2)
_RESOURCE_LIST = st.dictionaries(
    formats.RESOURCE_NAME, st.sampled_from(["1", "100m", "1Gi"]), max_size=2
)
_ENV = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["A", "B", "LOG_LEVEL"]), "value": st.sampled_from(["", "1", "ä"])}
    ),
    max_size=2,
    unique_by=lambda entry: str(entry["name"]),
)


def _object(
    required: Mapping[str, SearchStrategy[Any]], optional: Mapping[str, SearchStrategy[Any]]
) -> SearchStrategy[dict[str, Any]]:
    return mapping(required, optional, (*required, *optional), 0.3)


_RESOURCES = _object({}, {"requests": _RESOURCE_LIST, "limits": _RESOURCE_LIST})
_METADATA = _object({}, {"labels": _LABELS, "annotations": _LABELS})
_CONTAINER = _object(
    {"name": st.sampled_from(["app", "side"]), "image": formats.IMAGE},
    {
        "env": _ENV,
        "resources": _RESOURCES,
        "args": st.lists(st.sampled_from(["", "--verbose"]), max_size=2),
        "imagePullPolicy": st.sampled_from(["IfNotPresent", "Always", "Never"]),
    },
)
_CONTAINERS = st.lists(
    _CONTAINER, min_size=1, max_size=2, unique_by=lambda container: str(container["name"])
)
_POD = _object(
    {"containers": _CONTAINERS},
    {
        "terminationGracePeriodSeconds": st.sampled_from([30, 0, 1]),
        "nodeSelector": st.sampled_from([{}, {"kubernetes.io/os": "linux"}]),
        "priorityClassName": st.just("system-cluster-critical"),
        "serviceAccountName": st.just("default"),
    },
)
_TEMPLATE = _object({"spec": _POD}, {"metadata": _METADATA})
_SELECTOR = _object({}, {"matchLabels": _LABELS})

#: Fields that together belong to one type, with values of it, and one value that surely fits.
_SHAPES: tuple[tuple[frozenset[str], SearchStrategy[Any], Any], ...] = (
    (
        frozenset({"containers", "initContainers", "volumes"}),
        _POD,
        {"containers": [{"name": "app", "image": "busybox"}]},
    ),
    (
        frozenset({"image", "command", "args", "env", "livenessProbe", "volumeMounts"}),
        _CONTAINER,
        {"name": "app", "image": "busybox"},
    ),
    (frozenset({"limits", "requests"}), _RESOURCES, {"requests": {"cpu": "100m"}}),
    (frozenset({"matchLabels", "matchExpressions"}), _SELECTOR, {"matchLabels": {"a": "a"}}),
)
_TEMPLATE_FIELDS = frozenset({"metadata", "spec"})


def shape_of(node: Node) -> SearchStrategy[Any] | None:
    """Values of the Kubernetes type that a schema repeats; None when it repeats none."""
    if node.type != "object":
        return None
    names = node.properties.keys()
    for fields, values, typical in _SHAPES:
        if fields <= names and not _says_more(node):
            return _pruned(node, values) if _has_room(node, typical) else None
    if names >= _TEMPLATE_FIELDS and shape_of(node.properties["spec"]) is not None:
        typical = {"spec": _SHAPES[0][2]}
        if "containers" in node.properties["spec"].properties and _has_room(node, typical):
            return _pruned(node, _TEMPLATE)
    return None


def _says_more(node: Node) -> bool:
    """Whether a schema of resources tells itself what a quantity is: then it is drawn by that."""
    limits = node.properties.get("limits")
    return (
        limits is not None
        and limits.additional is not None
        and ("pattern" in limits.additional.raw)
    )


def _has_room(node: Node, value: Any) -> bool:
    return not validate(node, value, "")


def _pruned(node: Node, values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """The values without the fields that this copy of the type leaves out."""
    return values.map(lambda value: _known(node, value))


def _known(node: Node, value: Any) -> Any:
    if isinstance(value, dict) and node.properties:
        fields = node.properties
        return {name: _known(fields[name], item) for name, item in value.items() if name in fields}
    if isinstance(value, list) and node.items is not None:
        items = node.items
        return [_known(items, item) for item in value]
    return value
