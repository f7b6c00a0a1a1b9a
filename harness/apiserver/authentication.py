"""Who asks: bearer tokens of fixed users, and of ServiceAccounts while those exist.

A ServiceAccount token looks like the real thing (a JWT whose claims clients may read) and is a
function of seed, account and time of issue. It is valid while it is not expired and the account
with that uid exists. Impersonation headers act as somebody else, if that is allowed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from .requests import Object, Request, UserInfo
from .state import ServerState
from .status import not_found, unauthorized

ALL_AUTHENTICATED = "system:authenticated"
ANONYMOUS = UserInfo("system:anonymous", ("system:unauthenticated",))
ISSUER = "https://kubernetes.default.svc"
SERVICE_ACCOUNTS = ("", "serviceaccounts")
TOKEN_SECONDS = 3600
_PREFIX = "system:serviceaccount:"


def service_account_user(namespace: str, name: str, uid: str = "") -> UserInfo:
    """The user that a ServiceAccount is."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", ALL_AUTHENTICATED)
    return UserInfo(f"{_PREFIX}{namespace}:{name}", groups, uid)


def authenticated(user: UserInfo) -> UserInfo:
    """The user with the group that everybody with valid credentials is in."""
    if ALL_AUTHENTICATED in user.groups:
        return user
    return UserInfo(user.name, (*user.groups, ALL_AUTHENTICATED), user.uid)


class Authenticator:
    """Finds the user behind a request.

    Args:
        state: The server; its ServiceAccounts decide which tokens are good.
        tokens: Bearer tokens of fixed users.
        anonymous: Whether requests without a token are `system:anonymous`.
    """

    def __init__(self, state: ServerState, tokens: Mapping[str, UserInfo], anonymous: bool) -> None:
        self._state = state
        self._tokens = {token: authenticated(user) for token, user in tokens.items()}
        self._anonymous = anonymous
        self._key = state.entropy.digest("service account signing key")

    def add_token(self, token: str, user: UserInfo) -> None:
        """Accept another fixed token."""
        self._tokens[token] = authenticated(user)

    def authenticate(self, request: Request) -> UserInfo:
        """The user of a request.

        Raises:
            ApiError: 401 for a token that is not known, or none where one is needed.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            if self._anonymous and not token:
                return ANONYMOUS
            raise unauthorized()
        user = self.user_of(token.strip())
        if user is None:
            raise unauthorized()
        return user

    def user_of(self, token: str) -> UserInfo | None:
        """The user that a token stands for, if it is good."""
        fixed = self._tokens.get(token)
        return fixed if fixed is not None else self._service_account(token)

    def name_of(self, request: Request) -> str:
        """The user's name for the journal; empty when the credentials are no good."""
        if request.user is not None:
            return request.user.name
        token = request.headers.get("authorization", "").partition(" ")[2].strip()
        user = self.user_of(token) if token else ANONYMOUS
        return user.name if user is not None else ""

    def issue(
        self,
        namespace: str,
        name: str,
        *,
        seconds: int = TOKEN_SECONDS,
        bound_to: Object | None = None,
    ) -> str:
        """A token of a ServiceAccount that exists.

        Args:
            namespace: Of the account.
            name: Of the account.
            seconds: How long it is good.
            bound_to: Claims about the object it is bound to (`pod`: name and uid).

        Raises:
            ApiError: 404 without the account.
        """
        version = self._state.store.collection(SERVICE_ACCOUNTS).get((namespace, name))
        if version is None:
            raise not_found("serviceaccounts", name)
        uid = version.document["metadata"]["uid"]
        now = self._state.clock.now_ns() // 1_000_000_000
        claims = {
            "aud": [ISSUER],
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": name, "uid": uid},
                **(bound_to or {}),
            },
            "nbf": now,
            "sub": f"{_PREFIX}{namespace}:{name}",
        }
        text = f"{_base64({'alg': 'HS256', 'typ': 'JWT'})}.{_base64(claims)}"
        return f"{text}.{self._sign(text)}"

    def _sign(self, text: str) -> str:
        digest = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _service_account(self, token: str) -> UserInfo | None:
        text, _, signature = token.rpartition(".")
        if not text or not hmac.compare_digest(signature.encode(), self._sign(text).encode()):
            return None
        claims = orjson.loads(_decode(text.partition(".")[2]))
        if claims["exp"] <= self._state.clock.now_ns() // 1_000_000_000:
            return None
        about = claims["kubernetes.io"]
        namespace, account = about["namespace"], about["serviceaccount"]
        version = self._state.store.collection(SERVICE_ACCOUNTS).get((namespace, account["name"]))
        if version is None or version.document["metadata"]["uid"] != account["uid"]:
            return None
        return service_account_user(namespace, account["name"], account["uid"])


def _base64(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
