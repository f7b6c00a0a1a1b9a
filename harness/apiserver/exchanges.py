"""Requests and answers in the journal: the same lines for our own server and for a real one."""

from __future__ import annotations

from typing import Any

from harness.simulation.records import Recorder

from .parameters import is_dry_run
from .requests import Request, Response


def record_request(recorder: Recorder, request: Request, user: str) -> int:
    """Write a request down, and return its number in the journal."""
    info = request.info
    assert info is not None, "only parsed requests are written down"
    return recorder.record(
        "request",
        actor=request.actor,
        connection=request.connection,
        verb=info.verb,
        method=request.method,
        path=request.path,
        group=info.group,
        version=info.version,
        resource=info.resource,
        subresource=info.subresource,
        namespace=info.namespace,
        name=info.name,
        user=user,
        agent=request.headers.get("user-agent", ""),
        dry_run=is_dry_run(request),
    )


def record_response(
    recorder: Recorder, request: Request, response: Response, document: Any
) -> None:
    """Write its answer down; of the decoded `document` only an error's reason is told."""
    is_error = response.status >= 400 and isinstance(document, dict)
    recorder.record(
        "response",
        actor=request.actor,
        connection=request.connection,
        rv=response.rv if response.changed else None,
        causes=(request.seq,),
        status=response.status,
        reason=document.get("reason", "") if is_error else "",
        changed=response.changed,
    )
