"""Types as the checker knows them before anything runs.

`DYN` fits everything; a `Type` whose `parameter` is true is a variable of a signature (`A`, `B`)
that unification binds. Types print as kube-apiserver prints them in messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_SHOWN = {"google.protobuf.Duration": "duration", "google.protobuf.Timestamp": "timestamp"}


@dataclass(frozen=True, eq=False)
class Type:
    """A type by its name and what it is made of (`list` of one, `map` of two).

    Subclasses know more about values, but types are the same when name and parts are.
    """

    name: str
    parameters: tuple[Type, ...] = ()
    parameter: bool = False
    size_max: int = 0
    """Most elements or characters a value of a schema can have; 0 where size means nothing."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Type):
            return NotImplemented
        return self.name == other.name and self.parameters == other.parameters

    def __hash__(self) -> int:
        return hash((self.name, self.parameters))

    def __str__(self) -> str:
        name = _SHOWN.get(self.name, self.name)
        if not self.parameters:
            return name
        return f"{name}({', '.join(map(str, self.parameters))})"

    @property
    def element(self) -> Type:
        """What a list, an optional or a type is of."""
        return self.parameters[0] if self.parameters else DYN

    @property
    def values(self) -> Type:
        """What the values of a map are."""
        return self.parameters[1] if len(self.parameters) > 1 else DYN


DYN = Type("dyn")
ERROR = Type("!error!")
NULL = Type("null")
BOOL = Type("bool")
INT = Type("int")
UINT = Type("uint")
DOUBLE = Type("double")
STRING = Type("string")
BYTES = Type("bytes")
DURATION = Type("google.protobuf.Duration")
TIMESTAMP = Type("google.protobuf.Timestamp")
A = Type("A", parameter=True)
B = Type("B", parameter=True)


def list_of(element: Type) -> Type:
    """The type of a list."""
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """The type of a map."""
    return Type("map", (key, value))


def optional_of(value: Type) -> Type:
    """The type of an optional."""
    return Type("optional_type", (value,))


def type_of(value: Type) -> Type:
    """The type of a type."""
    return Type("type", (value,))


class KeyedList(Type):
    """A list that is really a set, or a map with `keys` in its elements: order does not matter."""

    keys: tuple[str, ...]

    def __init__(self, element: Type, keys: tuple[str, ...] = (), size_max: int = 0) -> None:
        super().__init__("list", (element,), size_max=size_max)
        object.__setattr__(self, "keys", keys)


class ObjectType(Type):
    """An object with named fields, made of a schema when first asked.

    Args:
        name: Unique within an expression's environment, and what makes two of them the same.
        read_fields: From nothing to the fields: the name in expressions, and what it stands for.
    """

    def __init__(self, name: str, read_fields: Callable[[], Mapping[str, Field]]) -> None:
        super().__init__(name)
        object.__setattr__(self, "_read_fields", read_fields)

    _read_fields: Callable[[], Mapping[str, Field]]

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Fields by their (escaped) names."""
        return self._read_fields()


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name in the document, its type, and how to read its value if not as it is."""

    name: str
    type: Type
    convert: Callable[[Any], Any] | None = None
