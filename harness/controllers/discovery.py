"""Which resources a server has, as the garbage collector and the namespace controller ask for them.

One request for the core group, one for the list of groups, one for each group's preferred version.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.client import Client
from harness.client.resources import ResourceRef


@dataclass(frozen=True)
class ServedResource:
    """One resource and its verbs."""

    ref: ResourceRef
    verbs: tuple[str, ...]

    def allows(self, *verbs: str) -> bool:
        """Whether all of these verbs are served."""
        return all(verb in self.verbs for verb in verbs)


async def served_resources(client: Client) -> list[ServedResource]:
    """Every resource of every group in its preferred version, in the server's order."""
    found = await _of_version(client, "", "v1")
    groups = (await client.call("GET", "/apis")).document.get("groups") or ()
    for group in groups:
        found += await _of_version(client, group["name"], group["preferredVersion"]["version"])
    return found


async def _of_version(client: Client, group: str, version: str) -> list[ServedResource]:
    path = f"/apis/{group}/{version}" if group else f"/api/{version}"
    try:
        document: Object = (await client.call("GET", path)).document
    except ApiError as error:
        if error.code in (404, 503):  # the group went meanwhile, or its server is down
            return []
        raise
    return [
        ServedResource(
            ResourceRef(group, version, row["name"], row["kind"], row["namespaced"]),
            tuple(row["verbs"]),
        )
        for row in document.get("resources") or ()
        if "/" not in row["name"]
    ]
