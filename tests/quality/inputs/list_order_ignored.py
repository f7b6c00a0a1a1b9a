"""Bug: a list is treated as a set. Hosts that are new are appended to those that are known, so that
the first one, which is the canonical one, is whichever came first in time.
"""

from __future__ import annotations

from typing import Any

from tests.subjects.pages import handlers

_put = handlers.put


async def put(child: handlers.Object) -> Any:
    """Keep the known hosts where they are."""
    if child["kind"] == "ConfigMap":
        live = await handlers.call("GET", handlers.path_of(child)) or child
        wanted = _hosts(child)
        kept = [host for host in _hosts(live) if host in wanted]
        child["data"]["hosts"] = ",".join([*kept, *(h for h in wanted if h not in kept)])
    return await _put(child)


def _hosts(config: handlers.Object) -> list[str]:
    return [host for host in config["data"].get("hosts", "").split(",") if host]


vars(handlers).update(put=put)
