"""Are the validation rules of a schema sound: do they compile, make sense, and cost little enough?

Rules are checked when the CRD is written, so that no custom resource can be stopped by one that
does not work. Source: Kubernetes "Validation rules", "Resource use by validation functions".
"""

from __future__ import annotations

from typing import Any

from ..cel import BOOL, STRING, CelCompileError, Program
from ..schema.node import Node
from ..status import FieldError, invalid_value, not_supported, required
from .rule_costs import Budget, Place
from .rules import FIELD_PATH_PART, KEYWORD, REASONS, WrongType, compile_program
from .structural import children


def rule_errors(node: Node, path: str) -> list[FieldError]:
    """What is wrong with the rules of a schema: each for itself, then what all may cost."""
    budget = Budget()
    errors = _level_errors(node, Place(path), budget)
    return errors + budget.errors(path)


def _level_errors(node: Node, place: Place, budget: Budget) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, raw in enumerate(node.raw.get(KEYWORD) or ()):
        at = f"{place.path}.{KEYWORD}[{index}]"
        errors += _entry_errors(raw, node, at, place, budget)
    nodes = {f"{place.path}.properties[{k}]": v for k, v in node.properties.items()}
    if node.items is not None:
        nodes[f"{place.path}.items"] = node.items
    if node.additional is not None:
        nodes[f"{place.path}.additionalProperties"] = node.additional
    for _, below in children(node.raw, place.path):
        errors += _level_errors(nodes[below], place.below(node, below), budget)
    return errors


def _entry_errors(
    raw: dict[str, Any], node: Node, at: str, place: Place, budget: Budget
) -> list[FieldError]:
    text = raw.get("rule") or ""
    if not text.strip():
        return [required(f"{at}.rule", "rule is not specified")]
    errors = _word_errors(raw, at)
    if raw.get("reason") is not None and raw["reason"] not in REASONS:
        errors.append(not_supported(f"{at}.reason", raw["reason"], REASONS))
    if raw.get("fieldPath") and not _leads_somewhere(node, raw["fieldPath"]):
        errors.append(invalid_value(f"{at}.fieldPath", raw["fieldPath"], "must be a valid path"))
    return errors + _compile_errors(raw, node, at, place, budget)


def _word_errors(raw: dict[str, Any], at: str) -> list[FieldError]:
    message, rule = raw.get("message"), raw["rule"]
    if message and not message.strip():
        return [invalid_value(f"{at}.message", message, "must be non-empty if specified")]
    if message and "\n" in message.strip():
        return [invalid_value(f"{at}.message", message, "must not contain line breaks")]
    if not message and "\n" in rule.strip() and not raw.get("messageExpression"):
        words = "message must be specified if rule contains line breaks"
        return [required(f"{at}.message", words)]
    return []


def _leads_somewhere(node: Node, text: str) -> bool:
    here: Node | None = node
    if "".join(match.group(0) for match in FIELD_PATH_PART.finditer(text)) != text:
        return False
    for name in (match.group(1) or match.group(2) for match in FIELD_PATH_PART.finditer(text)):
        here = here.field(name) if here is not None else None
    return here is not None


def _compile_errors(
    raw: dict[str, Any], node: Node, at: str, place: Place, budget: Budget
) -> list[FieldError]:
    errors: list[FieldError] = []
    program: Program | None = None
    shown = _go_rule(raw)
    try:
        program = compile_program(raw["rule"], node, raw, root=place.is_root, result=BOOL)
        errors += budget.spend(
            f"{at}.rule", "estimated rule cost", program.cost * place.times(node)
        )
    except CelCompileError as error:
        errors.append(invalid_value(f"{at}.rule", shown, f"compilation failed: {error}"))
    except WrongType:
        errors.append(invalid_value(f"{at}.rule", shown, "cel expression must evaluate to a bool"))
    errors += _message_errors(raw, node, at, place, budget)
    uses_old = program is not None and "oldSelf" in program.names
    if uses_old and place.lost and not raw.get("optionalOldSelf"):
        where = f"the uncorrelatable portion of the schema within {place.lost}"
        words = f"oldSelf cannot be used on {where}"
        errors.append(invalid_value(f"{at}.rule", raw["rule"], words))
    if raw.get("optionalOldSelf") is not None and not uses_old:
        words = "may not be set if oldSelf is not used in rule"
        errors.append(invalid_value(f"{at}.optionalOldSelf", raw["optionalOldSelf"], words))
    return errors


def _message_errors(
    raw: dict[str, Any], node: Node, at: str, place: Place, budget: Budget
) -> list[FieldError]:
    expression, path = raw.get("messageExpression"), f"{at}.messageExpression"
    if not expression:
        return []
    try:
        program = compile_program(expression, node, raw, root=place.is_root, result=STRING)
    except CelCompileError as error:
        words = f"messageExpression compilation failed: {error}"
        return [invalid_value(path, _go_rule(raw), words)]
    except WrongType:
        words = "messageExpression must evaluate to a string"
        return [invalid_value(path, _go_rule(raw), words)]
    return budget.spend(path, "estimated messageExpression cost", program.cost * place.times(node))


def _go_rule(raw: dict[str, Any]) -> dict[str, Any]:
    """A rule as upstream's internal type prints it."""
    return {
        "Rule": raw.get("rule", ""),
        "Message": raw.get("message", ""),
        "MessageExpression": raw.get("messageExpression", ""),
        "Reason": raw.get("reason"),
        "FieldPath": raw.get("fieldPath", ""),
        "OptionalOldSelf": raw.get("optionalOldSelf"),
    }
