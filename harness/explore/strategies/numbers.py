"""Integers and numbers within the bounds of a schema, boundary values first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import validate

from .drawing import boundaries_and_others
from .required import SearchStrategy, st

_INT64 = (-(2**63), 2**63 - 1)
_INT32 = (-(2**31), 2**31 - 1)


def integers(node: Node, clues: Iterable[Any] = (), most: int | None = None) -> SearchStrategy[int]:
    """Integers that a schema allows.

    Args:
        node: Of type integer.
        clues: Numbers that rules compare the value with.
        most: Nothing above this is drawn, if the schema leaves that choice.
    """
    least, highest = integer_bounds(node)
    if most is not None:
        highest = max(least, min(highest, most))
    step = node.raw.get("multipleOf")
    if step and float(step).is_integer():
        return _multiples(least, highest, int(step))
    near = [int(c) + d for c in clues if _is_number(c) for d in (0, -1, 1)]
    simple = _fitting(node, [0, 1], least, highest) or _fitting(
        node, [least, highest], least, highest
    )
    extreme = _fitting(node, [*near, *near, least, highest], least, highest)
    general = st.integers(least, highest).filter(lambda v: not step or v % step == 0)
    return boundaries_and_others(simple, general, extreme)


def integer_bounds(node: Node) -> tuple[int, int]:
    """The smallest and the largest integer of a schema."""
    raw = node.raw
    least, most = _INT32 if node.format == "int32" else _INT64
    if raw.get("minimum") is not None:
        bound = math.ceil(raw["minimum"])
        least = max(least, bound + bool(raw.get("exclusiveMinimum") and bound == raw["minimum"]))
    if raw.get("maximum") is not None:
        bound = math.floor(raw["maximum"])
        most = min(most, bound - bool(raw.get("exclusiveMaximum") and bound == raw["maximum"]))
    return least, most


def _multiples(least: int, most: int, step: int) -> SearchStrategy[int]:
    return st.integers(-(-least // step), most // step).map(lambda factor: factor * step)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fitting(node: Node, values: Iterable[int], least: int, most: int) -> list[int]:
    """The values a schema allows, each once, nearest to zero first."""
    fit = dict.fromkeys(v for v in values if least <= v <= most and not validate(node, v, ""))
    return sorted(fit, key=lambda value: (abs(value), value < 0))


def numbers(node: Node, clues: Iterable[Any] = ()) -> SearchStrategy[float]:
    """Numbers, with or without a fraction, that a schema allows."""
    raw = node.raw
    least, most = raw.get("minimum"), raw.get("maximum")
    step = raw.get("multipleOf")
    near = [c + d for c in clues if _is_number(c) for d in (0, -1, 1)]
    bounds = [value for value in (0, 1, 0.5, *near, least, most) if value is not None]
    allowed = dict.fromkeys(v for v in bounds if not validate(node, v, ""))
    simple, *extreme = sorted(allowed, key=lambda v: (abs(v), v < 0)) or [None]
    if step:
        low = -1000 if least is None else math.ceil(least / step)
        high = low + 2000 if most is None else math.floor(most / step)
        general: SearchStrategy[float] = st.integers(low, high).map(lambda factor: factor * step)
    else:
        general = st.floats(
            -1e9 if least is None else least,
            max(1e9, least or 0) if most is None else most,
            allow_nan=False,
        )
    fitting = general.filter(lambda value: not validate(node, value, ""))
    return boundaries_and_others([] if simple is None else [simple], fitting, extreme)
