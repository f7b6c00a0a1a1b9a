"""What a call may cost, and how large its result gets, from the sizes of its arguments.

Going through a text costs a tenth for each character, an expression of RE2 a quarter of its
length for each unit of text; most else costs 1.
Source: cel-go's and Kubernetes' cost factors, facts that decide which rules are accepted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.apiserver.cel.sizes import LIMIT, ONE, UNKNOWN, Size, capped, scaled
from harness.apiserver.cel.static_types import DYN, Type

_TRAVERSAL = 0.1
_PATTERN = 0.25
_FORMAT_PATTERN = 128 * _PATTERN
_LIST_BASE = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known about a node.

    Args:
        cost: At most.
        size: Of the value; None when unknown.
        entries: Sizes of keys and of values of a container.
        place: The schema's type, if the value is read from a variable with a schema.
        kind: The type.
        literal: The value of a literal.
    """

    cost: int
    size: Size | None = None
    entries: tuple[Size, Size] | None = None
    place: Type | None = None
    kind: Type = DYN
    literal: Any = None


Arguments = Sequence[Estimate]
CallCost = Callable[[Estimate | None, Arguments], tuple[int, Size | None]]


def call_cost(name: str, target: Estimate | None, arguments: Arguments) -> Estimate:
    """The estimate of a call, its arguments included."""
    before = sum(argument.cost for argument in arguments) + (target.cost if target else 0)
    if name == "_&&_" or name == "_||_":
        return Estimate(capped(before), ONE)
    if name == "_?_:_":
        return _conditional(arguments)
    if name == "_[_]":
        return _index(arguments, capped(before + 1))
    if name == "dyn":
        (argument,) = arguments
        return Estimate(capped(argument.cost + 1), argument.size, argument.entries)
    rule = _COSTS.get(name)
    cost, size = rule(target, arguments) if rule else (1, None)
    return Estimate(capped(before + cost), size)


def _conditional(arguments: Arguments) -> Estimate:
    condition, then, otherwise = arguments
    size = _size(then) | _size(otherwise)
    return Estimate(
        capped(condition.cost + max(then.cost, otherwise.cost)),
        size,
        then.entries or otherwise.entries,
    )


def _index(arguments: Arguments, cost: int) -> Estimate:
    container = arguments[0]
    if container.place is not None and container.place.parameters:
        return Estimate(cost, place=container.place.parameters[-1])
    return Estimate(cost, container.entries[1] if container.entries else None)


def _size(estimate: Estimate) -> Size:
    return estimate.size or UNKNOWN


def _is(estimate: Estimate, *names: str) -> bool:
    return estimate.kind.name in names or estimate.kind.name == "dyn" or estimate.kind.parameter


