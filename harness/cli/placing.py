"""Options that say where scenarios run: `--cluster`, and what belongs to each kind of cluster.

    @place_options > the command gets `where`, the words as given > place_of(where) > Place

Options of kind have pytest-kind's names. One that does not belong to the chosen cluster is refused
by the place itself, with the cluster that it is for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.clusters.offers import CLUSTERS, OPERATORS, SIM

if TYPE_CHECKING:
    from harness.running.place import Place

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Any], Any]

_CLUSTER = "cluster"
_FILE = click.Path(path_type=Path, dir_okay=False)

_WHICH: tuple[Option, ...] = (
    click.option(
        "--cluster",
        type=click.Choice(CLUSTERS),
        default=SIM,
        show_default=True,
        help="Simulated; a real API server from KUBEBUILDER_ASSETS; kind; or your kubeconfig's.",
    ),
    click.option(
        "--operator",
        type=click.Choice(OPERATORS),
        help="How the operator runs on a real cluster; default: a Deployment on kind, else a "
        "process.",
    ),
)
_HOW: tuple[Option, ...] = (
    click.option(
        "--timeout-scale",
        type=click.FloatRange(0, min_open=True),
        help="Multiplies deadlines, for slow machines.  [default: 1]",
    ),
    click.option("--kubeconfig", type=_FILE, help="existing: instead of KUBECONFIG."),
    click.option("--context", help="existing: which one; default: the current one."),
    click.option(
        "--allow-context",
        multiple=True,
        metavar="NAME",
        help="existing: may be broken although it does not look disposable.",
    ),
    click.option(
        "--apply-manifests",
        is_flag=True,
        help="existing: apply the project's manifests first; they stay.",
    ),
    click.option("--cluster-name", help="kind: of the cluster; one that is there is reused."),
    click.option("--keep-cluster", is_flag=True, help="kind: do not delete it at the end."),
    click.option("--kind-bin", metavar="FILE", help="kind: the program kind."),
    click.option("--kind-kubectl-bin", metavar="FILE", help="kind: the program kubectl."),
    click.option("--kind-image", help="kind: image of the nodes."),
    click.option("--base-image", help="kind: what the operator's image is built on."),
    click.option(
        "--pulumi-plugin",
        type=click.Path(path_type=Path, exists=True),
        help="kind: Pulumi's Kubernetes plugin, where it is not installed.",
    ),
)


def cluster_options(command: Command) -> Command:
    """`--cluster` and `--operator`: enough to say what a scenario may do there."""
    return _with(command, _WHICH)


def place_options(command: Command) -> Command:
    """All options of the place."""
    return _with(command, _WHICH + _HOW)


def place_of(where: Mapping[str, Any]) -> Place:
    """The place that the words describe.

    Raises:
        UsageError: A word does not belong to the chosen cluster.
    """
    from harness.running.place import Place

    given = {
        name.replace("_", "-"): value
        for name, value in where.items()
        if name != _CLUSTER and value not in (None, False, ())
    }
    return Place.from_options(where[_CLUSTER], given)


def _with(command: Command, options: tuple[Option, ...]) -> Command:
    @functools.wraps(command)
    def with_where(**given: Any) -> Any:
        where = {name: given.pop(name) for name in names}
        return command(where=where, **given)

    before = len(_parameters(with_where))
    for option in reversed(options):
        option(with_where)
    names = [parameter.name for parameter in _parameters(with_where)[before:]]
    found: Any = with_where
    return found  # type: ignore[no-any-return]


def _parameters(command: Any) -> list[click.Parameter]:
    """What click has been told of a command so far."""
    found: list[click.Parameter] = getattr(command, "__click_params__", [])
    return found
