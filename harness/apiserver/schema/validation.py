"""Judge a value by its schema, in the words and the order of the real server.

One value is judged by its type, then by `anyOf oneOf allOf not`, then by what its type has
(lengths, format, bounds, items), its enum, and, for an object, its fields and what is required of
it. Errors that upstream cannot place have the field `<nil>`, and so have ours.

An update is judged against the old object: a part that did not change is not judged again, so that
a schema may grow stricter under objects that exist ("ratcheting").
Source: k8s.io/kube-openapi `pkg/validation/validate`, Kubernetes "Validation ratcheting".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import re2

from ..status import (
    FieldError,
    invalid_value,
    not_supported,
    required,
    show,
    too_long,
    too_many,
    type_invalid,
)
from .formats import matches
from .node import Node
from .values import number_text, type_name

#: No old value: everything is judged.
ABSENT: Any = object()

_INT32_MAX = 2**31 - 1


def validate(node: Node, value: Any, path: str, old: Any = ABSENT) -> list[FieldError]:
    """What is wrong with `value`.

    Args:
        path: Where it stands, such as `spec.size`; empty for a whole object.
        old: The value that stood there before; `ABSENT` when none did.
    """
    if old is not ABSENT and old == value:
        return []
    if value is None:
        return (
            [] if node.nullable else [*_type_errors(node, value, path), *_enum(node, value, path)]
        )
    errors = _type_errors(node, value, path)
    errors += _composite_errors(node, value, path)
    errors += _shape_errors(node, value, path, old)
    return errors


def _shape_errors(node: Node, value: Any, path: str, old: Any) -> list[FieldError]:
    kind = type_name(value)
    errors: list[FieldError] = []
    if kind == "string":
        errors += _text_errors(node, value, path)
    elif kind in ("integer", "number"):
        errors += _number_errors(node, value, path)
    elif kind == "array":
        errors += _list_errors(node, value, path, old)
    errors += _enum(node, value, path)
    if kind == "object":
        errors += _object_errors(node, value, path, old)
    return errors


def _types(node: Node) -> list[str]:
    if node.int_or_string:
        return ["integer", "string"]
    return [node.type] if node.type else []


def _type_errors(node: Node, value: Any, path: str) -> list[FieldError]:
    allowed, kind = _types(node), type_name(value)
    if not allowed or kind in allowed or (kind == "integer" and "number" in allowed):
        return []
    detail = f'{path} in body must be of type {",".join(allowed)}: "{kind}"'
    errors = [type_invalid(path, kind, detail)]
    if kind == "number" and allowed == ["integer"]:
        errors.append(
            _unplaced(f"Checked value must be of type integer {_format_words(node)} in {path}")
        )
    return errors


def _format_words(node: Node) -> str:
    return f"with format {node.format}" if node.format else "(default format)"


def _unplaced(text: str) -> FieldError:
    return FieldError("FieldValueInvalid", "<nil>", f'Invalid value: "": {text}')


def _composite_errors(node: Node, value: Any, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    any_of = [validate(branch, value, path) for branch in node.branches("anyOf")]
    if any_of and all(any_of):
        errors.append(_unplaced(f'"{path}" must validate at least one schema (anyOf)'))
        errors += any_of[0]
    one_of = [validate(branch, value, path) for branch in node.branches("oneOf")]
    fitting = sum(1 for found in one_of if not found)
    if one_of and fitting != 1:
        found_words = f"Found {fitting} valid alternatives" if fitting else "Found none valid"
        words = f'"{path}" must validate one and only one schema (oneOf). {found_words}'
        errors += [_unplaced(words), *([] if fitting else one_of[0])]
    all_of = [validate(branch, value, path) for branch in node.branches("allOf")]
    if any(all_of):
        none = ". None validated" if all(all_of) else ""
        errors += [error for found in all_of for error in found]
        errors.append(_unplaced(f'"{path}" must validate all the schemas (allOf){none}'))
    for branch in node.branches("not"):
        if not validate(branch, value, path):
            errors.append(_unplaced(f'"{path}" must not validate the schema (not)'))
    return errors


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)


def _text_errors(node: Node, value: str, path: str) -> list[FieldError]:
    errors = _length_errors(node.raw, value, path)
    if node.format and node.type == "string" and not matches(node.format, value):
        detail = f"{path} in body must be of type {node.format}: {show(value)}"
        errors.append(type_invalid(path, value, detail))
    return errors


def _length_errors(raw: Mapping[str, Any], value: str, path: str) -> list[FieldError]:
    longest, shortest, pattern = raw.get("maxLength"), raw.get("minLength"), raw.get("pattern")
    if longest is not None and len(value) > longest:
        return [too_long(path, longest)]
    if shortest is not None and len(value) < shortest:
        detail = f"{path} in body should be at least {shortest} chars long"
        return [invalid_value(path, value, detail)]
    if pattern and not _compiled(pattern).search(value):
        return [invalid_value(path, value, f"{path} in body should match '{pattern}'")]
    return []


def _number_errors(node: Node, value: float, path: str) -> list[FieldError]:
    raw = node.raw
    errors: list[FieldError] = []
    if (
        node.format == "int32"
        and isinstance(value, int)
        and not -_INT32_MAX - 1 <= value <= _INT32_MAX
    ):
        errors.append(
            _unplaced(f"Checked value must be of type integer with format int32 in {path}")
        )
    step, most, least = raw.get("multipleOf"), raw.get("maximum"), raw.get("minimum")
    if step and not _is_multiple(value, step):
        words = f"should be a multiple of {number_text(step)}"
        errors.append(invalid_value(path, value, f"{path} in body {words}"))
    if most is not None and (value > most or (raw.get("exclusiveMaximum") and value == most)):
        words = "less than" if raw.get("exclusiveMaximum") else "less than or equal to"
        detail = f"{path} in body should be {words} {number_text(most)}"
        errors.append(invalid_value(path, value, detail))
    if least is not None and (value < least or (raw.get("exclusiveMinimum") and value == least)):
        words = "greater than" if raw.get("exclusiveMinimum") else "greater than or equal to"
        detail = f"{path} in body should be {words} {number_text(least)}"
        errors.append(invalid_value(path, value, detail))
    return errors


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    return float(value / step).is_integer()


def _list_errors(node: Node, value: list[Any], path: str, old: Any) -> list[FieldError]:
    errors: list[FieldError] = []
    if node.items is not None:
        before = correlate(node, old)
        for index, item in enumerate(value):
            earlier = before.get(identity(node, item), ABSENT) if before else ABSENT
            errors += validate(node.items, item, f"{path}[{index}]", earlier)
    fewest, most = node.raw.get("minItems"), node.raw.get("maxItems")
    if fewest is not None and len(value) < fewest:
        detail = f"{path} in body should have at least {fewest} items"
        errors.append(invalid_value(path, len(value), detail))
    if most is not None and len(value) > most:
        errors.append(too_many(path, len(value), most))
    return errors


def identity(node: Node, item: Any) -> str:
    """The key of an item in a `map` list, as text."""
    keys = item if isinstance(item, dict) else {}
    return show([keys.get(name) for name in node.list_map_keys])


def correlate(node: Node, old: Any) -> dict[str, Any]:
    """Old items of a `map` list by key; other lists cannot be told apart item by item."""
    if not isinstance(old, list) or node.list_type != "map":
        return {}
    return {identity(node, item): item for item in old}


def _enum(node: Node, value: Any, path: str) -> list[FieldError]:
    allowed = node.raw.get("enum")
    if not allowed or value in allowed:
        return []
    return [not_supported(path, value, [_enum_text(each) for each in allowed])]


def _enum_text(value: Any) -> str:
    return value if isinstance(value, str) else show(value)


def _object_errors(node: Node, value: dict[str, Any], path: str, old: Any) -> list[FieldError]:
    fewest, most = node.raw.get("minProperties"), node.raw.get("maxProperties")
    if fewest is not None and len(value) < fewest:
        detail = f"{path} in body should have at least {fewest} properties"
        return [invalid_value(path, len(value), detail)]
    if most is not None and len(value) > most:
        return [too_many(path, len(value), most)]
    errors: list[FieldError] = []
    before = old if isinstance(old, dict) else {}
    for name in _fields_first_unknown(node, value):
        below = node.field(name)
        if below is not None:
            errors += validate(below, value[name], join(path, name), before.get(name, ABSENT))
    errors += [required(join(path, name)) for name in node.required if name not in value]
    return errors


def _fields_first_unknown(node: Node, value: dict[str, Any]) -> Iterable[str]:
    """Entries of the map part, then named fields, each sorted (upstream's order is random)."""
    names = sorted(value)
    yield from (name for name in names if name not in node.properties)
    yield from (name for name in names if name in node.properties)


def join(path: str, name: str) -> str:
    """The path of a field below a path."""
    return f"{path}.{name}" if path else name
