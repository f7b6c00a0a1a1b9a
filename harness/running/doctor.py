"""What this machine has for each kind of cluster, what is missing, and how to get it.

    for each cluster: requirements > each looked for > found (where, which version) or the remedy

Each check is a small function. None starts a cluster or a daemon, logs in anywhere or asks the
network; programs are only asked for their version, and not for long.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from harness.clusters.access import find_context
from harness.clusters.control_plane_programs import ASSETS, CONTROLLERS, NEEDED
from harness.clusters.guard import why_not_disposable
from harness.clusters.offers import CONTROL_PLANE, EXISTING, KIND, SIM
from harness.errors import UsageError

_SECONDS = 5.0
_VERSION = re.compile(r"v?\d+\.\d+(?:\.\d+)?[\w.+-]*")
_PYTHON_MIN = (3, 11)
_KIND_PAGE = "https://kind.sigs.k8s.io/docs/user/quick-start/"
_TOOLS_PAGE = "https://kubernetes.io/docs/tasks/tools/"


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement of one kind of cluster.

    Args:
        cluster: `sim`, `control-plane`, `kind` or `existing`.
        what: The requirement.
        found: Version and place; empty when it is missing.
        remedy: How to get it, when it is missing.
        needed: Whether the cluster does without; then the remedy says what for.
    """

    cluster: str
    what: str
    found: str
    remedy: str = ""
    needed: bool = True

    @property
    def ok(self) -> bool:
        """Whether it is there."""
        return bool(self.found)


