"""What can be left out of an example is left out, one thing at a time, until nothing can.

In this order: the schedule, operations and faults (from the last), recreations, parts of specs.
A list of operations without one of them is a list of operations again, which makes this simple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.apiserver.documents import copy
from harness.apiserver.requests import Object

from ..operations import Create, Delete, Inject, Operation, Update
from .drawing import Example


def polished(example: Example, finds: Callable[[Example], bool]) -> Example:
    """The smallest example that is reached by leaving out.

    Args:
        example: It finds something.
        finds: Whether another example still does.
    """
    while True:
        smaller = next((each for each in smaller_than(example) if finds(each)), None)
        if smaller is None:
            return example
        example = smaller


def smaller_than(example: Example) -> Iterator[Example]:
    """Examples with one thing less, those first that lack the most."""
    if example.seed:
        yield replace(example, seed=0)
    operations = example.operations
    for index in reversed(range(len(operations))):
        yield _with(example, (*operations[:index], *operations[index + 1 :]))
    for index, operation in enumerate(operations):
        for simpler in _simpler(operation):
            yield _with(example, (*operations[:index], simpler, *operations[index + 1 :]))


def _with(example: Example, operations: tuple[Operation, ...]) -> Example:
    return Example(operations, example.seed)


def _simpler(operation: Operation) -> Iterator[Operation]:
    if isinstance(operation, Delete) and operation.recreate:
        yield replace(operation, recreate=False)
    elif isinstance(operation, Inject) and operation.delay:
        yield replace(operation, delay=0.0)
    elif isinstance(operation, Create | Update) and not operation.invalid:
        for spec in _less(operation.spec):
            yield replace(operation, spec=spec)


def _less(value: Any) -> Iterator[Object]:
    """Copies of an object without one of its fields or items, outer ones first."""
    for place in _places(value, ()):
        changed = copy(value)
        holder = changed
        for step in place[:-1]:
            holder = holder[step]
        del holder[place[-1]]
        yield changed


def _places(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    names: list[Any] = []
    if isinstance(value, dict):
        names = list(value)
    elif isinstance(value, list):
        names = list(reversed(range(len(value))))
    for name in names:
        yield (*place, name)
    for name in names:
        yield from _places(value[name], (*place, name))
