"""One reconcile: bring the children of one service to what its spec says, then say how it stands.

The order is the point:

1. Decide from the cache. Nothing to do is the common case and ends here, without a request.
2. Read the service live. The cache may lag; what is written is always about the present spec, and
   a service that is gone gets nothing created any more.
3. Apply and prune, what others depend on first. The record of a failed rollout is written before
   the rollback it causes, so a crash in between changes nothing about the decision.
4. Status last, from the children as the API has just answered them. Then Events.

A reconcile that is cut off anywhere leaves steps that the next one finds again. Nothing is
carried over in memory.
"""

import logging

from aiservice_operator import events
from aiservice_operator.api import Api, ApiError
from aiservice_operator.cache import Cache
from aiservice_operator.decision import Decision, Step, Verb, belongs_to_another, decide
from aiservice_operator.kinds import AISERVICE, DEPLOYMENT, Object, dig, kind_of, uid_of
from aiservice_operator.kinds import CONTROLLER_REVISION as RECORD
from aiservice_operator.ownership import needs_apply
from aiservice_operator.status import INVALID_SPEC, Problem, status
from aiservice_operator.workqueue import Key

logger = logging.getLogger(__name__)

MESSAGE_LENGTH = 1024


class Reconciler:
    """Reconciles services by key. Holds no state of its own beside the cache."""

    def __init__(self, api: Api, cache: Cache) -> None:
        self._api = api
        self._cache = cache
        self._recorder = events.Recorder(api)

    async def reconcile(self, key: Key) -> bool:
        """Bring one service to its desired state; False when there is no such service.

        Raises ApiError when the attempt has to be repeated.
        """
        service = self._cache.service(key)
        if service is None:
            return False
        if _is_terminating(service) or self._is_at_rest(service):
            return True
        service = await self._read_live(service)
        if service is None:
            return False
        if not _is_terminating(service):
            await self._converge(service)
        return True

    def _is_at_rest(self, service: Object) -> bool:
        decision = self._decide(service)
        return not decision.steps and not needs_apply(
            self._status(service, decision, None), service, "status"
        )

    def _decide(self, service: Object, refusal: str = "") -> Decision:
        children = self._cache.children_of(uid_of(service))
        return decide(service, children, self._cache.like, refusal)

    def _status(self, service: Object, decision: Decision, problem: Problem | None) -> Object:
        return status(service, decision.history, decision.rollout, problem, events.utc_now())

    async def _read_live(self, known: Object) -> Object | None:
        metadata = known["metadata"]
        live = await self._api.get(AISERVICE, metadata["namespace"], metadata["name"])
        if live is None:
            self._cache.ended(known)
            return None
        self._cache.answered(live)
        return live

    async def _converge(self, service: Object) -> None:
        decision = self._decide(service)
        if decision.gives_up:
            # A rollback is not decided on a memory: look at the Deployment once more.
            await self._refresh(DEPLOYMENT.kind, service)
            decision = self._decide(service)
        attempt = await self._perform(service, decision)
        if attempt.refused_template:
            decision = self._decide(service, attempt.refused_template)
            second = await self._perform(
                service, decision, with_deployment=decision.history.rolled_back
            )
            attempt = second if decision.history.rolled_back else attempt.after(second)
        if attempt.failure is not None and attempt.problem is None:
            raise attempt.failure
        await self._report(service, attempt.problem)
        if attempt.failure is not None:
            raise attempt.failure

    async def _refresh(self, kind: str, service: Object) -> None:
        for child in self._cache.children_of(uid_of(service)):
            if child["kind"] == kind:
                metadata = child["metadata"]
                live = await self._api.get(kind_of(child), metadata["namespace"], metadata["name"])
                if live is None:
                    self._cache.ended(child)
                else:
                    self._cache.answered(live)

    async def _perform(
        self, service: Object, decision: Decision, with_deployment: bool = True
    ) -> "Attempt":
        """All steps in order; what fails is noted, and ends the attempt only where going on is
        pointless.
        """
        attempt = Attempt()
        for step in decision.steps:
            if step.obj["kind"] == DEPLOYMENT.kind and not with_deployment:
                continue
            try:
                attempt.note(step, await self._step(service, step))
            except ApiError as error:
                if error.refused and step.verb is Verb.APPLY:
                    attempt.refused(step, await self._explain(service, step, error))
                    continue
                attempt.failed(step, error)
                # Without its record no template is rolled out, and without a network nothing is.
                if error.status == 0 or step.obj["kind"] == RECORD.kind:
                    raise
        return attempt

    async def _step(self, service: Object, step: Step) -> Problem | None:
        kind = kind_of(step.obj)
        name = step.obj["metadata"]["name"]
        if step.verb is Verb.BLOCKED:
            return _name_taken(step.obj)
        if step.verb is Verb.DELETE:
            await self._api.delete(kind, step.obj)
            self._cache.ended(step.obj)
            logger.info("deleted", extra={"kind": kind.kind, "child": name})
            return None
        answer = await self._api.apply(kind, step.obj)
        self._cache.answered(answer)
        logger.info("applied", extra={"kind": kind.kind, "child": name})
        if step.is_new and kind is not RECORD:
            await self._tell(service, answer)
        return None

    async def _tell(self, service: Object, child: Object) -> None:
        """A note for people; losing it is no reason to repeat anything."""
        message = f"Created {child['kind']} {child['metadata']['name']}."
        try:
            await self._recorder.post(
                events.event(service, "Normal", "Created", message, uid_of(child))
            )
        except ApiError as error:
            logger.warning("event was lost: %s", error)

    async def _explain(self, service: Object, step: Step, error: ApiError) -> Problem:
        """Why an apply was refused: the spec is wrong, or the name belongs to somebody else."""
        metadata = step.obj["metadata"]
        live = await self._api.get(kind_of(step.obj), metadata["namespace"], metadata["name"])
        if live is not None and belongs_to_another(live, service):
            return _name_taken(live)
        return Problem(INVALID_SPEC, error.message[:MESSAGE_LENGTH])

    async def _report(self, service: Object, problem: Problem | None) -> None:
        decision = self._decide(service)
        report = self._status(service, decision, problem)
        if needs_apply(report, service, "status"):
            self._cache.answered(await self._api.apply(AISERVICE, report, "status"))
        for event in events.of_status(service, report):
            await self._recorder.post(event)


