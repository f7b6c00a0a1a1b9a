"""What the outcome of one example has covered: a pure function of it.

Specs are compared by properties of the schema, not by places in objects: a second variable in a
list is the same property as the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.apiserver.requests import Object

from ..operations import Create, Delete, Operation, Scale, Update
from ..outcome import OperationFact, Outcome
from ..strategies.drawing import ABSENT
from ..strategies.kind import kind_of
from ..strategies.properties import Property, properties_of
from ..target import Target
from .drawing import Mistake
from .goals import Goal
from .walking import differences, present


def reached(target: Target, outcome: Outcome, mistakes: Sequence[Mistake]) -> tuple[Goal, ...]:
    """The goals that an outcome has reached, each once, in the order of its operations.

    Args:
        target: What was under test.
        outcome: What came of it.
        mistakes: What was wrong on purpose, and where.
    """
    counted = _Counted(target)
    wrong = {mistake.operation: mistake for mistake in mistakes}
    for index, (operation, fact) in enumerate(
        zip(outcome.operations, outcome.facts, strict=False)  # a trial may have ended early
    ):
        if fact.answer == "accepted":
            counted.accepted(operation, fact)
        elif fact.answer == "refused" and index in wrong:
            counted.refused(wrong[index])
    return tuple(counted.goals)


class _Counted:
    """Follows the specs of all objects through one example."""

    def __init__(self, target: Target) -> None:
        kind = kind_of(target.crd, target.version)
        self._spec = kind.spec
        self._properties = {each.path: each for each in properties_of(kind)}
        self._specs: dict[str, Object] = {}
        self.goals: dict[Goal, None] = {}

    def accepted(self, operation: Operation, fact: OperationFact) -> None:
        if isinstance(operation, Create | Update):
            old = self._specs.get(operation.name, ABSENT)
            self._compare(old, operation.spec)
            self._specs[operation.name] = operation.spec
        elif isinstance(operation, Scale):
            for change in fact.changes:
                self._note(Goal("changed", change.path))
        elif isinstance(operation, Delete) and not operation.recreate:
            self._specs.pop(operation.name, None)

    def refused(self, mistake: Mistake) -> None:
        self._note(Goal("invalid", mistake.path))
        for rule in mistake.rules:
            self._note(Goal("broken", mistake.path, rule))

    def _compare(self, old: Any, new: Object) -> None:
        for path, how, value in differences(self._spec, old, new, "spec"):
            self._note(Goal("removed" if how == "removed" else "changed", path))
            found = self._properties.get(path)
            if found is not None and value in found.enum:
                self._note(Goal("enum", path, repr(value)))
        there = [*dict.fromkeys(present(self._spec, new, "spec"))]
        for path in there:
            self._rules(self._properties.get(path), is_update=old is not ABSENT)

    def _rules(self, found: Property | None, *, is_update: bool) -> None:
        for rule in found.rules if found is not None else ():
            if is_update or not rule.is_transition:
                self._note(Goal("holds", found.path if found else "", rule.text))

    def _note(self, goal: Goal) -> None:
        self.goals[goal] = None
