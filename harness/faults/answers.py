"""Error answers as a real API server gives them (`metav1.Status`, RFC 9110).

Reasons and messages are those of k8s.io/apimachinery `api/errors`. 429 always, others when asked,
carry `Retry-After` in the header and `retryAfterSeconds` in the details, which is where client-go
and the Python client look.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Request, Response
from harness.apiserver.status import STALE

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
_MESSAGES = {
    401: "Unauthorized",
    410: "The resourceVersion for the provided watch is too old.",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "Timeout: request did not complete within the allotted timeout",
}


def error_answer(
    request: Request, status: int, *, message: str = "", retry_after: float | None = None
) -> Response:
    """The answer to `request` with an error status.

    Args:
        request: With its `info` filled in; names the object in message and details.
        status: 400..599.
        message: Instead of the one a real server would send.
        retry_after: Seconds; default 1 for 429 and nothing for others.
    """
    seconds = 1.0 if retry_after is None and status == 429 else retry_after
    details = _details(request)
    headers: dict[str, str] = {}
    if seconds is not None:
        whole = max(1, round(seconds))
        details["retryAfterSeconds"] = whole
        headers["retry-after"] = str(whole)
    document: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message or _message(request, status),
        "reason": REASONS.get(status, "InternalError" if status >= 500 else "BadRequest"),
        "details": details,
        "code": status,
    }
    return Response(status, document=document, headers=headers)


def _details(request: Request) -> dict[str, Any]:
    info = request.info
    if info is None:
        return {}
    named = {"name": info.name, "group": info.group, "kind": info.resource}
    return {key: value for key, value in named.items() if value}


def _message(request: Request, status: int) -> str:
    info = request.info
    resource, name = (info.resource, info.name) if info is not None else (request.path, "")
    if info is not None and info.group:
        resource = f"{resource}.{info.group}"
    if status == 409:
        return f'Operation cannot be fulfilled on {resource} "{name}": {STALE}'
    if status == 404:
        return f'{resource} "{name}" not found'
    if status == 403:
        return f'{resource} "{name}" is forbidden: injected by the harness'
    fallback = "Internal error occurred: injected by the harness"
    return _MESSAGES.get(status, fallback if status >= 500 else "injected by the harness")
