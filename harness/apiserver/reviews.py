"""Reviews: questions in the shape of objects, answered in their status and never stored.

Source: Kubernetes `authorization.k8s.io/v1` and `authentication.k8s.io/v1`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .authentication import ISSUER, Authenticator
from .authorization import MASTERS, Authorizer
from .decoding import parse_body
from .requests import Object, Request, RequestInfo, Response, UserInfo
from .state import ServerState
from .status import bad_request, invalid, invalid_value

AUTHORIZATION = "authorization.k8s.io"
AUTHENTICATION = "authentication.k8s.io"

Review = Callable[[ServerState, Authenticator, Authorizer, Request], Response]


def _body(request: Request) -> Object:
    try:
        value, _ = parse_body(request)
    except ValueError as error:
        raise bad_request(f"json parse error: {error}") from None
    if not isinstance(value, dict):
        raise bad_request("a review must be an object")
    return value


def _answer(group: str, kind: str, body: Object, status: Object) -> Response:
    meta = {"metadata": body.get("metadata") or {}}
    spec = {"spec": body["spec"]} if "spec" in body else {}
    head = {"kind": kind, "apiVersion": f"{group}/v1"}
    return Response(201, {**head, **meta, **spec, "status": status})


def _user(request: Request) -> UserInfo:
    return request.user or UserInfo("system:harness", (MASTERS,))


def _decide(authorizer: Authorizer, user: UserInfo, kind: str, spec: Object) -> Object:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        words = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        error = invalid_value("spec.resourceAttributes", None, words)
        raise invalid(kind, "", [error], AUTHORIZATION)
    if path is not None:
        allowed = authorizer.allows_path(user, path.get("verb", ""), path.get("path", ""))
    else:
        assert resource is not None
        allowed = authorizer.allows(user, _info(resource))
    return {"allowed": allowed}


def _info(attributes: Object) -> RequestInfo:
    return RequestInfo(
        attributes.get("verb", ""),
        attributes.get("group", ""),
        attributes.get("version", ""),
        attributes.get("resource", ""),
        attributes.get("subresource", ""),
        attributes.get("namespace", ""),
        attributes.get("name", ""),
    )


def _self_access(
    state: ServerState, authenticator: Authenticator, authorizer: Authorizer, request: Request
) -> Response:
    kind, body = "SelfSubjectAccessReview", _body(request)
    status = _decide(authorizer, _user(request), kind, body.get("spec") or {})
    return _answer(AUTHORIZATION, kind, body, status)


def _access(
    state: ServerState, authenticator: Authenticator, authorizer: Authorizer, request: Request
) -> Response:
    kind, body = "SubjectAccessReview", _body(request)
    spec = body.get("spec") or {}
    user = UserInfo(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""))
    return _answer(AUTHORIZATION, kind, body, _decide(authorizer, user, kind, spec))


def _local_access(
    state: ServerState, authenticator: Authenticator, authorizer: Authorizer, request: Request
) -> Response:
    response = _access(state, authenticator, authorizer, request)
    response.document["kind"] = "LocalSubjectAccessReview"
    return response


def _self_rules(
    state: ServerState, authenticator: Authenticator, authorizer: Authorizer, request: Request
) -> Response:
    body = _body(request)
    user, namespace = _user(request), (body.get("spec") or {}).get("namespace", "")
    rules = authorizer.rules(user, namespace)
    if MASTERS in user.groups:
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        rules = [everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}, *rules]
    status = {
        "resourceRules": [rule for rule in rules if "resources" in rule],
        "nonResourceRules": [rule for rule in rules if "nonResourceURLs" in rule],
        "incomplete": False,
    }
    return _answer(AUTHORIZATION, "SelfSubjectRulesReview", {"spec": {}}, status)


def _user_document(user: UserInfo) -> Object:
    document: Object = {"username": user.name}
    if user.uid:
        document["uid"] = user.uid
    return {**document, "groups": list(user.groups)}


def _self_subject(
    state: ServerState, authenticator: Authenticator, authorizer: Authorizer, request: Request
) -> Response:
    body = {"metadata": {"creationTimestamp": state.clock.timestamp()}}
    status = {"userInfo": _user_document(_user(request))}
    return _answer(AUTHENTICATION, "SelfSubjectReview", body, status)


def _token(
    state: ServerState, authenticator: Authenticator, authorizer: Authorizer, request: Request
) -> Response:
    body = _body(request)
    user = authenticator.user_of((body.get("spec") or {}).get("token", ""))
    if user is None:
        status: Object = {"user": {}, "error": "invalid bearer token"}
    else:
        status = {"authenticated": True, "user": _user_document(user), "audiences": [ISSUER]}
    return _answer(AUTHENTICATION, "TokenReview", body, status)


HANDLERS: Mapping[tuple[str, str], Review] = {
    (AUTHORIZATION, "selfsubjectaccessreviews"): _self_access,
    (AUTHORIZATION, "subjectaccessreviews"): _access,
    (AUTHORIZATION, "localsubjectaccessreviews"): _local_access,
    (AUTHORIZATION, "selfsubjectrulesreviews"): _self_rules,
    (AUTHENTICATION, "selfsubjectreviews"): _self_subject,
    (AUTHENTICATION, "tokenreviews"): _token,
}
