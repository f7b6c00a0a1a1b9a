"""Whether a node gets a pod of a DaemonSet, and whether one that is there may stay."""

from __future__ import annotations

from typing import NamedTuple

from harness.apiserver.requests import Object

from ..objects import name_of
from ..scheduler.fit import is_selected, untolerated
from .pods import tolerations


class Fit(NamedTuple):
    """What a node is to a DaemonSet.

    Attributes:
        runs: A pod shall run there.
        continues: A pod that runs there may stay.
    """

    runs: bool
    continues: bool


def fit(daemon_set: Object, node: Object) -> Fit:
    """Name, selector and affinity decide, then taints: only NoExecute drives a pod away."""
    spec = daemon_set["spec"]["template"]["spec"]
    if spec.get("nodeName") not in (None, "", name_of(node)) or not is_selected(spec, node):
        return Fit(runs=False, continues=False)
    pod = {"spec": {"tolerations": tolerations(spec)}}
    taints = node["spec"].get("taints") or ()
    return Fit(
        runs=untolerated(pod, taints, ("NoSchedule", "NoExecute")) is None,
        continues=untolerated(pod, taints, ("NoExecute",)) is None,
    )
