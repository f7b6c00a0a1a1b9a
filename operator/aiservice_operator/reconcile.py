"""One reconcile: bring the children of one service to what its spec says, then say how it stands.

The order is the point:

1. Decide from the cache. Nothing to do is the common case and ends here, without a request.
2. Where nothing but the status is to be written, write it for the very version of the service that
   it was computed from. A conflict says that the cache lags, and leads to the next step.
3. Read the service live. The cache may lag; what is written is always about the present spec, and
   a service that is gone gets nothing created any more.
4. Apply and prune, what others depend on first. The record of a failed rollout is written before
   the rollback it causes, so a crash in between changes nothing about the decision.
5. Status last, from the children as the API has just answered them. Then Events.

A reconcile that is cut off anywhere leaves steps that the next one finds again. Nothing is
carried over in memory.
"""

import logging

from aiservice_operator import attempts, events
from aiservice_operator.api import Api, ApiError
from aiservice_operator.cache import Cache
from aiservice_operator.decision import Decision, Step, Verb, belongs_to_another, decide
from aiservice_operator.expansion import not_expandable
from aiservice_operator.kinds import (
    AISERVICE,
    CLAIM,
    CRON_JOB,
    JOB,
    WORKLOADS,
    Object,
    dig,
    kind_of,
    uid_of,
)
from aiservice_operator.kinds import CONTROLLER_REVISION as RECORD
from aiservice_operator.ownership import needs_apply
from aiservice_operator.replacing import replace_stuck_pods
from aiservice_operator.status import INVALID_SPEC, Problem, status
from aiservice_operator.tampering import repairs
from aiservice_operator.workqueue import Key

logger = logging.getLogger(__name__)

SAFETY_KINDS = (CLAIM, CRON_JOB, JOB)
"""Without these a service still serves."""


