"""A spec that breaks a rule is changed where the rule looks, instead of being thrown away.

    draw > judge > accepted
             |  refused by a rule: draw again what that rule names, judge again, a few times
             v
           given up: Hypothesis draws another

Rules such as `self.min <= self.max` hold for half of all pairs, five of them for a thirtieth. To
draw again two fields for each broken rule finds a valid spec in a few tries. What is drawn again
comes from the same strategies, so all of it shrinks as the rest does; a spec that needs no repair
is simpler than one that does, and is what shrinking leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.apiserver.crd.rules import Rule, RuleSet, evaluate
from harness.apiserver.requests import Object
from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import ABSENT as NO_OLD
from harness.apiserver.schema.validation import correlate, identity

from .drawing import ABSENT, perhaps
from .kind import CustomKind
from .paths import ANY_ITEM, ANY_KEY, Place, join
from .required import DrawFn
from .rules import read_rule, rules_of
from .values import Values

#: After so many repairs of one spec, another is drawn.
_REPAIRS_MAX = 6


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold, and where in the object its level is.

    Args:
        items: For a rule of a list: the items that break it alone, if that is why.
    """

    rule: Rule
    node: Node
    path: str
    place: Place
    items: tuple[int, ...] = ()


def broken_rules(
    rules: RuleSet | None,
    value: Any,
    old: Any = NO_OLD,
    path: str = "",
    place: Place = (),
) -> Iterator[Broken]:
    """The rules that an object breaks, outer levels first."""
    if rules is None or value is None:
        return
    for rule in rules.rules:
        if evaluate(RuleSet(rules.node, [rule]), value, old):
            yield Broken(rule, rules.node, path, place, _culprits(rules.node, rule, value))
    if isinstance(value, list):
        before = correlate(rules.node, old)
        for index, item in enumerate(value):
            earlier = before.get(identity(rules.node, item), NO_OLD) if before else NO_OLD
            inner = join(path, ANY_ITEM)
            yield from broken_rules(rules.items, item, earlier, inner, (*place, index))
    elif isinstance(value, dict):
        earlier_fields = old if isinstance(old, dict) else {}
        for name, item in value.items():
            earlier = earlier_fields.get(name, NO_OLD)
            below = rules.fields.get(name)
            if below is not None:
                inner = join(path, name)
                yield from broken_rules(below, item, earlier, inner, (*place, name))
            elif name not in rules.node.properties:
                inner = join(path, ANY_KEY)
                yield from broken_rules(rules.values, item, earlier, inner, (*place, name))


def _culprits(node: Node, rule: Rule, value: Any) -> tuple[int, ...]:
    """The items of a list that break a rule by themselves: `all` is true of each or of none."""
    if not isinstance(value, list):
        return ()
    alone = RuleSet(node, [rule])
    return tuple(index for index, item in enumerate(value) if evaluate(alone, [item], NO_OLD))


class Repairs:
    """Draws again what broken rules name.

    Args:
        kind: Whose rules.
        values: The strategies to draw from.
    """

    def __init__(self, kind: CustomKind, values: Values) -> None:
        self._kind = kind
        self._values = values

    @cached_property
    def _named(self) -> dict[tuple[str, str], list[tuple[str, ...]]]:
        """For each rule the places that it names below its level, without those on the way."""
        found: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        for rule, node, path in rules_of(self._kind.strategy.schema.rules):
            named = [steps_of(at, path) for at in read_rule(rule, node, path).places]
            ends = [one for one in named if one and not any(_is_within(o, one) for o in named)]
            found[path, rule.text] = ends or [()]
        return found

    def accepted(self, draw: DrawFn, document: Object, old: Object | None = None) -> Object | None:
        """The document, repaired where rules are broken; None when it cannot be."""
        for _ in range(_REPAIRS_MAX):
            verdict = self._kind.judge(document, old)
            if not verdict.errors and not verdict.unknown:
                return document
            before = NO_OLD if old is None else old
            broken = list(broken_rules(self._kind.strategy.schema.rules, verdict.stored, before))
            if not broken or (old is not None and any(b.rule.is_transition for b in broken)):
                return None
            deepest = max(len(each.place) for each in broken)
            for each in broken:  # Inner levels first: an outer rule should see them repaired.
                if len(each.place) == deepest:
                    self.draw_again(draw, document, each)
        return None

    def draw_again(self, draw: DrawFn, document: Object, broken: Broken) -> None:
        """Replace what a rule names, in a document that is edited."""
        redrawing = _Redrawing(draw, self._values)
        for steps in self._named[broken.path, broken.rule.text]:
            ways: list[Place] = [steps]
            if steps[:1] == (ANY_ITEM,) and broken.items:
                ways = [(index, *steps[1:]) for index in broken.items]
            for way in ways:
                todo = [*broken.place, *way]
                if todo[:1] == ["spec"]:
                    redrawing.into(self._kind.schema, "", document, todo)


@dataclass(frozen=True)
class _Redrawing:
    """One way down into a document, to the values that are drawn again."""

    draw: DrawFn
    values: Values

    def into(self, node: Node, path: str, value: Any, steps: list[str | int]) -> None:
        """Replace what stands at `steps` below `value`, which is edited."""
        step, rest = steps[0], steps[1:]
        if step == ANY_ITEM and isinstance(value, list) and node.items is not None:
            for index in range(len(value)):
                self._item(node.items, join(path, ANY_ITEM), value, index, rest)
        elif isinstance(step, int) and isinstance(value, list) and node.items is not None:
            if step < len(value):
                self._item(node.items, join(path, ANY_ITEM), value, step, rest)
        elif isinstance(value, dict):
            for name in list(value) if step == ANY_KEY else [str(step)]:
                self._field(node, path, value, name, rest)

    def _item(self, node: Node, path: str, value: list[Any], index: int, rest: Any) -> None:
        if rest:
            self.into(node, path, value[index], rest)
        else:
            value[index] = self.draw(self.values.near_rules(node, path))

    def _field(self, node: Node, path: str, value: Object, name: str, rest: Any) -> None:
        child = node.field(name)
        if child is None:
            return
        at = join(path, name if name in node.properties else ANY_KEY)
        if rest and name in value and value[name] is not None:
            self.into(child, at, value[name], rest)
            return
        drawn = self.values.near_rules(child, at)
        found = self.draw(drawn if name in node.required else perhaps(drawn, 0.5))
        value.pop(name, None)
        if found is not ABSENT:
            value[name] = found


def steps_of(path: str, level: str) -> tuple[str, ...]:
    """The steps of a schema path below that of a level."""
    rest = path[len(level) :] if path.startswith(level) else ""
    return tuple(part for part in rest.replace("[]", ".[]").split(".") if part)


def _is_within(outer: tuple[str, ...], inner: tuple[str, ...]) -> bool:
    return len(outer) > len(inner) and outer[: len(inner)] == inner
