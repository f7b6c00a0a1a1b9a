"""The API server: one function from `Request` to `Response`.

    responding( received( authenticate, authorize, authorized( committed( verb ))))

The words are the fault points of `middleware.py`, outermost first. Verbs are plain functions that
run without a pause; whatever they refuse is an `ApiError` and leaves here as a `Status`. Requests
of the harness itself (`bypass`) go straight to the verb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder

from . import (
    admission,
    bootstrap,
    crds,
    deleting,
    impersonation,
    patching,
    paths,
    reading,
    representation,
    subresources,
    watching,
    writing,
)
from .admission.webhooks.calling import Dialer, LoopDialer, WebhookCaller
from .admission.webhooks.reviews import ReviewsNeeded, warnings_of
from .authentication import Authenticator
from .authorization import Authorizer
from .escalation import EscalationCheck
from .exchanges import record_request, record_response
from .middleware import FaultPlane, call_through
from .nonresource import answer_path, no_such_path
from .registry import Registry
from .requests import Request, RequestInfo, Response, UserInfo
from .resource import Resource
from .service_accounts import ServiceAccountCheck
from .state import ServerState
from .status import ApiError
from .store import Store

Verb = Callable[[ServerState, Request, Resource], Response]

_VERBS: Mapping[str, Verb] = {
    "get": reading.get,
    "list": reading.list_objects,
    "create": writing.create,
    "update": writing.update,
    "patch": patching.patch,
    "delete": deleting.delete,
    "deletecollection": deleting.delete_collection,
}
_READS = ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What can be chosen about a server."""

    #: Bearer tokens of fixed users; ServiceAccount tokens come and go with their accounts.
    tokens: Mapping[str, UserInfo] | None = None
    #: Versions kept at most.
    history_limit: int = 100_000
    #: The way to admission webhooks; None for the network of the running loop.
    dialer: Dialer | None = None
    #: Whether requests without a token are anonymous users rather than refused.
    anonymous: bool = True


class ApiServer:
    """A simulated kube-apiserver.

    Args:
        clock: Time of the cluster.
        entropy: Its chance: uids, generated names, tokens.
        recorder: Its journal.
        faults: What stands in the way of requests; shared with whoever injects.
        resources: What is served; None for all built-in kinds.
        options: The rest.
    """

    def __init__(
        self,
        clock: Clock,
        entropy: Entropy,
        recorder: Recorder,
        *,
        faults: FaultPlane | None = None,
        resources: Iterable[Resource] | None = None,
        options: ServerOptions | None = None,
    ) -> None:
        options = options or ServerOptions()
        self.faults = faults if faults is not None else FaultPlane()
        store = Store(history_limit=options.history_limit)
        registry = Registry(bootstrap.builtin_resources() if resources is None else resources)
        self.state = ServerState(clock, entropy, recorder, store, registry)
        crds.follow(self.state)
        self.authenticator = Authenticator(self.state, options.tokens or {}, options.anonymous)
        self.authorizer = Authorizer(self.state)
        self.state.admission.append(EscalationCheck(self.authorizer))
        self.state.admission.append(ServiceAccountCheck(self.state))
        admission.install(self.state)
        self._webhooks = WebhookCaller(self.state, options.dialer or LoopDialer())
        bootstrap.create_first_objects(self.state)

    @property
    def registry(self) -> Registry:
        """What is served now."""
        return self.state.registry

    @property
    def store(self) -> Store:
        """The versions behind it."""
        return self.state.store

    async def handle(self, request: Request) -> Response:
        """Answer one request; errors of the API are `Status` responses.

        Raises:
            ConnectionCut: A fault ends the connection without an answer.
        """
        response = self.answer_at_once(request)
        if response is not None:
            return response
        try:
            way = self._handle_verb if request.bypass else self._through_faults
            response = await way(request)
        except ApiError as error:
            response = status_response(error)
        self._record_response(request, response)
        return response

    def answer_at_once(self, request: Request) -> Response | None:
        """Answer a request that nothing can delay; None when a fault stands in its way."""
        self._begin(request)  # its record may fire a fault that is meant for this very request
        if not request.bypass and self.faults.any_for_requests():
            return None
        try:
            if not request.bypass:
                self._identify(request)
            response = self._answer(request)
        except ApiError as error:
            response = status_response(error)
        except ReviewsNeeded:
            return None
        self._record_response(request, response)
        return response

    def _begin(self, request: Request) -> None:
        """Write the request down, once, however often it is offered."""
        if request.seq:
            return
        self.state.compact_by_time()
        request.info = request.info or paths.parse(request.method, request.path, request.query)
        self._record_request(request)

    def _identify(self, request: Request) -> None:
        """Find out who asks, and whether they may; 401 and 403 are raised."""
        if request.user is None:
            request.user = self.authenticator.authenticate(request)
        impersonation.apply(self.authorizer, request)
        self.authorizer.check(request)

    async def _through_faults(self, request: Request) -> Response:
        return await call_through(self.faults.responding, request, self._receive)

    async def _receive(self, request: Request) -> Response:
        return await call_through(self.faults.received, request, self._admit)

    async def _admit(self, request: Request) -> Response:
        try:
            self._identify(request)
        except ApiError as error:
            return status_response(error)
        return await call_through(self.faults.authorized, request, self._commit)

    async def _commit(self, request: Request) -> Response:
        return await call_through(self.faults.committed, request, self._handle_verb)

    async def _handle_verb(self, request: Request) -> Response:
        """The verb, begun anew as often as webhooks have to be asked first."""
        while True:
            try:
                response = self._answer(request)
            except ReviewsNeeded as needed:
                answers = await self._webhooks.ask(needed.questions)
                keys = [each.key for each in needed.questions]
                request.reviews = {
                    **(request.reviews or {}),
                    **dict(zip(keys, answers, strict=True)),
                }
            else:
                known = (request.reviews or {}).values()
                texts = [text for answer in known for text in warnings_of(answer)]
                return writing.with_warnings(response, texts)

    def _answer(self, request: Request) -> Response:
        """The verb itself, which never waits.

        Raises:
            ReviewsNeeded: It cannot go on before webhooks have answered.
        """
        assert request.info is not None
        try:
            if not request.info.resource:
                return answer_path(self.state, request)
            return self._dispatch(request, request.info)
        except ApiError as error:
            return status_response(error)

    def _dispatch(self, request: Request, info: RequestInfo) -> Response:
        review = subresources.review(self.state, self.authenticator, self.authorizer, request)
        if review is not None:
            return review
        if not self.registry.serves_path(info):
            return no_such_path()
        representation.check_accepted(request)
        resource = self.registry.resolve(info)
        special = subresources.find(info)
        if special is not None:
            return special(self.state, self.authenticator, request, resource)
        if info.verb == "watch":
            response = watching.watch(self.state, request, resource, self.faults)
        else:
            response = _VERBS[info.verb](self.state, request, resource)
        return representation.represent(self.state, request, resource, response)

    def _record_request(self, request: Request) -> None:
        info = request.info
        assert info is not None
        if request.bypass and info.verb in _READS:
            return
        user = "" if request.bypass else self.authenticator.name_of(request)
        request.seq = record_request(self.state.recorder, request, user)

    def _record_response(self, request: Request, response: Response) -> None:
        if not request.seq:
            return
        record_response(self.state.recorder, request, response, response.document)


def status_response(error: ApiError) -> Response:
    """An `ApiError` as an answer."""
    response = Response(error.code, error.status())
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        response.headers["retry-after"] = str(seconds)
    return response
