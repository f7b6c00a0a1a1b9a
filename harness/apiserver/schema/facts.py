"""The data file of built-in kinds, read once and only when asked, and the schemas in it.

`data/vMAJOR.MINOR.json` holds names, verbs, schemas and defaults as `scripts/derive_facts.py` found
them on a real API server.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from .node import Node, Raw

#: The Kubernetes version whose facts are served.
VERSION = "v1.37"


@cache
def facts() -> Mapping[str, Any]:
    """The data file: `version`, `resources` (rows) and `schemas` (by full name)."""
    text = files(__package__).joinpath("data", f"{VERSION}.json").read_bytes()
    return dict(orjson.loads(text))


def resolve(name: str) -> Raw:
    """The schema of that full name, as it stands in the file."""
    schema: Raw = facts()["schemas"][name]
    return schema


@cache
def names() -> dict[tuple[str, str], str]:
    """Full name of the schema of each (apiVersion, kind)."""
    found: dict[tuple[str, str], str] = {}
    for name, schema in facts()["schemas"].items():
        for row in schema.get("x-kubernetes-group-version-kind", ()):
            api_version = f"{row['group']}/{row['version']}" if row["group"] else row["version"]
            found.setdefault((api_version, row["kind"]), name)
    return found


@cache
def named(name: str) -> Node:
    """The schema of that full name, such as `io.k8s.api.core.v1.PodSpec`."""
    return Node({"$ref": name}, resolve)


def node(api_version: str, kind: str) -> Node:
    """The schema of a built-in kind.

    Raises:
        KeyError: No such kind is known.
    """
    return named(names()[api_version, kind])


OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def object_meta() -> Node:
    """The schema of `metadata`, the same for all kinds, custom ones included."""
    return named(OBJECT_META)
