"""Paths that no resource lives at: version, health, discovery, OpenAPI."""

from __future__ import annotations

from .requests import Request, Response
from .state import ServerState
from .status import page_not_found

HEALTH_PATHS = ("/healthz", "/livez", "/readyz")
_DISCOVERY_ROOTS = ("api", "apis", "openapi", "version")


def text(status: int, body: str) -> Response:
    """A plain text answer."""
    return Response(status, body=body.encode(), content_type="text/plain; charset=utf-8")


def no_such_path() -> Response:
    """404 outside everything that is served, which is plain text."""
    return text(404, "404 page not found\n")


def answer_path(state: ServerState, request: Request) -> Response:
    """GET of a path outside the resources.

    Raises:
        ApiError: 404 below `/api` and `/apis`; elsewhere the 404 is plain text, as upstream's.
    """
    path = request.path.rstrip("/") or "/"
    parts = [part for part in path.split("/") if part]
    if request.method not in ("GET", "HEAD"):
        raise page_not_found()
    if parts and (f"/{parts[0]}" in HEALTH_PATHS):
        return text(200, _health(request, parts[0]))
    if not parts or parts[0] in _DISCOVERY_ROOTS:
        from . import discovery

        return discovery.answer(state.registry, request)
    return no_such_path()


def _health(request: Request, check: str) -> str:
    if "verbose" not in request.query:
        return "ok"
    return f"[+]ping ok\n[+]etcd ok\n{check} check passed\n"
