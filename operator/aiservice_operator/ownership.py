"""Is a live object what we want, and do we own exactly what we want? Answered without a request.

Server-side apply records in `metadata.managedFields` which fields our last apply owned, as a tree
(FieldsV1): `f:name` is a field, `k:{...}` the list item with these key values, `v:...` a set
member, an empty node a leaf. The desired object and that tree are walked together. They differ
when

* a desired value is not the live value (somebody changed it, or it went),
* a desired field is not ours (somebody took it: our later removal of it would do nothing),
* we own a field that is no longer desired (an apply gives it up, which removes it).

The tree also says how each list is keyed, so no schema is needed. Fields of others are never
looked at.
"""

import json
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from aiservice_operator.kinds import FIELD_MANAGER, Object, dig

Tree = dict[str, Any]

SUFFIXES = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def needs_apply(desired: Object, live: Object | None, subresource: str | None = None) -> bool:
    """Whether applying `desired` would change the live object or who owns its fields."""
    if live is None:
        return True
    owned = owned_fields(live, subresource)
    body = {key: value for key, value in desired.items() if key not in ("apiVersion", "kind")}
    body["metadata"] = {
        key: value
        for key, value in desired["metadata"].items()
        if key not in ("name", "namespace", "uid")
    }
    if not body["metadata"]:
        del body["metadata"]
    return owned is None or not _matches(body, live, owned)


def owned_fields(live: Object, subresource: str | None = None) -> Tree | None:
    """The tree of fields that our last apply owned, None when we never applied."""
    for entry in dig(live, "metadata", "managedFields", default=[]):
        ours = entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
        if ours and entry.get("subresource") == subresource:
            return dict(entry.get("fieldsV1", {}))
    return None


def must_be_replaced(desired: Object, live: Object, immutable: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the live object differs in a field that can't be changed in place."""
    return any(_differ(dig(desired, *path), dig(live, *path)) for path in immutable)


def _differ(desired: Any, live: Any) -> bool:
    both_lists = isinstance(desired, list) and isinstance(live, list)
    return desired != live and not (both_lists and _covers(desired, live))


def _covers(desired: Any, live: Any) -> bool:
    """Whether a live value is the desired one with the API server's defaults added.

    A list that is one value to apply (claim templates) has one owner: whoever changes it takes it
    over, so what we own and did not write can only be a default.
    """
    if isinstance(desired, dict) and isinstance(live, dict):
        return all(key in live and _covers(value, live[key]) for key, value in desired.items())
    if isinstance(desired, list) and isinstance(live, list):
        return len(desired) == len(live) and all(map(_covers, desired, live))
    return desired == live or _same_quantity(desired, live)


def _matches(desired: Any, live: Any, owned: Tree) -> bool:
    parts = _parts(owned) if owned else ""
    if parts == "f" and isinstance(desired, dict) and isinstance(live, dict):
        return _fields_match(desired, live, owned)
    if parts in ("k", "v") and isinstance(desired, list) and isinstance(live, list):
        return _items_match(desired, live, owned)
    if isinstance(desired, list):
        return not _differ(desired, live)
    return desired == live or _same_quantity(desired, live)


def _parts(owned: Tree) -> str:
    """What the keys below a node name: `f`ields, items by `k`ey, set members by `v`alue; else
    nothing.
    """
    return next((key[0] for key in owned if key != "."), "")


def _fields_match(desired: Object, live: Object, owned: Tree) -> bool:
    if len(desired) != len(owned) - ("." in owned):
        return False
    for name, value in desired.items():
        node = owned.get(f"f:{name}")
        if node is None or name not in live or not _matches(value, live[name], node):
            return False
    return True


def _items_match(desired: list[Any], live: list[Any], owned: Tree) -> bool:
    """Each owned item is one desired and one live item, in any order and among others."""
    items = {key: node for key, node in owned.items() if key != "."}
    if len(items) != len(desired):
        return False
    for key, node in items.items():
        wanted, found = find(desired, key, partial=True), find(live, key)
        if wanted is None or found is None or not _matches(wanted, found, node):
            return False
    return True


def find(items: list[Any], key: str, partial: bool = False) -> Any:
    """The list item that a key of FieldsV1 names.

    A desired item may leave out keys that the server defaults (`partial`).
    """
    values = _decoded(key[2:])
    if key.startswith("v:"):
        return values if values in items else None
    for item in items:
        if all(item[name] == value if name in item else partial for name, value in values.items()):
            return item
    return None


@lru_cache(maxsize=1024)  # the same few keys name the same few ports, variables and owners
def _decoded(text: str) -> Any:
    return json.loads(text)


def _same_quantity(desired: Any, live: Any) -> bool:
    """`0.5` is stored as `500m` and `1024Mi` as `1Gi`: equal as numbers is equal."""
    if not (isinstance(desired, str) and isinstance(live, str)):
        return False
    try:
        return quantity(desired) == quantity(live)
    except InvalidOperation:
        return False


def quantity(text: str) -> Decimal:
    """The number that a resource.Quantity denotes; raises InvalidOperation for anything else.

    See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    for suffix, bits in BINARY_SUFFIXES.items():
        if text.endswith(suffix):
            return Decimal(text[: -len(suffix)]) * Decimal(2**bits)
    for suffix, exponent in SUFFIXES.items():
        if suffix and text.endswith(suffix):
            return Decimal(text[:-1]).scaleb(exponent)
    return Decimal(text)
