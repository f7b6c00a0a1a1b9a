"""The built-in kinds: a data file of facts, read once and only when asked.

`data/vMAJOR.MINOR.json` holds names, verbs, schemas and defaults as `scripts/derive_facts.py` found
them on a real API server. Here they become the `Resource`s and `Node`s that the rest works with;
what data cannot say of a kind is its strategy in `harness/apiserver/kinds/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from ..kinds import SCALE_PATHS, strategy_of
from ..resource import Resource
from .node import Node, Raw

#: The Kubernetes version whose facts are served.
VERSION = "v1.37"

#: Subresources that the server implements; the rest of what the real one has is not announced.
SERVED_SUBRESOURCES = ("status", "scale", "eviction", "binding", "finalize")


@cache
def facts() -> Mapping[str, Any]:
    """The data file: `version`, `resources` (rows) and `schemas` (by full name)."""
    text = files(__package__).joinpath("data", f"{VERSION}.json").read_bytes()
    return dict(orjson.loads(text))


def _resolve(name: str) -> Raw:
    schema: Raw = facts()["schemas"][name]
    return schema


@cache
def _names() -> dict[tuple[str, str], str]:
    """Full name of the schema of each (apiVersion, kind)."""
    names: dict[tuple[str, str], str] = {}
    for name, schema in facts()["schemas"].items():
        for row in schema.get("x-kubernetes-group-version-kind", ()):
            api_version = f"{row['group']}/{row['version']}" if row["group"] else row["version"]
            names.setdefault((api_version, row["kind"]), name)
    return names


@cache
def named(name: str) -> Node:
    """The schema of that full name, such as `io.k8s.api.core.v1.PodSpec`."""
    return Node({"$ref": name}, _resolve)


def node(api_version: str, kind: str) -> Node:
    """The schema of a built-in kind.

    Raises:
        KeyError: No such kind is known.
    """
    return named(_names()[api_version, kind])


@cache
def object_meta() -> Node:
    """The schema of `metadata`, the same for all kinds, custom ones included."""
    return named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")


@cache
def resources() -> tuple[Resource, ...]:
    """Every built-in resource that is stored and served."""
    return tuple(_resource(row) for row in facts()["resources"])


def _resource(row: Mapping[str, Any]) -> Resource:
    group, plural = row["group"], row["plural"]
    schema = named(row["schema"])
    return Resource(
        group=group,
        version=row["version"],
        kind=row["kind"],
        plural=plural,
        singular=row["singular"],
        namespaced=row["namespaced"],
        node=schema,
        strategy=strategy_of(row, schema),
        short_names=tuple(row["shortNames"]),
        categories=tuple(row["categories"]),
        verbs=tuple(row["verbs"]),
        subresources=tuple(s for s in row["subresources"] if s in SERVED_SUBRESOURCES),
        scale=SCALE_PATHS.get((group, plural)) if "scale" in row["subresources"] else None,
    )
