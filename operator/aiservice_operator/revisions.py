"""What has been rolled out, how it went, and therefore what runs now: the pure decision behind
rollback.

Each distinct pod template that a spec asked for is a ControllerRevision, named by its hash and
numbered in the order in which it was asked for. How its rollout went is noted on it, because
memory and status can be lost: *progressing* until its Deployment was complete once (*complete*),
or ran past its progress deadline (*failed*), or the API refused the template (*refused*).

A failed or refused revision gives way to the last complete one, and is not tried again until the
spec changes. The size is no such change, or a HorizontalPodAutoscaler would roll the bad revision
out again and again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiservice_operator.kinds import GROUP, Object, dig
from aiservice_operator.rollout import Rollout

PROGRESSING, COMPLETE, FAILED, REFUSED = "progressing", "complete", "failed", "refused"

OUTCOME = f"{GROUP}/outcome"
OUTCOME_MESSAGE = f"{GROUP}/outcome-message"
SPEC_HASH = f"{GROUP}/spec-hash"
INHERITED_TIMEOUT = f"{GROUP}/inherited-timeout"

TEMPLATE_FIELDS = ("image", "port", "env", "resources", "probe", "model")
HISTORY_KEPT = 5


@dataclass(frozen=True)
class Revision:
    """One pod template that was asked for; `template` holds the fields of the spec that make it."""

    name: str
    number: int
    template: dict[str, Any]
    outcome: str = PROGRESSING
    message: str = ""
    spec_hash: str = ""
    """The spec (without size) under which it was last asked for."""
    inherited_timeout: str = ""
    """A timed-out condition that the Deployment already had then: not this rollout's failure."""


@dataclass(frozen=True)
class History:
    """`target` is what the spec asks for, `active` what shall run, `last_good` what ran
    completely last.
    """

    revisions: tuple[Revision, ...]
    target: Revision
    active: Revision
    last_good: Revision | None

    @property
    def rolled_back(self) -> bool:
        """Whether something else runs than the spec asks for."""
        return self.active.name != self.target.name


def digest(value: Any, length: int = 10) -> str:
    """A short stable name for a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def parse(obj: Object) -> Revision:
    """A Revision from its ControllerRevision."""
    notes = dig(obj, "metadata", "annotations", default={})
    return Revision(
        name=obj["metadata"]["name"],
        number=obj["revision"],
        template=obj.get("data") or {},
        outcome=notes.get(OUTCOME, PROGRESSING),
        message=notes.get(OUTCOME_MESSAGE, ""),
        spec_hash=notes.get(SPEC_HASH, ""),
        inherited_timeout=notes.get(INHERITED_TIMEOUT, ""),
    )


def annotations(revision: Revision) -> dict[str, str]:
    """The inverse of `parse`, as far as annotations go."""
    notes = {OUTCOME: revision.outcome, SPEC_HASH: revision.spec_hash}
    if revision.message:
        notes[OUTCOME_MESSAGE] = revision.message
    if revision.inherited_timeout:
        notes[INHERITED_TIMEOUT] = revision.inherited_timeout
    return notes


def advance(
    service: Object, known: Sequence[Revision], rollout: Rollout, refusal: str = ""
) -> History:
    """The history after looking at the spec, the Deployment and, if there was one, the API's
    refusal.
    """
    spec = service["spec"]
    known = sorted(known, key=lambda revision: revision.number)
    target = _asked_for(service["metadata"]["name"], spec, known, rollout)
    others = [revision for revision in known if revision.name != target.name]
    last_good = next((each for each in reversed(others) if each.outcome == COMPLETE), None)
    rollback = dig(spec, "rollout", "automaticRollback", default=True) and last_good is not None
    target = _judged(target, rollout, refusal, rollback)
    if target.outcome == COMPLETE:
        last_good = target
    gives_way = target.outcome in (FAILED, REFUSED) and rollback and last_good is not None
    active = last_good if gives_way and last_good is not None else target
    kept = _kept([*others, target], {target.name, active.name, last_good.name if last_good else ""})
    return History(kept, target, active, last_good)


def _asked_for(name: str, spec: Object, known: Sequence[Revision], rollout: Rollout) -> Revision:
    """The revision that the spec asks for: new, asked for again, or still the same."""
    template = {field: spec[field] for field in TEMPLATE_FIELDS if field in spec}
    spec_hash = digest({key: value for key, value in spec.items() if key != "size"})
    revision_name = f"{name}-{digest(template)}"
    newest = known[-1].number if known else 0
    same = next((revision for revision in known if revision.name == revision_name), None)
    if same is None or same.number < newest:
        return Revision(
            revision_name,
            newest + 1,
            template,
            spec_hash=spec_hash,
            inherited_timeout=rollout.timed_out_since,
        )
    if same.spec_hash != spec_hash and same.outcome in (FAILED, REFUSED):
        return replace(
            same,
            outcome=PROGRESSING,
            message="",
            spec_hash=spec_hash,
            inherited_timeout=rollout.timed_out_since,
        )
    return replace(same, spec_hash=spec_hash)


def _judged(target: Revision, rollout: Rollout, refusal: str, rollback: bool) -> Revision:
    if refusal:
        return replace(target, outcome=REFUSED, message=refusal)
    if target.outcome != PROGRESSING or rollout.revision != target.name:
        return target
    if rollout.complete:
        return replace(target, outcome=COMPLETE, inherited_timeout="")
    timed_out = rollout.timed_out_since not in ("", target.inherited_timeout)
    if timed_out and rollback:
        return replace(target, outcome=FAILED, message=rollout.message)
    return target


def _kept(revisions: Sequence[Revision], needed: set[str]) -> tuple[Revision, ...]:
    """All that are needed and the newest of the rest, oldest first."""
    ordered = sorted(revisions, key=lambda revision: revision.number)
    newest = {revision.name for revision in ordered[-HISTORY_KEPT:]}
    return tuple(each for each in ordered if each.name in needed | newest)
