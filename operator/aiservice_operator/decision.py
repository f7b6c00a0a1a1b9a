"""From what is cached to what must be done: pure, so that looking costs nothing and rest is silent.

`decide` compares the desired children with the known ones and lists the requests that would make
them equal. With an empty list of steps and an unchanged status, a reconcile ends without any
request.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from aiservice_operator import backups, desired, growth, revisions, rollout
from aiservice_operator.kinds import (
    AISERVICE,
    CLAIM,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    JOB,
    WORKLOADS,
    Object,
    controller_of,
    dig,
    kind_of,
    uid_of,
)
from aiservice_operator.ownership import must_be_replaced, needs_apply


class Verb(Enum):
    """What a step does with its object."""

    APPLY = "apply"
    DELETE = "delete"
    """The child differs where nothing can change; it is made anew when it is gone."""
    PRUNE = "prune"
    """The child is no longer desired; not before what is desired is there."""
    CREATE = "create"
    """Made when it is missing, and then left as it is: claims hold data, Jobs are at work."""
    GROW = "grow"
    """The claim is smaller than the spec says."""
    BLOCKED = "blocked"
    """The name belongs to somebody else's object, which is not touched."""


@dataclass(frozen=True)
class Step:
    """One request; `obj` is the desired child for APPLY and CREATE, the live one for all others."""

    verb: Verb
    obj: Object
    is_new: bool = False
    changes: Object | None = None
    """What GROW merges into the live one."""


@dataclass(frozen=True)
class Decision:
    """What a service's history has come to, and the steps that bring its children there."""

    history: revisions.History
    rollout: rollout.Rollout
    steps: tuple[Step, ...]
    gives_up: bool
    """Whether this very look has judged the target's rollout as failed."""
    safety: backups.Safety = backups.NOTHING_TO_SAVE
    look_again_seconds: float | None = None
    """When a deadline has to be looked at, whether or not anything changes until then."""


Lookup = Callable[[Object], Object | None]
"""The known object that has the kind and name of a desired one, whoever owns it."""


def decide(
    service: Object,
    children: Sequence[Object],
    lookup: Lookup,
    refusal: str = "",
    related: Sequence[Object] = (),
    now: str = "",
) -> Decision:
    """The decision for one version of a service, of its own children and of what is `related`.

    `refusal` is the API's message when it has just refused the workload; `now` an RFC 3339 time,
    needed for services with storage.
    """
    seen = rollout.observe(_workload(children))
    known = [revisions.parse(each) for each in children if each["kind"] == CONTROLLER_REVISION.kind]
    history = revisions.advance(service, known, seen, refusal, now)
    safety = backups.observe(service, [each for each in related if each["kind"] == JOB.kind])
    can_restore = seen.complete and seen.revision == history.active.name
    spec = history.active_spec(service)
    wanted = desired.children(service, history)
    wanted += backups.children(service, spec, safety, can_restore)
    # Claims grow before their StatefulSet is replaced by one that makes larger ones.
    steps = [Step(Verb.GROW, each, changes=more) for each, more in growth.due(service, related)]
    steps += [step for obj in wanted for step in _steps(service, obj, lookup(obj))]
    steps += _prunes(children, wanted, seen, history)
    failed = history.target.outcome == revisions.FAILED
    was_failed = any(
        each.name == history.target.name and each.outcome == revisions.FAILED for each in known
    )
    left = revisions.seconds_left(service, history.target, seen, now)
    return Decision(
        history,
        seen,
        tuple(steps),
        gives_up=failed and not was_failed,
        safety=safety,
        look_again_seconds=None if left is None else max(left, 0.0) + 1.0,
    )


def _steps(service: Object, obj: Object, live: Object | None) -> list[Step]:
    """What one desired child needs."""
    once = obj["kind"] in (CLAIM.kind, JOB.kind)
    if live is None:
        return [Step(Verb.CREATE if once else Verb.APPLY, obj, is_new=True)]
    if belongs_to_another(live, service):
        return [Step(Verb.BLOCKED, live)]
    if dig(live, "metadata", "deletionTimestamp"):
        # It is on its way out; its end is a change that brings us back here.
        return []
    if once:
        # The Job of a former service of this name did its work for that one.
        is_former = obj["kind"] == JOB.kind and not _is_owned_by(live, service)
        return [Step(Verb.DELETE, live)] if is_former else []
    if must_be_replaced(obj, live, kind_of(obj).immutable):
        return [Step(Verb.DELETE, live)]
    return [Step(Verb.APPLY, obj)] if needs_apply(obj, live) else []


def belongs_to_another(live: Object, service: Object) -> bool:
    """Whether another controller has it. A former service of the name is none: it is gone."""
    controller = controller_of(live)
    if controller is None or controller["uid"] == uid_of(service):
        return False
    former = (AISERVICE.kind, service["metadata"]["name"])
    return (controller["kind"], controller["name"]) != former


def _is_owned_by(live: Object, service: Object) -> bool:
    return (controller_of(live) or {}).get("uid") == uid_of(service)


def _prunes(
    children: Sequence[Object],
    wanted: Sequence[Object],
    seen: rollout.Rollout,
    history: revisions.History,
) -> list[Step]:
    """Children that are no longer desired, except ConfigMaps that pods of an older revision still
    mount, and claims.
    """
    settled = seen.settled and seen.revision == history.active.name
    names = {(obj["kind"], obj["metadata"]["name"]) for obj in wanted}
    return [
        Step(Verb.PRUNE, child)
        for child in children
        if (child["kind"], child["metadata"]["name"]) not in names
        and not dig(child, "metadata", "deletionTimestamp")
        and (settled or child["kind"] != CONFIG_MAP.kind)
        and child["kind"] != CLAIM.kind
    ]


def _workload(children: Sequence[Object]) -> Object | None:
    return next((child for child in children if child["kind"] in WORKLOADS), None)
