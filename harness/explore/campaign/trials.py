"""Trials of one process: here, or in copies of a started cluster where the process is a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import orjson

from ..documents import operations_document
from ..forking import Forks
from ..outcome import Outcome
from ..trial import Asked, run_trial
from .drawing import Example
from .plan import CampaignPlan

#: Of this process, while it is a worker and nothing else.
_forks: Forks | None = None


@dataclass(frozen=True)
class Progress:
    """A trial was made: for the search, or to shrink what it found."""

    operations: int
    is_search: bool = True


Tell = Callable[[Progress], None]


class Enough(BaseException):
    """Time is up, in the middle of something. No Exception: Hypothesis must not take it for one."""


def try_out(plan: CampaignPlan, example: Example) -> Outcome:
    """Run one example with the oracles of the plan."""
    asked = Asked(example.operations, example.seed, plan.oracles)
    if _forks is not None:
        return _forks.run(asked)
    return run_trial(plan.target, asked.operations, seed=asked.seed, oracles=asked.oracles)


@contextmanager
def forked(plan: CampaignPlan, inherited: Sequence[Connection] = ()) -> Iterator[None]:
    """Meanwhile trials of this process are played in copies; all of them are of one target.

    Args:
        plan: Of the campaign that this process works for.
        inherited: Connections that only this process may hold open.
    """
    global _forks
    with closing(Forks(plan.target, inherited)) as _forks:
        try:
            yield
        finally:
            _forks = None


def name_of(example: Example) -> bytes:
    """Equal for examples that do the same."""
    return orjson.dumps(operations_document(example.operations, seed=example.seed))