def _run(command: Sequence[str]) -> str:
    """What a program says of its version; empty when it does not, in time."""
    quiet = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        ended = subprocess.run(
            command,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout if ended.returncode == 0 else ""


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _context() -> tuple[str, str]:
    return find_context()


def _plugin() -> str:
    from harness.clusters.stack.plugin import find_plugin

    found = find_plugin()
    return "" if found is None else found.description


@dataclass(frozen=True)
class Machine:
    """What checks ask this machine; tests answer in its stead.

    Args:
        environment: Variables.
        which: The path of a program, or None; as `shutil.which`.
        run: What a command prints; empty when it fails.
        package: The version of a Python package; empty when there is none.
        context: Name and address of the current context; UsageError when there is none.
        plugin: Pulumi's plugin for Kubernetes in words; empty when there is none.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    which: Callable[..., str | None] = shutil.which
    run: Callable[[Sequence[str]], str] = _run
    package: Callable[[str], str] = _installed
    context: Callable[[], tuple[str, str]] = _context
    plugin: Callable[[], str] = _plugin


def examine(machine: Machine | None = None) -> list[Finding]:
    """All findings, cluster by cluster."""
    machine = machine or Machine()
    return [found for check in CHECKS for found in check(machine)]


def works(findings: Sequence[Finding], cluster: str) -> bool:
    """Whether a kind of cluster has all that it needs."""
    return all(each.ok or not each.needed for each in findings if each.cluster == cluster)


# -- sim ------------------------------------------------------------------------------------------


def check_python(machine: Machine) -> Iterator[Finding]:
    """Python itself, and the framework that operators in Python are run with."""
    version = tuple(int(part) for part in platform.python_version_tuple()[:2])
    found = f"{platform.python_version()}" if version >= _PYTHON_MIN else ""
    yield Finding(SIM, "Python", found, "install Python 3.11 or newer")
    kopf = machine.package("kopf")
    remedy = "for kopf operators: pip install 'operator-harness[kopf]'"
    yield Finding(SIM, "kopf", kopf, remedy, needed=False)


# -- control-plane --------------------------------------------------------------------------------


def check_control_plane(machine: Machine) -> Iterator[Finding]:
    """The programs of Kubernetes, where envtest looks for them, or on PATH."""
    folder = machine.environment.get(ASSETS, "")
    for name in (*NEEDED, *CONTROLLERS):
        path = (machine.which(name, path=folder) if folder else None) or machine.which(name)
        needed = name in NEEDED
        remedy = f"`setup-envtest use` downloads it; set {ASSETS} to the folder that it prints"
        if not needed:
            remedy = "without it the harness's own controllers stand in; it comes with Kubernetes"
        version = _version(machine, path, "--version")
        yield Finding(CONTROL_PLANE, name, version, remedy, needed=needed)
    yield _aiohttp(machine, CONTROL_PLANE)


# -- kind -----------------------------------------------------------------------------------------


def check_docker(machine: Machine) -> Iterator[Finding]:
    """The Docker client, and whether a daemon answers it."""
    path = machine.which("docker")
    client = _version(machine, path, "--version")
    remedy = "install Docker: https://docs.docker.com/engine/install/"
    yield Finding(KIND, "docker", client, remedy)
    server = ""
    if path:
        server = machine.run([path, "version", "--format", "{{.Server.Version}}"]).strip()
    remedy = "start it (systemctl start docker, or Docker Desktop), or install it first"
    yield Finding(KIND, "Docker daemon", server, remedy)


def check_kind(machine: Machine) -> Iterator[Finding]:
    """kind, kubectl, and pytest-kind, which creates the clusters."""
    for name, arguments, source in (
        ("kind", ("version",), f"{_KIND_PAGE} (or name it with --kind-bin)"),
        ("kubectl", ("version", "--client"), f"{_TOOLS_PAGE} (or name it with --kind-kubectl-bin)"),
    ):
        found = _version(machine, machine.which(name), *arguments)
        yield Finding(KIND, name, found, f"install it: {source}")
    package = machine.package("pytest-kind")
    yield Finding(KIND, "pytest-kind", package, "pip install 'operator-harness[kind]'")
    yield _aiohttp(machine, KIND)


def check_stack(machine: Machine) -> Iterator[Finding]:
    """Pulumi: only projects with a stack need it."""
    found = _version(machine, machine.which("pulumi"), "version")
    remedy = "to provision by a stack, install it: https://www.pulumi.com/docs/install/"
    yield Finding(KIND, "pulumi", found, remedy, needed=False)
    package = machine.package("pulumi-kubernetes")
    remedy = "to provision by a stack: pip install 'operator-harness[kind]'"
    yield Finding(KIND, "pulumi-kubernetes", package, remedy, needed=False)
    wanted = f" {package}" if package else ""
    remedy = (
        f"to provision by a stack: `pulumi plugin install resource kubernetes{wanted}`; "
        "a run downloads it where it can"
    )
    yield Finding(KIND, "Pulumi's plugin", machine.plugin(), remedy, needed=False)


# -- existing -------------------------------------------------------------------------------------


def check_context_is_there(machine: Machine) -> Iterator[Finding]:
    """The current context, and whether it may be broken; nobody is asked whether it answers."""
    try:
        name, url = machine.context()
    except UsageError as error:
        yield Finding(EXISTING, "kubeconfig", "", str(error))
    else:
        yield Finding(EXISTING, "kubeconfig", f"context {name!r}: {url}")
        reason = why_not_disposable(name, url)
        found = "" if reason else "it looks disposable"
        remedy = f"{reason}; if it is meant to be broken, write --allow-context {name}"
        yield Finding(EXISTING, "permission", found, remedy)
    yield _aiohttp(machine, EXISTING)


CHECKS: tuple[Callable[[Machine], Iterator[Finding]], ...] = (
    check_python,
    check_control_plane,
    check_docker,
    check_kind,
    check_stack,
    check_context_is_there,
)


def _aiohttp(machine: Machine, cluster: str) -> Finding:
    remedy = "pip install 'operator-harness[kopf]'"
    return Finding(cluster, "aiohttp", machine.package("aiohttp"), remedy)


def _version(machine: Machine, path: str | None, *arguments: str) -> str:
    """Version and place of a program; empty when there is none."""
    if path is None:
        return ""
    match = _VERSION.search(machine.run([path, *arguments]))
    return f"{match[0] if match else 'version unknown'} ({Path(path)})"


__all__ = ["CHECKS", "Finding", "Machine", "examine", "works"]
