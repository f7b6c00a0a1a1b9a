"""Documents: JSON values that the server shares freely because nobody edits them in place.

Whoever wants to change one takes a private copy first. Copying goes through the JSON encoder,
which is several times faster than walking the value in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from .requests import Object


def copy(document: Any) -> Any:
    """A private deep copy of a JSON value."""
    return orjson.loads(orjson.dumps(document))


def encode(document: Any) -> bytes:
    """The compact JSON text of a value."""
    return orjson.dumps(document)


def ordered(document: Object, api_version: str, kind: str) -> Object:
    """The same fields with kind, apiVersion and metadata in front, as the server writes them.

    Encoders rely on the order: the item of a list is the text of the object without its head.
    """
    head: Object = {"kind": kind, "apiVersion": api_version, "metadata": document["metadata"]}
    rest = {key: value for key, value in document.items() if key not in head}
    return {**head, **rest}


def lookup(document: Any, path: Iterable[str], default: Any = None) -> Any:
    """The value at a path of field names, or `default` where the path ends early."""
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return default
        document = document[name]
    return document


def assign(document: Object, path: list[str], value: Any) -> None:
    """Set the value at a path of field names in a private copy; None removes it."""
    *parents, last = path
    for name in parents:
        child = document.get(name)
        if not isinstance(child, dict):
            if value is None:
                return
            child = document[name] = {}
        document = child
    if value is None:
        document.pop(last, None)
    else:
        document[last] = value
