"""`harness doctor`: what this machine has for each kind of cluster, and how to get the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .exit_codes import INFRASTRUCTURE, PASSED

if TYPE_CHECKING:
    from harness.running.doctor import Finding


@click.command()
def doctor() -> int:
    """Say for each kind of cluster what is there, what is missing, and how to get it.

    Nothing is started and no network is asked. Exit code: 0 if the simulation works, which is all
    that most runs need; 4 if not.
    """
    from harness.clusters.offers import CLUSTERS, SIM
    from harness.running.doctor import examine, works

    findings = examine()
    for cluster in CLUSTERS:
        own = [each for each in findings if each.cluster == cluster]
        click.echo(f"{cluster}: {'ready' if works(own, cluster) else 'not ready'}")
        _table(own)
    return PASSED if works(findings, SIM) else INFRASTRUCTURE


def _table(findings: Sequence[Finding]) -> None:
    for each in findings:
        state = "ok" if each.ok else "MISSING" if each.needed else "no"
        click.echo(f"  {state:8}{each.what:25}{each.found or each.remedy}")
