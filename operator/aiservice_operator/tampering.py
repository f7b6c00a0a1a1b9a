"""Repairs what apply alone can't: list items that somebody gave another key.

Ports are keyed by number. Somebody who changes the number of ours makes of it, for apply, a
foreign item beside the one that we want, and the API refuses two of one name. So the number is put
back by a JSON Patch. That patch makes us own the item a second time, as an updater, and what an
updater owns apply does not remove; so when that is in the way, our updater's entry goes too.

Both are found by looking at the object after a refusal; nothing has to be remembered.
"""

from typing import Any

from aiservice_operator.kinds import FIELD_MANAGER, Object, dig
from aiservice_operator.ownership import Tree, find, owned_fields

NUMBER_KEYS = ("port", "containerPort")


def repairs(desired: Object, live: Object) -> list[Object]:
    """JSON Patch operations after which `desired` can perhaps be applied to `live`."""
    owned = owned_fields(live) or {}
    return _rekeyed(desired, live, owned, "") or _disowned(live)


def _disowned(live: Object) -> list[Object]:
    managers = dig(live, "metadata", "managedFields", default=[])
    return [
        {"op": "remove", "path": f"/metadata/managedFields/{index}"}
        for index, entry in reversed(list(enumerate(managers)))
        if (entry["manager"], entry["operation"]) == (FIELD_MANAGER, "Update")
    ]


def _rekeyed(desired: Any, live: Any, owned: Tree, path: str) -> list[Object]:
    if isinstance(desired, dict) and isinstance(live, dict):
        return [
            operation
            for key in desired
            if key in live
            for operation in _rekeyed(
                desired[key], live[key], owned.get(f"f:{key}", {}), f"{path}/{key}"
            )
        ]
    if isinstance(desired, list) and isinstance(live, list):
        return [
            operation
            for wanted in desired
            for index, item in enumerate(live)
            if isinstance(item, dict) and item.get("name") == wanted.get("name")
            for operation in _rekeyed_item(wanted, item, owned, f"{path}/{index}")
        ]
    return []


def _rekeyed_item(wanted: Object, item: Object, owned: Tree, path: str) -> list[Object]:
    for key, node in owned.items():
        if key.startswith("k:") and find([item], key) is not None:
            # Ours under its present key: a change of the spec, not of somebody else.
            return _rekeyed(wanted, item, node, path)
    return [
        {"op": "replace", "path": f"{path}/{key}", "value": wanted[key]}
        for key in NUMBER_KEYS
        if key in wanted and item.get(key) != wanted[key]
    ]
