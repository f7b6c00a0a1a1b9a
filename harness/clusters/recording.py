"""Requests and answers in the journal, for servers that are not ours."""

from __future__ import annotations

from harness.apiserver.parameters import is_dry_run
from harness.apiserver.requests import Request, Response
from harness.simulation.records import Recorder

from .authorship import document_of


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


def record_response(recorder: Recorder, request: Request, response: Response) -> None:
    """Write its answer down."""
    document = document_of(response) if response.status >= 400 else None
    recorder.record(
        "response",
        actor=request.actor,
        connection=request.connection,
        rv=response.rv if response.changed else None,
        causes=(request.seq,),
        status=response.status,
        reason=document.get("reason", "") if isinstance(document, dict) else "",
        changed=response.changed,
    )
