"""Small checks that many kinds share, in the words of the real server.

Source: k8s.io/apimachinery `pkg/util/validation` and `pkg/apis/meta/v1/validation`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..metadata import validate_labels
from ..names import dns_label, label_value, qualified_name
from ..status import (
    FieldError,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)

NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"
PORT_RANGE = "must be between 1 and 65535, inclusive"

_PERCENT = re.compile(r"[0-9]+%")
_PERCENT_WORDS = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
    "'93%', regex used for validation is '[0-9]+%')"
)

NOT_AN_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def at(path: str, name: str) -> str:
    """The path of a field below a path."""
    return f"{path}.{name}" if path else name


def not_negative(document: Mapping[str, Any], *fields: str, path: str) -> list[FieldError]:
    """The named integer fields, where they are given, are at least 0."""
    found = [(name, document.get(name)) for name in fields]
    return [
        invalid_value(at(path, name), value, NOT_NEGATIVE)
        for name, value in found
        if isinstance(value, int) and value < 0
    ]


def named(value: Any, path: str, check: Callable[[str], list[str]] = dns_label) -> list[FieldError]:
    """A required name of a certain form."""
    if not value:
        return [required(path)]
    return [invalid_value(path, value, complaint) for complaint in check(value)]


def optional_name(
    value: Any, path: str, check: Callable[[str], list[str]] = dns_label
) -> list[FieldError]:
    """A name of a certain form, if there is one."""
    return named(value, path, check) if value else []


def one_of(value: Any, path: str, allowed: Sequence[str]) -> list[FieldError]:
    """One of a few words."""
    return [] if value in allowed else [not_supported(path, value, allowed)]


def port_number(value: Any, path: str) -> list[FieldError]:
    """A port between 1 and 65535."""
    return [] if 0 < value < 65536 else [invalid_value(path, value, PORT_RANGE)]


def port_name(text: str) -> list[str]:
    """IANA service name: at most 15 of a-z, 0-9 and hyphens."""
    found = ["must be no more than 15 characters"] if len(text) > 15 else []
    if not re.fullmatch(r"[-a-z0-9]+", text):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", text):
        found.append("must contain at least one letter (a-z)")
    if "--" in text:
        found.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return found


def port_reference(value: Any, path: str) -> list[FieldError]:
    """A port by number or by name."""
    if isinstance(value, str):
        return [invalid_value(path, value, complaint) for complaint in port_name(value)]
    return port_number(value or 0, path)


def count_or_percent(value: Any, path: str) -> list[FieldError]:
    """A number that is not negative, or a percentage."""
    if isinstance(value, str):
        fits = _PERCENT.fullmatch(value)
        return [] if fits else [invalid_value(path, value, _PERCENT_WORDS)]
    return [invalid_value(path, value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def at_most_all(value: Any, path: str) -> list[FieldError]:
    """A percentage is at most 100%."""
    if isinstance(value, str) and _PERCENT.fullmatch(value) and int(value[:-1]) > 100:
        return [invalid_value(path, value, "must not be greater than 100%")]
    return []


def is_zero(value: Any) -> bool:
    """Whether a count or percentage is nothing."""
    return value in (0, "0%") or (isinstance(value, str) and value.rstrip("%").strip("0") == "")


def selector_errors(selector: Mapping[str, Any], path: str) -> list[FieldError]:
    """What is wrong with a label selector."""
    errors = validate_labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, row in enumerate(selector.get("matchExpressions") or ()):
        errors += _expression_errors(row, f"{path}.matchExpressions[{index}]")
    return errors


def _expression_errors(row: Mapping[str, Any], path: str) -> list[FieldError]:
    operator, values = row.get("operator", ""), row.get("values") or []
    errors: list[FieldError] = []
    if operator in ("In", "NotIn") and not values:
        words = "must be specified when `operator` is 'In' or 'NotIn'"
        errors.append(required(f"{path}.values", words))
    elif operator in ("Exists", "DoesNotExist") and values:
        words = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(forbidden_field(f"{path}.values", words))
    elif operator not in OPERATORS:
        errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    key = row.get("key", "")
    errors += [invalid_value(f"{path}.key", key, complaint) for complaint in qualified_name(key)]
    for index, value in enumerate(values):
        complaints = label_value(value)
        errors += [invalid_value(f"{path}.values[{index}]", value, c) for c in complaints]
    return errors


def is_empty(selector: Mapping[str, Any] | None) -> bool:
    """Whether a selector asks for nothing."""
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy a selector; none at all matches nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_satisfies(row, labels) for row in selector.get("matchExpressions") or ())


def _satisfies(row: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator = row.get("key", ""), row.get("operator")
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    inside = labels.get(key) in (row.get("values") or ()) and key in labels
    return inside if operator == "In" else not inside


def unchanged(new: Any, old: Any, path: str) -> list[FieldError]:
    """A field that must stay as it was."""
    return [] if new == old else [invalid_value(path, new, IMMUTABLE)]
