"""What has been rolled out, how it went, and therefore what runs now: the pure decision behind
rollback.

Each distinct pod template that a spec asked for is a ControllerRevision, named by its hash and
numbered in the order in which it was asked for. How its rollout went is noted on it, because
memory and status can be lost: *progressing* until its workload was complete once (*complete*),
or ran past its progress deadline (*failed*), or the API refused the template (*refused*). A
StatefulSet has no clock, so for it the last progress and its time are noted as well.

A failed or refused revision gives way to the last complete one, and is not tried again until the
spec changes. The size is no such change, or a HorizontalPodAutoscaler would roll the bad revision
out again and again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiservice_operator.kinds import GROUP, Object, dig
from aiservice_operator.rollout import DEFAULT_PROGRESS_DEADLINE_SECONDS, Rollout

PROGRESSING, COMPLETE, FAILED, REFUSED = "progressing", "complete", "failed", "refused"

OUTCOME = f"{GROUP}/outcome"
OUTCOME_MESSAGE = f"{GROUP}/outcome-message"
SPEC_HASH = f"{GROUP}/spec-hash"
INHERITED_TIMEOUT = f"{GROUP}/inherited-timeout"
PROGRESS = f"{GROUP}/progress"

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
    progress: str = ""
    """`COUNTS SINCE`: how far the StatefulSet has come, and when it had come so far."""


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

    def active_spec(self, service: Object) -> dict[str, Any]:
        """The service's spec with the pod template that shall run."""
        spec: dict[str, Any] = service["spec"] | self.active.template
        # What the active revision did not have must not shine through from the spec.
        for field in set(self.target.template) - set(self.active.template):
            spec.pop(field, None)
        return spec


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
        progress=_readable(notes.get(PROGRESS, "")),
    )


def _readable(progress: str) -> str:
    """The note, or none where somebody has changed it so that it names no time."""
    try:
        datetime.strptime(progress.rpartition(" ")[2] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z")
    except ValueError:
        return ""
    return progress


def annotations(revision: Revision) -> dict[str, str]:
    """The inverse of `parse`, as far as annotations go."""
    notes = {OUTCOME: revision.outcome, SPEC_HASH: revision.spec_hash}
    if revision.message:
        notes[OUTCOME_MESSAGE] = revision.message
    if revision.inherited_timeout:
        notes[INHERITED_TIMEOUT] = revision.inherited_timeout
    if revision.progress:
        notes[PROGRESS] = revision.progress
    return notes


def advance(
    service: Object,
    known: Sequence[Revision],
    rollout: Rollout,
    refusal: str = "",
    now: str = "",
) -> History:
    """The history after looking at the spec, the workload and, if there was one, the API's
    refusal. `now` (RFC 3339, whole seconds) is needed for StatefulSets.
    """
    spec = service["spec"]
    known = sorted(known, key=lambda revision: revision.number)
    target = _asked_for(service["metadata"]["name"], spec, known, rollout)
    others = [revision for revision in known if revision.name != target.name]
    last_good = next((each for each in reversed(others) if each.outcome == COMPLETE), None)
    rollback = dig(spec, "rollout", "automaticRollback", default=True) and last_good is not None
    target = _timed(target, rollout, now)
    too_late = overdue(service, target, rollout, now)
    target = _judged(target, rollout, refusal, too_late if rollback else "")
    if target.outcome == COMPLETE:
        last_good = target
    gives_way = target.outcome in (FAILED, REFUSED) and rollback and last_good is not None
    active = last_good if gives_way and last_good is not None else target
    kept = _kept([*others, target], {target.name, active.name, last_good.name if last_good else ""})
    return History(kept, target, active, last_good)


def _asked_for(name: str, spec: Object, known: Sequence[Revision], rollout: Rollout) -> Revision:
    """The revision that the spec asks for: new, asked for again, or still the same."""
    # An empty list or block makes the same pods as none, so it is no other template.
    template = {field: spec[field] for field in TEMPLATE_FIELDS if spec.get(field)}
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
            progress="",
            spec_hash=spec_hash,
            inherited_timeout=rollout.timed_out_since,
        )
    return replace(same, spec_hash=spec_hash)


def overdue(service: Object, target: Revision, rollout: Rollout, now: str) -> str:
    """Why the target's rollout has missed its deadline; empty while it has not."""
    if rollout.revision != target.name:
        return ""
    if rollout.keeps_time:
        missed = rollout.timed_out_since not in ("", target.inherited_timeout)
        return (rollout.message or "It timed out.") if missed else ""
    left = seconds_left(service, target, rollout, now)
    if left is None or left > 0:
        return ""
    seconds = _deadline_seconds(service)
    return f"The StatefulSet made no progress with {target.name} for {seconds} s."


def seconds_left(service: Object, target: Revision, rollout: Rollout, now: str) -> float | None:
    """Until the target's rollout misses its deadline; None where nobody has to wait for that."""
    is_under_way = target.outcome == PROGRESSING and rollout.revision == target.name
    if rollout.keeps_time or not is_under_way or not target.progress:
        return None
    since = target.progress.rpartition(" ")[2]
    waited = datetime.fromisoformat(now) - datetime.fromisoformat(since)
    return _deadline_seconds(service) - waited.total_seconds()


def _deadline_seconds(service: Object) -> int:
    seconds = dig(service, "spec", "rollout", "progressDeadlineSeconds")
    return int(seconds or DEFAULT_PROGRESS_DEADLINE_SECONDS)


def _timed(target: Revision, rollout: Rollout, now: str) -> Revision:
    """The target with the time of the StatefulSet's last progress, while that matters."""
    is_under_way = target.outcome == PROGRESSING and rollout.revision == target.name
    if rollout.keeps_time or not is_under_way or rollout.settled:
        return replace(target, progress="")
    if target.progress.rpartition(" ")[0] == rollout.counts:
        return target
    return replace(target, progress=f"{rollout.counts} {now}")


def _judged(target: Revision, rollout: Rollout, refusal: str, failure: str) -> Revision:
    if refusal:
        return replace(target, outcome=REFUSED, message=refusal, progress="")
    if target.outcome != PROGRESSING or rollout.revision != target.name:
        return target
    if rollout.complete:
        return replace(target, outcome=COMPLETE, inherited_timeout="")
    if failure:
        return replace(target, outcome=FAILED, message=failure, progress="")
    return target


def _kept(revisions: Sequence[Revision], needed: set[str]) -> tuple[Revision, ...]:
    """All that are needed and the newest of the rest, oldest first."""
    ordered = sorted(revisions, key=lambda revision: revision.number)
    newest = {revision.name for revision in ordered[-HISTORY_KEPT:]}
    return tuple(each for each in ordered if each.name in needed | newest)
