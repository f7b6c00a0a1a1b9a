"""Steering: where the next change or mistake should be, so that open goals are reached.

Half of the draws are steered, the others are free: the list of goals knows nothing of combinations.
The draws that steer shrink to "not steered".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.apiserver.requests import Object
from harness.apiserver.schema.node import Node

from ..strategies.mistakes import MistakeKind
from ..strategies.paths import ANY_ITEM, ANY_KEY
from ..strategies.required import DrawFn, st
from .goals import Goal
from .walking import present

_CHANGES = ("changed", "removed", "enum", "holds")
#: Rules are hard to break; one that cannot be broken at all must not cost every second mistake.
_RULE_SHARE = st.sampled_from([False] * 7 + [True])


class Wanted:
    """The open goals of one batch.

    Args:
        goals: In the order of the schema.
    """

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._change = _paths(goals, *_CHANGES)
        self._spoil = _paths(goals, "invalid")
        self._break = _paths(goals, "broken")

    def to_change(self, draw: DrawFn) -> tuple[str, ...]:
        """Properties at which the next change should be; empty for any."""
        if not self._change:
            return ()
        if not draw(st.booleans()):
            return ()
        path = draw(st.sampled_from(self._change))
        return (path, *_above(path))  # a field of a block comes with the block

    def to_spoil(
        self, draw: DrawFn, node: Node, current: Object | None
    ) -> tuple[tuple[MistakeKind, ...], tuple[str, ...]]:
        """Kinds and properties of the next mistake; empty for any."""
        there = dict.fromkeys(present(node, current or {}, "spec"))
        rules = [path for path in self._break if path in there]
        if bool(rules) and draw(_RULE_SHARE):
            return ("rule",), (draw(st.sampled_from(rules)),)
        found = [path for path in self._spoil if path in there and path != "spec"]
        if not found:
            return (), ()
        if not draw(st.booleans()):
            return (), ()
        return (), (draw(st.sampled_from(found)),)


def _paths(goals: Sequence[Goal], *kinds: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(goal.path for goal in goals if goal.kind in kinds and goal.path))


def _above(path: str) -> Iterator[str]:
    """The properties around a property, without `spec` itself."""
    while path not in ("spec", ""):
        if path.endswith(ANY_ITEM):
            path = path.removesuffix(ANY_ITEM)
        else:
            path = path.rpartition(".")[0]
        if path not in ("spec", "") and not path.endswith(ANY_KEY):
            yield path
