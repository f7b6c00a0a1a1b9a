"""`harness run`: run scenarios, show verdicts, leave a folder, exit with what was found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError
from harness.scenario.hash_seed import HASH_SEED

from .exit_codes import NOTHING_SELECTED
from .hashing import under_hash_seed
from .interruption import Interruption
from .placing import place_of, place_options
from .selecting import paths_argument, select_cases, selection_options, settings_of, subject_options

if TYPE_CHECKING:
    from rich.console import Console

    from harness.running.place import Place
    from harness.running.single import Options
    from harness.scenario.plan import Plan
    from harness.scenario.result import CaseResult


#: The default folder of results; it belongs to us, so a new run begins with an empty one.
LAST = Path(".harness/last")


@click.command()
@paths_argument
@selection_options
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed; else the scenario's own.")
@click.option("--repeat", type=click.IntRange(1), default=1, help="Times, each with another seed.")
@click.option(
    "--parallel", type=click.IntRange(1), help="At once; default: all cores in sim, else 1."
)
@click.option("--shard-index", type=click.IntRange(0), default=0, help="Which shard, from 0.")
@click.option("--shard-count", type=click.IntRange(1), default=1, help="How many shards.")
@click.option("--fail-fast", is_flag=True, help="Start no more cases after the first finding.")
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=LAST,
    show_default=True,
    help="Where journals, plans and summaries go.",
)
@subject_options
@click.option("--no-fork", is_flag=True, help="Run all in this process, for debuggers.")
@click.option("--allow-custom", is_flag=True, help="Permit script actions and custom faults.")
@place_options
def run(
    paths: tuple[Path, ...],
    matrix: tuple[str, ...],
    names: tuple[str, ...],
    labels: tuple[str, ...],
    seed: int | None,
    repeat: int,
    parallel: int | None,
    shard_index: int,
    shard_count: int,
    fail_fast: bool,
    report_dir: Path,
    subject: str | None,
    crd: Path | None,
    fresh_modules: tuple[str, ...],
    no_fork: bool,
    allow_custom: bool,
    where: dict[str, Any],
) -> int:
    """Run scenarios against the operator, in a simulated cluster unless told otherwise.

    PATHS are scenario files or folders; `scenarios` when none is given. Exit code: 0 all passed,
    1 a finding, 2 usage, 3 inconclusive only, 4 harness error, 5 nothing selected, 130 interrupted.
    """
    under_hash_seed(HASH_SEED)  # before the imports, which would be made twice otherwise
    from harness.oracle.verdict import worst_exit_code
    from harness.running.place import check_startable, placed, runs_at_once
    from harness.running.single import Options
    from harness.scenario.plan import SEED_MAX, plans_of

    place = place_of(where)
    at_once = runs_at_once(place, parallel, fork=not no_fork)
    cases = select_cases(paths, matrix=matrix, names=names, labels=labels)
    draw = int.from_bytes(os.urandom(4), "big") & SEED_MAX
    settings = settings_of(cases, subject, crd=crd, fresh_modules=fresh_modules)
    plans = plans_of(cases, seed=seed, repeat=repeat, draw=draw, settings=settings)
    plans = placed(_shard(plans, shard_index, shard_count), place)
    if not plans:
        click.echo("nothing selected: no case matches the paths and options given", err=True)
        return NOTHING_SELECTED
    check_startable(place)
    if report_dir == LAST:
        shutil.rmtree(LAST, ignore_errors=True)
    results = _run(
        plans,
        report_dir,
        place,
        parallel=at_once,
        fail_fast=fail_fast,
        fork=not no_fork,
        options=Options(allow_custom=allow_custom),
    )
    return worst_exit_code(result.verdict for result in results)


def _shard(plans: list[Plan], index: int, count: int) -> list[Plan]:
    if index >= count:
        raise UsageError(
            f"--shard-index {index} is not below --shard-count {count}; it counts from 0"
        )
    return plans[index::count]


def _run(
    plans: Sequence[Plan],
    report_dir: Path,
    place: Place,
    *,
    parallel: int,
    fail_fast: bool,
    fork: bool,
    options: Options,
) -> list[CaseResult]:
    from rich.console import Console

    from harness.report.github import append_github_summary
    from harness.report.terminal import Progress
    from harness.running.checking import check_plans
    from harness.running.folders import write_report
    from harness.running.processes import Hooks, run_plans
    from harness.running.real import real_clusters
    from harness.running.warming import warm

    check_plans(plans, options)
    warm(plans)
    console = Console()
    results: list[CaseResult] = []
    try:
        with (
            Interruption(at_once=not fork) as interruption,
            real_clusters(
                plans,
                place,
                options,
                report_dir / place.cluster,
                at_once=parallel,
                tell=lambda line: console.print(line, style="dim", markup=False, highlight=False),
            ) as options,
            Progress(console, len(plans)) as progress,
        ):

            def ended(result: CaseResult) -> None:
                results.append(result)
                progress.ended(result)

            def waiting() -> None:
                interruption.check()
                progress.refresh()

            run_plans(
                plans,
                report=report_dir,
                options=options,
                hooks=Hooks(lambda plan: progress.started(plan.name), ended, waiting),
                parallel=parallel,
                fail_fast=fail_fast,
                fork=fork,
            )
    finally:  # also what had ended before an interruption is told and kept
        _explain(console, results, report_dir)
        write_report(report_dir, results)
        append_github_summary(results, os.environ)
    return results


def _explain(console: Console, results: Sequence[CaseResult], report_dir: Path) -> None:
    from harness.report.terminal import failure_texts, verdict_table

    for text in failure_texts(results):
        console.print()
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    if results:
        console.print(verdict_table(results))
    console.print(f"journals and summaries: {report_dir}", highlight=False)
