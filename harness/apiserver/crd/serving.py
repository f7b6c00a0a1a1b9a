"""From a CRD to the resources that it makes the server serve: one for each served version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..requests import Object
from ..resource import PrinterColumn, Resource, ScalePaths
from .conditions import is_refused
from .custom import CustomStrategy
from .schema import schema_of

#: What a custom resource shows when its CRD names no columns.
AGE = PrinterColumn("Age", "date", ".metadata.creationTimestamp")


def served_resources(crd: Object) -> list[Resource]:
    """The resources of a CRD, in the order of its versions; none when its names are taken."""
    if is_refused(crd):
        return []
    versions = crd["spec"]["versions"]
    return [_resource(crd, version) for version in versions if version.get("served")]


def _resource(crd: Object, version: Mapping[str, Any]) -> Resource:
    spec = crd["spec"]
    kind_names = spec["names"]
    subresources = version.get("subresources") or {}
    schema = schema_of(version)
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=kind_names["kind"],
        plural=kind_names["plural"],
        singular=kind_names.get("singular") or kind_names["kind"].lower(),
        namespaced=spec["scope"] == "Namespaced",
        node=schema.node,
        strategy=CustomStrategy(schema, kind_names["kind"], version),
        short_names=tuple(kind_names.get("shortNames") or ()),
        categories=tuple(kind_names.get("categories") or ()),
        subresources=tuple(name for name in ("status", "scale") if name in subresources),
        scale=_scale(subresources.get("scale")),
        columns=tuple(_column(row) for row in version.get("additionalPrinterColumns") or ())
        or (AGE,),
        custom=True,
        definition=crd,
    )


def _scale(row: Mapping[str, Any] | None) -> ScalePaths | None:
    if row is None:
        return None
    return ScalePaths(
        row["specReplicasPath"], row["statusReplicasPath"], row.get("labelSelectorPath", "")
    )


def _column(row: Mapping[str, Any]) -> PrinterColumn:
    return PrinterColumn(
        name=row["name"],
        type=row["type"],
        path=row.get("jsonPath", ""),
        format=row.get("format", ""),
        description=row.get("description", ""),
        priority=row.get("priority", 0),
    )
