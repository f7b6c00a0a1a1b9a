"""Which requests a fault of the API path means: the subject's, unless it says otherwise."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import model_validator

from harness.apiserver.requests import Request, RequestInfo
from harness.simulation.entropy import Entropy
from harness.vocabulary import Percent

from .fault import Family, Fault

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
WRITES = ("create", "update", "patch", "delete", "deletecollection")


class RequestFault(Fault):
    """Acts on requests; all that is written must match."""

    family: ClassVar[Family] = "api"

    verbs: list[str] = []
    """get list watch create update patch delete deletecollection; empty means any."""
    resources: list[str] = []
    """Plurals, such as `deployments` or `deployments.apps`; empty means any."""
    subresource: str | None = None
    """`status` or `scale`; empty text means the main resource only; default: any."""
    namespaces: list[str] = []
    """Namespaces; empty means any."""
    names: list[str] = []
    """Names of objects; empty means any."""
    by: str = "subject"
    """Who asks: `subject`, `subject:NAME`, `any`, or another actor of the journal."""
    percent: Percent = 100.0
    """How many of them, drawn by the seed for each one."""

    @model_validator(mode="after")
    def _known_verbs(self) -> Self:
        unknown = [verb for verb in self.verbs if verb not in VERBS]
        if unknown:
            raise ValueError(f"unknown verb {unknown[0]!r}; known: {', '.join(VERBS)}")
        return self

    def means(self, request: Request) -> bool:
        """Whether a request is one of those."""
        info = request.info
        return (
            info is not None
            and _is_by(request.actor, self.by)
            and (not self.verbs or info.verb in self.verbs)
            and (not self.resources or _is_resource(info, self.resources))
            and (self.subresource is None or info.subresource == self.subresource)
            and (not self.namespaces or info.namespace in self.namespaces)
            and (not self.names or info.name in self.names)
        )


def _is_by(actor: str, wanted: str) -> bool:
    return wanted in ("any", actor) or actor.startswith(wanted + ":")


def _is_resource(info: RequestInfo, wanted: list[str]) -> bool:
    qualified = f"{info.resource}.{info.group}" if info.group else info.resource
    return info.resource in wanted or qualified in wanted


def target_of(request: Request) -> str:
    """What a request is about, for the journal: `patch deployments/demo`."""
    info = request.info
    if info is None:
        return f"{request.method} {request.path}"
    parts = [part for part in (info.resource, info.name, info.subresource) if part]
    return f"{info.verb} {'/'.join(parts)}"


class Draws:
    """Which of the matching requests are hit: each by a draw of its own, with a limit in a row.

    Args:
        fault: Gives the percentage.
        entropy: The substream of this occurrence of the fault.
        consecutive_max: So many hits in a row on one object, then one is let through; None for
            no limit. It keeps a low-level retry from running out by bad luck.
    """

    def __init__(
        self, fault: RequestFault, entropy: Entropy, *, consecutive_max: int | None = None
    ) -> None:
        self._percent = fault.percent
        self._entropy = entropy
        self._consecutive_max = consecutive_max
        self._in_a_row: dict[Any, int] = {}
        self.occurrences = 0

    def hits(self, request: Request) -> bool:
        """Whether this request is hit; to be asked once for each matching request."""
        info = request.info
        about = (info.group, info.resource, info.namespace, info.name) if info else request.path
        self.occurrences += 1
        draw = self._entropy.substream("request", self.occurrences).uniform(0.0, 100.0)
        row = self._in_a_row.get(about, 0)
        hit = draw < self._percent and (
            self._consecutive_max is None or row < self._consecutive_max
        )
        self._in_a_row[about] = row + 1 if hit else 0
        return hit
