"""Values from a structural schema: one strategy for each place of it, built once.

    hint or known shape > enum > int-or-string > by type; null last, where it is allowed

An object has its required fields, and each optional one in a share of the draws. The share is
chosen so that an object has an expected size that does not grow with its schema: a CRD that embeds
a pod template has a thousand fields, and a spec with half of them helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import validate

from . import formats, numbers
from .branches import FORBIDDEN, alternatives, has_logic, limits_fields
from .clues import NO_CLUES, Clues
from .drawing import NULL, mapping
from .hints import Hint
from .meanings import meant
from .paths import ANY_ITEM, ANY_KEY, identity_of, join
from .required import SearchStrategy, st
from .shapes import shape_of
from .texts import meaning_of, texts

#: How many leaves the optional fields of one object have on average; of the spec itself, more.
_OPTIONAL_LEAVES = 4.0
_OPTIONAL_LEAVES_OF_ROOT = 12.0
_ITEMS_MAX = 3
_SHAPE_LEAVES = 2.0
#: Small JSON, for objects that keep what their schema does not know.
_ANYTHING = st.one_of(
    st.sampled_from(["", "a", 0, 1, True, False]),
    st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["", "a", 1]), max_size=2),
)


@dataclass(frozen=True, slots=True)
class Part:
    """How values of one place are drawn, and how many leaves they have on average."""

    strategy: SearchStrategy[Any]
    leaves: float = 1.0


class Values:
    """The strategies of one schema.

    Args:
        clues: What rules say, by path of the schema (`spec.env[].name`).
        hints: What places mean, by the same paths.
    """

    def __init__(self, clues: Mapping[str, Clues], hints: Mapping[str, Hint]) -> None:
        self._clues = clues
        self._hints = hints
        self._parts: dict[str, Part] = {}
        self._shaped: list[str] = []

    def at(self, node: Node, path: str) -> SearchStrategy[Any]:
        """Values of a place."""
        return self.part(node, path).strategy

    def near_rules(self, node: Node, path: str) -> SearchStrategy[Any]:
        """Values of a place where a rule is broken: more often those that rules name."""
        clues = self._clues.get(path, NO_CLUES)
        named = [value for value in clues.values if not validate(node, value, "")]
        usual = self.at(node, path)
        return st.one_of(usual, st.sampled_from(named)) if named else usual

    def part(self, node: Node, path: str) -> Part:
        """Values of a place, built on first use."""
        found = self._parts.get(path)
        if found is None:
            found = self._parts[path] = self._build(node, path)
        return found

    def _build(self, node: Node, path: str) -> Part:
        part = self._not_null(node, path)
        if node.nullable and not node.raw.get("enum"):
            return Part(st.one_of(part.strategy, NULL), part.leaves)
        return part

    def _not_null(self, node: Node, path: str) -> Part:
        hint = self._hints.get(path)
        clues = self._clues.get(path, NO_CLUES)
        special = shape_of(node) if hint is None else meant(hint, node, clues)
        if special is not None and hint is None:
            self._shaped.append(path)
        if special is not None:
            named = [value for value in clues.values if not validate(node, value, "")]
            special = special.filter(lambda value: not validate(node, value, ""))
            both = st.one_of(special, st.sampled_from(named)) if named else special
            return Part(both, _SHAPE_LEAVES)
        if node.raw.get("enum"):
            return Part(st.sampled_from([v for v in node.raw["enum"] if not validate(node, v, "")]))
        if node.int_or_string:
            return Part(self._int_or_string(node, path))
        if node.type == "object" or not has_logic(node):
            return self._by_type(node, path)
        options = [self._by_type(option, path).strategy for option in alternatives(node)]
        return Part(st.one_of(options).filter(lambda value: not validate(node, value, "")))

    def _by_type(self, node: Node, path: str) -> Part:
        clues = self._clues.get(path, NO_CLUES)
        if node.type == "object":
            return self._object(node, path)
        if node.type == "array":
            return self._list(node, path)
        if node.type == "string":
            return Part(texts(node, clues))
        if node.type == "integer":
            return Part(numbers.integers(node, clues.values))
        if node.type == "number":
            return Part(numbers.numbers(node, clues.values))
        return Part(st.booleans() if node.type == "boolean" else _ANYTHING)

    def _int_or_string(self, node: Node, path: str) -> SearchStrategy[Any]:
        """Small integers, and texts of the pattern: quantities where it takes those."""
        raw = {key: value for key, value in node.raw.items() if key not in ("anyOf", "allOf")}
        pattern = raw.get("pattern", "")
        if not pattern:
            words: SearchStrategy[Any] = st.sampled_from(["1", "0", "50%", "100%", "http"])
        else:
            words = texts(Node({**raw, "type": "string"}), NO_CLUES)
        return st.one_of(st.integers(0, 100), words).filter(lambda v: not validate(node, v, ""))

    def _object(self, node: Node, path: str) -> Part:
        options = [self._fields(option, path) for option in alternatives(node)]
        strategy = st.one_of([option.strategy for option in options])
        if node.embedded:
            strategy = st.tuples(formats.EMBEDDED, strategy).map(lambda two: {**two[1], **two[0]})
        if len(options) > 1 or limits_fields(node):
            strategy = strategy.filter(lambda value: not validate(node, value, ""))
        return Part(strategy, max(option.leaves for option in options))

    def _fields(self, node: Node, path: str) -> Part:
        if not node.properties:
            return self._map(node, path)
        left_out = node.raw.get(FORBIDDEN, ())
        parts = {
            name: self.part(child, join(path, name))
            for name, child in node.properties.items()
            if name not in left_out and not self.is_ignored(join(path, name))
        }
        required = {name: part for name, part in parts.items() if name in node.required}
        optional = {name: part for name, part in parts.items() if name not in node.required}
        wanted = _OPTIONAL_LEAVES if "." in path else _OPTIONAL_LEAVES_OF_ROOT
        share = min(0.5, wanted / (sum(part.leaves for part in optional.values()) or 1.0))
        leaves = sum(part.leaves for part in required.values())
        leaves += share * sum(part.leaves for part in optional.values())
        strategy = mapping(_strategies(required), _strategies(optional), node.properties, share)
        return Part(strategy, max(1.0, leaves))

    def is_ignored(self, path: str) -> bool:
        """Whether a hint says to leave a place alone."""
        hint = self._hints.get(path)
        return hint is not None and hint.means == "ignored"

    def is_shaped(self, path: str) -> bool:
        """Whether values of a place are those of a known type, whatever else its schema allows."""
        return path in self._shaped

    def is_within_shape(self, path: str) -> bool:
        """Whether a place is a part of a value of a known type."""
        return any(path.startswith((f"{outer}.", f"{outer}[")) for outer in self._shaped)

    def is_meant(self, path: str) -> bool:
        """Whether a hint tells what stands at a place."""
        return path in self._hints

    def of_size(self, node: Node, path: str, size: int) -> SearchStrategy[Any]:
        """Lists or maps with so many items, whatever their schema says of that."""
        if node.type == "array":
            return self._items(node, path, size, size)
        return self._entries(node, path, size, size)

    def _map(self, node: Node, path: str) -> Part:
        raw = node.raw
        if node.additional is None and not node.preserve_unknown:
            return Part(st.just({}))
        fewest = raw.get("minProperties", 0)
        most = max(fewest, min(raw.get("maxProperties", _ITEMS_MAX), _ITEMS_MAX))
        leaves = 1.0 + self.part(node.additional or Node({}), join(path, ANY_KEY)).leaves
        return Part(self._entries(node, path, fewest, most), leaves)

    def _entries(self, node: Node, path: str, fewest: int, most: int) -> SearchStrategy[Any]:
        values = self.part(node.additional or Node({}), join(path, ANY_KEY)).strategy
        keys = formats.RESOURCE_NAME if _is_quantity(node.additional) else formats.LABEL_KEY
        if fewest > _ITEMS_MAX:
            keys = formats.LABEL_KEY
        return st.dictionaries(keys, values, min_size=fewest, max_size=most)

    def _list(self, node: Node, path: str) -> Part:
        fewest = node.raw.get("minItems", 0)
        most = max(fewest, min(node.raw.get("maxItems", _ITEMS_MAX), fewest + _ITEMS_MAX))
        leaves = self.part(node.items or Node({}), join(path, ANY_ITEM)).leaves
        return Part(self._items(node, path, fewest, most), 1.0 + max(1, fewest) * leaves)

    def _items(self, node: Node, path: str, fewest: int, most: int) -> SearchStrategy[Any]:
        items = self.part(node.items or Node({}), join(path, ANY_ITEM)).strategy
        identity = identity_of(node)
        if identity is None:
            return st.lists(items, min_size=fewest, max_size=most)
        return st.lists(items, min_size=fewest, max_size=most, unique_by=identity)


def _is_quantity(node: Node | None) -> bool:
    pattern = node.raw.get("pattern", "") if node is not None else ""
    return bool(pattern) and meaning_of(pattern) is formats.QUANTITY


def _strategies(parts: Mapping[str, Part]) -> dict[str, SearchStrategy[Any]]:
    return {name: part.strategy for name, part in parts.items()}
