"""What a rule may cost at most: the number by which a server refuses a definition.

One walk over the tree. Each node gives an `Estimate`: its cost, the size of its value, the sizes
of the value's entries, and, for what is read from `self`, the schema's type, which knows bounds.
Macros are counted as the folds that they stand for in a server.
Source: cel-go's cost estimation and Kubernetes' factors, which decide what an API server accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from harness.apiserver.cel.call_costs import Estimate, call_cost
from harness.apiserver.cel.resolution import Resolution
from harness.apiserver.cel.sizes import LIMIT, ONE, UNKNOWN, Size, capped, scaled
from harness.apiserver.cel.static_types import DYN, ObjectType, Type
from harness.apiserver.cel.syntax_tree import (
    Call,
    Expression,
    Identifier,
    ListLiteral,
    Literal,
    Macro,
    MapLiteral,
    Select,
)

_SCALARS = (
    "bool",
    "double",
    "int",
    "uint",
    "google.protobuf.Duration",
    "google.protobuf.Timestamp",
)
_LIST_BASE, _MAP_BASE = 10, 30


def estimate_cost(tree: Expression, resolution: Resolution, variables: Mapping[str, Type]) -> int:
    """The most that one evaluation can cost, in the server's units.

    Args:
        variables: Types of the variables; those of schemas know how large values can get.
    """
    return _Coster(resolution, variables).visit(tree).cost


@dataclass(frozen=True, slots=True)
class _Loop:
    """A fold besides its body: what each step costs, what is around it, what it makes."""

    step: int
    around: int
    makes: str = ""


# `all` and `exists` test the accumulator before each step; a list is made anew by each addition.
_LOOPS: dict[str, _Loop] = {
    "all": _Loop(3, 1),
    "exists": _Loop(4, 1),
    "exists_one": _Loop(2, 2),
    "map": _Loop(_LIST_BASE + 2, _LIST_BASE + 1, "list"),
    "filter": _Loop(_LIST_BASE + 3, _LIST_BASE + 1, "list"),
    "transformList": _Loop(_LIST_BASE + 2, _LIST_BASE + 1, "list"),
    "transformMap": _Loop(3, _MAP_BASE + 1, "map"),
    "transformMapEntry": _Loop(2, _MAP_BASE + 1, "map"),
}


class _Coster:
    def __init__(self, resolution: Resolution, variables: Mapping[str, Type]) -> None:
        self._types = resolution.types
        self._type_names = resolution.type_names
        self._globals = resolution.global_functions
        self._variables = variables
        self._root = variables.get("self")
        self._scopes: list[dict[str, Estimate]] = []

    def visit(self, tree: Expression) -> Estimate:
        method = cast(Callable[[Any], Estimate], getattr(self, _METHODS[type(tree)]))
        found = method(tree)
        if found.size is not None:
            return found
        kind = self._types.get(tree.number, DYN)
        if found.place is not None:
            return replace(found, size=Size(0, found.place.size_max), kind=kind)
        return replace(found, size=ONE if _is_scalar(kind) else None, kind=kind)

    def _literal(self, tree: Literal) -> Estimate:
        size = len(tree.value) if isinstance(tree.value, str | bytes) else 1
        kind = self._types.get(tree.number, DYN)
        return Estimate(0, Size(size, size), kind=kind, literal=tree.value)

    def _identifier(self, tree: Identifier) -> Estimate:
        for scope in reversed(self._scopes):
            if tree.name in scope:
                return scope[tree.name]
        # Upstream takes the bounds of the root for whatever has a name and no schema.
        return Estimate(1, place=self._variables.get(tree.name, self._root))

    def _select(self, tree: Select) -> Estimate:
        if tree.number in self._type_names:
            return Estimate(1, place=self._root)
        operand = self.visit(tree.operand)
        if tree.test:
            return Estimate(operand.cost)
        kind = self._types.get(tree.operand.number, DYN)
        has_fields = isinstance(kind, ObjectType) or kind.name == "map"
        cost = operand.cost + (1 if has_fields or tree.optional else 0)
        place = None if tree.optional else _inner_place(operand.place, tree.field)
        return Estimate(cost, place=place)

    def _call(self, tree: Call) -> Estimate:
        name = self._globals.get(tree.number, tree.function)
        arguments = [self.visit(argument) for argument in tree.arguments]
        target = None
        if tree.target is not None and tree.number not in self._globals:
            target = self.visit(tree.target)
        return call_cost(name, target, arguments)

    def _list(self, tree: ListLiteral) -> Estimate:
        elements = [self.visit(element) for element in tree.elements]
        cost = capped(_LIST_BASE + sum(element.cost for element in elements))
        count = len(elements)
        return Estimate(
            cost, Size(count, count), (ONE, _union(elements)), kind=self._types[tree.number]
        )

    def _map(self, tree: MapLiteral) -> Estimate:
        keys = [self.visit(entry.key) for entry in tree.entries]
        values = [self.visit(entry.value) for entry in tree.entries]
        cost = capped(_MAP_BASE + sum(part.cost for part in [*keys, *values]))
        count = len(keys)
        entries = _union(keys), _union(values)
        return Estimate(cost, Size(count, count), entries, kind=self._types[tree.number])

    def _macro(self, tree: Macro) -> Estimate:
        if tree.name in ("optMap", "optFlatMap"):
            return self._optional(tree)
        target = self.visit(tree.target)
        if tree.name == "sortBy":
            return self._sort_by(tree, target)
        loop = _LOOPS[tree.name.removesuffix("2")]
        return self._loop(tree, target, loop)

    def _loop(self, tree: Macro, target: Estimate, loop: _Loop) -> Estimate:
        count = target.size or UNKNOWN
        bodies = self._bodies(tree, self._variables_of(tree, target))
        step = loop.step + sum(body.cost for body in bodies)
        cost = capped(target.cost + loop.around + count.high * step)
        if not loop.makes:
            return Estimate(cost, ONE)
        result = bodies[-1].size if tree.name != "filter" else _entry(target)
        return Estimate(cost, count, (ONE, result or UNKNOWN), kind=self._types[tree.number])

    def _bodies(self, tree: Macro, scope: dict[str, Estimate]) -> list[Estimate]:
        self._scopes.append(scope)
        bodies = [self.visit(argument) for argument in tree.arguments]
        self._scopes.pop()
        return bodies

    def _variables_of(self, tree: Macro, target: Estimate) -> dict[str, Estimate]:
        container = self._types.get(tree.target.number, DYN)
        is_map = container.name == "map"
        place = target.place.parameters if target.place is not None else ()
        key = value = Estimate(1, place=self._root)
        if self._root is None:
            key = Estimate(1, target.entries[0] if target.entries else None)
            value = Estimate(1, _entry(target))
        if place:
            key = Estimate(1, place=place[0] if is_map else None)
            value = Estimate(1, place=place[-1])
        key = replace(key, kind=container.parameters[0] if is_map else key.kind)
        if len(tree.variables) == 2:
            index = key if is_map else Estimate(1, ONE)
            return {tree.variables[0]: index, tree.variables[1]: value}
        return {tree.variables[0]: key if is_map else value}

    def _optional(self, tree: Macro) -> Estimate:
        target = self.visit(tree.target)
        (body,) = self._bodies(tree, {tree.variables[0]: replace(target, cost=1)})
        binding = _LIST_BASE + target.cost + 1 + body.cost
        wrapped = 1 if tree.name == "optMap" else 0
        return Estimate(capped(target.cost + 1 + max(binding + wrapped, 1)), None)

    def _sort_by(self, tree: Macro, target: Estimate) -> Estimate:
        count = (target.size or UNKNOWN).high
        bound = replace(target, cost=1)
        keys = self._loop(tree, bound, _LOOPS["map"])
        text = self._types.get(tree.arguments[0].number, DYN).name in ("string", "bytes")
        sorting = capped(scaled(count * count, 2.1 if text else 2))
        cost = _LIST_BASE + target.cost + 1 + keys.cost + sorting + 1 + _LIST_BASE
        return Estimate(capped(cost), Size(0, capped(count * count)))


_METHODS: dict[type[Expression], str] = {
    Literal: "_literal",
    Identifier: "_identifier",
    Select: "_select",
    Call: "_call",
    ListLiteral: "_list",
    MapLiteral: "_map",
    Macro: "_macro",
}


def _is_scalar(kind: Type) -> bool:
    if kind.name == "optional_type":
        return _is_scalar(kind.element)
    return kind.name in _SCALARS


def _inner_place(place: Type | None, name: str) -> Type | None:
    if isinstance(place, ObjectType) and name in place.fields:
        return place.fields[name].type
    return None


def _union(parts: list[Estimate]) -> Size:
    if not parts:
        return Size(0, 0)
    found = Size(LIMIT, 0)
    for part in parts:
        found = found | (part.size or UNKNOWN)
    return found


def _entry(container: Estimate) -> Size | None:
    return container.entries[1] if container.entries else None
