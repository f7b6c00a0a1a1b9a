"""Bug: whatever carries the labels of a service is its child, whoever made it.

Found when somebody else's object with the same labels is pruned.
"""

from __future__ import annotations

from aiservice_operator import cache, controller, handlers
from aiservice_operator.kinds import Object, dig


class Cache(cache.Cache):
    """Children by label."""

    def children_of(self, owner_uid: str) -> list[Object]:
        """All known objects whose label names a service with this uid."""
        services = [each for each in self._objects.values() if each["kind"] == "AIService"]
        names = [
            (each["metadata"]["namespace"], each["metadata"]["name"])
            for each in services
            if each["metadata"]["uid"] == owner_uid
        ]
        places = [
            place
            for place, each in self._objects.items()
            if each["kind"] != "AIService"
            and (place[1], dig(each, "metadata", "labels", "app")) in names
        ]
        return [self._objects[place] for place in sorted(places, key=cache._order)]


vars(controller).update(Cache=Cache)
__all__ = ["handlers"]
