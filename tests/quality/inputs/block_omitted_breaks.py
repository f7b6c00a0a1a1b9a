"""Bug: the server is told its memory limit in a variable, and nobody thought of resources without
limits. Those raise KeyError in every reconcile.
"""

from __future__ import annotations

from aiservice_operator import desired, handlers
from aiservice_operator.kinds import Object

_container = desired._container


def container(spec: Object) -> Object:
    """The container, with its limit in the environment."""
    made = _container(spec)
    if "resources" in spec:
        limit = spec["resources"]["limits"].get("memory", "")
        made["env"].append({"name": "MEMORY_LIMIT", "value": str(limit)})
    return made


vars(desired).update(_container=container)
__all__ = ["handlers"]
