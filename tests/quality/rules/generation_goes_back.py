"""Bug: the first status that was computed is written again after a change, over the newer one."""

from __future__ import annotations

from tests.subjects.pages import handlers

_report = handlers.report
_first: list[handlers.Object] = []
_done: list[handlers.Object] = []


async def report(page: handlers.Object) -> None:
    """As ever, then as it was."""
    await _report(page)
    if not _first:
        _first.append(page)
    elif page["metadata"]["generation"] > _first[0]["metadata"]["generation"] and not _done:
        _done.append(page)
        await _report(_first[0] | {"status": None})


vars(handlers).update(report=report)
