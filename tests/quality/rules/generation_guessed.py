"""Bug: the status is about the generation that the operator believes will be next."""

from __future__ import annotations

from tests.subjects.pages import handlers

_report = handlers.report


async def report(page: handlers.Object) -> None:
    """One ahead."""
    metadata = page["metadata"] | {"generation": page["metadata"]["generation"] + 1}
    await _report(page | {"metadata": metadata})


vars(handlers).update(report=report)
