"""What structured merge needs of a schema: which values are whole and which are made of parts.

A `Shape` is read from a `Node` once and lazily. Values of unknown type (no schema, preserved
unknown fields) are *deduced*: objects merge by field, lists and scalars are whole.
Source: Kubernetes "Server-Side Apply: merge strategy"; kube-openapi's `schemaconv`, which reads
the patch strategy where a list type is missing.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from ..schema.facts import object_meta
from ..schema.node import Node


def _object_fields() -> dict[str, Node]:
    """What every object has, whatever its schema says: custom schemas know nothing of metadata."""
    string = Node({"type": "string"})
    return {"apiVersion": string, "kind": string, "metadata": object_meta()}


class Shape:
    """How values at one place of a schema merge.

    Attributes:
        type: object array string integer number boolean, or empty for anything.
        granular: An object here merges field by field.
        associative: A list here merges item by item (`set` or `map`).
        keys: Name and default of the fields that identify an item of a `map` list, sorted.
    """

    def __init__(self, node: Node, *, preserve: bool = False, is_object: bool = False) -> None:
        self.node = node
        self.type = node.type
        self._preserve = preserve or node.preserve_unknown
        self._is_object = is_object or node.embedded
        # A free-form value of a built-in kind (RawExtension, JSON) is whole; its type has a name.
        free_form = bool(node.name) and not node.properties and node.additional is None
        self.granular = node.map_type != "atomic" and not free_form
        self._known: dict[str, Shape] = {}

    @cached_property
    def _named(self) -> dict[str, Node]:
        named = self.node.properties
        return {**named, **_object_fields()} if self._is_object else named

    def has(self, name: str) -> bool:
        """Whether the schema names this field (unlike a key of a map)."""
        return name in self._named

    def field(self, name: str) -> Shape | None:
        """Shape of one field or map value; None when the schema does not allow the field."""
        known = self._known.get(name)
        if known is not None:
            return known
        node = self._named.get(name)
        if node is None:
            return self.element
        shape = self._known[name] = Shape(node, preserve=self._preserve)
        return shape

    @cached_property
    def element(self) -> Shape | None:
        """Shape of map values and of fields that the schema does not name."""
        additional = self.node.additional
        if additional is not None:
            return Shape(additional, preserve=self._preserve)
        if self._preserve or not self._named:
            return DEDUCED
        return None

    def value(self, name: str) -> Shape:
        """As `field`, but unknown fields are deduced."""
        return self.field(name) or DEDUCED

    @cached_property
    def item(self) -> Shape:
        """Shape of list items."""
        items = self.node.items
        return DEDUCED if items is None else Shape(items, preserve=self._preserve)

    @cached_property
    def associative(self) -> bool:
        """Whether lists here merge by item."""
        if "x-kubernetes-list-type" in self.node.raw:
            return self.node.list_type in ("set", "map")
        return "merge" in self.node.patch_strategies

    @cached_property
    def keys(self) -> tuple[tuple[str, Any], ...]:
        """Names and defaults of the identifying fields; empty for sets."""
        names = self.node.list_map_keys
        if not names and self.node.patch_merge_key and self.node.list_type == "atomic":
            names = [self.node.patch_merge_key]
        properties = self.node.items.properties if self.node.items else {}
        return tuple((name, _default(properties.get(name))) for name in sorted(names))


def _default(node: Node | None) -> Any:
    return None if node is None else node.raw.get("default")


DEDUCED = Shape(Node({}))
_SHAPES: WeakKeyDictionary[Node, Shape] = WeakKeyDictionary()


def shape_of(node: Node) -> Shape:
    """The shape of a whole kind; built once for each node."""
    shape = _SHAPES.get(node)
    if shape is None:
        shape = _SHAPES[node] = Shape(node, is_object=True)
    return shape


def are(kind: type, first: Any, second: Any) -> bool:
    """Whether both values are of the kind; null takes the kind of the other."""
    fits = first is None or isinstance(first, kind)
    return fits and (second is None or isinstance(second, kind))
