"""`harness validate`, `plan`, `list`, `schema`: looking without running."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .exit_codes import NOTHING_SELECTED, PASSED
from .placing import cluster_options, place_of, place_options
from .selecting import paths_argument, select_cases, selection_options, settings_of


@click.command()
@paths_argument
@cluster_options
def validate(paths: tuple[Path, ...], where: dict[str, Any]) -> int:
    """Check scenario files; mistakes are told with place and remedy.

    With --cluster, also whether their faults can act there, and which cases it skips.
    """
    from harness.running.place import lacking, placed
    from harness.scenario.plan import plans_of

    others = _check_fuzzing(paths)
    scenarios = tuple(path for path in paths if path not in others)
    if others and not scenarios:
        return PASSED
    cases = select_cases(scenarios)
    files = len({case.file for case in cases})
    plans = plans_of(cases, seed=None, repeat=1, draw=0, settings=settings_of(cases))
    skipped = {plan.name: lacking(plan) for plan in placed(plans, place_of(where))}
    click.echo(f"scenario files: {files}, cases: {len(cases)}, all valid")
    for name, reason in skipped.items():
        if reason:
            click.echo(f"  skipped there: {name} ({reason})")
    return PASSED if cases or others else NOTHING_SELECTED


def _check_fuzzing(paths: tuple[Path, ...]) -> list[Path]:
    """Check campaigns and trials, say how many there are, and return their files."""
    from harness.explore.campaign.loading import check_files
    from harness.scenario.loader import collect

    found = {file: check_files(file) for file in collect(paths)}
    files = [file for file, count in found.items() if count]
    if files:
        click.echo(f"campaigns and trials: {sum(found.values())}, all valid")
    return files


@click.command()
@paths_argument
@selection_options
@click.option("--seed", type=int, help="Seed of the plan; else the scenario's own.")
@click.option("--subject", help="Another operator: a kopf module or a command.")
@place_options
def plan(
    paths: tuple[Path, ...],
    matrix: tuple[str, ...],
    names: tuple[str, ...],
    labels: tuple[str, ...],
    seed: int | None,
    subject: str | None,
    where: dict[str, Any],
) -> int:
    """Show what would run, as plan.yaml documents.

    A scenario without a seed gets a new one in each run; here it is shown as 0. On kind, what the
    project's stack would make comes first, as comments.
    """
    import sys

    from ruamel.yaml import YAML

    from harness.running.place import placed
    from harness.running.previewing import stack_preview
    from harness.scenario.plan import plans_of

    place = place_of(where)
    cases = select_cases(paths, matrix=matrix, names=names, labels=labels)
    plans = plans_of(cases, seed=seed, repeat=1, draw=0, settings=settings_of(cases, subject))
    plans = placed(plans, place)
    for line in stack_preview(plans, place):
        click.echo(f"# {line}")
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.explicit_start = True
    for one in plans:
        yaml.dump(one.document(), sys.stdout)
    return PASSED if plans else NOTHING_SELECTED


@click.command(name="list")
@paths_argument
@selection_options
def list_cases(
    paths: tuple[Path, ...],
    matrix: tuple[str, ...],
    names: tuple[str, ...],
    labels: tuple[str, ...],
) -> int:
    """List the cases, what each proves, and its faults."""
    cases = select_cases(paths, matrix=matrix, names=names, labels=labels)
    described = ""
    for case in cases:
        spec = case.scenario.spec
        if case.file != described:
            described = case.file
            click.echo(f"{case.file}: {spec.description}")
        faults = ", ".join(fault.type for step in spec.steps for fault in step.faults)
        click.echo(f"  {case.name}" + (f"  ({faults})" if faults else ""))
    return PASSED if cases else NOTHING_SELECTED


@click.command()
@click.option(
    "--kind",
    type=click.Choice(["Scenario", "Campaign"]),
    default="Scenario",
    show_default=True,
    help="Of which files.",
)
def schema(kind: str) -> int:
    """Print the JSON Schema of scenario or campaign files, for editors."""
    from harness.explore.campaign.formats import campaign_schema
    from harness.scenario.model import json_schema

    chosen = json_schema() if kind == "Scenario" else campaign_schema()
    click.echo(json.dumps(chosen, indent=2))
    return PASSED
