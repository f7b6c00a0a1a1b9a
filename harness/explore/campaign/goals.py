"""What there is to cover in a schema: the denominator of a campaign's percentage.

    changed, removed, invalid    each property of the spec
    enum                         each value of an enumeration
    holds, broken                each CEL rule, both ways

Some goals cannot be reached (a required field is never removed, anything goes where the schema says
nothing), and are no goals; a few more cannot be told from the schema, so 100 % may be out of reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from ..strategies.kind import CustomKind, kind_of
from ..strategies.paths import ANY_ITEM, ANY_KEY
from ..strategies.properties import Property, properties_of
from ..target import Target

GoalKind = Literal["changed", "removed", "invalid", "enum", "holds", "broken"]
KINDS: tuple[GoalKind, ...] = ("changed", "removed", "invalid", "enum", "holds", "broken")


class Goal(NamedTuple):
    """One thing to try: what, at which property, and which value or rule there."""

    kind: GoalKind
    path: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.path} {self.kind}{f' {self.detail}' if self.detail else ''}"


def goals_of(target: Target) -> tuple[Goal, ...]:
    """All goals of the spec of a target's kind, in the order of the schema."""
    return _goals(kind_of(target.crd, target.version))


@lru_cache(maxsize=64)
def _goals(kind: CustomKind) -> tuple[Goal, ...]:
    return tuple(goal for each in properties_of(kind) for goal in _of_property(each))


def _of_property(each: Property) -> Iterator[Goal]:
    if each.path not in ("", "spec"):
        yield Goal("changed", each.path)
        if not each.required or each.path.endswith((ANY_ITEM, ANY_KEY)):
            yield Goal("removed", each.path)
    if each.path and each.kind != "any":
        yield Goal("invalid", each.path)
    for value in each.enum:
        yield Goal("enum", each.path, repr(value))
    if each.path:  # Rules of the whole object are about its name, which is not drawn.
        for rule in each.rules:
            yield Goal("holds", each.path, rule.text)
            yield Goal("broken", each.path, rule.text)
