"""`invalid-specs`: what must be refused is refused, or reported, and changes nothing when refused.

An operation that is marked invalid breaks a rule of the schema. A server that refuses it has done
its work, and then nothing may be written, because nothing was asked for. One that is accepted is
the operator's to report: at rest some condition that says that all is well is not True, or one
that says that something is wrong is. Otherwise nobody will ever know.

It can be wrong about what was accepted when the mark is wrong: the rule is then no rule of the
server's. Strategies are checked against a real API server for that reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.apiserver.requests import Object

from ..demands import Demand
from ..operations import Create, Update
from ..outcome import Finding
from ..scene import Scene
from ..states import ALARMS, PROMISES, conditions_of
from .oracle import Oracle


class InvalidSpecs(Oracle):
    """Nothing wrong goes unnoticed."""

    name = "invalid-specs"

    def at_rest(self, scene: Scene) -> Iterable[Finding]:
        """Look after operations that are marked invalid."""
        operation, fact = scene.operation, scene.fact
        if not isinstance(operation, Create | Update) or not operation.invalid:
            return
        if fact.answer == "accepted":
            yield from self._accepted(scene, operation)
        elif fact.answer == "refused" and fact.writes and not scene.faulted:
            yield scene.finding(
                self.name,
                f"a spec was refused ({operation.invalid}), and the operator wrote "
                f"{fact.writes} times",
                "writes after a refusal",
                demand=Demand(),
            )

    def _accepted(self, scene: Scene, operation: Create | Update) -> Iterable[Finding]:
        document = scene.hands.live(operation.name)
        if document is None or _reports(document):
            return
        key = scene.hands.key(operation.name)
        yield scene.finding(
            self.name,
            f"{key} was accepted although {operation.invalid}, and no condition reports it",
            "accepted in silence",
            about=[key],
            demand=Demand({"any": _reports_of(key.kind, operation.name)}),
        )


def _reports(document: Object) -> bool:
    return any(
        (condition.get("status") == "True") == (name in ALARMS) and condition.get("reason")
        for name, condition in conditions_of(document).items()
    )


def _reports_of(kind: str, name: str) -> list[dict[str, object]]:
    """Claims of which one holds for an object that reports."""
    said = [(each, "True") for each in sorted(ALARMS)] + [(each, "False") for each in PROMISES]
    return [
        {
            "object": {
                "kind": kind,
                "metadata": {"name": name},
                "status": {"conditions": [{"type": type_, "status": status}]},
            }
        }
        for type_, status in said
    ]
