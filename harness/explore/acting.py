"""How each operation is carried out, and what the API server answered.

Objects are written as kubectl would with `--validate=strict`: what the schema does not know is
refused, not dropped. An operation on what does not exist is skipped, and so is a creation of what
does: so every part of a list of operations is a list of operations, which shrinking needs.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, KindRef
from harness.clusters.cluster import Cluster
from harness.clusters.selection import owner_uids
from harness.clusters.state import Key, is_terminating

from .edits import edited, merge_patch
from .operations import (
    Advance,
    Crash,
    Create,
    Delete,
    DisturbChild,
    Operation,
    Scale,
    Update,
)
from .outcome import OperationFact
from .spec_changes import changes
from .target import Target
from .witness import Witness

ACTOR = "explorer"
_STRICT = {"fieldValidation": "Strict"}


@dataclass(slots=True)
class Hands:
    """Carries operations out in one cluster, and remembers what it asked for.

    Args:
        cluster: Where.
        target: What is under test.
        witness: What exists, by the records.
    """

    cluster: Cluster
    target: Target
    witness: Witness
    #: The spec that each object was last given and that was accepted.
    specs: dict[str, Object] = field(default_factory=dict)
    #: Every name that was ever used, in order.
    names: dict[str, None] = field(default_factory=dict)
    #: Every spec that was asked for.
    all_specs: list[Object] = field(default_factory=list)
    _client: Client = field(init=False)

    def __post_init__(self) -> None:
        self._client = self.cluster.client.acting_as(ACTOR)

    def key(self, name: str) -> Key:
        """Of an object of the kind."""
        ref = self.target.resource
        return Key(ref.group, ref.kind, self._namespace, name)

    def live(self, name: str) -> Object | None:
        """An object of the kind as it is now."""
        return self.witness.state.get(self.key(name))

    @property
    def _namespace(self) -> str:
        return self.target.namespace if self.target.resource.namespaced else ""

    async def act(self, operation: Operation) -> OperationFact:
        """Carry one operation out; what it waits for is not rest."""
        fact = OperationFact()
        if isinstance(operation, Create):
            self.names[operation.name] = None
        if isinstance(operation, Create | Update):
            self.all_specs.append(operation.spec)
        try:
            await self._act(operation, fact)
        except ApiError as error:
            fact.answer, fact.status = "refused", error.code
            fact.reason, fact.message = error.reason, error.message
        return fact

    async def _act(self, operation: Operation, fact: OperationFact) -> None:
        if isinstance(operation, Create):
            await self._create(operation.name, operation.spec, fact)
        elif isinstance(operation, Update):
            await self._update(operation, fact)
        elif isinstance(operation, Scale):
            await self._scale(operation, fact)
        elif isinstance(operation, Delete):
            await self._delete(operation, fact)
        elif isinstance(operation, DisturbChild):
            await self._disturb(operation, fact)
        elif isinstance(operation, Crash):
            await self._crash(operation.seconds)
        elif isinstance(operation, Advance):
            await self.cluster.clock.sleep(operation.seconds)

    async def _create(self, name: str, spec: Object, fact: OperationFact) -> None:
        if self.live(name) is not None:
            _skip(fact, f"{self.key(name)} exists")
            return
        document = self.target.document(name, copy.deepcopy(spec))
        path = self.target.resource.path(self._namespace)
        fact.changes = changes(None, spec)
        fact.status = (
            await self._client.call("POST", path, query=_STRICT, document=document)
        ).status
        self.specs[name] = spec

    async def _update(self, operation: Update, fact: OperationFact) -> None:
        name, spec = operation.name, operation.spec
        live = self.live(name)
        if live is None or is_terminating(live):
            _skip(fact, f"{self.key(name)} does not exist")
            return
        document = {**live, "spec": copy.deepcopy(spec)}
        path = self.target.resource.path(self._namespace, name)
        fact.changes = changes(self.specs.get(name), spec)
        fact.status = (
            await self._client.call("PUT", path, query=_STRICT, document=document)
        ).status
        self.specs[name] = spec

    async def _scale(self, operation: Scale, fact: OperationFact) -> None:
        name = operation.name
        live = self.live(name)
        if live is None or is_terminating(live) or "scale" not in self.target.subresources:
            _skip(fact, f"{self.key(name)} cannot be scaled")
            return
        body = {"spec": {"replicas": operation.replicas}}
        ref = self.target.resource
        await self._client.patch(ref, name, self._namespace, document=body, subresource="scale")
        fact.status = 200
        now = self.live(name)
        assert now is not None, "what was scaled exists"
        before = self.specs.get(name)
        self.specs[name] = _with_value(
            before or {}, self.target.subresources["scale"]["specReplicasPath"], operation.replicas
        )
        fact.changes = changes(before, self.specs[name])

    async def _delete(self, operation: Delete, fact: OperationFact) -> None:
        name = operation.name
        live = self.live(name)
        if live is None:
            _skip(fact, f"{self.key(name)} does not exist")
            return
        ref = self.target.resource
        await self._client.delete(ref, name, self._namespace, propagation="Background")
        fact.status = 200
        spec = self.specs.pop(name, {})
        if operation.recreate and await self._is_gone(name):
            await self._create(name, spec, fact)
        else:
            fact.changes = changes(spec, None)

    async def _is_gone(self, name: str) -> bool:
        """Wait, not for long, until the finalizers of an object are done."""
        for _ in range(100):
            if self.live(name) is None:
                return True
            await self.cluster.clock.sleep(0.1)
        return False

    async def _disturb(self, operation: DisturbChild, fact: OperationFact) -> None:
        live = self.live(operation.name)
        candidates = [] if live is None else self._candidates(live, operation.how)
        if not candidates:
            _skip(fact, f"{self.key(operation.name)} has no child to {operation.how}")
            return
        key, child = candidates[operation.choice % len(candidates)]
        ref = await self._client.resource(KindRef(child["apiVersion"], child["kind"]))
        uid = child["metadata"]["uid"]
        fact.child = f"{key.kind}/{key.name}"
        if operation.how == "edit":
            fact.patch = merge_patch(child, operation.choice)
            await self._client.update(ref, edited(child, operation.choice))
        else:
            grace = 0 if operation.how == "kill" else None
            await self._client.delete(ref, key.name, key.namespace, uid=uid, grace_seconds=grace)
        fact.status = 200
        fact.message = f"{operation.how} {key}"

    def _candidates(self, owner: Object, how: str) -> list[tuple[Key, Object]]:
        """What of an object's can be disturbed so; edits are for what the operator looks after."""
        uid = owner["metadata"]["uid"]
        found = [
            (key, child)
            for key, child in self.witness.descendants(uid)
            if not is_terminating(child)
        ]
        if how == "kill":
            return [(key, child) for key, child in found if key.kind == "Pod"]
        if how == "edit":
            return [
                (key, child)
                for key, child in found
                if uid in owner_uids(child) and key in self.witness.touched and edited(child, 0)
            ]
        return found

    async def _crash(self, seconds: float) -> None:
        for subject in self.cluster.subjects.values():
            subject.crash()
        await self.cluster.clock.sleep(seconds)
        for subject in self.cluster.subjects.values():
            await subject.start()


def _skip(fact: OperationFact, why: str) -> None:
    fact.answer, fact.message = "skipped", why


def _with_value(spec: Object, path: str, value: Any) -> Object:
    """A spec with another value at `.spec.a.b`."""
    changed = copy.deepcopy(spec)
    *way, last = path.split(".")[2:]
    place = changed
    for name in way:
        place = place.setdefault(name, {})
    place[last] = value
    return changed
