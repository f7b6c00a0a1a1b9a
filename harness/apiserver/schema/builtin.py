"""The built-in resources: rows of the data file, each with the strategy of its kind.

What data cannot say of a kind is in `harness/apiserver/kinds/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ..kinds.registry import CONVERSIONS, SCALE_PATHS, strategy_of
from ..resource import Resource
from .facts import facts, named, node, object_meta

__all__ = ["facts", "named", "node", "object_meta", "resources"]

#: Subresources that the server implements; the rest of what the real one has is not announced.
SERVED_SUBRESOURCES = ("status", "scale", "eviction", "binding", "finalize", "token")


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
        conversion=CONVERSIONS.get((group, row["version"], plural)),
        scale=SCALE_PATHS.get((group, plural)) if "scale" in row["subresources"] else None,
    )
