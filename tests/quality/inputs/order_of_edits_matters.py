"""Bug: a tier comes with a quota, and whoever changes the tier gets its quota, even where the spec
asks for another. Which quota holds depends on what was edited last.
"""

from __future__ import annotations

from typing import Any

from tests.subjects.pages import handlers

_config = handlers.config
_tiers: dict[str, str] = {}


def config(page: handlers.Object) -> Any:
    """A change of the tier resets the quota."""
    spec, uid = page["spec"], page["metadata"]["uid"]
    made = _config(page)
    if _tiers.setdefault(uid, spec["tier"]) != spec["tier"]:
        made["data"]["quota"] = str(handlers.QUOTAS[spec["tier"]])
    return made


vars(handlers).update(config=config)
