"""The convergence machine with faults: what it concludes depends on what happened, not on who asks.

Scripts are made of two faults that start and end, and of claims that turn true and false.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from harness.oracle.convergence import Convergence, Origin
from harness.oracle.verdict import Verdict

WITHIN, STABLE, END = 30, 10, 120
FAULTS = ("one", "two")

origins = st.sampled_from(["firstFault", "eachFault", "lastFaultEnd"])


@dataclass(frozen=True)
class Script:
    """Instants at which the claims turn over, beginning with "not", and the spans of the faults."""

    turns: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def at(self, now: int, machine: Convergence) -> None:
        """Tell the machine what happens at one instant."""
        for name, (start, end) in zip(FAULTS, self.spans, strict=True):
            if now == start:
                machine.fault_started(now, name)
            if now == end:
                machine.fault_ended(now, name)
        if now in self.turns:
            machine.holding(now, self.turns.index(now) % 2 == 0)

    @property
    def instants(self) -> list[int]:
        """When anything happens, in order."""
        return sorted({*self.turns, *(time for span in self.spans for time in span)})


spans = st.tuples(st.integers(1, END), st.integers(0, 20)).map(lambda s: (s[0], s[0] + s[1]))
scripts = st.builds(
    Script,
    st.lists(st.integers(1, END), max_size=8, unique=True).map(lambda times: tuple(sorted(times))),
    st.tuples(spans, spans),
)


def play(script: Script, origin: Origin, *, every_instant: bool) -> Convergence:
    machine = Convergence(within_ns=WITHIN, stable_ns=STABLE, origin=origin, faults=FAULTS)
    machine.begin(0, holds=False)
    before = 0
    for now in script.instants:
        advance(machine, before, now, every_instant=every_instant)
        script.at(now, machine)
        before = now
    advance(machine, before, END + 20 + WITHIN + STABLE + 2, every_instant=every_instant)
    return machine


def advance(machine: Convergence, before: int, until: int, *, every_instant: bool) -> None:
    """Let time pass: asked at each instant, or only when the machine wants to be."""
    if every_instant:
        for now in range(before + 1, until):
            machine.tick(now)
    while (due := machine.next_ns()) is not None and due < until:
        machine.tick(due)


@given(scripts, origins)
def test_it_asks_for_every_instant_at_which_time_alone_decides(
    script: Script, origin: Origin
) -> None:
    asked, driven = (play(script, origin, every_instant=each) for each in (True, False))
    assert asked.outcome == driven.outcome


@given(scripts, origins)
def test_it_always_comes_to_an_outcome_once_the_faults_are_over(
    script: Script, origin: Origin
) -> None:
    assert play(script, origin, every_instant=False).outcome is not None


@given(scripts, origins)
def test_what_passes_is_stable_for_s_after_the_last_fault_and_after_its_convergence(
    script: Script, origin: Origin
) -> None:
    outcome = play(script, origin, every_instant=False).outcome
    assert outcome is not None
    if outcome.verdict is not Verdict.PASSED:
        return
    last_end = max(end for _, end in script.spans)
    assert outcome.converged_ns is not None
    assert outcome.at_ns == max(outcome.converged_ns, last_end) + STABLE
    quiet = range(outcome.at_ns - STABLE + 1, outcome.at_ns)
    assert not any(turn in quiet for turn in script.turns)


@given(scripts, origins)
def test_what_passes_converged_in_time(script: Script, origin: Origin) -> None:
    outcome = play(script, origin, every_instant=False).outcome
    assert outcome is not None
    if outcome.verdict is Verdict.PASSED:
        assert outcome.converged_ns is not None
        first_start = min(start for start, _ in script.spans)
        last_end = max(end for _, end in script.spans)
        assert outcome.origin_ns == (first_start if origin == "firstFault" else last_end)
        assert outcome.origin_ns <= outcome.converged_ns <= outcome.origin_ns + WITHIN