class Reconciler:
    """Reconciles services by key. What it remembers only saves requests and time."""

    def __init__(self, api: Api, cache: Cache) -> None:
        self._api = api
        self._cache = cache
        self._recorder = events.Recorder(api)
        self._refusals = attempts.Refusals()
        self._rested: dict[Key, tuple[str, ...]] = {}
        self._look_again: dict[Key, float] = {}
        self._decided: tuple[object, Decision] | None = None

    async def reconcile(self, key: Key) -> bool:
        """Bring one service to its desired state; False when there is no such service.

        Raises ApiError when the attempt has to be repeated.
        """
        service = self._cache.service(key)
        self._look_again.pop(key, None)
        if service is None:
            self._rested.pop(key, None)
            return False
        if _is_terminating(service) or await self._is_at_rest(service):
            return True
        if await self._wrote_only_the_status(service):
            return True
        service = await self._refresh(service)
        if service is None:
            return False
        if not _is_terminating(service):
            await self._converge(service)
        return True

    def look_again_seconds(self, key: Key) -> float | None:
        """When to look at a service at the latest, if its last reconcile knew of a deadline."""
        return self._look_again.get(key)

    async def _is_at_rest(self, service: Object) -> bool:
        """Whether neither a child nor the status is to be written."""
        versions = self._versions(service)
        key = _key(service)
        if self._rested.get(key) == versions:
            return True
        decision = self._decide(service)
        report = self._status(service, decision, None)
        if decision.steps or decision.rollout.may_be_stuck:
            return False
        if needs_apply(report, service, "status"):
            return False
        # Its Event may have been lost in a crash; otherwise it was posted and this is no request.
        await self._announce(service, decision, report)
        if decision.look_again_seconds is None:
            self._rested[key] = versions
        return True

    def _versions(self, service: Object) -> tuple[str, ...]:
        """Names this very state of a service and its children: what was at rest in it, is."""
        objects = [service, *self._cache.children_of(uid_of(service))]
        objects += self._cache.related_to(_key(service))
        return tuple(uid_of(obj) + obj["metadata"]["resourceVersion"] for obj in objects)

    async def _wrote_only_the_status(self, service: Object) -> bool:
        """Write the status where no child is to be written; False where one is, or on conflict."""
        decision = self._decide(service)
        # That something was restored is noted once the Job was looked at, not remembered.
        if decision.steps or decision.rollout.may_be_stuck or decision.safety.is_restored_now:
            return False
        try:
            await self._report(service, None, only_version=service["metadata"]["resourceVersion"])
        except ApiError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def _decide(self, service: Object, refusal: str = "") -> Decision:
        """The decision on what is known; the same one while neither these nor the spec change."""
        done = dig(service, "status", "restoredFrom"), dig(service, "status", "lastBackup")
        asked = uid_of(service), service["spec"], done
        seen = (asked, self._cache.changes_of_children, refusal)
        known = self._decided
        # A deadline comes nearer while nothing else changes.
        if known is None or known[0] != seen or known[1].look_again_seconds is not None:
            decision = decide(
                service,
                self._cache.children_of(uid_of(service)),
                self._cache.like,
                refusal,
                self._cache.related_to(_key(service)),
                events.utc_now(),
            )
            known = self._decided = seen, decision
        if known[1].look_again_seconds is not None:
            self._look_again[_key(service)] = known[1].look_again_seconds
        return known[1]

    def _status(self, service: Object, decision: Decision, problem: Problem | None) -> Object:
        now = events.utc_now()
        return status(service, decision.history, decision.rollout, problem, now, decision.safety)

    async def _converge(self, service: Object) -> None:
        decision = self._decide(service)
        if decision.gives_up or decision.safety.is_restored_now:
            # Neither a rollback nor the end of a restore is decided on a memory: look once more.
            looked_at = (*WORKLOADS,) if decision.gives_up else (JOB.kind,)
            for child in self._cache.children_of(uid_of(service)):
                if child["kind"] in looked_at:
                    await self._refresh(child)
            decision = self._decide(service)
        attempt = await self._perform(service, decision)
        if attempt.refused_template:
            decision = self._decide(service, attempt.refused_template)
            second = await self._perform(
                service, decision, with_workload=decision.history.rolled_back
            )
            attempt = second if decision.history.rolled_back else attempt.after(second)
        if attempt.failure is not None and attempt.problem is None:
            raise attempt.failure
        if decision.rollout.may_be_stuck:
            await replace_stuck_pods(self._api, service, self._cache.children_of(uid_of(service)))
        await self._report(service, attempt.problem)
        if attempt.failure is not None:
            raise attempt.failure

    async def _refresh(self, child: Object) -> Object | None:
        """Read one object live and bring the cache up to it."""
        metadata = child["metadata"]
        live = await self._api.get(kind_of(child), metadata["namespace"], metadata["name"])
        if live is None:
            self._cache.ended(child)
        else:
            self._cache.answered(live)
        return live

    async def _delete(self, child: Object) -> None:
        try:
            await self._api.delete(kind_of(child), child)
        except ApiError as error:
            if error.status == 409:
                # It is not what the cache holds; the next attempt decides on what it is.
                await self._refresh(child)
            raise
        if kind_of(child).orphans:
            # It stays until its children are released.
            await self._refresh(child)
        else:
            self._cache.ended(child)

    async def _perform(
        self, service: Object, decision: Decision, with_workload: bool = True
    ) -> attempts.Attempt:
        """All steps in order; what fails is noted, and ends the attempt only where going on is
        pointless.
        """
        attempt = attempts.Attempt()
        for step in decision.steps:
            if step.obj["kind"] in WORKLOADS and not with_workload:
                continue
            if step.verb is Verb.PRUNE and attempt.failure is not None:
                continue
            if (known := self._refusals.recall(_sent(step))) is not None:
                attempt.refused(step, known)
                continue
            try:
                attempt.note(step, await self._step(service, step))
            except ApiError as error:
                if step.verb is Verb.GROW and (error.refused or error.status == 403):
                    problem = await not_expandable(self._api, step.obj, error)
                    if problem is not None:
                        self._refusals.note(_sent(step), problem)
                        attempt.refused(step, problem)
                        continue
                if error.refused and step.verb in (Verb.APPLY, Verb.CREATE):
                    if (problem := await self._refused(service, step, error)) is not None:
                        attempt.refused(step, problem)
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
        if step.verb in (Verb.DELETE, Verb.PRUNE):
            await self._delete(step.obj)
            logger.info("%s: deleted %s %s", service["metadata"]["name"], kind.kind, name)
            return None
        if step.verb is Verb.GROW:
            self._cache.answered(await self._api.merge(kind, step.obj, step.changes or {}))
            logger.info("%s: growing claim %s", service["metadata"]["name"], name)
            return None
        if step.verb is Verb.CREATE:
            answer = await self._create(step.obj)
        else:
            answer = await self._api.apply(kind, step.obj)
        self._cache.answered(answer)
        logger.info("%s: applied %s %s", service["metadata"]["name"], kind.kind, name)
        if step.is_new and kind is not RECORD:
            await self._tell(service, answer)
        return None

    async def _create(self, obj: Object) -> Object:
        """The new object; where the name is taken, the one that has it, for it may be ours."""
        kind, metadata = kind_of(obj), obj["metadata"]
        try:
            return await self._api.create(kind, obj)
        except ApiError as error:
            live = await self._api.get(kind, metadata["namespace"], metadata["name"])
            if error.status != 409 or live is None:
                raise
            return live

    async def _tell(self, service: Object, child: Object) -> None:
        """A note for people; losing it is no reason to repeat anything."""
        message = f"Created {child['kind']} {child['metadata']['name']}."
        try:
            await self._recorder.post(
                events.event(service, "Normal", "Created", message, uid_of(child))
            )
        except ApiError as error:
            logger.warning("event was lost: %s", error)

    async def _refused(self, service: Object, step: Step, error: ApiError) -> Problem | None:
        """Why an apply was refused: the name is another's, the child was tampered with so that
        nothing can be applied to it (which is repaired: None), or the spec is wrong.
        """
        kind, metadata = kind_of(step.obj), step.obj["metadata"]
        live = await self._api.get(kind, metadata["namespace"], metadata["name"])
        if live is not None and belongs_to_another(live, service):
            return _name_taken(live)
        if live is not None and dig(live, "metadata", "deletionTimestamp"):
            self._cache.answered(live)
            return None
        if live is not None and (operations := repairs(step.obj, live)):
            self._cache.answered(await self._api.patch(kind, live, operations))
            return await self._step(service, step)
        message = error.message[: attempts.MESSAGE_LENGTH]
        problem = Problem(INVALID_SPEC, message, stops_serving=kind not in SAFETY_KINDS)
        self._refusals.note(step.obj, problem)
        return problem

    async def _report(
        self, service: Object, problem: Problem | None, only_version: str = ""
    ) -> None:
        """Write the status; a conflict where the service has another version than `only_version`,
        if given.
        """
        decision = self._decide(service)
        report = self._status(service, decision, problem)
        if needs_apply(report, service, "status"):
            if only_version:
                report["metadata"]["resourceVersion"] = only_version
            self._cache.answered(await self._api.apply(AISERVICE, report, "status"))
        await self._announce(service, decision, report)

    async def _announce(self, service: Object, decision: Decision, report: Object) -> None:
        for event in events.of_status(service, report, decision.history.target.number):
            await self._recorder.post(event)


def _key(service: Object) -> Key:
    return service["metadata"]["namespace"], service["metadata"]["name"]


def _sent(step: Step) -> Object:
    """What the API is sent, by which a refusal is remembered."""
    if step.verb is Verb.GROW:
        return {"claim": step.obj["metadata"]["uid"], "changes": step.changes}
    return step.obj


def _is_terminating(service: Object) -> bool:
    return dig(service, "metadata", "deletionTimestamp") is not None


def _name_taken(live: Object) -> Problem:
    metadata = live["metadata"]
    return Problem(
        "NameTaken",
        f"{live['kind']} {metadata['name']} belongs to another controller; rename the service "
        f"or delete that object.",
    )
