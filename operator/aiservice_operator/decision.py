"""From what is cached to what must be done: pure, so that looking costs nothing and rest is silent.

`decide` compares the desired children with the known ones and lists the requests that would make
them equal. With an empty list of steps and an unchanged status, a reconcile ends without any
request.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from aiservice_operator import desired, revisions, rollout
from aiservice_operator.kinds import (
    AISERVICE,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
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
    BLOCKED = "blocked"
    """The name belongs to somebody else's object, which is not touched."""


@dataclass(frozen=True)
class Step:
    """One request; `obj` is the desired child for APPLY, the live one for all others."""

    verb: Verb
    obj: Object
    is_new: bool = False


@dataclass(frozen=True)
class Decision:
    """What a service's history has come to, and the steps that bring its children there."""

    history: revisions.History
    rollout: rollout.Rollout
    steps: tuple[Step, ...]
    gives_up: bool
    """Whether this very look has judged the target's rollout as failed."""


Lookup = Callable[[Object], Object | None]
"""The known object that has the kind and name of a desired one, whoever owns it."""


def decide(
    service: Object, children: Sequence[Object], lookup: Lookup, refusal: str = ""
) -> Decision:
    """The decision for one version of a service and of its own children.

    `refusal` is the API's message when it has just refused the Deployment.
    """
    seen = rollout.observe(_one(children, DEPLOYMENT.kind))
    known = [revisions.parse(each) for each in children if each["kind"] == CONTROLLER_REVISION.kind]
    history = revisions.advance(service, known, seen, refusal)
    wanted = desired.children(service, history)
    steps = [step for obj in wanted for step in _steps(service, obj, lookup(obj))]
    steps += _prunes(children, wanted, seen, history)
    failed = history.target.outcome == revisions.FAILED
    was_failed = any(
        each.name == history.target.name and each.outcome == revisions.FAILED for each in known
    )
    return Decision(history, seen, tuple(steps), gives_up=failed and not was_failed)


def _steps(service: Object, obj: Object, live: Object | None) -> list[Step]:
    """What one desired child needs."""
    if live is None:
        return [Step(Verb.APPLY, obj, is_new=True)]
    if belongs_to_another(live, service):
        return [Step(Verb.BLOCKED, live)]
    if dig(live, "metadata", "deletionTimestamp"):
        # It is on its way out; its end is a change that brings us back here.
        return []
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


def _prunes(
    children: Sequence[Object],
    wanted: Sequence[Object],
    seen: rollout.Rollout,
    history: revisions.History,
) -> list[Step]:
    """Children that are no longer desired, except ConfigMaps that pods of an older revision still
    mount.
    """
    settled = seen.settled and seen.revision == history.active.name
    names = {(obj["kind"], obj["metadata"]["name"]) for obj in wanted}
    return [
        Step(Verb.PRUNE, child)
        for child in children
        if (child["kind"], child["metadata"]["name"]) not in names
        and not dig(child, "metadata", "deletionTimestamp")
        and (settled or child["kind"] != CONFIG_MAP.kind)
    ]


def _one(children: Sequence[Object], kind: str) -> Object | None:
    return next((child for child in children if child["kind"] == kind), None)
