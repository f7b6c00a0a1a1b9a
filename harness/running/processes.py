"""Many plans, each in a process of its own, forked from this warm one.

Nothing of a run can leak into the next, and the imports are paid once. Where fork is missing the
processes are spawned. Ctrl-C ends the children, and what has ended so far is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.oracle.verdict import Verdict
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult
from harness.scenario.runner import needs_reference, without_faults

from .folders import case_folder, write_case
from .place import lacking
from .single import Options, Reference, run_single

_WAITING_SECONDS = 0.5
_METHOD = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
#: Exit code of a run that was asked to end, as shells give it for SIGTERM.
_ENDED = 128 + signal.SIGTERM
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Hooks:
    """Who wants to know; called in this process."""

    started: Callable[[Plan], None] = lambda plan: None
    ended: Callable[[CaseResult], None] = lambda result: None
    #: Twice a second while runs are under way.
    waiting: Callable[[], None] = lambda: None


@dataclass
class _Child:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    plan: Plan
    options: Options
    began: float = field(default_factory=time.perf_counter)


def run_plan(plan: Plan, folder: Path | None, options: Options) -> CaseResult:
    """Run one plan here, its reference run first where it needs one; errors become a verdict.

    What its cluster cannot have is known beforehand: then nothing is run.
    """
    began = time.perf_counter()
    try:
        missing = lacking(plan)
        result = (
            _concluded(plan, Verdict.SKIPPED, missing) if missing else _run(plan, folder, options)
        )
    except HarnessError as error:
        result = _concluded(plan, Verdict.ERROR, f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001 - any bug of the harness must become a verdict, with its trace
        result = _concluded(plan, Verdict.ERROR, traceback.format_exc())
    result.wall_seconds = time.perf_counter() - began
    if folder is not None:
        write_case(folder, plan, result)
    return result


def _run(plan: Plan, folder: Path | None, options: Options) -> CaseResult:
    reference: Reference | None = None
    if needs_reference(plan.case):
        calm = replace(plan, case=without_faults(plan.case))
        reference = run_single(calm, None, options).reference
    return run_single(plan, folder, options, reference=reference)


def _concluded(plan: Plan, verdict: Verdict, message: str) -> CaseResult:
    """The result of a plan that was not played, or not to its end."""
    return CaseResult(
        case=plan.name,
        file=plan.case.file,
        seed=plan.seed,
        verdict=verdict,
        oracle="requires" if verdict is Verdict.SKIPPED else "harness",
        message=message,
        cluster=plan.where,
        replay=plan.replay_line,
    )


def run_plans(
    plans: Iterable[Plan],
    *,
    report: Path | None,
    options: Options,
    hooks: Hooks,
    parallel: int = 1,
    fail_fast: bool = False,
    fork: bool = True,
) -> list[CaseResult]:
    """Run all plans and return their results in the order in which they ended.

    Args:
        plans: What to run.
        report: Folder for each case's folder; None keeps nothing.
        options: How to run; a real cluster in it is used by one run at a time.
        hooks: Told of each start and end.
        parallel: Processes at once; no more than there are real clusters, if there are any.
        fail_fast: Stop starting more after the first that is neither Passed nor Skipped.
        fork: False runs all of them in this process, one after another, for debuggers.
    """
    if not fork:
        return list(_run_here(plans, report, options, hooks, fail_fast=fail_fast))
    results: list[CaseResult] = []
    waiting = deque(plans)
    running: list[_Child] = []
    free = _free_options(options, parallel)
    others = multiprocessing.active_children()
    try:
        while waiting or running:
            while waiting and free:
                running.append(_start(waiting.popleft(), report, free.popleft(), hooks))
            hooks.waiting()
            for child in _ended(running):
                running.remove(child)
                free.append(child.options)
                result = _collect(child)
                results.append(result)
                hooks.ended(result)
                if fail_fast and not result.passed:
                    waiting.clear()
    finally:
        _end_processes(others)
    return results


def _free_options(options: Options, parallel: int) -> deque[Options]:
    """What each of the processes at once is given: options, with a real cluster of its own."""
    if options.site is None:
        return deque([options] * parallel)
    sites = [options.site, *options.more_sites][:parallel]
    return deque(replace(options, site=site, more_sites=()) for site in sites)


def _end_processes(others: list[multiprocessing.process.BaseProcess]) -> None:
    """End all children that are still there, also one that an interruption kept off the list."""
    left = [process for process in multiprocessing.active_children() if process not in others]
    for process in left:
        process.terminate()
    for process in left:
        process.join()


def _run_here(
    plans: Iterable[Plan], report: Path | None, options: Options, hooks: Hooks, *, fail_fast: bool
) -> Iterator[CaseResult]:
    for plan in plans:
        hooks.started(plan)
        result = run_plan(plan, _folder(report, plan), options)
        hooks.ended(result)
        yield result
        if fail_fast and not result.passed:
            return


def _folder(report: Path | None, plan: Plan) -> Path | None:
    return None if report is None else case_folder(report, plan)


def _start(plan: Plan, report: Path | None, options: Options, hooks: Hooks) -> _Child:
    hooks.started(plan)
    # The stubs give `Process` to the kinds of context, not to what they have in common.
    context: Any = multiprocessing.get_context(_METHOD)
    ours, theirs = context.Pipe(duplex=False)
    arguments = (theirs, plan, _folder(report, plan), options)
    process = context.Process(target=_child_main, args=arguments, daemon=False)
    # A signal in the moment of the fork waits until the child has handlers of its own, or it would
    # run those of this process in there.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Child(process, ours, plan, options)


def _child_main(pipe: Connection, plan: Plan, folder: Path | None, options: Options) -> None:
    # The parent decides when to stop: a Ctrl-C at the terminal reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    try:
        result = run_plan(plan, folder, options)
    except asyncio.CancelledError:  # it was asked to end (see `ending.py`)
        raise SystemExit(_ENDED) from None
    result.reference = {}
    pipe.send(result)
    pipe.close()


def _ended(running: list[_Child]) -> list[_Child]:
    ready = wait([child.pipe for child in running], timeout=_WAITING_SECONDS)
    return [child for child in running if child.pipe in ready]


def _collect(child: _Child) -> CaseResult:
    result: CaseResult | None = None
    with contextlib.suppress(EOFError):  # it died without a word; its exit code tells more
        result = child.pipe.recv()
    child.pipe.close()
    child.process.join()
    if result is None:
        code = child.process.exitcode
        message = f"the process of this run died, exit code {code}"
        result = _concluded(child.plan, Verdict.ERROR, message)
        result.wall_seconds = time.perf_counter() - child.began
    return result
