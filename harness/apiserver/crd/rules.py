"""CEL validation rules (`x-kubernetes-validations`), at every level of a schema.

Rules are compiled once into a tree that has the shape of the schema but only the branches that
have rules. Evaluation walks that tree beside the value: the rules of a level first, then those
below. A rule that reads `oldSelf` is a transition rule: it runs only where there is an old value
that can be told to be the same place (fields, map entries, items of `map` lists).
Source: Kubernetes "Validation rules", "Transition rules", "Validation ratcheting".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..cel import BOOL, STRING, CelError, Program, Type, compile_expression
from ..cel.static_types import optional_of
from ..cel.values import NONE, Optional
from ..schema.node import Node
from ..schema.validation import ABSENT, correlate, identity, join
from ..schema.values import type_name
from ..status import (
    FieldError,
    show,
)

REASONS = (
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
)
KEYWORD = "x-kubernetes-validations"
#: How upstream prints the path of the object as a whole.
ROOT = "<nil>"
_MESSAGE_LENGTH_MAX = 5120


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled entry of `x-kubernetes-validations`."""

    program: Program
    text: str
    message: str
    message_program: Program | None
    reason: str
    field_path: str
    optional_old: bool

    @property
    def is_transition(self) -> bool:
        """Whether it compares with the old value."""
        return "oldSelf" in self.program.names


@dataclass(slots=True)
class RuleSet:
    """The rules of one level and of the levels below that have any."""

    node: Node
    rules: list[Rule] = field(default_factory=list)
    fields: dict[str, RuleSet] = field(default_factory=dict)
    items: RuleSet | None = None
    values: RuleSet | None = None


_IDENTITY = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
    },
}


def _self_node(node: Node, *, root: bool) -> Node:
    """What `self` is; of a whole object a rule also sees its kind and name."""
    if not root and not node.embedded:
        return node
    properties = {**node.raw.get("properties", {}), **_IDENTITY}
    return Node({**node.raw, "properties": properties})


def compile_rules(node: Node, *, root: bool = True) -> RuleSet | None:
    """The tree of rules of a schema that `rule_errors` accepts; None without rules."""
    found = RuleSet(node, [_compile(raw, node, root=root) for raw in node.raw.get(KEYWORD) or ()])
    for name, child in node.properties.items():
        below = compile_rules(child, root=False)
        if below is not None:
            found.fields[name] = below
    found.items = compile_rules(node.items, root=False) if node.items else None
    found.values = compile_rules(node.additional, root=False) if node.additional else None
    return found if found.rules or found.fields or found.items or found.values else None


def _compile(raw: dict[str, Any], node: Node, *, root: bool) -> Rule:
    text = raw["rule"]
    expression = raw.get("messageExpression")
    return Rule(
        program=compile_program(text, node, raw, root=root, result=BOOL),
        text=text.strip(),
        message=raw.get("message", "").strip(),
        message_program=(
            compile_program(expression, node, raw, root=root, result=STRING) if expression else None
        ),
        reason=raw.get("reason", "FieldValueInvalid"),
        field_path=_path_of(raw.get("fieldPath", "")),
        optional_old=bool(raw.get("optionalOldSelf")),
    )


def compile_program(
    text: str, node: Node, raw: dict[str, Any], *, root: bool, result: Type
) -> Program:
    this = _self_node(node, root=root)
    old: Any = this
    if raw.get("optionalOldSelf"):
        old = optional_of(compile_expression("self", {"self": this}).type)
    program = compile_expression(text, {"self": this, "oldSelf": old})
    if program.type not in (result, compile_expression("dyn(1)", {}).type):
        raise WrongType(program.type)
    return program


class WrongType(Exception):
    """The expression compiles, but not to what a rule or message must be."""


FIELD_PATH_PART = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\['([^']+)'\]")


def _path_of(text: str) -> str:
    """`.a['b-c']` as the path of a field error, `a.b-c`."""
    return ".".join(match.group(1) or match.group(2) for match in FIELD_PATH_PART.finditer(text))


def evaluate(rules: RuleSet, value: Any, old: Any = ABSENT, path: str = "") -> list[FieldError]:
    """What the rules say of a value.

    Args:
        old: The value that stood there before; `ABSENT` on creation and where it cannot be told.
        path: Where the value stands.
    """
    if value is None:
        return []
    errors: list[FieldError] = []
    unchanged = old is not ABSENT and old == value
    for rule in rules.rules:
        if rule.is_transition or not unchanged:
            errors += _apply(rule, value, old, path)
    for below, inner, earlier, at in _below(rules, value, old, path):
        errors += evaluate(below, inner, earlier, at)
    return errors


def _below(
    rules: RuleSet, value: Any, old: Any, path: str
) -> Iterator[tuple[RuleSet, Any, Any, str]]:
    if isinstance(value, list) and rules.items is not None:
        before = correlate(rules.node, old)
        for index, item in enumerate(value):
            earlier = before.get(identity(rules.node, item), ABSENT) if before else ABSENT
            yield rules.items, item, earlier, f"{path}[{index}]"
    elif isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for name in sorted(rules.fields):
            if name in value:
                at = join(path, name)
                yield rules.fields[name], value[name], before.get(name, ABSENT), at
        if rules.values is not None:
            for name in sorted(set(value) - set(rules.node.properties)):
                yield rules.values, value[name], before.get(name, ABSENT), f"{path}[{name}]"


def _apply(rule: Rule, value: Any, old: Any, path: str) -> list[FieldError]:
    missing = old is ABSENT or old is None
    if rule.is_transition and missing and not rule.optional_old:
        return []
    bindings = {"self": value}
    if rule.optional_old:
        bindings["oldSelf"] = NONE if missing else Optional(old)
    elif not missing:
        bindings["oldSelf"] = old
    try:
        if rule.program.evaluate(bindings):
            return []
    except CelError as error:
        detail = f"{error} evaluating rule: {rule.message or rule.text}"
        return [FieldError("FieldValueInvalid", path or ROOT, _shown(type_name(value), detail))]
    return [_failure(rule, value, bindings, path)]


def _failure(rule: Rule, value: Any, bindings: dict[str, Any], path: str) -> FieldError:
    message = _message(rule, bindings)
    at = join(path, rule.field_path) if rule.field_path else path or ROOT
    if rule.reason == "FieldValueForbidden":
        return FieldError(rule.reason, at, f"Forbidden: {message}")
    if rule.reason == "FieldValueRequired":
        return FieldError(rule.reason, at, f"Required value: {message}")
    whole = isinstance(value, dict | list)
    if rule.reason == "FieldValueDuplicate":
        text = "Duplicate value" if whole else f"Duplicate value: {show(value)}"
        return FieldError(rule.reason, at, text)
    text = f"Invalid value: {message}" if whole else _shown(value, message)
    return FieldError("FieldValueInvalid", at, text)


def _shown(value: Any, detail: str) -> str:
    return f"Invalid value: {show(value)}: {detail}"


def _message(rule: Rule, bindings: dict[str, Any]) -> str:
    """What the message expression gives, if that is one line of text; else the fixed words."""
    if rule.message_program is not None:
        try:
            text = str(rule.message_program.evaluate(bindings)).strip()
        except CelError:
            text = ""
        if text and "\n" not in text and len(text) <= _MESSAGE_LENGTH_MAX:
            return text
    return rule.message or f"failed rule: {rule.text}"
