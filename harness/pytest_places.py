"""pytest's options of the place, as those of `harness run`; kind's are pytest-kind's own.

    --cluster and what belongs to it > Place

pytest-kind, where it is installed, registers the options of kind; they are read, not registered
once more. Without it they are ours.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.clusters.offers import CLUSTERS, CONTROL_PLANE, EXISTING, KIND, OPERATORS, SIM

if TYPE_CHECKING:
    from harness.running.place import Place

#: By option: what pytest is told of it.
_OWN: dict[str, dict[str, Any]] = {
    "timeout-scale": {"type": float, "help": "Multiplies deadlines, for slow machines."},
    "operator": {
        "choices": OPERATORS,
        "help": "How the operator runs on a real cluster.",
    },
    "context": {"help": "existing: which one; default: the current one."},
    "allow-context": {
        "action": "append",
        "metavar": "NAME",
        "help": "existing: may be broken although it does not look disposable.",
    },
    "apply-manifests": {
        "action": "store_true",
        "help": "existing: apply the project's manifests first; they stay.",
    },
    "base-image": {"help": "kind: what the operator's image is built on."},
    "pulumi-plugin": {"help": "kind: Pulumi's Kubernetes plugin, where it is not installed."},
}
_PYTEST_KINDS: dict[str, dict[str, Any]] = {
    "cluster-name": {"help": "kind: of the cluster; one that is there is reused."},
    "keep-cluster": {"action": "store_true", "help": "kind: do not delete it at the end."},
    "kubeconfig": {"help": "existing: instead of KUBECONFIG."},
    "kind-image": {"help": "kind: image of the nodes."},
    "kind-bin": {"help": "kind: the program kind."},
    "kind-kubectl-bin": {"help": "kind: the program kubectl."},
}
_NAME_LENGTH = 40


def add_options(group: pytest.OptionGroup, plugins: pytest.PytestPluginManager) -> None:
    """Register the options that nobody has registered."""
    group.addoption(
        "--cluster",
        choices=CLUSTERS,
        default=SIM,
        help="Where scenarios and tests with the fixture `cluster` run.",
    )
    options = _OWN if _has_pytest_kind(plugins) else _OWN | _PYTEST_KINDS
    for name, words in options.items():
        group.addoption(f"--{name}", **{"default": None, **words})


def _has_pytest_kind(plugins: pytest.PytestPluginManager) -> bool:
    """Whether pytest-kind is loaded, or will be."""
    if plugins.hasplugin("pytest-kind"):
        return True
    is_installed = importlib.util.find_spec("pytest_kind") is not None
    is_kept_out = plugins.is_blocked("pytest-kind") or bool(
        os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    )
    return is_installed and not is_kept_out


def cluster_of(config: pytest.Config) -> str:
    """The real cluster that is asked for, or the simulation with options; else empty."""
    cluster: str = config.getoption("cluster", SIM)
    return cluster if cluster != SIM or _given(config, cluster) else ""


def _given(config: pytest.Config, cluster: str) -> dict[str, Any]:
    """The options that were written, by their names.

    Those of pytest-kind may be meant for its own fixture, so they count on their clusters only.
    """
    of_kind = {KIND: tuple(_PYTEST_KINDS), EXISTING: ("kubeconfig",)}.get(cluster, ())
    found: dict[str, Any] = {}
    for name in (*_OWN, *of_kind):
        value = config.getoption(name.replace("-", "_"), None)
        if value not in (None, False):
            found[name] = tuple(value) if isinstance(value, list) else value
    return found


def place_of(config: pytest.Config) -> Place:
    """The place that the options describe.

    Raises:
        pytest.UsageError: One does not belong to the chosen cluster.
    """
    from pathlib import Path

    from harness.errors import UsageError
    from harness.running.place import Place

    cluster = config.getoption("cluster", SIM)
    given = _given(config, cluster)
    for name in ("kubeconfig", "pulumi-plugin"):
        if name in given:
            given[name] = Path(given[name])
    try:
        return Place.from_options(cluster, given)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def check_workers(config: pytest.Config) -> None:
    """Refuse several workers where there is one cluster: operators act on the whole of it.

    On a control plane each worker starts one of its own.
    """
    cluster = config.getoption("cluster", SIM)
    if cluster in (SIM, CONTROL_PLANE):
        return
    if hasattr(config, "workerinput") or config.getoption("numprocesses", None):
        raise pytest.UsageError(
            f"--cluster {cluster} with several workers: an operator acts on the whole cluster, so "
            "tests follow each other there; leave -n out, or use --cluster control-plane, where "
            "each worker has its own"
        )


def namespace_of(test: str) -> str:
    """The namespace of a test's own: readable, and a function of where the test is."""
    name = re.sub(r"[^a-z0-9]+", "-", test.rpartition("::")[2].lower()).strip("-")
    digest = hashlib.blake2b(test.encode(), digest_size=3).hexdigest()
    return f"{name[:_NAME_LENGTH].rstrip('-')}-{digest}"
