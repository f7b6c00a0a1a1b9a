"""Acting as somebody else, by the `Impersonate-*` headers, for those who may.

Source: Kubernetes "User impersonation".
"""

from __future__ import annotations

from .authentication import ALL_AUTHENTICATED, authenticated, service_account_user
from .authorization import Authorizer, denied
from .requests import Request, RequestInfo, UserInfo

_PREFIX = "system:serviceaccount:"


def apply(authorizer: Authorizer, request: Request) -> None:
    """Replace the user of a request by the one that its headers name.

    Raises:
        ApiError: 403 without the right to impersonate that user or group.
    """
    name = request.headers.get("impersonate-user")
    if not name:
        return
    assert request.user is not None
    groups = [
        group.strip()
        for group in request.headers.get("impersonate-group", "").split(",")
        if group.strip()
    ]
    for info in (_asked("users", name), *(_asked("groups", group) for group in groups)):
        if not authorizer.allows(request.user, info):
            raise denied(request.user, info)
    request.user = _user(name, groups)


def _asked(resource: str, name: str) -> RequestInfo:
    return RequestInfo("impersonate", resource=resource, name=name)


def _user(name: str, groups: list[str]) -> UserInfo:
    namespace, _, account = name.removeprefix(_PREFIX).partition(":")
    if name.startswith(_PREFIX) and account and not groups:
        return service_account_user(namespace, account)
    if name == "system:anonymous" or ALL_AUTHENTICATED in groups:
        return UserInfo(name, tuple(groups))
    return authenticated(UserInfo(name, tuple(groups)))
