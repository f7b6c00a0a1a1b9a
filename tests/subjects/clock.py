"""An operator that tells the time of day when it starts."""

from __future__ import annotations

import logging
import time
from typing import Any

import kopf

logger = logging.getLogger(__name__)


@kopf.on.startup()
async def tell_the_time(**_: Any) -> None:
    """Seconds since 1970, by the machine that it runs on."""
    logger.info("clock %.3f", time.time())
