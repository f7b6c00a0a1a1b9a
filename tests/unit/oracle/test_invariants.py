"""Invariants: always, never, and the grace they allow."""

from __future__ import annotations

import pytest

from harness.oracle.claims import Claim
from harness.oracle.invariants import InvariantWatch, judge_invariant
from tests.support.history import History, thing

READY = Claim(cel="service.status.ready == true")


def violated(grace: int, *changes: tuple[int, bool], until: int = 100) -> int | None:
    watch = InvariantWatch(grace)
    for now, kept in changes:
        watch.take(now, kept=kept)
    while (due := watch.next_ns()) is not None and due <= until:
        watch.tick(due)
    return watch.violated_ns


@pytest.mark.parametrize(
    ("grace", "changes", "since"),
    [
        pytest.param(0, [(0, True), (5, True)], None, id="kept"),
        pytest.param(0, [(0, False)], 0, id="broken-at-the-first-instant"),
        pytest.param(0, [(0, True), (5, False), (5, True)], 5, id="one-instant-is-enough"),
        pytest.param(10, [(5, False), (15, True)], None, id="as-long-as-the-grace"),
        pytest.param(10, [(5, False), (16, True)], 5, id="longer-than-the-grace"),
        pytest.param(10, [(5, False)], 5, id="for-good"),
        pytest.param(
            10, [(5, False), (12, True), (13, False), (20, True)], None, id="not-added-up"
        ),
    ],
)
def test_a_violation_is_longer_than_the_grace(
    grace: int, changes: list[tuple[int, bool]], since: int | None
) -> None:
    assert violated(grace, *changes) == since


def test_a_violation_is_known_one_instant_after_the_grace() -> None:
    watch = InvariantWatch(10)
    watch.take(5, kept=False)
    assert watch.next_ns() == 16


def test_a_missing_object_violates_always() -> None:
    assert not judge_invariant(READY, None, History(service="AIService/demo").view).holds


def test_a_missing_object_does_not_violate_never() -> None:
    assert judge_invariant(None, READY, History(service="AIService/demo").view).holds


def test_what_never_may_hold_is_told() -> None:
    history = History(service="AIService/demo")
    history.write(thing("AIService", "demo", status={"ready": True}))
    judgement = judge_invariant(None, READY, history.view)
    assert judgement.message == "holds, but never may: {'cel': 'service.status.ready == true'}"
