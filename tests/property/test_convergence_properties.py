"""The convergence machine against the definition, written down as a search over all instants."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.oracle.convergence import Convergence
from harness.oracle.verdict import Verdict

WITHIN, STABLE, END = 30, 10, 100

#: Instants at which the truth of the claims turns over, beginning with "not".
flips = st.lists(st.integers(1, END), max_size=8, unique=True).map(sorted)


def play(turns: list[int], *, ticks: list[int] | None = None) -> Convergence:
    machine = Convergence(within_ns=WITHIN, stable_ns=STABLE, origin="lastFaultEnd")
    machine.begin(0, holds=False)
    events = {turn: index % 2 == 0 for index, turn in enumerate(turns)}
    for now in sorted({*events, *(ticks or [])}):
        if now in events:
            machine.holding(now, events[now])
        else:
            machine.tick(now)
    machine.tick(END + WITHIN + STABLE + 1)
    return machine


def passes_by_definition(turns: list[int]) -> bool:
    """Some convergence by D is followed by S in which nothing breaks."""
    return any(
        start <= WITHIN and not any(start < turn < start + STABLE for turn in turns)
        for start in turns[::2]
    )


@given(flips)
def test_it_passes_exactly_when_the_definition_says_so(turns: list[int]) -> None:
    outcome = play(turns).outcome
    assert outcome is not None
    assert (outcome.verdict is Verdict.PASSED) == passes_by_definition(turns)


@given(flips)
def test_a_passing_outcome_names_a_convergence_in_time(turns: list[int]) -> None:
    outcome = play(turns).outcome
    assert outcome is not None
    if outcome.verdict is Verdict.PASSED:
        assert outcome.converged_ns in turns[::2]
        assert outcome.converged_ns <= WITHIN
        assert outcome.at_ns == outcome.converged_ns + STABLE


@given(flips, st.lists(st.integers(0, END + WITHIN), max_size=10))
def test_being_asked_more_often_changes_nothing(turns: list[int], ticks: list[int]) -> None:
    assert play(turns).outcome == play(turns, ticks=ticks).outcome


@given(flips)
def test_it_asks_for_every_instant_at_which_time_alone_decides(turns: list[int]) -> None:
    """Driven only by its own `next_ns`, it comes to the same outcome as with a tick per instant."""
    machine = Convergence(within_ns=WITHIN, stable_ns=STABLE, origin="lastFaultEnd")
    machine.begin(0, holds=False)
    for index, turn in enumerate(turns):
        while (due := machine.next_ns()) is not None and due < turn:
            machine.tick(due)
        machine.holding(turn, index % 2 == 0)
    while (due := machine.next_ns()) is not None:
        machine.tick(due)
    assert machine.outcome == play(turns, ticks=list(range(END + WITHIN))).outcome
