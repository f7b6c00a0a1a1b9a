"""The values expressions compute with: mostly the plain Python values of a JSON document.

    null None · bool bool · int int · double float · string str · bytes bytes
    list list · map dict · uint Uint · duration Duration · timestamp Timestamp
    optional Optional · type TypeValue

Documents are used as they are, without conversion. Python and CEL disagree in a few places, which
is what the functions here are for: True is not 1, a NaN is not itself, and 64 bits overflow.
Libraries bring further opaque values (a quantity, an IP address): any class with a `cel_type`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from harness.apiserver.cel.errors import CelEvaluationError, CelMissingField

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
UINT_MAX = 2**64 - 1


class Uint(int):
    """An unsigned integer; equal to the int and double of the same value."""

    __slots__ = ()


class BoolKey:
    """A bool as a map key: in a Python dict, True would be the key 1."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BoolKey) and other.value is self.value

    def __hash__(self) -> int:
        return hash((BoolKey, self.value))


_BOOL_KEYS = {True: BoolKey(True), False: BoolKey(False)}


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in nanoseconds."""

    nanoseconds: int
    cel_type: ClassVar[str] = "google.protobuf.Duration"


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """An instant, in nanoseconds since 1970 in UTC.

    `offset_seconds` is the zone it was written in; it only matters for writing it again.
    """

    nanoseconds: int
    offset_seconds: int = field(default=0, compare=False)
    cel_type: ClassVar[str] = "google.protobuf.Timestamp"


@dataclass(frozen=True, slots=True)
class TypeValue:
    """What `type(x)` gives, and what a type's name stands for."""

    name: str
    cel_type: ClassVar[str] = "type"


class Optional:
    """A value that may be absent; `NONE` is the absent one."""

    __slots__ = ("present", "value")
    cel_type: ClassVar[str] = "optional_type"

    def __init__(self, value: Any = None, *, present: bool = True) -> None:
        self.value = value
        self.present = present

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Optional) or self.present is not other.present:
            return False
        return not self.present or equal(self.value, other.value)

    def __hash__(self) -> int:
        return hash((Optional, self.present))


NONE = Optional(present=False)

_NAMES: dict[type, str] = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
}


def type_name(value: Any) -> str:
    """The name of a value's type, as `type()` and error texts give it."""
    name = _NAMES.get(type(value))
    if name is not None:
        return name
    named = getattr(value, "cel_type", None)
    if named is not None:
        return str(named)
    return "map" if isinstance(value, Mapping) else "list"


_NUMBERS = (int, Uint, float)
_SIMPLE = (str, int, float, Uint, bytes, type(None), bool, Duration, Timestamp)


def equal(left: Any, right: Any) -> bool:
    """Equality across types: numbers by value, everything else only within its type."""
    kind = type(left)
    if kind is type(right):
        if kind is list:
            return len(left) == len(right) and all(map(equal, left, right))
        if kind is dict:
            return _equal_maps(left, right)
        return bool(left == right)
    if kind in _NUMBERS and type(right) in _NUMBERS:
        return bool(left == right)
    return False


def _equal_maps(left: dict[Any, Any], right: dict[Any, Any]) -> bool:
    if len(left) != len(right):
        return False
    return all(key in right and equal(value, right[key]) for key, value in left.items())


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1; numbers compare across their types.

    Raises:
        CelEvaluationError: Types that have no order, and NaN.
    """
    kind, other = type(left), type(right)
    same = kind is other and kind in (str, bytes, bool, Duration, Timestamp)
    if not same and not (kind in _NUMBERS and other in _NUMBERS):
        raise no_such_overload()
    if left != left or right != right:
        raise CelEvaluationError("NaN values cannot be ordered")
    return int(left > right) - int(left < right)


def map_key(value: Any) -> Any:
    """A value as a key of a Python dict."""
    return _BOOL_KEYS[value] if type(value) is bool else value


def from_map_key(key: Any) -> Any:
    """The value that `map_key` was given."""
    return key.value if type(key) is BoolKey else key


def contains(container: Any, value: Any) -> bool:
    """The operator `in`: an element of a list, or a key of a map."""
    if type(container) is dict:
        return _hashable(value) and map_key(value) in container
    if type(container) is list:
        if type(value) is str:
            return value in container
        return any(equal(value, element) for element in container)
    raise no_such_overload()


def _hashable(value: Any) -> bool:
    return type(value) in _SIMPLE


def lookup(container: Any, index: Any) -> Any:
    """`container[index]`.

    Raises:
        CelMissingField: No such key, or beyond the ends of the list.
        CelEvaluationError: Neither a list nor a map, or an index of another type.
    """
    if type(container) is dict:
        if not _hashable(index):
            raise CelEvaluationError(f"unsupported key type: {type_name(index)}")
        key = map_key(index)
        if key in container:
            return container[key]
        raise CelMissingField(f"no such key: {show(index)}", index)
    if type(container) is list:
        return container[_position(container, index)]
    raise CelMissingField(f"no such key: {show(index)}", index)


def _position(container: list[Any], index: Any) -> int:
    if type(index) is float:
        if not index.is_integer():
            raise CelEvaluationError(f"unsupported index value {index:g} in list")
        index = int(index)
    if type(index) not in (int, Uint):
        raise CelEvaluationError(f"unsupported index type '{type_name(index)}' in list")
    if not 0 <= index < len(container):
        raise CelMissingField(f"index out of bounds: {index}", index)
    return int(index)


def no_such_overload() -> CelEvaluationError:
    """A function or operator that does not take values of these types."""
    return CelEvaluationError("no such overload")


def show(value: Any) -> str:
    """A key as error texts show it."""
    if type(value) is bool:
        return "true" if value else "false"
    return str(value)


def check_int(value: int) -> int:
    """The value, if it fits.

    Raises:
        CelEvaluationError: Outside of 64 bits.
    """
    if INT_MIN <= value <= INT_MAX:
        return value
    raise CelEvaluationError("integer overflow")


def check_uint(value: int) -> Uint:
    """The value as a uint, if it fits.

    Raises:
        CelEvaluationError: Outside of 64 bits.
    """
    if 0 <= value <= UINT_MAX:
        return Uint(value)
    raise CelEvaluationError("unsigned integer overflow")
