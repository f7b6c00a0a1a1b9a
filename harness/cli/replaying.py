"""`harness replay`: make a run again from its plan, and say where it went another way."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from harness.errors import UsageError
from harness.scenario.hash_seed import HASH_SEED

from .exit_codes import FINDING
from .hashing import under_hash_seed


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--allow-custom", is_flag=True, help="Permit script actions and custom faults.")
@click.option(
    "--allow-context",
    "allowed_contexts",
    multiple=True,
    metavar="NAME",
    help="May be broken although it does not look disposable.",
)
def replay(folder: Path, allow_custom: bool, allowed_contexts: tuple[str, ...]) -> int:
    """Make the run of FOLDER again and compare the journals.

    FOLDER is a case's folder below the report folder, such as `.harness/last/NAME-seed1`, or the
    plan.yaml in it. Exit code: that of the verdict when it is the same run, 1 when it is another.
    """
    under_hash_seed(HASH_SEED)  # before the imports, which would be made twice otherwise
    from harness.report.journal import first_divergence
    from harness.report.terminal import case_line, failure_text
    from harness.running.checking import check_plans
    from harness.running.place import Place, check_startable
    from harness.running.processes import run_plan
    from harness.running.real import real_clusters
    from harness.running.single import Options
    from harness.scenario.plan import read_plan

    file = folder / "plan.yaml" if folder.is_dir() else folder
    plan, document = read_plan(file)
    recorded = _recorded(file.parent)
    options = Options(allow_custom=allow_custom)
    check_plans([plan], options)
    place = Place.from_options(plan.where, dict(plan.place))
    place = replace(place, allowed_contexts=allowed_contexts)
    check_startable(place)
    _warn_of_differences(plan.document(), document)
    with (
        real_clusters([plan], place, options) as options,
        tempfile.TemporaryDirectory() as scratch,
    ):
        result = run_plan(plan, Path(scratch), options)
        click.echo(str(case_line(result)).rstrip())
        if not result.passed:
            click.echo(failure_text(result))
        if not result.journal_hash:
            click.echo("nothing to compare: the harness stopped with the error above")
            return result.verdict.exit_code
        if plan.in_real_time:
            click.echo("this run was in real time, where no two journals are the same")
            return result.verdict.exit_code
        if result.journal_hash == recorded:
            click.echo(f"the same run: journal {result.journal_hash}")
            return result.verdict.exit_code
        journals = file.parent / "journal.ndjson", Path(scratch) / "journal.ndjson"
        divergence = first_divergence(*journals) if journals[0].exists() else None
    click.echo(f"ANOTHER run: journal {result.journal_hash}, recorded {recorded}")
    if divergence is not None:
        number, was, now = divergence
        click.echo(f"first divergence at line {number}:")
        click.echo(f"  recorded: {was.decode(errors='replace').strip()[:2000]}")
        click.echo(f"  now:      {now.decode(errors='replace').strip()[:2000]}")
    return FINDING


def _recorded(folder: Path) -> str:
    file = folder / "run.json"
    try:
        recorded: str = json.loads(file.read_text())["journal_hash"]
    except (OSError, ValueError, KeyError):
        raise UsageError(f"{file} tells no journal_hash; give a folder that a run left") from None
    return recorded


def _warn_of_differences(now: dict[str, object], recorded: dict[str, object]) -> None:
    for key in ("scenario", "python", "packages", "hashSeed"):
        if now[key] != recorded.get(key):
            message = f"warning: {key} was {recorded.get(key)!r} and is {now[key]!r}"
            click.echo(f"{message}; the run may differ for that reason", err=True)
