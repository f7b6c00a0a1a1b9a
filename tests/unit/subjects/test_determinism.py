"""The same plan gives the same journal again; another seed gives another.

That other processes give it too is for `e2e/test_subjects_in_fresh_processes.py`.
"""

from __future__ import annotations

from tests.unit.subjects import trace_of_a_run
from tests.unit.subjects.subject_world import simulate


def test_one_seed_gives_one_journal_and_another_seed_another() -> None:
    first, again, other = (simulate(trace_of_a_run.live, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
