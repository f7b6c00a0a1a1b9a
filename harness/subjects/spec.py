"""What to run as the operator under test, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class SubjectSpec:
    """One operator under test: a kopf module or a command, or a Deployment of the cluster.

    Args:
        name: What scenarios call it; its actor in the journal is `subject:NAME`.
        module: A kopf module as `kopf run -m` takes it; several are separated by commas.
        command: Program and arguments, for a subject in any language.
        deployment: Its Deployment, where it runs in the cluster.
        namespace: Where it runs.
        service_account: As whom it acts, a ServiceAccount of that namespace.
        namespaces: What it watches; empty for the whole cluster.
        standalone: Ignore peering (`kopf run --standalone`).
        peering: Name of its peering object; empty for kopf's default.
        priority: Its priority among peers.
        liveness: Where it answers liveness probes, `http://0.0.0.0:8080/healthz`.
        args: Further arguments of `kopf run`, or of the command.
        env: Environment variables, over those that a pod has.
        access: Find the API as in a pod, or by KUBECONFIG.
        log_level: Of its root logger.
        fresh_modules: Modules outside of the subject's package that also keep state, and so must
            be imported afresh at each start.
        stop_seconds: How long it may take to end after SIGTERM before it is killed.
    """

    name: str = "operator"
    module: str = ""
    command: Sequence[str] = ()
    deployment: str = ""
    namespace: str = "default"
    service_account: str = "default"
    namespaces: Sequence[str] = ()
    standalone: bool = True
    peering: str = ""
    priority: int | None = None
    liveness: str = ""
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    access: Literal["in-cluster", "kubeconfig"] = "in-cluster"
    log_level: str = "INFO"
    fresh_modules: Sequence[str] = ()
    stop_seconds: float = 30.0

    def __post_init__(self) -> None:
        if bool(self.module) == bool(self.command) and not self.deployment:
            raise UsageError(
                f"Subject {self.name!r} needs exactly one of `module` and `command`, got "
                f"module={self.module!r} and command={list(self.command)!r}."
            )

    @property
    def actor(self) -> str:
        """Its name in the journal, and of its process."""
        return f"subject:{self.name}"

    @property
    def modules(self) -> list[str]:
        """The kopf modules, one by one."""
        return [name.strip() for name in self.module.split(",") if name.strip()]
