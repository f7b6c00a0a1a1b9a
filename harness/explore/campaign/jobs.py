"""What a worker is asked to do, and what it says meanwhile: plain data both ways.

    Search, Shrink, Replay  >  worker  >  Progress ...  Done

A job is a pure function of (plan, job): it does not matter who does it, and when.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from .drawing import Example
from .plan import CampaignPlan
from .searching import Batch, BatchResult, Hit, search
from .shrinking import Shrunk, shrink
from .trials import Enough, Progress, Tell, try_out


@dataclass(frozen=True)
class Search:
    """Try a batch; what is left of it after `seconds` is dropped."""

    batch: Batch
    seconds: float | None = None


@dataclass(frozen=True)
class Shrink:
    """Make a finding small; after `seconds` it is small enough."""

    hit: Hit
    seconds: float | None = None


@dataclass(frozen=True)
class Replay:
    """Try an example that is known from before."""

    example: Example
    seconds: float | None = None


@dataclass(frozen=True)
class Replayed:
    """What an example from before finds now."""

    found: tuple[Shrunk, ...]
    operations: int


Job = Search | Shrink | Replay
Result = BatchResult | Shrunk | Replayed


def carry_out(plan: CampaignPlan, job: Job, tell: Tell) -> Result:
    """Do a job in this process."""
    tell = _until(job.seconds, tell)
    if isinstance(job, Search):
        return search(plan, job.batch, tell)
    if isinstance(job, Shrink):
        return shrink(plan, job.hit, tell)
    return replay(plan, job.example)


def _until(seconds: float | None, tell: Tell) -> Tell:
    """The same, raising `Enough` when the real time is up."""
    if seconds is None:
        return tell
    end = time.perf_counter() + seconds

    def tell_in_time(progress: Progress) -> None:
        tell(progress)
        if time.perf_counter() > end:
            raise Enough

    return tell_in_time


def replay(plan: CampaignPlan, example: Example) -> Replayed:
    """Try one example as it is."""
    outcome = try_out(plan, example)
    batch = Batch(-1, 1)
    found = tuple(
        Shrunk(
            Hit(batch, 0, example, finding),
            example,
            finding,
            tuple(outcome.log),
            0,
            tuple(outcome.facts),
        )
        for finding in outcome.findings
    )
    return Replayed(found, len(example.operations))


__all__ = ["Job", "Progress", "Replay", "Replayed", "Result", "Search", "Shrink", "carry_out"]
