"""What an operation of a trial costs: the AIService operator, all oracles on, one core.

    python -m scripts.benchmarks.fuzzing [--trials 10] [--length 20] [--profile]

Specs are drawn by the strategies of `harness.strategies` with a fixed seed, so two runs of this
script do the same work. Told are operations a second of processor time (the machine may be shared),
what the fixed parts cost, and with `--profile` where the time goes, the judging apart.
"""

from __future__ import annotations

import argparse
import cProfile
import ctypes
import os
import pstats
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from harness.explore.operations import Operation
from harness.explore.oracles import ALL
from harness.explore.target import Target
from harness.explore.trial import run_trial
from harness.scenario.hash_seed import HASH_SEED
from harness.scenario.settings import find_settings
from harness.strategies import operations

ROOT = Path(__file__).parents[2]
_PROCESSOR_TIME = 2  # CLOCK_PROCESS_CPUTIME_ID


class _Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


_LIBC = ctypes.CDLL(None)


def processor_seconds() -> float:
    """Real processor time; Python's own clocks are virtual inside of a trial."""
    now = _Timespec()
    _LIBC.clock_gettime(_PROCESSOR_TIME, ctypes.byref(now))
    return float(now.seconds + now.nanoseconds / 1e9)


def drawn(target: Target, trials: int, length: int) -> list[list[Operation]]:
    """Lists of operations, the same in each run."""
    found: list[list[Operation]] = []

    @seed(1)
    @settings(
        max_examples=trials * 4,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(operations(target.crd, target.version, most=length))
    def draw(example: list[Operation]) -> None:
        found.append(example)

    draw()
    return sorted(found, key=len, reverse=True)[:trials]


def measure(target: Target, lists: Sequence[Sequence[Operation]], oracles: Sequence[str]) -> float:
    """Seconds that some trials take; findings are told, for there should be none."""
    begun = processor_seconds()
    for number, example in enumerate(lists):
        outcome = run_trial(target, example, seed=number, oracles=oracles)
        for finding in outcome.findings:
            print(f"trial {number}, operation {finding.operation}: {finding.key}")
            print(finding.message)
    return processor_seconds() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--profile", action="store_true")
    given_options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != str(HASH_SEED):
        os.environ["PYTHONHASHSEED"] = str(HASH_SEED)
        os.execv(
            sys.executable, [sys.executable, "-m", "scripts.benchmarks.fuzzing", *sys.argv[1:]]
        )
    target = Target.of_project(find_settings(ROOT))
    lists = drawn(target, given_options.trials, given_options.length)
    count = sum(map(len, lists))
    measure(target, [[]], ())  # imports
    empty = measure(target, [[]] * 5, ()) / 5
    bare = measure(target, lists, ())
    if given_options.profile:
        _profile(lambda: measure(target, lists, ALL))
        return
    judged = measure(target, lists, ALL)
    print(f"{len(lists)} trials, {count} operations")
    print(f"a trial of nothing (cluster, operator, rest): {empty * 1000:.0f} ms")
    print(f"without oracles: {count / bare:.1f} operations/s")
    print(f"with all oracles: {count / judged:.1f} operations/s")


def _profile(work: Any) -> None:
    profile = cProfile.Profile(processor_seconds)
    profile.runcall(work)
    stats = pstats.Stats(profile)
    stats.sort_stats("tottime").print_stats(25)
    stats.sort_stats("cumtime").print_stats("harness/explore", 25)


if __name__ == "__main__":
    main()
