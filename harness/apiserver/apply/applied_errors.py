"""What is wrong with an applied document before it is merged: unknown fields, types, duplicates.

The texts show values as Go prints them, because that is what clients of the real server see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..patches.errors import go_text, internal
from ..requests import Object
from ..status import ApiError
from .path_element import BadItem, list_element, printed_element
from .shape import Shape


def check_applied(document: Object, shape: Shape) -> None:
    """Raise the server's 500 when the document does not fit its schema."""
    errors = list(_errors(document, shape, ""))
    if errors:
        raise _not_typed(document, errors)


def _not_typed(document: Object, errors: list[str]) -> ApiError:
    metadata = document.get("metadata") or {}
    group, _, version = str(document.get("apiVersion")).rpartition("/")
    text = errors[0] if len(errors) == 1 else "\n  ".join(["errors:", *errors])
    return internal(
        f"failed to create typed patch object ({metadata.get('namespace', '')}/"
        f"{metadata.get('name', '')}; {group}/{version}, Kind={document.get('kind')}): {text}"
    )


def _errors(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if value is None:
        return
    kind = shape.type
    if isinstance(value, dict) and kind in ("object", ""):
        yield from _object_errors(value, shape, path)
    elif isinstance(value, list) and kind in ("array", ""):
        yield from _list_errors(value, shape, path)
    else:
        problem = _type_problem(value, kind)
        if problem:
            yield f"{path}: {problem}"


def _object_errors(value: dict[str, Any], shape: Shape, path: str) -> Iterator[str]:
    for name, item in value.items():
        below = shape.field(name)
        if below is None:
            yield f"{path}.{name}: field not declared in schema"
            return
        yield from _errors(item, below, f"{path}.{name}")


def _list_errors(value: list[Any], shape: Shape, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for position, item in enumerate(value):
        where = f"[{position}]"
        if shape.associative:
            try:
                element = list_element(item, shape)
            except BadItem as error:
                yield f"{path}: element {position}: {error}"
                return
            where = printed_element(element)
            if element in seen:
                yield f"{path}: duplicate entries for key {where}"
            seen.add(element)
        yield from _errors(item, shape.item, path + where)


def _type_problem(value: Any, kind: str) -> str:
    """Empty when the value is of the kind."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "object":
        return f"expected map, got &{{{go_text(value)}}}"
    if kind == "array":
        return f"expected list, got &{{{go_text(value)}}}"
    if kind in ("integer", "number") and not number:
        return f"expected numeric (int or float), got {_go_type(value)}"
    if kind == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    if kind == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got &{{{go_text(value)}}}"
    return ""


def _go_type(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    return {bool: "bool", str: "string"}.get(type(value), "")


def _go_syntax(value: Any) -> str:
    """A value as Go's `%#v` prints it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)}:{_go_syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    return json.dumps(value)
