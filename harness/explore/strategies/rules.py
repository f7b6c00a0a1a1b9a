"""What CEL rules tell: which values they name, and what they compare them with.

Rules are read as trees. A chain of fields from `self` is a place of the schema; a variable of
`all`, `exists` and their like is an item of the list (or a key of the map) it runs over. Where a
place meets a constant, the constant is a clue for that place:

    self.port != 8080 || self.path.matches('^/')     spec.port: 8080;  spec.path: pattern ^/
    self.env.all(e, size(e.name) <= 40)              spec.env[].name: size 40
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.cel.escaping import escape
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
from harness.apiserver.crd.rules import Rule, RuleSet
from harness.apiserver.schema.node import Node

from .clues import Clues
from .paths import ANY_ITEM, ANY_KEY, join

#: A name in a rule: the schema that it stands for, and where that is. None: not a place.
Names = Mapping[str, "tuple[Node, str] | None"]

_COMPARING = frozenset(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_+_", "_-_"))
_COMPARING_METHODS = frozenset(("isLessThan", "isGreaterThan", "compareTo", "contains", "indexOf"))
_AFFIXES = frozenset(("startsWith", "endsWith"))


@dataclass(slots=True)
class Reading:
    """What one rule tells.

    Args:
        places: Paths of the schema that it names, in the order of the text.
        clues: By path.
    """

    places: dict[str, None] = field(default_factory=dict)
    clues: dict[str, Clues] = field(default_factory=dict)

    def of(self, path: str) -> Clues:
        """The clues of a path, to add to."""
        return self.clues.setdefault(path, Clues())


def rules_of(rules: RuleSet | None, path: str = "") -> Iterator[tuple[Rule, Node, str]]:
    """All rules of a schema, each with the schema and the path of its level."""
    if rules is None:
        return
    for rule in rules.rules:
        yield rule, rules.node, path
    for name, inner in rules.fields.items():
        yield from rules_of(inner, join(path, name))
    yield from rules_of(rules.items, join(path, ANY_ITEM))
    yield from rules_of(rules.values, join(path, ANY_KEY))


def read_rule(rule: Rule, node: Node, path: str) -> Reading:
    """What a rule tells that stands at `path`."""
    found = Reading()
    _Reader(found).read(rule.program.tree, {"self": (node, path), "oldSelf": (node, path)})
    return found


def clues_of(rules: RuleSet | None) -> dict[str, Clues]:
    """The clues of all rules of a schema, by path."""
    merged: dict[str, Clues] = {}
    for rule, node, path in rules_of(rules):
        for at, clues in read_rule(rule, node, path).clues.items():
            into = merged.setdefault(at, Clues())
            into.values += clues.values
            into.sizes += clues.sizes
            into.patterns += clues.patterns
    return merged


class _Reader:
    """One walk over the tree of a rule."""

    def __init__(self, found: Reading) -> None:
        self._found = found

    def read(self, tree: Expression, names: Names) -> tuple[Node, str] | None:
        """Note what an expression tells; gives the place that it is, if it is one."""
        if isinstance(tree, Identifier):
            return names.get(tree.name)
        if isinstance(tree, Select):
            return self._field(self.read(tree.operand, names), tree.field)
        if isinstance(tree, Macro):
            return self._macro(tree, names)
        if isinstance(tree, Call):
            return self._call(tree, names)
        if isinstance(tree, ListLiteral):
            for element in tree.elements:
                self.read(element, names)
        if isinstance(tree, MapLiteral):
            for entry in tree.entries:
                self.read(entry.value, names)
        return None

    def _field(self, operand: tuple[Node, str] | None, name: str) -> tuple[Node, str] | None:
        if operand is None:
            return None
        node, path = operand
        for field_name, child in node.properties.items():
            if escape(field_name) == name:
                return self._named(child, join(path, field_name))
        if node.additional is not None:
            return self._named(node.additional, join(path, ANY_KEY))
        if name in ("metadata", "name"):  # Every object has them, whatever its schema says.
            return self._named(Node({}), join(path, name))
        return None

    def _named(self, node: Node, path: str) -> tuple[Node, str]:
        self._found.places[path] = None
        return node, path

    def _macro(self, tree: Macro, names: Names) -> tuple[Node, str] | None:
        target = self.read(tree.target, names)
        inner = dict(names)
        inner.update(dict.fromkeys(tree.variables))
        if target is not None:
            inner[tree.variables[-1]] = self._element(target, len(tree.variables))
        for argument in tree.arguments:
            self.read(argument, inner)
        return target if tree.name in ("filter", "sortBy") else None

    def _element(self, target: tuple[Node, str], variables: int) -> tuple[Node, str] | None:
        node, path = target
        if node.items is not None:
            return node.items, join(path, ANY_ITEM)
        if node.additional is not None and variables == 2:
            return node.additional, join(path, ANY_KEY)
        return None if node.additional is not None else target  # `optMap` binds the value itself.

    def _call(self, tree: Call, names: Names) -> tuple[Node, str] | None:
        parts = [*([tree.target] if tree.target is not None else []), *tree.arguments]
        places = [self.read(part, names) for part in parts]
        if tree.function in ("_[_]", "_[?_]") and places[0] is not None:
            node, path = places[0]
            if node.items is not None:
                return node.items, join(path, ANY_ITEM)
            return self._field(places[0], str(getattr(parts[1], "value", ANY_KEY)))
        self._clue(tree, parts, names)
        if tree.function in ("orValue", "value", "dyn", "string", "int", "duration", "quantity"):
            return places[0] if places else None
        return None

    def _clue(self, tree: Call, parts: list[Expression], names: Names) -> None:
        places = [self._place_in(part, names) for part in parts]
        constants = [value for part in parts for value in _constants(part)]
        for place in filter(None, places):
            path, is_size = place
            clues = self._found.of(path)
            if tree.function == "matches":
                clues.patterns += [value for value in constants if isinstance(value, str)]
            elif tree.function in _AFFIXES:
                clues.values += [v for text in constants for v in (text, f"{text}a", f"a{text}")]
            elif is_size:
                clues.sizes += [value for value in constants if isinstance(value, int)]
            elif tree.function in _COMPARING or tree.function in _COMPARING_METHODS:
                clues.values += constants

    def _place_in(self, tree: Expression, names: Names) -> tuple[str, bool] | None:
        """The path of a place, also inside `size(...)`, `duration(...)` and the like."""
        if isinstance(tree, Call):
            inner = [*([tree.target] if tree.target is not None else []), *tree.arguments]
            if len(inner) != 1:
                return None
            found = self._place_in(inner[0], names)
            return (found[0], tree.function == "size") if found is not None else None
        place = _Reader(Reading()).read(tree, names) if not isinstance(tree, Macro) else None
        return (place[1], False) if place is not None else None


def _constants(tree: Expression) -> list[Any]:
    """The constants of an expression, also inside lists and one-argument calls."""
    if isinstance(tree, Literal):
        return [tree.value] if isinstance(tree.value, int | float | str) else []
    if isinstance(tree, ListLiteral):
        return [value for element in tree.elements for value in _constants(element)]
    if isinstance(tree, Call) and tree.target is None and len(tree.arguments) == 1:
        return _constants(tree.arguments[0])
    return []
