"""The closures that evaluation consists of, one maker for each form of expression.

A closure takes the frame (see `evaluator`) and gives the value. `&&` and `||` swallow an error of
one side when the other side decides, as the CEL specification asks ("Logical operators").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.apiserver.cel.declarations import Function
from harness.apiserver.cel.errors import CelEvaluationError, CelMissingField
from harness.apiserver.cel.libraries.operators import optional_lookup
from harness.apiserver.cel.values import (
    NONE,
    Optional,
    equal,
    lookup,
    map_key,
    no_such_overload,
    type_name,
)

Frame = list[Any]
Evaluate = Callable[[Frame], Any]


def combined(left: Evaluate, right: Evaluate, operation: Callable[[Any, Any], Any]) -> Evaluate:
    return lambda frame: operation(left(frame), right(frame))


def without_null(operand: Evaluate, name: str) -> Evaluate:
    def evaluate(frame: Frame) -> Any:
        value = operand(frame)
        if type(value) is dict and value.get(name, value) is None:
            return {key: item for key, item in value.items() if item is not None}
        return value

    return evaluate


def _missing(operand: Any, name: str) -> Any:
    """The value of `operand.name` where a plain lookup failed, or the error."""
    if type(operand) is Optional:
        return _from_optional(operand, name)
    raise CelMissingField(f"no such key: {name}", name)


def _from_optional(operand: Optional, name: str) -> Optional:
    if not operand.present:
        return NONE
    if type(operand.value) is not dict or name not in operand.value:
        return NONE
    return Optional(operand.value[name])


def field_of(operand: Evaluate, name: str) -> Evaluate:
    def select(frame: Frame) -> Any:
        value = operand(frame)
        try:
            return value[name]
        except (KeyError, TypeError):
            return _missing(value, name)

    return select


def converted_field(operand: Evaluate, name: str, convert: Callable[[Any], Any]) -> Evaluate:
    plain = field_of(operand, name)

    def select(frame: Frame) -> Any:
        value = plain(frame)
        if type(value) is Optional:
            return Optional(convert(value.value)) if value.present else value
        return convert(value)

    return select


def optional_field(operand: Evaluate, name: str, convert: Callable[[Any], Any] | None) -> Evaluate:
    def select(frame: Frame) -> Any:
        value = operand(frame)
        found = _from_optional(value if type(value) is Optional else Optional(value), name)
        if convert is None or not found.present:
            return found
        return Optional(convert(found.value))

    return select


def presence(operand: Evaluate, name: str) -> Evaluate:
    def test(frame: Frame) -> bool:
        value = operand(frame)
        if type(value) is dict:
            return name in value
        return type(value) is Optional and _from_optional(value, name).present

    return test


def invoke(function: Function, member: bool, arguments: list[Evaluate]) -> Evaluate:
    pick = function.pick
    if len(arguments) == 1:
        (only,) = arguments

        picked_one: dict[type, Any] = {}

        def call_one(frame: Frame) -> Any:
            value = only(frame)
            implementation = picked_one.get(value.__class__)
            if implementation is None:
                implementation = picked_one[value.__class__] = pick(member, (value,))
            return implementation(value)

        return call_one
    if len(arguments) == 2:
        first, second = arguments
        picked_two: dict[tuple[type, type], Any] = {}

        def call_two(frame: Frame) -> Any:
            left = first(frame)
            right = second(frame)
            classes = (left.__class__, right.__class__)
            implementation = picked_two.get(classes)
            if implementation is None:
                implementation = picked_two[classes] = pick(member, (left, right))
            return implementation(left, right)

        return call_two

    def call(frame: Frame) -> Any:
        values = tuple([argument(frame) for argument in arguments])
        return pick(member, values)(*values)

    return call


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    return _logical(left, right, decisive=False)


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    return _logical(left, right, decisive=True)


def _logical(left: Evaluate, right: Evaluate, *, decisive: bool) -> Evaluate:
    """`&&` and `||`: either side may decide, whatever the other side does."""

    def evaluate(frame: Frame) -> Any:
        error: CelEvaluationError | None = None
        try:
            value = left(frame)
            if value is decisive:
                return decisive
            if value is not (not decisive):
                error = no_such_overload()
        except CelEvaluationError as caught:
            error = caught
        value = right(frame) if error is None else _second_chance(right, frame, error)
        if value is decisive:
            return decisive
        if error is not None:
            raise error
        if value is not (not decisive):
            raise no_such_overload()
        return not decisive

    return evaluate


def _second_chance(right: Evaluate, frame: Frame, error: CelEvaluationError) -> Any:
    try:
        return right(frame)
    except CelEvaluationError:
        raise error from None


def _conditional(condition: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    def evaluate(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return otherwise(frame)
        raise no_such_overload()

    return evaluate


def _equals(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda frame: equal(left(frame), right(frame))


def equals_text(left: Evaluate, text: str) -> Evaluate:
    """The most frequent comparison by far; texts are equal only to texts, in Python as in CEL."""
    return lambda frame: left(frame) == text


def _differs(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda frame: not equal(left(frame), right(frame))


def _index(container: Evaluate, index: Evaluate) -> Evaluate:
    def evaluate(frame: Frame) -> Any:
        value = container(frame)
        if type(value) is Optional:
            return optional_lookup(value, index(frame))
        return lookup(value, index(frame))

    return evaluate


def _optional_index(container: Evaluate, index: Evaluate) -> Evaluate:
    return lambda frame: optional_lookup(container(frame), index(frame))


def _or_value(*parts: Evaluate) -> Evaluate | None:
    if len(parts) != 2:
        return None
    optional, default = parts

    def evaluate(frame: Frame) -> Any:
        value = optional(frame)
        if type(value) is not Optional:
            raise no_such_overload()
        return value.value if value.present else default(frame)

    return evaluate


def _or_optional(*parts: Evaluate) -> Evaluate | None:
    if len(parts) != 2:
        return None
    optional, other = parts

    def evaluate(frame: Frame) -> Any:
        value = optional(frame)
        if type(value) is not Optional:
            raise no_such_overload()
        return value if value.present else other(frame)

    return evaluate


def build_list(frame: Frame, marked: list[tuple[Evaluate, bool]]) -> list[Any]:
    items: list[Any] = []
    for element, optional in marked:
        value = element(frame)
        if not optional:
            items.append(value)
        elif type(value) is not Optional:
            raise _not_optional(value)
        elif value.present:
            items.append(value.value)
    return items


def build_map(frame: Frame, entries: list[tuple[Evaluate, Evaluate, bool]]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key_of, value_of, optional in entries:
        key, value = key_of(frame), value_of(frame)
        if type(key) in (list, dict):
            raise CelEvaluationError(f"unsupported key type: {type_name(key)}")
        if not optional:
            result[map_key(key)] = value
        elif type(value) is not Optional:
            raise _not_optional(value)
        elif value.present:
            result[map_key(key)] = value.value
    return result


def _not_optional(value: Any) -> CelEvaluationError:
    name = type_name(value)
    return CelEvaluationError(f"cannot initialize optional entry from non-optional value {name}")


SPECIAL: dict[str, Callable[..., Evaluate | None]] = {
    "_&&_": _and,
    "_||_": _or,
    "_?_:_": _conditional,
    "_==_": _equals,
    "_!=_": _differs,
    "_[_]": _index,
    "_[?_]": _optional_index,
    "orValue": _or_value,
    "or": _or_optional,
}
