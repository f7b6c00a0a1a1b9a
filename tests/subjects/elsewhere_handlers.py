"""The handlers of `elsewhere`."""

from typing import Any

import kopf


@kopf.on.event("v1", "configmaps")
def look(**_: Any) -> None:
    pass
