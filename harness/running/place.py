"""Where plans run: what `--cluster` and the options beside it say.

    options > Place > checked against what the cluster offers > plans placed there

What a cluster offers (`harness.clusters.offers`) is known before it is started: a scenario that
requires more is Skipped, and a fault that cannot act there is refused with its place in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.kind.options import KindOptions
from harness.clusters.offers import (
    CONTROL_PLANE,
    EXISTING,
    KIND,
    OFFERS,
    PROCESS,
    SIM,
    Offer,
)
from harness.errors import FormatError, UsageError
from harness.scenario.check import FormatErrors
from harness.scenario.plan import Plan
from harness.scenario.scaling import with_scaled_timeouts


@dataclass(frozen=True)
class Place:
    """A kind of cluster, and how to get one.

    `kubeconfig`, `context`, `allowed_contexts` and `apply_manifests` are for `existing`; `kind`,
    `base_image` and `pulumi_plugin` for `kind`, which writes its access to `kubeconfig`.
    """

    cluster: str = SIM
    #: Multiplies deadlines, for slow machines.
    timeout_scale: float = 1.0
    #: How the operator runs, one of `OPERATORS`; None for what is usual on that cluster.
    operator: str | None = None
    kubeconfig: Path | None = None
    context: str | None = None
    #: Contexts that may be broken although they do not look disposable.
    allowed_contexts: tuple[str, ...] = ()
    #: Apply the project's manifests to the existing cluster before the first case.
    apply_manifests: bool = False
    kind: KindOptions = field(default_factory=KindOptions)
    #: What the operator's image is built on.
    base_image: str | None = None
    #: The folder or program of Pulumi's Kubernetes plugin.
    pulumi_plugin: Path | None = None

    @classmethod
    def from_options(cls, cluster: str, given: Mapping[str, Any]) -> Self:
        """The place that options describe, by their names without the dashes in front.

        Raises:
            UsageError: One does not belong to that cluster; the text says where it does.
        """
        _check_options(cluster, given)
        own = {_ATTRIBUTES[name]: value for name, value in given.items()}
        kind = {name.removeprefix("kind."): own.pop(name) for name in list(own) if "." in name}
        if own.get("operator") == OFFERS[cluster].operators[0]:
            del own["operator"]
        return cls(cluster, kind=KindOptions(**kind), **own)

    def options(self) -> dict[str, Any]:
        """The options that describe it; those at their defaults are left out."""
        described, usual = _values(self), _values(Place())
        return {name: value for name, value in described.items() if value != usual[name]}

    @property
    def offer(self) -> Offer:
        """What the cluster offers."""
        return OFFERS[self.cluster]

    @property
    def runs_operator_as(self) -> str:
        """`process` or `deployment`."""
        return self.operator or self.offer.operators[0]


#: The attribute of `Place` that each option sets.
_ATTRIBUTES = {
    "timeout-scale": "timeout_scale",
    "operator": "operator",
    "kubeconfig": "kubeconfig",
    "context": "context",
    "allow-context": "allowed_contexts",
    "apply-manifests": "apply_manifests",
    "cluster-name": "kind.cluster_name",
    "keep-cluster": "kind.keep_cluster",
    "kind-bin": "kind.kind_bin",
    "kind-kubectl-bin": "kind.kubectl_bin",
    "kind-image": "kind.image",
    "base-image": "base_image",
    "pulumi-plugin": "pulumi_plugin",
}
_OF_KIND = frozenset({KIND})
#: The clusters that an option is for; one that is not here is for all of them.
_CLUSTERS_OF = {
    "kubeconfig": frozenset({KIND, EXISTING}),
    "context": frozenset({EXISTING}),
    "allow-context": frozenset({EXISTING}),
    "apply-manifests": frozenset({EXISTING}),
    "cluster-name": _OF_KIND,
    "keep-cluster": _OF_KIND,
    "kind-bin": _OF_KIND,
    "kind-kubectl-bin": _OF_KIND,
    "kind-image": _OF_KIND,
    "base-image": _OF_KIND,
    "pulumi-plugin": _OF_KIND,
}


def _values(place: Place) -> dict[str, Any]:
    """All options of a place, as YAML can hold them."""
    values = {option: attrgetter(name)(place) for option, name in _ATTRIBUTES.items()}
    values["allow-context"] = list(place.allowed_contexts)
    return {name: str(v) if isinstance(v, Path) else v for name, v in values.items()}


def _check_options(cluster: str, given: Mapping[str, Any]) -> None:
    for option in given:
        clusters = _CLUSTERS_OF.get(option)
        if clusters is not None and cluster not in clusters:
            names = " or ".join(f"--cluster {name}" for name in sorted(clusters))
            raise UsageError(
                f"--{option} is for {names}, and this is for {cluster}; write that, or leave "
                f"--{option} out"
            )
    operators = OFFERS[cluster].operators
    wanted = given.get("operator", operators[0])
    if wanted not in operators:
        raise UsageError(
            f"--operator {wanted}: on {cluster} pods are data and run nothing, so the operator is "
            f"a {PROCESS} there; use --cluster kind or existing"
        )
    if given.get("apply-manifests") and wanted != PROCESS:
        raise UsageError(
            "--apply-manifests brings what an operator needs that runs as a process; with "
            f"--operator {wanted} it is installed already, so leave --apply-manifests out"
        )


def check_startable(place: Place) -> None:
    """Check that this machine can have such a cluster, as far as it is known without starting it.

    Raises:
        UsageError: It cannot; the text says what is missing and how to get it.
    """
    if place.cluster == CONTROL_PLANE and (missing := missing_programs()):
        raise UsageError(f"--cluster {place.cluster}: {missing}")


def runs_at_once(place: Place, wanted: int | None, *, fork: bool = True) -> int:
    """How many runs there are at the same time.

    Args:
        place: Where.
        wanted: What was asked for; None takes all cores in the simulation, and one elsewhere,
            because real time does not wait for a machine that is too busy.
        fork: Whether each run is a process of its own.

    Raises:
        UsageError: They cannot be at the same time there.
    """
    if not fork:
        return 1
    if place.cluster == SIM:
        return wanted or os.cpu_count() or 1
    if wanted is not None and wanted > 1 and place.cluster != CONTROL_PLANE:
        raise UsageError(
            f"--parallel {wanted}: an operator acts on the whole cluster, so on {place.cluster} "
            "there is one run at a time; leave --parallel out, or give each of several jobs a "
            "cluster and a shard (--shard-index, --shard-count)"
        )
    return wanted or 1


def placed(plans: Sequence[Plan], place: Place) -> list[Plan]:
    """The plans on another kind of cluster, with scaled deadlines.

    Raises:
        FormatErrors: Faults that cannot act there, all of them, each with its place.
    """
    there = [
        replace(
            plan,
            where=place.cluster,
            place=place.options(),
            case=with_scaled_timeouts(plan.case, place.timeout_scale),
        )
        for plan in plans
    ]
    played = [plan for plan in there if not lacking(plan)]
    refused = {str(error): error for plan in played for error in _refusals(plan, place)}
    if refused:
        raise FormatErrors(list(refused.values()))
    return there


def lacking(plan: Plan) -> str:
    """What the plan's case requires and its cluster cannot have, for people; empty for nothing."""
    required = set(plan.case.scenario.spec.requires)
    missing = sorted(required - OFFERS[plan.where].capabilities)
    return f"{plan.where} has no {', '.join(missing)}" if missing else ""


def _refusals(plan: Plan, place: Place) -> Iterator[FormatError]:
    points = place.offer.points_for(place.runs_operator_as)
    for number, step in enumerate(plan.case.scenario.spec.steps):
        for index, entry in enumerate(step.faults):
            missing = entry.fault.points - points
            if missing:
                message = f"fault {entry.name!r} ({entry.type}) {_why_not(missing, place)}"
                path = ("spec", "steps", number, "faults", index)
                yield plan.case.tree.error(message, path)


def _why_not(missing: frozenset[str], place: Place) -> str:
    if "node" in missing:
        return (
            "acts on machines, and those of a cluster that is not the harness's own serve others "
            "too; run it with --cluster sim, control-plane or kind"
        )
    names = ", ".join(sorted(missing))
    if missing & place.offer.points:
        return (
            f"stands in the way of the operator's requests ({names}), and an operator that stays "
            f"where it runs does not come through the harness's proxy; write --operator {PROCESS}, "
            "or run it with --cluster kind"
        )
    return (
        f"acts at {names}, inside the API server; in front of a real one there are only received, "
        "responding and delivering, so run it with --cluster sim"
    )
