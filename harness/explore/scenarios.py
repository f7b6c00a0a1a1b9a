"""A trial as a scenario file: the same acts and faults in steps, each ending at rest.

A scenario runs on every cluster, in CI too, and is read by people. Its steps say what is done, and
that the operator comes to rest after each; the last one says what a finding demands. What the
trial saw is used where it is known (`facts`): an operation that was skipped is no step, and a
child that was edited by hand has a name and a patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.scenario.model import API_VERSION

from .demands import Demand
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
from .outcome import OperationFact
from .target import Target

Step = dict[str, Any]

_REST = {"within": "5m", "stableFor": "10s", "quiet": {"writes": 0}}
#: After faults a retry may be some minutes away.
_REST_AFTER_FAULTS = {**_REST, "within": "15m", "stableFor": "3m"}
#: Their names are drawn, so they are not the same in another run.
_NAMED_BY_CHANCE = frozenset({"Pod", "ReplicaSet", "ControllerRevision", "EndpointSlice"})
#: The beginning of what a scenario would put a binding in for, even where it is `$$(` already.
_REFERENCE = re.compile(r"\$\(")


def scenario_document(
    target: Target,
    operations: Sequence[Operation],
    *,
    seed: int,
    name: str,
    description: str,
    facts: Sequence[OperationFact] = (),
    demand: Demand | None = None,
) -> dict[str, Any] | None:
    """The document of a scenario, or None where an operation cannot be said in one.

    Args:
        target: What is under test.
        operations: What is done.
        seed: Of the scenario.
        name: A DNS label.
        description: What it shows, in one sentence.
        facts: What became of the operations in a trial, as far as it is known.
        demand: What the last step expects, beside rest.
    """
    demand = demand or Demand()
    writer = _Writer(target)
    steps: list[Step] = []
    for operation, fact in _with_facts((*operations, *demand.then), facts):
        if isinstance(operation, DisturbChild) and operation.how == "edit" and not _patch_of(fact):
            return None
        step = writer.step(operation, fact)
        steps += [step] if step is not None else []
    steps = steps or [{"name": "nothing"}]
    _demand(steps[-1], demand, writer.last_expectation(), target.namespace)
    spec: dict[str, Any] = {"description": description, "seed": seed, "timeouts": {"total": "24h"}}
    spec |= {"objects": dict(demand.objects)} if demand.objects else {}
    return {
        "apiVersion": API_VERSION,
        "kind": "Scenario",
        "metadata": {"name": name},
        "spec": {**spec, "steps": steps},
    }


def _with_facts(
    operations: Sequence[Operation], facts: Sequence[OperationFact]
) -> Iterator[tuple[Operation, OperationFact | None]]:
    for index, operation in enumerate(operations):
        yield operation, facts[index] if index < len(facts) else None


def _patch_of(fact: OperationFact | None) -> dict[str, Any]:
    return fact.patch if fact is not None else {}


def _demand(step: Step, demand: Demand, expect: Mapping[str, Any], namespace: str) -> None:
    """Put a demand into the last step."""
    asked = _in_any_namespace(_literal(dict(demand.expect)), namespace)
    claims = [*expect["all"], *asked.pop("all", [])]
    if claims or asked:
        step["expect"] = {**expect, **asked, **({"all": claims} if claims else {})}


class _Writer:
    """Writes steps, and knows which objects exist."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._kind = target.resource.kind
        self._living: dict[str, dict[str, Any]] = {}
        self._names: dict[str, None] = {}
        self._faults: list[dict[str, Any]] = []
        self._faulted = False
        self._number = 0

    def step(self, operation: Operation, fact: OperationFact | None) -> Step | None:
        """The step of an operation; None for what was skipped, and for a fault, which belongs to
        the next one."""
        self._number += 1
        if isinstance(operation, Inject):
            self._faults.append(self._fault(operation))
            return None
        if fact is not None and fact.answer == "skipped" and not self._faults:
            return None
        acts = self._acts(operation, fact)
        if isinstance(operation, Crash):
            parameters = {"restartAfter": f"{operation.seconds:g}s"}
            self._faults.append(self._fault(Inject("operatorCrash", parameters)))
        elif isinstance(operation, DisturbChild) and not acts:
            self._faults.append(self._fault(self._loss(operation, fact)))
        step: Step = {"name": f"{self._number} {type(operation).__name__.lower()}"}
        step |= {"do": acts} if acts else {}
        step |= {"faults": self._faults} if self._faults else {}
        self._faulted, self._faults = bool(self._faults), []
        if self._living:
            step["expect"] = self.last_expectation()
        return step

    def last_expectation(self) -> dict[str, Any]:
        """Rest, and that what should exist does; or that what is gone is gone."""
        claims = [self._exists(name) for name in self._living]
        gone = [{**self._exists(name), "absent": True} for name in self._names]
        rest = _REST_AFTER_FAULTS if self._faulted else _REST
        return {**rest, "all": claims or gone}

    def _acts(self, operation: Operation, fact: OperationFact | None) -> list[dict[str, Any]]:
        if fact is not None and fact.answer == "skipped":
            return []
        if isinstance(operation, Create | Update):
            return [self._apply(operation, fact)]
        target = f"{self._kind}/{getattr(operation, 'name', '')}"
        if isinstance(operation, Scale):
            return [{"scale": {"object": target, "replicas": operation.replicas}}]
        if isinstance(operation, Delete):
            return self._delete(operation, target)
        if isinstance(operation, Advance):
            return [{"wait": {"for": f"{operation.seconds:g}s"}}]
        if isinstance(operation, DisturbChild) and fact is not None and fact.patch:
            return [{"patch": {"object": fact.child, "merge": _literal(fact.patch)}}]
        return []

    def _delete(self, operation: Delete, target: str) -> list[dict[str, Any]]:
        spec = self._living.pop(operation.name, None)
        if spec is None or not operation.recreate:
            return [{"delete": {"object": target}}]
        gone = {"delete": {"object": target, "wait": True}}
        return [gone, self._apply(Create(operation.name, spec), None)]

    def _apply(self, operation: Create | Update, fact: OperationFact | None) -> dict[str, Any]:
        document = _literal(self._target.document(operation.name, operation.spec))
        document["metadata"].pop("namespace", None)  # a scenario has one of its own
        self._names[operation.name] = None
        refused = bool(operation.invalid) if fact is None else fact.answer == "refused"
        if refused:
            return {"apply": {"object": document, "refused": True}}
        self._living[operation.name] = operation.spec
        return {"apply": {"object": document}}

    def _loss(self, operation: DisturbChild, fact: OperationFact | None) -> Inject:
        kind, _, name = (fact.child if fact is not None else "").partition("/")
        select: dict[str, Any] = {"ownedBy": f"{self._kind}/{operation.name}"}
        if name and kind not in _NAMED_BY_CHANCE:
            select = {"object": f"{kind}/{name}"}
        elif kind or operation.how == "kill":
            select["kinds"] = [kind or "Pod"]
        return Inject("podKill" if operation.how == "kill" else "deleteObject", {"select": select})

    def _fault(self, inject: Inject) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": f"{inject.type.lower()}-{self._number}"}
        entry |= {"at": f"{inject.delay:g}s"} if inject.delay else {}
        entry |= {"duration": f"{inject.duration:g}s"} if inject.duration is not None else {}
        return {**entry, inject.type: _literal(dict(inject.parameters))}

    def _exists(self, name: str) -> dict[str, Any]:
        version = self._target.resource.api_version
        return {"object": {"apiVersion": version, "kind": self._kind, "metadata": {"name": name}}}


def _literal(value: Any) -> Any:
    """A copy that means itself: `$(` in it stands for no binding."""
    if isinstance(value, dict):
        return {_literal(name): _literal(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    return _REFERENCE.sub("$$(", value) if isinstance(value, str) else value


def _in_any_namespace(value: Any, namespace: str) -> Any:
    """The same with `$(namespace)` where a value names the one of the trial, as in a host name."""
    if isinstance(value, dict):
        return {name: _in_any_namespace(item, namespace) for name, item in value.items()}
    if isinstance(value, list):
        return [_in_any_namespace(item, namespace) for item in value]
    if isinstance(value, str):
        place = rf"(?<=[./]){re.escape(namespace)}(?=[./]|$)"
        return re.sub(place, lambda _: "$(namespace)", value)
    return value
