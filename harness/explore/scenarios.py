"""A trial as a scenario file: the same acts and faults in steps, each ending at rest.

A scenario runs on every cluster, in CI too, and is read by people. It says what is done, and that
the operator comes to rest after each step; what the oracles of a trial judge beyond that, somebody
has to write into it as claims. An edit of a child by hand has no words there that stay true when
the operator changes, so a trial with one cannot be written as a scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.scenario.model import API_VERSION

from .operations import (
    Advance,
    Crash,
    Create,
    Delete,
    DisturbChild,
    Inject,
    Operation,
    Scale,
    Update,
)
from .target import Target

_REST = {"within": "300s", "stableFor": "10s", "quiet": {"writes": 0}}


def scenario_document(
    target: Target, operations: Sequence[Operation], *, seed: int, name: str, description: str
) -> dict[str, Any] | None:
    """The document of a scenario, or None where an operation cannot be said in one.

    Args:
        target: What is under test.
        operations: What is done.
        seed: Of the scenario.
        name: A DNS label.
        description: What it shows, in one sentence.
    """
    if any(isinstance(one, DisturbChild) and one.how == "edit" for one in operations):
        return None
    writer = _Writer(target)
    steps = [step for one in operations if (step := writer.step(one)) is not None]
    return {
        "apiVersion": API_VERSION,
        "kind": "Scenario",
        "metadata": {"name": name},
        "spec": {
            "description": description,
            "seed": seed,
            "timeouts": {"total": "24h"},
            "steps": steps or [{"name": "nothing"}],
        },
    }


class _Writer:
    """Writes steps, and knows which objects exist."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._kind = target.resource.kind
        self._living: dict[str, dict[str, Any]] = {}
        self._faults: list[dict[str, Any]] = []
        self._number = 0

    def step(self, operation: Operation) -> dict[str, Any] | None:
        """The step of an operation; None for a fault, which belongs to the next one."""
        self._number += 1
        if isinstance(operation, Inject):
            self._faults.append(self._fault(operation))
            return None
        acts = self._acts(operation)
        if isinstance(operation, Crash):
            parameters = {"restartAfter": f"{operation.seconds:g}s"}
            self._faults.append(self._fault(Inject("operatorCrash", parameters)))
        elif isinstance(operation, DisturbChild):
            self._faults.append(self._fault(self._loss(operation)))
        step: dict[str, Any] = {"name": f"{self._number} {type(operation).__name__.lower()}"}
        step |= {"do": acts} if acts else {}
        step |= {"faults": self._faults} if self._faults else {}
        self._faults = []
        if self._living:
            step["expect"] = {**_REST, "all": [self._exists(each) for each in self._living]}
        return step

    def _acts(self, operation: Operation) -> list[dict[str, Any]]:
        if isinstance(operation, Create | Update):
            return [self._apply(operation)]
        if isinstance(operation, Scale):
            target = f"{self._kind}/{operation.name}"
            return [{"scale": {"object": target, "replicas": operation.replicas}}]
        if isinstance(operation, Delete):
            spec = self._living.pop(operation.name, None)
            gone = {"delete": {"object": f"{self._kind}/{operation.name}", "wait": True}}
            if spec is None or not operation.recreate:
                return [gone]
            return [gone, self._apply(Create(operation.name, spec))]
        if isinstance(operation, Advance):
            return [{"wait": {"for": f"{operation.seconds:g}s"}}]
        return []

    def _apply(self, operation: Create | Update) -> dict[str, Any]:
        document = self._target.document(operation.name, operation.spec)
        document["metadata"].pop("namespace", None)  # a scenario has one of its own
        if operation.invalid:
            return {"apply": {"object": document, "refused": True}}
        self._living[operation.name] = operation.spec
        return {"apply": {"object": document}}

    def _loss(self, operation: DisturbChild) -> Inject:
        select: dict[str, Any] = {"ownedBy": f"{self._kind}/{operation.name}"}
        if operation.how == "kill":
            return Inject("podKill", {"select": {**select, "kinds": ["Pod"]}})
        return Inject("deleteObject", {"select": select})

    def _fault(self, inject: Inject) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": f"{inject.type.lower()}-{self._number}"}
        entry |= {"at": f"{inject.delay:g}s"} if inject.delay else {}
        entry |= {"duration": f"{inject.duration:g}s"} if inject.duration is not None else {}
        return {**entry, inject.type: dict(inject.parameters)}

    def _exists(self, name: str) -> dict[str, Any]:
        version = self._target.resource.api_version
        return {"object": {"apiVersion": version, "kind": self._kind, "metadata": {"name": name}}}