class Attempt:
    """What came of the steps of one decision."""

    def __init__(self) -> None:
        self.problem: Problem | None = None
        self.failure: ApiError | None = None
        self.refused_template = ""

    def note(self, step: Step, problem: Problem | None) -> None:
        """A step was taken, or could not be for a reason that is no error."""
        self.problem = self.problem or problem

    def refused(self, step: Step, problem: Problem) -> None:
        """The API will not have this object."""
        self.problem = self.problem or problem
        if step.obj["kind"] == DEPLOYMENT.kind and problem.reason == INVALID_SPEC:
            self.refused_template = problem.message

    def failed(self, step: Step, error: ApiError) -> None:
        """The request failed and is worth repeating; a missing right or quota is told too."""
        self.failure = self.failure or error
        if error.status == 403:
            self.problem = self.problem or Problem("Forbidden", error.message[:MESSAGE_LENGTH])

    def after(self, later: "Attempt") -> "Attempt":
        """Both attempts as one."""
        later.problem = self.problem or later.problem
        later.failure = self.failure or later.failure
        return later


def _is_terminating(service: Object) -> bool:
    return dig(service, "metadata", "deletionTimestamp") is not None


def _name_taken(live: Object) -> Problem:
    metadata = live["metadata"]
    return Problem(
        "NameTaken",
        f"{live['kind']} {metadata['name']} belongs to another controller; rename the service "
        f"or delete that object.",
    )
