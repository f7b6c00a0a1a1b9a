"""Macros as loops: `all`, `exists`, `map`, `filter` and those of two variables, optionals.

Each maker gets the closures of the target and of the arguments and the slots of its variables.
Loops count their steps in slot 0 of the frame, so that a runaway evaluation stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harness.apiserver.cel.errors import CelBudgetExceeded, CelEvaluationError
from harness.apiserver.cel.ordering import sort_by_keys
from harness.apiserver.cel.values import (
    NONE,
    Optional,
    from_map_key,
    map_key,
    no_such_overload,
    type_name,
)

Frame = list[Any]
Evaluate = Callable[[Frame], Any]
Maker = Callable[[Evaluate, list[int], list[Evaluate]], Evaluate]


def _spend(frame: Frame, steps: int) -> None:
    frame[0] -= steps
    if frame[0] < 0:
        raise CelBudgetExceeded("operation cancelled: actual cost limit exceeded")


def _items(frame: Frame, container: Any) -> Iterable[Any]:
    """What one variable runs over: elements of a list, keys of a map."""
    if type(container) is list:
        _spend(frame, len(container))
        return container
    if type(container) is dict:
        _spend(frame, len(container))
        return [from_map_key(key) for key in container]
    raise _not_iterable(container)


def _pairs(frame: Frame, container: Any) -> Iterable[tuple[Any, Any]]:
    """What two variables run over: index and element, key and value."""
    if type(container) is list:
        _spend(frame, len(container))
        return enumerate(container)
    if type(container) is dict:
        _spend(frame, len(container))
        return [(from_map_key(key), value) for key, value in container.items()]
    raise _not_iterable(container)


_GO_TYPES = {
    "bool": "types.Bool",
    "bytes": "types.Bytes",
    "double": "types.Double",
    "google.protobuf.Duration": "types.Duration",
    "google.protobuf.Timestamp": "types.Timestamp",
    "int": "types.Int",
    "null_type": "types.Null",
    "optional_type": "*types.Optional",
    "string": "types.String",
    "uint": "types.Uint",
}


def _not_iterable(value: Any) -> CelEvaluationError:
    name = type_name(value)
    return CelEvaluationError(f"got '{_GO_TYPES.get(name, name)}', expected iterable type")


Steps = Callable[[Frame, Any], Iterable[Any]]


def _steps(slots: list[int]) -> Steps:
    """Run over a container; each step puts the variables into their slots, and gives the first."""
    if len(slots) == 1:
        (slot,) = slots

        def one(frame: Frame, container: Any) -> Iterable[Any]:
            for frame[slot] in _items(frame, container):  # noqa: B020 - the slot is the variable
                yield

        return one
    first, second = slots

    def two(frame: Frame, container: Any) -> Iterable[Any]:
        for key, value in _pairs(frame, container):
            frame[first] = key
            frame[second] = value
            yield

    return two


def _quantifier(decisive: bool) -> Maker:
    """`all` and `exists`: one decisive step settles it, whatever other steps raise."""

    def make(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
        (body,) = bodies
        steps = _steps(slots)
        other = not decisive

        def evaluate(frame: Frame) -> Any:
            error: CelEvaluationError | None = None
            for _ in steps(frame, target(frame)):
                try:
                    value = body(frame)
                except CelBudgetExceeded:
                    raise
                except CelEvaluationError as caught:
                    error = error or caught
                    continue
                if value is other:
                    continue
                if value is decisive:
                    return decisive
                error = error or no_such_overload()
            if error is not None:
                raise error
            return other

        return evaluate

    return make


def _exists_one(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
    (body,) = bodies
    steps = _steps(slots)

    def evaluate(frame: Frame) -> bool:
        return sum([_truth(body(frame)) for _ in steps(frame, target(frame))]) == 1

    return evaluate


def _truth(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise no_such_overload()


def _map(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
    """`map(x, result)`, `map(x, condition, result)`, and `transformList` alike."""
    steps = _steps(slots)
    transform = bodies[-1]
    if len(bodies) == 1:
        return lambda frame: [transform(frame) for _ in steps(frame, target(frame))]
    condition = bodies[0]
    return lambda frame: [
        transform(frame) for _ in steps(frame, target(frame)) if _truth(condition(frame))
    ]


def _filter(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
    (condition,) = bodies
    (slot,) = slots
    steps = _steps(slots)
    return lambda frame: [
        frame[slot] for _ in steps(frame, target(frame)) if _truth(condition(frame))
    ]


def _transform_map(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
    steps = _steps(slots)
    key_slot = slots[0]
    transform = bodies[-1]
    condition = bodies[0] if len(bodies) == 2 else None

    def evaluate(frame: Frame) -> dict[Any, Any]:
        return {
            map_key(frame[key_slot]): transform(frame)
            for _ in steps(frame, target(frame))
            if condition is None or _truth(condition(frame))
        }

    return evaluate


def _transform_map_entry(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
    steps = _steps(slots)
    transform = bodies[-1]
    condition = bodies[0] if len(bodies) == 2 else None

    def evaluate(frame: Frame) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for _ in steps(frame, target(frame)):
            if condition is None or _truth(condition(frame)):
                _add_entries(result, transform(frame))
        return result

    return evaluate


def _add_entries(result: dict[Any, Any], entries: Any) -> None:
    if type(entries) is not dict:
        raise no_such_overload()
    for key, value in entries.items():
        if key in result:
            raise CelEvaluationError(f"insert failed: key {from_map_key(key)} already exists")
        result[key] = value


def _sort_by(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
    (slot,), (body,) = slots, bodies
    steps = _steps(slots)

    def evaluate(frame: Frame) -> list[Any]:
        container = target(frame)
        pairs = [(body(frame), frame[slot]) for _ in steps(frame, container)]
        return sort_by_keys(pairs)

    return evaluate


def _opt_map(target: Evaluate, slots: list[int], bodies: list[Evaluate]) -> Evaluate:
    return _opt_flat_map(target, slots, bodies, wrap=True)


def _opt_flat_map(
    target: Evaluate,
    slots: list[int],
    bodies: list[Evaluate],
    wrap: bool = False,
) -> Evaluate:
    (slot,), (body,) = slots, bodies

    def evaluate(frame: Frame) -> Optional:
        value = target(frame)
        if type(value) is not Optional:
            raise no_such_overload()
        if not value.present:
            return NONE
        frame[slot] = value.value
        result = body(frame)
        if wrap:
            return Optional(result)
        if type(result) is not Optional:
            raise CelEvaluationError(f"no such overload: {type_name(result)}")
        return result

    return evaluate


COMPREHENSIONS: dict[str, Maker] = {
    "all": _quantifier(decisive=False),
    "all2": _quantifier(decisive=False),
    "exists": _quantifier(decisive=True),
    "exists2": _quantifier(decisive=True),
    "exists_one": _exists_one,
    "exists_one2": _exists_one,
    "map": _map,
    "transformList2": _map,
    "filter": _filter,
    "transformMap2": _transform_map,
    "transformMapEntry2": _transform_map_entry,
    "sortBy": _sort_by,
    "optMap": _opt_map,
    "optFlatMap": _opt_flat_map,
}
