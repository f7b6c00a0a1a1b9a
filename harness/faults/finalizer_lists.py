"""The finalizers of an object, of which each belongs to somebody.

`metadata.finalizers` is one list that is written as a whole, so each write carries the
resourceVersion that it was made from, and is made again when somebody was faster.
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, ResourceRef

_ATTEMPTS_MAX = 20


async def set_finalizer(
    client: Client, resource: ResourceRef, document: Object, finalizer: str, *, present: bool
) -> None:
    """Add a finalizer to an object, or remove it; all others stay. One that is gone has none.

    Raises:
        ApiError: The server refuses it, or others write to the object all the time.
    """
    meta = document["metadata"]
    for attempt in range(1, _ATTEMPTS_MAX + 1):
        found = await client.find(resource, meta["name"], meta.get("namespace", ""))
        if found is None or found["metadata"]["uid"] != meta["uid"]:
            return
        if (finalizer in finalizers_of(found)) == present:
            return
        others = [each for each in finalizers_of(found) if each != finalizer]
        change = {
            "resourceVersion": found["metadata"]["resourceVersion"],
            "finalizers": [*others, *([finalizer] if present else [])] or None,
        }
        try:
            await client.patch(
                resource,
                meta["name"],
                meta.get("namespace", ""),
                document={"metadata": change},
            )
            return
        except ApiError as error:
            if error.code == 404:
                return
            if error.code != 409 or attempt == _ATTEMPTS_MAX:
                raise


def finalizers_of(document: Object) -> list[str]:
    """The finalizers of an object, in its order."""
    return list(document["metadata"].get("finalizers") or ())
