"""Specs with exactly one mistake, and the API server's reason to refuse them.

    a valid spec > its places > mistakes possible there > one is made > judged > refused there

What is not refused, or refused for something else, is no example and is dropped. A field that the
schema does not know is the one mistake that only strict field validation refuses: otherwise the
server drops the field and warns.
Source: Kubernetes "Validation", "Validation rules" and "Field validation".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from harness.apiserver.crd.rules import Rule
from harness.apiserver.documents import copy
from harness.apiserver.requests import Object
from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import ABSENT as NO_OLD
from harness.apiserver.status import FieldError

from .hints import HintsSource
from .kind import Definition, Verdict
from .mistakes import Mistake, MistakeKind, mistakes_at
from .paths import text
from .repairing import Broken, broken_rules
from .required import DrawFn, SearchStrategy, assume, st
from .rules import rules_of
from .specs import Specs, specs_of
from .spots import Spot, places_of, spots, with_value, without

#: Mistakes that are tried before Hypothesis is told to start anew.
_TRIES_MAX = 8
#: Draws of what a rule names, to break it.
_REDRAWS_MAX = 8


@dataclass(frozen=True, slots=True)
class Invalid:
    """A spec that the API server refuses.

    Args:
        spec: The spec, with one mistake.
        path: Where the server sees it: `spec.env[0].name`.
        reason: What the server says of it.
        kind: Which of the server's checks it fails.
        property: The property of the schema: `spec.env[].name`.
        strict: Whether only `fieldValidation=Strict` refuses it.
    """

    spec: Object
    path: str
    reason: str
    kind: MistakeKind
    property: str
    strict: bool = False


def invalid_from_crd(
    crd: Definition,
    version: str | None = None,
    *,
    current: Object | None = None,
    kinds: Sequence[MistakeKind] = (),
    paths: Sequence[str] = (),
    hints: HintsSource = None,
) -> SearchStrategy[Invalid]:
    """Specs that the API server refuses, each for one reason.

    Args:
        crd: As for `from_crd`.
        version: As for `from_crd`.
        current: The valid spec that an object has: then the mistake is made in an update of it,
            and rules that compare with the old object can be broken, too.
        kinds: Only these kinds of mistakes; all when empty.
        paths: Only mistakes at these properties; all when empty.
        hints: As for `from_crd`.
    """
    return invalid_specs(specs_of(crd, version, hints), current, kinds, paths)


@st.composite
def invalid_specs(
    draw: DrawFn,
    specs: Specs,
    current: Object | None = None,
    kinds: Sequence[MistakeKind] = (),
    paths: Sequence[str] = (),
) -> Invalid:
    """The same with strategies that are at hand."""
    spec = draw(specs.valid) if current is None else current
    document = specs.kind.whole(spec)
    old = None if current is None else specs.kind.judge(document).stored
    options: dict[MistakeKind, list[_Option]] = {}
    for option in _options(specs, spec):
        if (not kinds or option.kind in kinds) and (not paths or option.path in paths):
            options.setdefault(option.kind, []).append(option)
    assume(options)
    known = [kind for kind in get_args(MistakeKind) if kind in options]
    for _ in range(_TRIES_MAX):
        option = draw(st.sampled_from(options[draw(st.sampled_from(known))]))
        found = draw(_attempt(specs, document, old, option))
        if found is not None:
            return found
    assume(False)
    raise AssertionError("assume does not return")


@dataclass(frozen=True, slots=True)
class _RuleBreaking:
    """A rule that is to be broken, wherever its level occurs."""

    rule: Rule
    path: str
    kind: MistakeKind = "rule"


_Option = Mistake | _RuleBreaking


def _options(specs: Specs, spec: Object) -> Iterator[_Option]:
    """What can be wrong in a spec, or with it as a whole."""
    root = Spot(specs.kind.spec, "spec", ("spec",), spec, False, specs.kind.schema)
    for spot in (*spots(specs.kind.spec, spec), root):
        if not specs.values.is_ignored(spot.path):
            yield from mistakes_at(spot, specs.values)
    for rule, _, path in rules_of(specs.kind.strategy.schema.rules):
        if path:  # Those of the whole object are about its name, which is not drawn here.
            yield _RuleBreaking(rule, path)


@st.composite
def _attempt(
    draw: DrawFn,
    specs: Specs,
    document: Object,
    old: Object | None,
    option: _Option,
) -> Invalid | None:
    """A mistake, made and judged; None when the server does not mind, or minds something else."""
    if isinstance(option, _RuleBreaking):
        return _break_rule(draw, specs, document, old, option)
    if option.values is None:
        wrong = without(document, option.place)
    else:
        wrong = with_value(document, option.place, draw(option.values))
    verdict = specs.kind.judge(wrong, old)
    seen = text(option.seen)
    if option.kind == "unknown":
        reason = f'unknown field "{seen}"'
        refused = verdict.unknown == [seen] and not verdict.errors
    else:
        reason = _reason(verdict, seen)
        refused = bool(reason) and not verdict.unknown
    if not refused:
        return None
    strict = option.kind == "unknown"
    return Invalid(wrong["spec"], seen, reason, option.kind, option.path, strict)


def _reason(verdict: Verdict, seen: str) -> str:
    """What the server says of a place, if it says nothing of others."""
    errors = [error for error in verdict.errors if not is_consequence(error)]
    if not errors or not all(is_about(error, seen) for error in errors):
        return ""
    return errors[0].text


def is_about(error: FieldError, path: str) -> bool:
    """Whether an error is at a place or below it, or says so in its text."""
    return error.path.startswith(path) or (error.path == "<nil>" and path in error.text)


def is_consequence(error: FieldError) -> bool:
    """Whether an error only says that others were in the way of rules."""
    return error.path == "<nil>" and "some validation rules were not checked" in error.text


def _break_rule(
    draw: DrawFn, specs: Specs, document: Object, old: Object | None, breaking: _RuleBreaking
) -> Invalid | None:
    """Draw again what the rule names until it is broken, it alone."""
    wrong = copy(document)
    for place in places_of(specs.kind.schema, wrong, breaking.path):
        broken = Broken(breaking.rule, Node({}), breaking.path, place)
        for _ in range(_REDRAWS_MAX):
            specs.repairs.draw_again(draw, wrong, broken)
            verdict = specs.kind.judge(wrong, old)
            found = _only_broken(specs, verdict, old, breaking)
            if found is not None:
                errors = verdict.errors
                at = errors[0].path
                return Invalid(wrong["spec"], at, errors[0].text, "rule", breaking.path)
        return None
    return None


def _only_broken(
    specs: Specs, verdict: Verdict, old: Object | None, breaking: _RuleBreaking
) -> Broken | None:
    if verdict.unknown or not verdict.errors:
        return None
    before = NO_OLD if old is None else old
    broken = list(broken_rules(specs.kind.strategy.schema.rules, verdict.stored, before))
    alone = len(broken) == len(verdict.errors) == 1
    return broken[0] if alone and broken[0].rule is breaking.rule else None
