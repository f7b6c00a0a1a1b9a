"""`harness fuzz`: search an operator's specs, faults and schedules for what breaks it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError
from harness.scenario.hash_seed import HASH_SEED

from .exit_codes import FINDING, INTERRUPTED, PASSED
from .hashing import under_hash_seed
from .interruption import Interruption

if TYPE_CHECKING:
    from harness.explore.campaign.campaign import Report
    from harness.explore.campaign.formats import CampaignSpec
    from harness.explore.campaign.plan import CampaignPlan
    from harness.explore.campaign.workers import Workers

#: Where findings go.
FOLDER = Path(".harness/fuzz")
_DEFAULT_SECONDS = 60.0


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    from harness.vocabulary import parse_duration

    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command()
@click.option("--crd", type=_FILE, help="The definition of the kind; else the project's.")
@click.option("--subject", help='A kopf module, "kopf run ...", or another command.')
@click.option(
    "--fresh-module",
    "fresh_modules",
    multiple=True,
    metavar="NAME",
    help="Import this module of the operator's anew at each of its starts, too.",
)
@click.option("--kind", default="", help="Which kind, where the project defines several.")
@click.option("--max-time", callback=_duration, help="Stop after this real time, such as 5m.")
@click.option("--max-examples", type=click.IntRange(1), help="Stop after so many examples.")
@click.option("--workers", type=click.IntRange(1), help="Processes; default: all cores.")
@click.option("--no-fork", is_flag=True, help="Search in this process, for debuggers.")
@click.option("--dask", metavar="ADDRESS", help="Search on a Dask cluster instead.")
@click.option("--seed", type=click.IntRange(0), help="Of all draws; default: 0.")
@click.option(
    "--faults", multiple=True, metavar="none|default|NAME=WEIGHT", help="The pool of faults."
)
@click.option("--oracle", "oracles", multiple=True, metavar="NAME", help="Only these oracles.")
@click.option("--no-oracle", "no_oracles", multiple=True, metavar="NAME", help="Not this oracle.")
@click.option("--hints", type=_FILE, help="What fields mean that their schema does not tell.")
@click.option("--campaign", type=_FILE, help="A Campaign file; options say otherwise.")
@click.option("--replay", "replay_file", type=_FILE, help="Play a saved finding again.")
@click.option("--report-dir", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def fuzz(replay_file: Path | None, report_dir: Path, **options: Any) -> int:
    """Draw specs from a CRD and search for what the operator does wrong with them.

    A kopf module or a `kopf run` line runs in this process on virtual time, any other command in
    real time. Without options, kind and operator are those of the project, for one minute. Exit
    code: 0 no finding, 1 a finding, 2 usage, 4 harness error, 130 interrupted (findings are kept).
    """
    under_hash_seed(HASH_SEED)  # before the imports, which would be made twice otherwise
    import harness.explore.strategies.required  # noqa: F401 - says what to install

    if replay_file is not None:
        return _replay(replay_file, options)
    spec = _spec_of(options)
    plan = _plan_of(spec)
    count = options["workers"] or spec.workers or os.cpu_count() or 1
    return _search(plan, count, report_dir, options)


def _spec_of(options: dict[str, Any]) -> CampaignSpec:
    """The campaign file, or an empty one, with what the options say instead."""
    from harness.explore.campaign.formats import Budget, CampaignSpec
    from harness.explore.campaign.loading import read_campaign
    from harness.vocabulary import Seconds

    file = options["campaign"]
    spec = read_campaign(file).spec if file is not None else CampaignSpec()
    target = _target_in(options)
    given: dict[str, Any] = {"target": spec.target.model_copy(update=target)}
    time, examples = options["max_time"], options["max_examples"]
    if time is not None or examples is not None:
        given["budget"] = spec.budget.model_copy(update={"time": time, "examples": examples})
    elif spec.budget == Budget():
        given["budget"] = Budget(time=Seconds(_DEFAULT_SECONDS))
    if options["seed"] is not None:
        given["seed"] = options["seed"]
    if options["hints"] is not None:
        generator = {"hints": str(options["hints"])}
        given["generator"] = spec.generator.model_copy(update=generator)
    if options["faults"]:
        given["faults"] = _pool(options["faults"])
    if options["oracles"] or options["no_oracles"]:
        given["oracles"] = _oracles(options, spec.oracles)
    return spec.model_copy(update=given)


def _target_in(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of the operator and its kind."""
    target: dict[str, Any] = {
        key: str(options[key]) for key in ("crd", "subject", "kind") if options[key]
    }
    return target | (
        {"fresh_modules": [*options["fresh_modules"]]} if options["fresh_modules"] else {}
    )


