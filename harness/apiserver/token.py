"""`serviceaccounts/NAME/token`: a TokenRequest is answered with a token and never stored."""

from __future__ import annotations

import datetime

from .authentication import ISSUER, TOKEN_SECONDS, Authenticator
from .decoding import parse_body
from .requests import Object, Request, Response
from .resource import Resource
from .state import ServerState
from .status import bad_request, invalid, invalid_value
from .writing import current

TOKEN_SECONDS_MIN = 600


def create(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """POST of a TokenRequest.

    Raises:
        ApiError: 404 without the account, 422 for a lifetime below ten minutes.
    """
    account = current(state, request, resource)
    try:
        body, _ = parse_body(request)
    except ValueError as error:
        raise bad_request(str(error)) from None
    spec: Object = (body or {}).get("spec") or {}
    seconds = spec.get("expirationSeconds") or TOKEN_SECONDS
    namespace, name = account.key
    if seconds < TOKEN_SECONDS_MIN:
        words = "may not specify a duration less than 10 minutes"
        error_ = invalid_value("spec.expirationSeconds", seconds, words)
        raise invalid("TokenRequest", "", [error_], "authentication.k8s.io")
    token = authenticator.issue(namespace, name, seconds=seconds)
    end = state.clock.now() + datetime.timedelta(seconds=seconds)
    document = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": state.clock.timestamp(),
        },
        "spec": {
            "audiences": spec.get("audiences") or [ISSUER],
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": end.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }
    return Response(201, document)
