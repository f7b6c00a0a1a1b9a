"""Stacks of killed runs on kind clusters that are kept: destroyed, and their nodes healed.

A cluster that is gone has taken its stack along; then only the folder with the state is removed.
"""

from __future__ import annotations

from pathlib import Path

from harness.clusters.kind import KindOptions, heal_nodes
from harness.clusters.kind.commands import Run, run
from harness.clusters.stack import Stack
from harness.clusters.stack.records import StackRecord, leftover_stacks
from harness.errors import HarnessError

from .leftovers import Fate, Leftover, Tell


def clean_stacks(home: Path, tell: Tell, *, dry_run: bool, programs: Run = run) -> None:
    """Destroy what killed runs have brought up on kind clusters that still exist.

    Args:
        home: Of all runs, `.harness`.
        tell: Told of each leftover.
        dry_run: Only tell.
        programs: Runs `kind` and `docker`.
    """
    try:
        records = leftover_stacks(home)
    except HarnessError as error:
        tell(Leftover(Fate.STUCK, str(error)))
        return
    for record in records:
        if dry_run:
            tell(Leftover(Fate.WOULD_GO, f"destroy the stack on kind cluster {record.cluster!r}"))
            continue
        try:
            _clean(record, tell, programs)
        except HarnessError as error:
            text = f"the stack on kind cluster {record.cluster!r} cannot be destroyed: {error}"
            remedy = f"clean again, or give it up: kind delete cluster --name {record.cluster}"
            tell(Leftover(Fate.STUCK, text, remedy))


def _clean(record: StackRecord, tell: Tell, programs: Run) -> None:
    kind = KindOptions().find_program("kind")
    name = record.cluster
    if kind is None or name not in programs([str(kind), "get", "clusters"]).split():
        record.remove()
        tell(Leftover(Fate.GONE, f"state of the stack on kind cluster {name!r}, which is gone"))
        return
    nodes = programs([str(kind), "get", "nodes", f"--name={name}"]).split()
    for healed in heal_nodes(nodes, run=programs):
        tell(Leftover(Fate.GONE, healed))
    kubeconfig = programs([str(kind), "get", "kubeconfig", f"--name={name}"])
    stack = Stack(record.program, record.folder, kubeconfig=kubeconfig, plugin=record.plugin)
    stack.destroy()
    record.remove()
    tell(Leftover(Fate.GONE, f"stack on kind cluster {name!r} destroyed"))
