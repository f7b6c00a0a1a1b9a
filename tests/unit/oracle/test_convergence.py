"""D, S, origins and flaps, at exact times. One unit of time is a second."""

from __future__ import annotations

import pytest

from harness.oracle.convergence import Convergence, Origin
from harness.oracle.verdict import Verdict

SECOND = 1_000_000_000


def at(seconds: float) -> int:
    return round(seconds * SECOND)


class Play:
    """A convergence that is fed in seconds: D = 60, S = 20 unless told otherwise."""

    def __init__(
        self,
        *faults: str,
        origin: Origin = "lastFaultEnd",
        within: float = 60,
        stable: float = 20,
        holds: bool = False,
    ) -> None:
        self.machine = Convergence(
            within_ns=at(within), stable_ns=at(stable), origin=origin, faults=faults
        )
        self.machine.begin(0, holds=holds)

    def right(self, seconds: float) -> Play:
        self.machine.holding(at(seconds), True)
        return self

    def wrong(self, seconds: float) -> Play:
        self.machine.holding(at(seconds), False)
        return self

    def starts(self, seconds: float, name: str) -> Play:
        self.machine.fault_started(at(seconds), name)
        return self

    def ends(self, seconds: float, name: str) -> Play:
        self.machine.fault_ended(at(seconds), name)
        return self

    def disturbed(self, seconds: float) -> Play:
        self.machine.disturbed(at(seconds))
        return self

    def until(self, seconds: float) -> Play:
        """Let time pass as a run does: tick whenever the machine wants to be asked."""
        while (due := self.machine.next_ns()) is not None and due <= at(seconds):
            self.machine.tick(due)
        self.machine.tick(at(seconds))
        return self

    @property
    def verdict(self) -> Verdict | None:
        outcome = self.machine.outcome
        return outcome.verdict if outcome is not None else None

    @property
    def converged(self) -> float | None:
        outcome = self.machine.outcome
        assert outcome is not None
        return None if outcome.converged_ns is None else outcome.converged_ns / SECOND

    @property
    def decided_at(self) -> float:
        outcome = self.machine.outcome
        assert outcome is not None
        return outcome.at_ns / SECOND


def test_what_holds_from_the_beginning_passes_after_the_stable_time() -> None:
    play = Play(holds=True).until(100)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 0, 20)


def test_what_never_holds_is_not_converged_just_after_the_deadline() -> None:
    play = Play().until(60)
    assert play.verdict is None
    assert play.machine.next_ns() == at(60) + 1
    assert play.until(61).verdict is Verdict.NOT_CONVERGED


def test_converging_exactly_at_the_deadline_is_in_time() -> None:
    play = Play().right(60).until(100)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 60, 80)


def test_converging_just_after_the_deadline_is_late() -> None:
    assert Play().right(60.000000001).verdict is Verdict.NOT_CONVERGED


def test_without_a_stable_time_the_first_instant_decides() -> None:
    play = Play(stable=0).right(7)
    assert (play.verdict, play.decided_at) == (Verdict.PASSED, 7)


def test_a_flap_makes_the_last_convergence_count() -> None:
    play = Play().right(5).wrong(10).right(12).until(100)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 12, 32)


def test_a_flap_does_not_extend_the_deadline() -> None:
    play = Play().right(50).wrong(59).right(61)
    assert play.verdict is Verdict.UNSTABLE


def test_coming_back_and_being_lost_for_good_is_unstable() -> None:
    assert Play().right(5).wrong(10).until(100).verdict is Verdict.UNSTABLE


def test_only_the_state_before_the_fault_showed_is_not_converged() -> None:
    """It held when the fault ended, because its effect had not spread yet; it never came back."""
    play = Play("lose", holds=True).starts(1, "lose").ends(1, "lose").wrong(1.5)
    assert play.until(100).verdict is Verdict.NOT_CONVERGED


def test_a_break_after_the_deadline_within_the_stable_time_is_unstable() -> None:
    play = Play().right(55).wrong(70)
    assert (play.verdict, play.decided_at) == (Verdict.UNSTABLE, 70)


def test_a_break_at_the_end_of_the_stable_time_comes_too_late_to_matter() -> None:
    assert Play().right(5).wrong(25).verdict is Verdict.PASSED


def test_a_disturbance_begins_the_stable_time_anew() -> None:
    play = Play().right(5).disturbed(15).until(100)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 15, 35)


