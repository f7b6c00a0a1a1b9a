"""A kind cluster for the time of a run.

    record > kind create cluster (or reuse) > nodes Ready > accounts there
    ... the run ... > kind delete cluster > no record

pytest-kind creates it, so a cluster that a test made with pytest-kind and one that `harness run`
made are the same. A cluster that was there before is left as it was found.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError, UsageError

from ..run_identity import RunIdentity
from .commands import CommandFailed, Run, run
from .leftovers import KindRecord, delete_cluster, read_record, record_file
from .nodes import heal_nodes
from .options import KindOptions, missing_for_kind

_READY_SECONDS = 180


@dataclass(frozen=True, slots=True)
class KindHandle:
    """A kind cluster that runs.

    Args:
        name: As kind knows it; its context is `kind-NAME`.
        kubeconfig: A file with nothing but access to it.
        kind_bin: The program `kind`.
        kubectl_bin: The program `kubectl`.
        nodes: Names of its nodes, which are Docker containers.
        created: Whether this run has created it.
    """

    name: str
    kubeconfig: Path
    kind_bin: Path
    kubectl_bin: Path
    nodes: tuple[str, ...]
    created: bool

    @property
    def context(self) -> str:
        """Its context in the kubeconfig."""
        return f"kind-{self.name}"


@contextlib.contextmanager
def kind_cluster(options: KindOptions, folder: Path, *, run: Run = run) -> Iterator[KindHandle]:
    """A kind cluster whose nodes are Ready, until the context ends.

    Args:
        options: Which one.
        folder: Of all runs (`.harness`); all files that this makes go there.
        run: Runs programs.

    Raises:
        UsageError: This machine cannot have one, or another run is using a cluster of that name.
        InfrastructureError: It does not start.
    """
    if missing := missing_for_kind(options, run=run):
        raise UsageError(f"--cluster kind: {missing}")
    folder = folder.absolute()
    start = _Start(options, folder, run)
    start.refuse_to_share()
    if start.exists():
        yield start.reused()
        return
    with start.recorded() as record:
        handle = start.created()
        if options.keep_cluster:
            record.remove()
        yield handle


class _Start:
    """The start of one cluster."""

    def __init__(self, options: KindOptions, folder: Path, run: Run) -> None:
        self._options = options
        self._folder = folder
        self._run = run
        self._name = options.cluster_name
        self._kind = options.program("kind")
        self._kubectl = options.program("kubectl")
        clusters = folder / "clusters"
        clusters.mkdir(parents=True, exist_ok=True)
        self._kubeconfig = (options.kubeconfig or clusters / f"{self._name}.kubeconfig").absolute()

    def refuse_to_share(self) -> None:
        """Two runs in one cluster would break each other's operator, and one would delete it."""
        file = record_file(self._folder, self._name)
        if not file.exists():
            return
        record = read_record(file)
        if record.run.is_alive():
            raise UsageError(
                f"kind cluster {self._name!r} belongs to a run that is still going "
                f"(process {record.run.pid}); wait for it, or give another --cluster-name"
            )
        delete_cluster(record, run=self._run)  # what a killed run has left is in no known state
        record.remove()

    def exists(self) -> bool:
        """Whether there is a cluster of that name."""
        return self._name in self._run([str(self._kind), "get", "clusters"]).split()

    def reused(self) -> KindHandle:
        """The cluster that is there, with a kubeconfig of our own.

        A killed run may have left it with a node that is cut off, which would never be Ready.
        """
        command = [str(self._kind), "export", "kubeconfig", f"--name={self._name}"]
        self._run([*command, f"--kubeconfig={self._kubeconfig}"])
        heal_nodes(self._nodes(), run=self._run)
        return self._ready(created=False)

    @contextlib.contextmanager
    def recorded(self) -> Iterator[KindRecord]:
        """The record of a cluster to be created; at the end both are gone, unless kept."""
        record = KindRecord(
            self._name,
            str(self._kind),
            str(self._kubeconfig),
            RunIdentity.own(),
            record_file(self._folder, self._name),
        )
        record.write()
        try:
            yield record
        finally:
            if record.file.exists():
                delete_cluster(record, run=self._run)
                record.remove()

    def created(self) -> KindHandle:
        """A new cluster."""
        from pytest_kind.cluster import KindCluster

        with contextlib.chdir(self._folder):  # where it makes `.pytest-kind/NAME`
            cluster = KindCluster(
                self._name,
                self._kubeconfig,
                image=self._options.image,
                kind_path=self._kind,
                kubectl_path=self._kubectl,
            )
        config = self._options.config
        try:
            cluster.create(None if config is None else config.absolute())
        except subprocess.CalledProcessError as error:
            raise InfrastructureError(
                f"kind cannot create cluster {self._name!r} (it ended with {error.returncode}; its "
                f"own words are above); the node image is {self._options.image or 'kind`s default'}"
            ) from None
        return self._ready(created=True)

    def _ready(self, *, created: bool) -> KindHandle:
        self._wait("--for=condition=Ready", "nodes", "--all")
        # Until the controllers have made it, pods are refused.
        self._wait("--for=create", "serviceaccount/default", "--namespace=default")
        return KindHandle(
            self._name, self._kubeconfig, self._kind, self._kubectl, self._nodes(), created
        )

    def _nodes(self) -> tuple[str, ...]:
        names = self._run([str(self._kind), "get", "nodes", f"--name={self._name}"]).split()
        return tuple(sorted(names))

    def _wait(self, *what: str) -> None:
        command = [str(self._kubectl), f"--kubeconfig={self._kubeconfig}", "wait", *what]
        try:
            self._run(
                [*command, f"--timeout={_READY_SECONDS}s"], timeout_seconds=_READY_SECONDS + 10
            )
        except CommandFailed as error:
            raise InfrastructureError(
                f"kind cluster {self._name!r} is up, but not ready: {error}"
            ) from None


def gateway_address(*, run: Run = run, network: str = "kind") -> str:
    """The address of this machine in the network of kind's nodes, where pods reach it.

    Raises:
        InfrastructureError: Docker has no such network, or it has no IPv4 gateway.
    """
    template = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
    addresses = run(["docker", "network", "inspect", network, "--format", template]).split()
    for address in addresses:
        if ":" not in address:
            return address
    raise InfrastructureError(
        f"Docker's network {network!r} has no IPv4 gateway (it has {addresses}), so pods cannot "
        f"reach the proxy; let kind create the network anew"
    )
