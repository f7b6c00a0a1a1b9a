"""What can be left out of an example is left out, one thing at a time, until nothing can.

In this order: the schedule, operations and faults (from the last), recreations, parts of specs,
then what is left of names and values: shorter texts, smaller numbers. A list of operations without
one of them is a list of operations again, which makes this simple; without a creation the update
after it becomes the creation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.apiserver.documents import copy
from harness.apiserver.requests import Object

from ..operations import NAMED, Create, Delete, Inject, Operation, Update
from ..strategies.sequences import NAMES as PLAIN_NAMES
from .drawing import Example

Place = tuple[str | int, ...]


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
        yield _with(example, (*operations[:index], *_created_later(operations, index)))
    for index, operation in enumerate(operations):
        for simpler in _simpler(operation):
            yield _with(example, (*operations[:index], simpler, *operations[index + 1 :]))
    yield from _plainly_named(example)
    for index, operation in enumerate(operations):
        for plainer in _plainer(operation):
            yield _with(example, (*operations[:index], plainer, *operations[index + 1 :]))


def _created_later(operations: tuple[Operation, ...], index: int) -> tuple[Operation, ...]:
    """What comes after an operation that is left out."""
    gone, rest = operations[index], list(operations[index + 1 :])
    if isinstance(gone, Create) and not gone.invalid:
        for place, other in enumerate(rest):
            if isinstance(other, Update) and other.name == gone.name and not other.invalid:
                rest[place] = Create(other.name, other.spec)
                break
    return tuple(rest)


def _plainly_named(example: Example) -> Iterator[Example]:
    """The same with the first plain name for an object that has another."""
    names = dict.fromkeys(each.name for each in example.operations if isinstance(each, NAMED))
    free = next((name for name in PLAIN_NAMES if name not in names), "")
    for name in names:
        if free and (name not in PLAIN_NAMES or name > free):
            renamed = (
                replace(each, name=free) if isinstance(each, NAMED) and each.name == name else each
                for each in example.operations
            )
            yield _with(example, tuple(renamed))


def _plainer(operation: Operation) -> Iterator[Operation]:
    """The same with one value of its spec plainer."""
    if isinstance(operation, Create | Update) and not operation.invalid:
        for place in _places(operation.spec, ()):
            for value in _plainer_values(_at(operation.spec, place)):
                yield replace(operation, spec=_with_value(operation.spec, place, value))


def _plainer_values(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        shorter = dict.fromkeys(("a", value[: len(value) // 2], value[:-1]))
        yield from (text for text in shorter if len(text) < len(value) or text < value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from (number for number in (0, 1, value // 2) if abs(number) < abs(value))


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def _with_value(spec: Object, place: Place, value: Any) -> Object:
    changed: Object = copy(spec)
    _at(changed, place[:-1])[place[-1]] = value
    return changed


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


def _places(value: Any, place: Place) -> Iterator[Place]:
    names: list[Any] = []
    if isinstance(value, dict):
        names = list(value)
    elif isinstance(value, list):
        names = list(reversed(range(len(value))))
    for name in names:
        yield (*place, name)
    for name in names:
        yield from _places(value[name], (*place, name))
