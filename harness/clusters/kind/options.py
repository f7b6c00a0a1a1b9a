"""Which kind cluster to use, and whether this machine can have one."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError

from .commands import CommandFailed, Run, run

DEFAULT_CLUSTER = "operator-harness"
_DOCKER_SECONDS = 20.0
#: What is installed with the extra `kind`, beside what pip brings along.
_MODULES = ("pytest_kind", "aiohttp")


@dataclass(frozen=True)
class KindOptions:
    """A kind cluster, in the words of pytest-kind's options.

    Args:
        cluster_name: A cluster of this name is reused, and then not deleted.
        keep_cluster: Leave it there for the next run.
        kind_bin: The program `kind`; None looks on PATH.
        kubectl_bin: The program `kubectl`; None looks on PATH.
        image: Of the nodes; None takes kind's own default.
        config: A configuration file of kind, for a cluster that is created.
        kubeconfig: Where its kubeconfig is written; None keeps it with the run's files.
    """

    cluster_name: str = DEFAULT_CLUSTER
    keep_cluster: bool = False
    kind_bin: str | None = None
    kubectl_bin: str | None = None
    image: str | None = None
    config: Path | None = None
    kubeconfig: Path | None = None

    def program(self, name: str) -> Path:
        """Where `kind` or `kubectl` is, as an absolute path.

        Raises:
            UsageError: It is nowhere; the text says how to get it.
        """
        found = self.find_program(name)
        if found is None:
            raise UsageError(_not_found(name, self._given(name)))
        return found

    def find_program(self, name: str) -> Path | None:
        """The same, or None."""
        found = shutil.which(self._given(name) or name)
        return None if found is None else Path(found).absolute()

    def _given(self, name: str) -> str | None:
        return self.kind_bin if name == "kind" else self.kubectl_bin


def missing_for_kind(options: KindOptions | None = None, *, run: Run = run) -> str:
    """What keeps this machine from having a kind cluster, and the remedy; empty for nothing."""
    options = options or KindOptions()
    for module in _MODULES:
        if importlib.util.find_spec(module) is None:
            return f"Python cannot import {module}; pip install 'operator-harness[kind]'"
    for name in ("docker", "kind", "kubectl"):
        given = None if name == "docker" else options._given(name)
        if shutil.which(given or name) is None:
            return _not_found(name, given)
    try:
        run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            timeout_seconds=_DOCKER_SECONDS,
        )
    except CommandFailed as error:
        remedy = "start it (systemctl start docker, or Docker Desktop)"
        return f"no Docker daemon answers; {remedy}: {error}"
    return ""


_SOURCES = {
    "docker": "install Docker (https://docs.docker.com/engine/install/)",
    "kind": (
        "install kind (https://kind.sigs.k8s.io/docs/user/quick-start/) or give --kind-bin PATH"
    ),
    "kubectl": (
        "install kubectl (https://kubernetes.io/docs/tasks/tools/) or give --kind-kubectl-bin PATH"
    ),
}


def _not_found(name: str, given: str | None) -> str:
    where = f"as {given}" if given else "on PATH"
    return f"the program {name} was not found {where}; {_SOURCES[name]}"