def test_disturbances_that_never_cease_are_unstable() -> None:
    play = Play(holds=True)
    for second in range(1, 100, 10):
        play.disturbed(second)
    assert (play.verdict, play.decided_at) == (Verdict.UNSTABLE, 61)


def test_nothing_is_due_before_the_last_fault_has_ended() -> None:
    play = Play("one", "two", holds=True).starts(1, "one").ends(2, "one")
    assert play.until(500).verdict is None
    play.starts(500, "two").ends(510, "two").until(600)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 510, 530)


def test_the_deadline_counts_from_the_last_end() -> None:
    play = Play("one").starts(0, "one").ends(30, "one").wrong(31)
    assert play.until(90).verdict is None
    assert play.until(91).verdict is Verdict.NOT_CONVERGED


def test_from_the_first_fault_the_deadline_counts_from_its_start() -> None:
    play = Play("one", origin="firstFault").starts(10, "one").ends(40, "one")
    assert play.until(70).verdict is None
    assert play.until(71).verdict is Verdict.NOT_CONVERGED


def test_from_the_first_fault_stability_still_waits_for_the_last() -> None:
    play = Play("one", "two", origin="firstFault", holds=True)
    assert play.starts(0, "one").ends(1, "one").until(30).verdict is None
    play.starts(30, "two").ends(30, "two").until(100)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 0, 50)


def test_each_fault_has_a_deadline_of_its_own() -> None:
    play = Play("one", "two", origin="eachFault").starts(0, "one").ends(0, "one")
    assert play.until(61).verdict is Verdict.NOT_CONVERGED


def test_a_later_fault_suspends_the_deadline_and_opens_a_new_one() -> None:
    play = Play("one", "two", origin="eachFault").starts(0, "one").ends(0, "one")
    play.starts(50, "two").until(100)
    assert play.verdict is None
    play.ends(100, "two").until(160)
    assert play.verdict is None
    assert play.until(161).verdict is Verdict.NOT_CONVERGED


def test_a_settled_window_waits_for_the_next_fault_without_a_deadline() -> None:
    play = Play("one", "two", origin="eachFault").starts(0, "one").ends(0, "one").right(5)
    assert play.until(300).verdict is None
    play.starts(300, "two").wrong(300).ends(300, "two").right(310).until(400)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 310, 330)


def test_each_fault_must_be_stable_before_the_next_or_after_it() -> None:
    play = Play("one", "two", origin="eachFault").starts(0, "one").ends(0, "one").right(5)
    play.starts(10, "two").ends(12, "two").until(100)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 12, 32)


def test_a_fault_that_never_starts_counts_as_ended_when_it_is_given_up() -> None:
    play = Play("one", holds=True).ends(40, "one").until(100)
    assert (play.verdict, play.converged) == (Verdict.PASSED, 40)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("firstFault", id="first-fault"),
        pytest.param("eachFault", id="each-fault"),
        pytest.param("lastFaultEnd", id="last-fault-end"),
    ],
)
def test_without_faults_every_origin_is_the_beginning(origin: Origin) -> None:
    play = Play(origin=origin).right(3).until(100)
    assert (play.verdict, play.converged, play.decided_at) == (Verdict.PASSED, 3, 23)


def test_nothing_changes_once_it_is_decided() -> None:
    play = Play(stable=0).right(7).wrong(8).until(1000)
    assert (play.verdict, play.decided_at) == (Verdict.PASSED, 7)
    assert play.machine.next_ns() is None


def test_what_does_not_hold_for_more_than_d_is_overdue_even_before_d_runs() -> None:
    """A fault that never ends keeps D from running; nothing else kept the claims from holding."""
    play = Play("one").starts(0, "one").until(60)
    assert not play.machine.overdue(at(60))
    assert play.machine.overdue(at(61))


def test_what_holds_is_never_overdue() -> None:
    assert not Play("one", holds=True).starts(0, "one").until(500).machine.overdue(at(500))


def test_a_loss_or_the_end_of_a_fault_starts_the_waiting_anew() -> None:
    play = Play("one", "two", holds=True).starts(0, "one").wrong(10)
    assert not play.machine.overdue(at(70))
    assert play.machine.overdue(at(71))
    assert not play.ends(80, "one").machine.overdue(at(140))
