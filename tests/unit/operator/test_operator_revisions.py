"""Rollout and rollback as a pure decision over what was rolled out before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from aiservice_operator.kinds import Object
from aiservice_operator.revisions import (
    COMPLETE,
    FAILED,
    HISTORY_KEPT,
    PROGRESSING,
    REFUSED,
    History,
    Revision,
    advance,
)
from aiservice_operator.rollout import Rollout

Make = Callable[..., Object]


def complete(revision: Revision) -> Rollout:
    return Rollout(revision.name, True, 2, 2, 2, 2, 2)


def timed_out(revision: Revision, since: str = "12:00") -> Rollout:
    stuck = Rollout(revision.name, observed=True, desired_replicas=2, replicas=3)
    return replace(stuck, ready_replicas=2, updated_replicas=1, timed_out_since=since)


def rolled_out(service: Object, known: Sequence[Revision] = ()) -> History:
    """The history after the spec was rolled out completely."""
    target = advance(service, known, Rollout()).target
    return advance(service, [*_without(known, target), target], complete(target))


def rolled_back(good: Object, bad: Object) -> History:
    """The history after `good` ran completely and `bad` timed out."""
    history = advance(bad, rolled_out(good).revisions, Rollout())
    return advance(bad, history.revisions, timed_out(history.target))


def _without(known: Sequence[Revision], other: Revision) -> list[Revision]:
    return [revision for revision in known if revision.name != other.name]


@pytest.mark.parametrize("empty", [{"env": []}, {"resources": {}}], ids=str)
def test_an_empty_field_is_no_other_revision_than_none(service: Make, empty: Object) -> None:
    without = rolled_out(service())
    assert advance(service(**empty), without.revisions, Rollout()).target.name == (
        without.target.name
    )


def test_a_first_spec_is_revision_one_and_runs(service: Make) -> None:
    history = advance(service(), [], Rollout())
    assert (history.target.number, history.target.outcome) == (1, PROGRESSING)
    assert history.active == history.target
    assert history.last_good is None


def test_a_complete_rollout_is_the_last_good_one(service: Make) -> None:
    history = rolled_out(service(image="a:1"))
    assert history.target.outcome == COMPLETE
    assert history.last_good == history.target


def test_a_rollout_without_pods_proves_nothing(service: Make) -> None:
    target = advance(service(size=0), [], Rollout()).target
    history = advance(service(size=0), [target], Rollout(target.name, observed=True))
    assert history.target.outcome == PROGRESSING


def test_a_timed_out_rollout_gives_way_to_the_last_good_one(service: Make) -> None:
    history = rolled_back(service(image="a:1"), service(image="a:2"))
    assert history.target.outcome == FAILED
    assert history.active.template == {"image": "a:1"}
    assert history.rolled_back


def test_a_timed_out_rollout_stays_when_nothing_good_is_known(service: Make) -> None:
    target = advance(service(), [], Rollout()).target
    history = advance(service(), [target], timed_out(target))
    assert history.active == history.target
    assert not history.rolled_back


def test_a_timed_out_rollout_stays_where_rollback_is_off(service: Make) -> None:
    bad = service(image="a:2", rollout={"automaticRollback": False})
    history = rolled_back(service(image="a:1"), bad)
    assert not history.rolled_back


def test_a_failed_revision_is_not_tried_again_while_the_spec_stays(service: Make) -> None:
    bad = service(image="a:2")
    before = rolled_back(service(image="a:1"), bad)
    after = advance(bad, before.revisions, complete(before.active))
    assert after == before


def test_another_size_does_not_try_a_failed_revision_again(service: Make) -> None:
    before = rolled_back(service(image="a:1"), service(image="a:2"))
    after = advance(service(image="a:2", size=9), before.revisions, complete(before.active))
    assert after.rolled_back


def test_another_rollout_setting_tries_a_failed_revision_again(service: Make) -> None:
    before = rolled_back(service(image="a:1"), service(image="a:2"))
    patient = service(image="a:2", rollout={"progressDeadlineSeconds": 900})
    after = advance(patient, before.revisions, complete(before.active))
    assert after.target.outcome == PROGRESSING
    assert not after.rolled_back


def test_a_failed_template_asked_for_again_later_is_tried_again(service: Make) -> None:
    failed = rolled_back(service(image="a:1"), service(image="a:2"))
    back = rolled_out(service(image="a:1"), failed.revisions)
    again = advance(service(image="a:2"), back.revisions, complete(back.active))
    assert (again.target.number, again.target.outcome) == (4, PROGRESSING)


def test_the_old_timeout_of_the_deployment_does_not_fail_the_next_revision(service: Make) -> None:
    """The condition stays until there is progress: for a moment it stands beside the new one."""
    failed = rolled_back(service(image="a:1"), service(image="a:2"))
    old = timed_out(failed.target, since="12:00")
    asked = advance(service(image="a:3"), failed.revisions, old)
    beside = replace(old, revision=asked.target.name)
    after = advance(service(image="a:3"), asked.revisions, beside)
    assert after.target.outcome == PROGRESSING

    own = advance(service(image="a:3"), asked.revisions, replace(beside, timed_out_since="12:09"))
    assert own.target.outcome == FAILED


def test_a_deployment_that_still_runs_another_revision_says_nothing(service: Make) -> None:
    first = rolled_out(service(image="a:1"))
    history = advance(service(image="a:2"), first.revisions, complete(first.target))
    again = advance(service(image="a:2"), history.revisions, complete(first.target))
    assert again.target.outcome == PROGRESSING


def test_a_refused_template_gives_way_too(service: Make) -> None:
    good = rolled_out(service(image="a:1"))
    history = advance(service(image="a:2"), good.revisions, Rollout(), refusal="no such thing")
    assert (history.target.outcome, history.target.message) == (REFUSED, "no such thing")
    assert history.active == good.active


def test_a_spec_that_returns_to_an_old_template_reuses_its_revision(service: Make) -> None:
    first = rolled_out(service(image="a:1"))
    second = rolled_out(service(image="a:2"), first.revisions)
    back = advance(service(image="a:1"), second.revisions, complete(second.target))
    assert (back.target.name, back.target.number) == (first.target.name, 3)
    assert len(back.revisions) == 2


def test_old_revisions_are_forgotten_but_never_one_that_is_needed(service: Make) -> None:
    history = rolled_out(service(image="good:1"))
    for attempt in range(10):
        bad = service(image=f"bad:{attempt}")
        asked = advance(bad, history.revisions, Rollout())
        history = advance(bad, asked.revisions, timed_out(asked.target))
    assert len(history.revisions) == HISTORY_KEPT + 1
    assert history.active.template == {"image": "good:1"}