def _add(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    left, right = arguments
    total = _size(left) + _size(right)
    if _is(left, "string", "bytes") and _is(right, "string", "bytes"):
        return scaled(total.high, _TRAVERSAL), total
    return 1, total if left.kind.name == "list" else None


_COSTLESS = ("kubernetes.Quantity", "kubernetes.Semver", "net.IP", "net.CIDR")


def _equality(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    left, right = arguments
    if left.kind.name in _COSTLESS:
        return 1, ONE
    return scaled(min(_size(left).high, _size(right).high), _TRAVERSAL), ONE


def _comparison(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    if all(_is(argument, "string", "bytes") for argument in arguments):
        return _equality(None, arguments)
    return 1, ONE


def _in(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    container = arguments[1]
    return (_size(container).high if _is(container, "list") else 1), ONE


def _through_target(factor: float, *, sized: bool) -> CallCost:
    def cost(target: Estimate | None, _arguments: Arguments) -> tuple[int, Size | None]:
        size = _size(target) if target else UNKNOWN
        return scaled(size.high, factor), size if sized else None

    return cost


def _through_argument(factor: float, *, sized: bool = False) -> CallCost:
    def cost(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
        size = _size(arguments[0]) if arguments else ONE
        return scaled(size.high, factor), size if sized else None

    return cost


def _pattern(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    text, pattern = (target, arguments[0]) if target else (arguments[0], arguments[1])
    through = scaled(capped(_size(text).high + 1), _TRAVERSAL)
    cost = capped(through * scaled(_size(pattern).high, _PATTERN))
    return cost, Size(0, _size(text).high)


def _matches(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    return _pattern(target, arguments)[0], ONE


def _contains(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    texts = (_size(target) if target else UNKNOWN, _size(arguments[0]))
    whole, part = (scaled(text.high, _TRAVERSAL) for text in texts)
    return capped(whole * part), ONE


def _replace(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    text = _size(target) if target else UNKNOWN
    old, new = _size(arguments[0]), _size(arguments[1])
    if old.low == 0:
        longest = capped(capped(text.high + 1) * new.high + text.high)
    elif new.high <= old.low:
        longest = text.high
    else:
        longest = capped(math.ceil(text.high / old.low) * new.high)
    return scaled(text.high, 2 * _TRAVERSAL), Size(0, longest)


def _split(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    text = _size(target) if target else UNKNOWN
    limit = arguments[1].literal if len(arguments) > 1 else None
    most = limit % (LIMIT + 1) if isinstance(limit, int) else text.high
    return scaled(text.high, 2 * _TRAVERSAL), Size(0, most)


def _join(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    count = _size(target) if target else UNKNOWN
    # Only elements of a list from a schema have a known length, not those of literals.
    element = target.place.element.size_max if target and target.place else LIMIT
    total = capped(count.high * element)
    if arguments:
        total = capped(total + max(count.high - 1, 0) * _size(arguments[0]).high)
    return scaled(total, _TRAVERSAL), Size(0, total)


def _over_elements(target: Estimate | None, _arguments: Arguments) -> tuple[int, Size | None]:
    if target is None:
        return 1, None
    count = _size(target).high
    if target.kind.name == "string":
        return scaled(count, _TRAVERSAL), ONE
    each = 1
    if target.kind.element.name in ("string", "bytes"):
        length = target.place.element.size_max if target.place else LIMIT
        each = capped(1 + scaled(length, _TRAVERSAL))
    return capped(count * each), None


def _sets(factor: int) -> CallCost:
    def cost(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
        product = capped(_size(arguments[0]).high * _size(arguments[1]).high)
        return capped(product * factor + 1), ONE

    return cost


def _new_list(factor: float, size: Callable[[Estimate | None, Arguments], int]) -> CallCost:
    """Functions of the list library: by the size of what they make, and a new list."""

    def cost(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
        most = size(target, arguments)
        return capped(scaled(most, factor) + 1 + _LIST_BASE), Size(0, most)

    return cost


def _whole(target: Estimate | None, _arguments: Arguments) -> int:
    return _size(target).high if target else LIMIT


def _square(target: Estimate | None, _arguments: Arguments) -> int:
    return capped(_whole(target, ()) ** 2)


def _literal_or(argument: Estimate, default: int) -> int:
    return argument.literal if type(argument.literal) is int else default


def _slice(target: Estimate | None, arguments: Arguments) -> int:
    start, end = arguments
    return max(_literal_or(end, _whole(target, ())) - _literal_or(start, 0), 0)


def _sort(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    text = target is not None and target.kind.element.name in ("string", "bytes")
    return _new_list(2 + _TRAVERSAL if text else 2, _square)(target, arguments)


def _contains_ip(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    return scaled(32, _TRAVERSAL) + _text_cost(arguments[0]), ONE


def _contains_cidr(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    cost = scaled(32, _TRAVERSAL) + scaled(16, _TRAVERSAL) + 1
    return capped(cost + _text_cost(arguments[0])), ONE


def _text_cost(argument: Estimate) -> int:
    return scaled(_size(argument).high, _TRAVERSAL) if _is(argument, "string") else 0


def _validate(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    return scaled(scaled(_size(arguments[0]).high, _TRAVERSAL), _FORMAT_PATTERN), None


def _conversion(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    """From bytes to string and back; other conversions are cheap."""
    size = _size(arguments[0])
    return scaled(size.high, _TRAVERSAL), Size(0, capped(size.high * 4))


def _to_string(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    return _conversion(target, arguments) if arguments[0].kind.name == "bytes" else (1, None)


def _to_bytes(target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    return _conversion(target, arguments) if arguments[0].kind.name == "string" else (1, None)


def _quote(_target: Estimate | None, arguments: Arguments) -> tuple[int, Size | None]:
    size = _size(arguments[0])
    return scaled(size.high, _TRAVERSAL), Size(2, capped(size.high * 2 + 2))


_COSTS: dict[str, CallCost] = {
    "_+_": _add,
    "_==_": _equality,
    "_!=_": _equality,
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _comparison),
    "@in": _in,
    "format": _through_target(_TRAVERSAL, sized=False),
    **dict.fromkeys(
        ("lowerAscii", "upperAscii", "substring", "trim"), _through_target(_TRAVERSAL, sized=True)
    ),
    **dict.fromkeys(
        (
            *("startsWith", "endsWith", "cidr", "isIP", "isCIDR", "ip"),
            *("quantity", "isQuantity", "semver", "isSemver"),
        ),
        _through_argument(_TRAVERSAL),
    ),
    "ip.isCanonical": _through_argument(2 * _TRAVERSAL),
    "url": _through_argument(_TRAVERSAL, sized=True),
    "bytes": _to_bytes,
    "string": _to_string,
    "strings.quote": _quote,
    "matches": _matches,
    "find": _pattern,
    "findAll": _pattern,
    "contains": _contains,
    "replace": _replace,
    "split": _split,
    "join": _join,
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _over_elements),
    "sets.contains": _sets(1),
    "sets.intersects": _sets(1),
    "sets.equivalent": _sets(2),
    "slice": _new_list(1, _slice),
    "reverse": _new_list(1, _whole),
    "flatten": _new_list(1, _whole),
    "distinct": _new_list(2, _square),
    "sort": _sort,
    "lists.range": _new_list(1, lambda _target, arguments: _literal_or(arguments[0], LIMIT)),
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "validate": _validate,
}
