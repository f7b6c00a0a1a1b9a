"""`harness clean`: undo and remove what runs that were killed have left."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

from .exit_codes import INFRASTRUCTURE, PASSED

if TYPE_CHECKING:
    from harness.clusters.access import Access
    from harness.running.leftovers import Leftover


@click.command()
@click.option("--context", help="Of the kubeconfig; default: the current one, if it is disposable.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Default: KUBECONFIG, then ~/.kube/config.",
)
@click.option(
    "--allow-context",
    "allowed",
    multiple=True,
    metavar="NAME",
    help="A context that may be changed although it does not look disposable.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".harness"),
    show_default=True,
    help="Where runs keep their records of kind clusters.",
)
@click.option(
    "--run",
    "over",
    multiple=True,
    metavar="RUN",
    help="A run of another machine that is over; only you can know that.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
def clean(
    context: str | None,
    kubeconfig: Path | None,
    allowed: tuple[str, ...],
    folder: Path,
    over: tuple[str, ...],
    dry_run: bool,
) -> int:
    """Undo what killed runs have broken, and remove what they have left.

    On this machine: kind clusters, programs and temporary folders. In the cluster of the
    kubeconfig: faults that were not undone, newest first, and namespaces of cases. What belongs to
    a run that goes on is left alone. Exit code: 0 all clean, 2 usage, 4 something stays.
    """
    from harness.running.cleaning import Fate, clean_cluster, clean_machine

    asked = context is not None or kubeconfig is not None or bool(allowed)
    access = _cluster(context, kubeconfig, allowed, asked=asked)
    fates: Counter[Fate] = Counter()

    def tell(leftover: Leftover) -> None:
        fates[leftover.fate] += 1
        click.echo(f"{leftover.fate:7}{leftover.text}")
        if leftover.remedy:
            click.echo(f"{'':7}-> {leftover.remedy}")

    clean_machine(folder, tell, dry_run=dry_run)
    if access is not None:
        clean_cluster(access, tell, over=over, dry_run=dry_run, asked=asked)
    where = "this machine" if access is None else f"this machine and context {access.context}"
    if fates[Fate.STUCK]:
        click.echo(f"{where}: {fates[Fate.STUCK]} could not be cleaned, see above", err=True)
        return INFRASTRUCTURE
    removed = fates[Fate.GONE] + fates[Fate.WOULD_GO]
    click.echo(f"{where}: {'clean' if not dry_run else f'{removed} to be cleaned'}")
    return PASSED


def _cluster(
    context: str | None, kubeconfig: Path | None, allowed: tuple[str, ...], *, asked: bool
) -> Access | None:
    """The cluster to clean; None when nobody asked for one and none suggests itself.

    A context that is asked for must pass the guard; the current one is left alone otherwise.
    """
    from harness.clusters.access import find_context, read_kubeconfig
    from harness.clusters.guard import check_context

    try:
        check_context(*find_context(kubeconfig, context), allowed)
        return read_kubeconfig(kubeconfig, context)
    except UsageError as error:
        if asked:
            raise
        click.echo(f"no cluster is looked at: {error}")
        return None