def _pool(words: tuple[str, ...]) -> Any:
    if len(words) == 1 and words[0] in ("none", "default"):
        return words[0]
    pool = {}
    for word in words:
        name, _, weight = word.partition("=")
        if not weight.isdigit():
            raise UsageError(f"--faults {word!r} is neither none, default nor NAME=WEIGHT")
        pool[name] = int(weight)
    return pool


def _oracles(options: dict[str, Any], in_file: list[str]) -> list[str]:
    from harness.explore.campaign.formats import checked_oracles
    from harness.explore.oracles import ALL

    try:
        wanted = checked_oracles([*options["oracles"]]) or in_file or list(ALL)
        unwanted = checked_oracles([*options["no_oracles"]])
    except ValueError as error:
        raise UsageError(str(error)) from None
    return [name for name in wanted if name not in unwanted]


def _plan_of(spec: CampaignSpec) -> CampaignPlan:
    from harness.explore.campaign.naming import plan_of
    from harness.scenario.settings import find_settings

    return plan_of(spec, find_settings(Path.cwd()))


def _workers(plan: CampaignPlan, count: int, options: dict[str, Any]) -> Workers:
    from harness.explore.campaign.inline import Inline

    if options["dask"]:
        from harness.explore.campaign.dask import DaskWorkers

        return DaskWorkers(plan, options["dask"])
    if options["no_fork"]:
        return Inline(plan)
    from harness.explore.campaign.processes import Processes
    from harness.explore.campaign.warming import warm

    warm(plan)
    return Processes(plan, count)


def _search(plan: CampaignPlan, count: int, report_dir: Path, options: dict[str, Any]) -> int:
    from rich.console import Console

    from harness.explore.campaign.campaign import Campaign
    from harness.explore.campaign.memory import Memory

    from .fuzzing_progress import Progress

    console = Console()
    memory = Memory(plan.target)
    known = list(memory.examples())
    workers = _workers(plan, count, options)
    with Interruption(at_once=True), Progress(console) as progress:
        campaign = Campaign(plan, workers, known=known, watch=progress.watch)
        report = campaign.run()
    _tell(console, report, report_dir)
    if not report.is_interrupted or report.findings:
        memory.keep(found.example for found in report.findings.values())
    if report.is_interrupted:
        return INTERRUPTED
    return FINDING if report.findings else PASSED


def _tell(console: Any, report: Report, report_dir: Path) -> None:
    from harness.explore.campaign.keeping import kept
    from harness.explore.campaign.telling import coverage_table, open_goals, summary_line

    for found in report.findings.values():
        text = kept(report.plan, found, report_dir)
        console.print()
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    console.print(coverage_table(report))
    for line in open_goals(report):
        console.print(f"  not covered: {line}", style="dim", markup=False, highlight=False)
    console.print(summary_line(report), highlight=False, soft_wrap=True)


def _replay(file: Path, options: dict[str, Any]) -> int:
    """Play a saved finding, as it is."""
    from harness.explore.campaign.drawing import Example
    from harness.explore.campaign.formats import CampaignSpec
    from harness.explore.campaign.jobs import replay
    from harness.explore.campaign.keeping import scenario_of
    from harness.explore.campaign.loading import read_trial
    from harness.explore.campaign.telling import finding_text
    from harness.explore.documents import operations_of

    trial = read_trial(file).spec
    target = _target_in(options)
    spec = CampaignSpec(
        target=trial.target.model_copy(update=target), oracles=trial.oracles, faults="none"
    )
    plan = _plan_of(spec)
    example = Example(operations_of({"operations": trial.operations}), trial.seed)
    found = replay(plan, example).found
    for one in found:
        run = scenario_of(plan, one, file.parent)
        click.echo(finding_text(one, file, run))
    wanted = trial.finding.key if trial.finding is not None else ""
    if wanted and wanted not in [one.key for one in found]:
        click.echo(f"not found again: {wanted}")
    return FINDING if found else PASSED
