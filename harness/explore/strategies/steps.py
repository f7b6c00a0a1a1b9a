"""The names of what changes between two specs, so that coverage can count them.

A step names a property of the schema, not a place in one object: `Change("spec.env[].value")` is
the same for each variable. What a transition meant to do and what it did can differ, when a rule
wanted other fields changed with it; `steps_between` tells what was done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.apiserver.schema.node import Node

from .drawing import ABSENT
from .kind import Definition, kind_of
from .paths import ANY_ITEM, ANY_KEY, identity_of, join


@dataclass(frozen=True, slots=True)
class Change:
    """A value becomes another."""

    path: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A field, item, entry or block goes."""

    path: str


@dataclass(frozen=True, slots=True)
class Add:
    """A field, item, entry or block comes."""

    path: str


@dataclass(frozen=True, slots=True)
class Revert:
    """An earlier spec comes back whole, or an earlier value of one property."""

    path: str = ""


Step = Change | Remove | Add | Revert


def steps_between(
    crd: Definition, old: Any, new: Any, version: str | None = None
) -> tuple[Step, ...]:
    """What changed from one spec to another: each step once, in the order of the schema."""
    found = _steps(kind_of(crd, version).spec, old, new, "spec")
    return tuple(dict.fromkeys(found))


def _steps(node: Node, old: Any, new: Any, path: str) -> Iterator[Step]:
    if old is ABSENT:
        yield Add(path)
    elif new is ABSENT:
        yield Remove(path)
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*node.properties, *old, *new)):
            child = node.field(name)
            at = join(path, name if name in node.properties else ANY_KEY)
            before, after = old.get(name, ABSENT), new.get(name, ABSENT)
            if before is not after:
                yield from _steps(child or Node({}), before, after, at)
    elif isinstance(old, list) and isinstance(new, list) and node.items is not None:
        yield from _list_steps(node, node.items, old, new, path)
    elif old != new:
        yield Change(path)


def _list_steps(
    node: Node, items: Node, old: list[Any], new: list[Any], path: str
) -> Iterator[Step]:
    """Items with keys are compared by key, others by position; another order is a change."""
    at = join(path, ANY_ITEM)
    identity = identity_of(node)
    before, after = (
        {identity(item) if identity else str(index): item for index, item in enumerate(value)}
        for value in (old, new)
    )
    for key in dict.fromkeys((*before, *after)):
        yield from _steps(items, before.get(key, ABSENT), after.get(key, ABSENT), at)
    if sorted(before) == sorted(after) and list(before) != list(after):
        yield Change(path)
