"""Whose token is it, and may its owner pass? And how its owner is cut off.

    token > one that we gave out?                          > Caller
          > a pod's own? ask the real server (TokenReview) > the expected account? > Caller
          > anybody else's                                 > nobody, 401

A child process gets a random token from us. A pod brings the token that its kubelet has put into
it; it is passed on to the real server, which knows the pod by it.

All connections of a caller are its `Line`. A line that is cut stays cut for the tokens that were
seen on it: a pod that is dying while its successor starts reaches nothing any more. A container
that is started again in its pod still has the pod's token: those of the last cut pass again then.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field

from harness.apiserver.middleware import ConnectionCut
from harness.apiserver.requests import Request
from harness.apiserver.serving import random_token
from harness.client import Client

_TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"


class Line:
    """The way of one caller through the proxy, which can be cut at an instant."""

    def __init__(self) -> None:
        self._is_down = False
        self._seen: set[str] = set()
        self._refused: set[str] = set()
        self._last_refused: set[str] = set()  # by what happened since the last `restore`
        self._open: dict[asyncio.Transport, None] = {}

    def cut(self) -> None:
        """Break all its connections now and refuse it, until `restore`, and its tokens for good."""
        self._is_down = True
        self._last_refused |= self._seen - self._refused
        self._refused |= self._seen
        for transport in list(self._open):
            transport.abort()
        self._open.clear()

    def restore(self, *, same_pods: bool = False) -> None:
        """Let it pass again, with other tokens than before, unless its pods are the same."""
        self._is_down = False
        if same_pods:
            self._refused -= self._last_refused
        self._last_refused = set()

    def is_cut_for(self, token: str) -> bool:
        """Whether nothing may pass for the holder of a token."""
        return self._is_down or token in self._refused

    def join(self, transport: asyncio.Transport, token: str) -> None:
        """A connection on which a token was shown."""
        self._seen.add(token)
        self._open[transport] = None

    def leave(self, transport: asyncio.Transport) -> None:
        """That connection is gone."""
        self._open.pop(transport, None)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who may pass: its actor in the journal, its user name, and its token for the real server."""

    actor: str
    user: str
    token: str
    line: Line = field(default_factory=Line, compare=False)

    @property
    def is_cut(self) -> bool:
        """Whether nothing of it may reach the API."""
        return self.line.is_cut_for(self.token)


class Admission:
    """Who may pass, by token."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}
        self._accounts: dict[str, tuple[str, Line]] = {}
        self._reviewer: Client | None = None

    def admit(self, caller: Caller) -> str:
        """Let a caller pass from now on; returns the token that it has to show here."""
        token = random_token()
        self._callers[token] = caller
        return token

    def admit_account(self, actor: str, user: str, client: Client) -> Line:
        """Let the pods of a ServiceAccount pass from now on, with their own tokens.

        Args:
            actor: Who they are in the journal.
            user: `system:serviceaccount:NAMESPACE:NAME`.
            client: Asks the real server whose a token is.
        """
        line = Line()
        self._accounts[user] = (actor, line)
        self._reviewer = client
        return line

    async def caller_of(self, request: Request) -> Caller | None:
        """Whose token a request shows; None when it is nobody's that may pass.

        Raises:
            ApiError: The real server does not permit us to ask.
            ConnectionCut: It does not answer.
        """
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self._known(shown) or await self._asked(shown)

    def _known(self, shown: str) -> Caller | None:
        found = None
        for token, caller in self._callers.items():
            if hmac.compare_digest(token.encode(), shown.encode()):
                found = caller
        return found

    async def _asked(self, token: str) -> Caller | None:
        if self._reviewer is None:
            return None
        user = await _user_of(token, self._reviewer)
        if user not in self._accounts:
            return None
        actor, line = self._accounts[user]
        return self._callers.setdefault(token, Caller(actor, user, token, line))


async def _user_of(token: str, client: Client) -> str:
    """Whose token the real server says it is; empty when it knows it not.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
    """
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token},
    }
    try:
        response = await client.call("POST", _TOKEN_REVIEWS, document=review)
    except ConnectionError:
        raise ConnectionCut from None
    status = response.document.get("status") or {}
    return str(status["user"]["username"]) if status.get("authenticated") else ""
