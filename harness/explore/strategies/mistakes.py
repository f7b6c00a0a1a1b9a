"""The mistakes that are possible at one place: for each thing a schema demands, values without it.

The nearest miss comes first: one above the maximum, one character too many. Whether the API server
sees it so is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.apiserver.schema.formats import matches
from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import validate
from harness.apiserver.schema.values import type_name

from .paths import Place
from .required import SearchStrategy, st
from .spots import Spot
from .values import Values

MistakeKind = Literal[
    "type",
    "missing",
    "bound",
    "length",
    "enum",
    "pattern",
    "format",
    "unknown",
    "duplicate",
    "rule",
]

_UNKNOWN = "unknownField"
_LENGTH_MAX = 70_000
_ITEMS_MAX = 64
_OF_TYPES: tuple[Any, ...] = ("a", 1, True, 0.5, ["a"], {"a": "a"})
_MISSPELT = ("", " ", "!", "a", "-", "A", "ä", "a b", "not-a-member", "1.2.3.4.5", "\n")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way to spoil a spec.

    Args:
        kind: The check that it fails.
        path: The property of the schema.
        place: What is replaced in the object, or removed.
        seen: Where the server reports it.
        values: What is put there; None to remove it.
    """

    kind: MistakeKind
    path: str
    place: Place
    seen: Place
    values: SearchStrategy[Any] | None


def mistakes_at(spot: Spot, values: Values) -> Iterator[Mistake]:
    """The mistakes possible at a place that has a value or could have one."""
    for kind, wrong in _wrong_values(spot, values):
        yield Mistake(kind, spot.path, spot.place, spot.place, wrong)
    if not spot.is_there:
        return
    if spot.required and "default" not in spot.node.raw:
        yield Mistake("missing", spot.path, spot.place, spot.place, None)
    yield from _unknown_fields(spot)
    yield from _duplicates(spot)


def _wrong_values(spot: Spot, values: Values) -> Iterator[tuple[MistakeKind, SearchStrategy[Any]]]:
    node, raw = spot.node, spot.node.raw
    candidates: list[tuple[MistakeKind, tuple[str, ...], Iterable[Any]]] = [
        ("bound", _BOUNDS, _beyond_bounds(node)),
        ("length", ("minLength", "maxLength"), _wrong_lengths(raw)),
        ("enum", ("enum",), _outside_enum(raw.get("enum") or ())),
        ("pattern", ("pattern",), _MISSPELT if raw.get("pattern") else ()),
        ("format", ("format",), _misformatted(node)),
    ]
    for kind, keywords, wrong in candidates:
        only = [value for value in wrong if _fails_only(node, keywords, value)]
        if only:
            yield kind, st.sampled_from(only)
    yield from _wrong_sizes(spot, values)
    wrong_type = [value for value in _OF_TYPES if not _fits_type(node, value)]
    if wrong_type:
        yield "type", st.sampled_from(wrong_type)


def _fails_only(node: Node, keywords: tuple[str, ...], value: Any) -> bool:
    """Whether a value is refused, and would not be without these demands."""
    rest = {key: demand for key, demand in node.raw.items() if key not in keywords}
    return bool(validate(node, value, "")) and not validate(Node(rest), value, "")


def _fits_type(node: Node, value: Any) -> bool:
    allowed = ["integer", "string"] if node.int_or_string else [node.type] if node.type else []
    kind = type_name(value)
    return not allowed or kind in allowed or (kind == "integer" and "number" in allowed)


def _outside_enum(members: Sequence[Any]) -> Iterator[Any]:
    """Values near the members, and one far from them."""
    for member in members:
        if isinstance(member, str):
            yield from (member.lower(), member.upper(), f"{member}a", f"{member} ")
        elif isinstance(member, int) and not isinstance(member, bool):
            yield from (member + 1, member - 1)
    yield from ("", "not-a-member")


def _beyond_bounds(node: Node) -> Iterator[int | float]:
    raw = node.raw
    least, most, step = raw.get("minimum"), raw.get("maximum"), raw.get("multipleOf")
    if node.type == "integer":
        least, most = (None if bound is None else int(bound) for bound in (least, most))
    if most is not None:
        yield from (most, most + 1)  # The bound itself is wrong where it is exclusive.
    if least is not None:
        yield from (least, least - 1)
    if step:
        yield from range(int(least or 0), int(least or 0) + 9)
    if node.format == "int32" and most is None:
        yield 2**31


_BOUNDS = ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum", "format")


def _wrong_lengths(raw: Mapping[str, Any]) -> Iterator[str]:
    most, least = raw.get("maxLength"), raw.get("minLength")
    for start in ("a", "/a", "1"):
        if most is not None and most < _LENGTH_MAX:
            yield start + "a" * (most + 1 - len(start))
        if least:
            yield (start + "a" * least)[: least - 1]


def _misformatted(node: Node) -> Iterable[str]:
    if node.type != "string" or not node.format:
        return ()
    return (wrong for wrong in _MISSPELT if not matches(node.format, wrong))


def _wrong_sizes(spot: Spot, values: Values) -> Iterator[tuple[MistakeKind, SearchStrategy[Any]]]:
    """Lists and maps with too few or too many."""
    node, value = spot.node, spot.value
    low, high = ("minItems", "maxItems") if node.type == "array" else _PROPERTY_LIMITS
    fewest, most = node.raw.get(low), node.raw.get(high)
    if node.type not in ("array", "object") or (node.type == "object" and node.properties):
        return
    if fewest and isinstance(value, list):
        yield "length", st.just(value[: fewest - 1])
    elif fewest:
        yield "length", st.just([] if node.type == "array" else {})
    if most is not None and most < _ITEMS_MAX:
        yield "length", values.of_size(node, spot.path, most + 1)


_PROPERTY_LIMITS = ("minProperties", "maxProperties")


def _unknown_fields(spot: Spot) -> Iterator[Mistake]:
    node = spot.node
    if not isinstance(spot.value, dict) or not node.properties or node.additional is not None:
        return
    if not node.preserve_unknown:
        place = (*spot.place, _UNKNOWN)
        yield Mistake("unknown", spot.path, place, place, st.sampled_from(["a", 1, {}]))


def _duplicates(spot: Spot) -> Iterator[Mistake]:
    """The first item once more, where each may be there once."""
    value, node = spot.value, spot.node
    if not isinstance(value, list) or not value or node.list_type == "atomic":
        return
    if len(value) >= node.raw.get("maxItems", len(value) + 1):
        return
    seen = (*spot.place, len(value))
    yield Mistake("duplicate", spot.path, spot.place, seen, st.just([*value, value[0]]))
