"""What the rows of several kinds share: names, ages, containers, labels, selectors."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from ..requests import Object
from .ages import age

Now = datetime.datetime
Row = Callable[[Object, Now], list[Any]]

NONE = "<none>"


def name_of(document: Object) -> str:
    """The name."""
    return str(document["metadata"].get("name", ""))


def age_of(document: Object, now: Now) -> str:
    """How long ago it was created."""
    return age(document["metadata"].get("creationTimestamp"), now)


def spec_of(document: Object) -> Object:
    """Its spec, or nothing."""
    return document.get("spec") or {}


def status_of(document: Object) -> Object:
    """Its status, or nothing."""
    return document.get("status") or {}


def containers_of(template: Object) -> tuple[str, str]:
    """Names and images of the containers of a pod template."""
    rows = (template.get("spec") or {}).get("containers") or []
    names = ",".join(row.get("name", "") for row in rows)
    return names, ",".join(row.get("image", "") for row in rows)


def labels_of(labels: Mapping[str, str] | None) -> str:
    """Labels in one line."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def selector_text(selector: Object | None) -> str:
    """A label selector in one line, as `kubectl -l` would take it."""
    if selector is None:
        return NONE
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for row in selector.get("matchExpressions") or ():
        values = ",".join(sorted(row.get("values") or ()))
        words = {"In": f"{row['key']} in ({values})", "NotIn": f"{row['key']} notin ({values})"}
        words |= {"Exists": row["key"], "DoesNotExist": f"!{row['key']}"}
        parts.append(words[row["operator"]])
    return ",".join(sorted(parts)) or NONE


def workload_of(document: Object) -> list[str]:
    """Containers, images and selector of a workload."""
    names, images = containers_of(spec_of(document).get("template") or {})
    return [names, images, selector_text(spec_of(document).get("selector"))]
