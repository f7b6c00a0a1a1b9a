"""What hangs below an object: scale, eviction, binding, token; and reviews, which are never stored.

`status` and `finalize` are not here: they are ordinary updates that may change less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import reviews, scale, token
from .authentication import Authenticator
from .authorization import Authorizer
from .eviction import evict
from .pods import bind
from .requests import Request, RequestInfo, Response
from .resource import Resource
from .state import ServerState

Special = Callable[[ServerState, Authenticator, Request, Resource], Response]

_BY_SUBRESOURCE: Mapping[tuple[str, str], Special] = {
    ("scale", "get"): scale.get,
    ("scale", "update"): scale.update,
    ("scale", "patch"): scale.patch,
    ("eviction", "create"): evict,
    ("binding", "create"): bind,
    ("token", "create"): token.create,
}


def find(info: RequestInfo) -> Special | None:
    """The handler of a subresource that is more than a part of its object."""
    return _BY_SUBRESOURCE.get((info.subresource, info.verb))


def review(
    state: ServerState,
    authenticator: Authenticator,
    authorizer: Authorizer,
    request: Request,
) -> Response | None:
    """The answer to a review of access or of a token; None for any other request."""
    info = request.info
    assert info is not None
    if info.verb != "create":
        return None
    handler = reviews.HANDLERS.get((info.group, info.resource))
    if handler is None:
        return None
    return handler(state, authenticator, authorizer, request)
