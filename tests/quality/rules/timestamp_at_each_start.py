"""Bug: the operator notes in a child when it has looked at it first, which is at each start."""

from __future__ import annotations

import datetime

from tests.subjects.pages import handlers

_config = handlers.config
_started = datetime.datetime.now(datetime.UTC).isoformat()  # noqa: TID251 - as the bug has it


def config(page: handlers.Object) -> handlers.Object:
    """As ever, with the time."""
    child = _config(page)
    return child | {"data": child["data"] | {"since": _started}}


vars(handlers).update(config=config)
