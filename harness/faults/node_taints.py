"""The taints of a Node, of which each belongs to somebody.

`spec.taints` is one list that is written as a whole, so each write carries the resourceVersion that
it was made from, and is made again when somebody was faster.
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import NODES

#: Kubelet, controllers and people write to nodes too, but not often.
_ATTEMPTS_MAX = 20


async def set_taint(client: Client, node: str, taint: Object, *, present: bool) -> None:
    """Add a taint to a node, or remove it; all other taints stay. A node that is gone has none.

    Raises:
        ApiError: The server refuses it, or others write to the node all the time.
    """
    for attempt in range(1, _ATTEMPTS_MAX + 1):
        found = await client.find(NODES, node)
        if found is None:
            return
        others = [other for other in taints_of(found) if not is_same(taint, other)]
        if len(others) == len(taints_of(found)) and not present:
            return
        change = {
            "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
            "spec": {"taints": [*others, *([taint] if present else [])] or None},
        }
        try:
            await client.patch(NODES, node, document=change)
            return
        except ApiError as error:
            if error.code != 409 or attempt == _ATTEMPTS_MAX:
                raise


def taints_of(node: Object) -> list[Object]:
    """The taints of a Node, in its order."""
    return list((node.get("spec") or {}).get("taints") or ())


def is_same(one: Object, other: Object) -> bool:
    """A node holds one taint for each key and effect."""
    return bool(one["key"] == other["key"] and one["effect"] == other["effect"])
