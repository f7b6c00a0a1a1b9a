"""Is the schema of a CRD structural: does it give every field one type, outside of logic?

The schema is walked twice over the same tree. The first walk refuses what no CRD may contain
(`$ref`, `uniqueItems`, a default that does not fit). The second wants a type for every field and
nothing but value validation below `anyOf oneOf allOf not`. Paths are those of the real server:
`properties[spec].items.type`.
Source: Kubernetes "Specifying a structural schema"; apiextensions `pkg/apiserver/schema`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import re2

from ..schema.node import Node
from ..schema.pruning import prune
from ..schema.validation import validate
from ..status import (
    FieldError,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)

Raw = Mapping[str, Any]

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("$ref", "patternProperties", "additionalItems", "definitions", "dependencies", "id")
#: What may not stand below logic, in the words that upstream has for each.
_ONLY_OUTSIDE = {
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "title": "must be empty to be structural",
    "type": "must be empty to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
}


def children(raw: Raw, path: str) -> Iterator[tuple[Raw, str]]:
    """The schemas of fields, items and map values, each with its path."""
    for name in sorted(raw.get("properties") or {}):
        yield raw["properties"][name], f"{path}.properties[{name}]"
    if isinstance(raw.get("items"), Mapping):
        yield raw["items"], f"{path}.items"
    if isinstance(raw.get("additionalProperties"), Mapping):
        yield raw["additionalProperties"], f"{path}.additionalProperties"


def branches(raw: Raw, path: str) -> Iterator[tuple[Raw, str]]:
    """The schemas below logic, each with its path."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, branch in enumerate(raw.get(keyword) or ()):
            yield branch, f"{path}.{keyword}[{index}]"
    if isinstance(raw.get("not"), Mapping):
        yield raw["not"], f"{path}.not"


def schema_errors(raw: Raw, path: str) -> list[FieldError]:
    """What is wrong with the schema of one version, validation rules aside."""
    return _general_errors(raw, path) or [
        *_root_errors(raw, path),
        *_structural_errors(raw, path),
        *_default_errors(raw, path),
    ]


def _general_errors(raw: Raw, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for keyword in _UNSUPPORTED:
        if keyword in raw:
            errors.append(forbidden_field(f"{path}.{keyword}", f"{keyword} is not supported"))
    if raw.get("uniqueItems"):
        words = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(forbidden_field(f"{path}.uniqueItems", words))
    if isinstance(raw.get("items"), list):
        words = "items must be a schema object and not an array"
        errors.append(forbidden_field(f"{path}.items", words))
    if raw.get("additionalProperties") and raw.get("properties"):
        words = "additionalProperties and properties are mutual exclusive"
        errors.append(forbidden_field(f"{path}.additionalProperties", words))
    errors += _pattern_errors(raw, path)
    errors += _list_type_errors(raw, path)
    errors += _map_type_errors(raw, path)
    for child, below in [*children(raw, path), *branches(raw, path)]:
        errors += _general_errors(child, below)
    return errors


def _pattern_errors(raw: Raw, path: str) -> list[FieldError]:
    pattern = raw.get("pattern")
    if not pattern:
        return []
    try:
        re2.compile(pattern, _QUIET)
    except re2.error as error:
        words = (
            f"must be a valid regular expression, but isn't: error parsing regexp: {_why(error)}"
        )
        return [invalid_value(f"{path}.pattern", pattern, words)]
    return []


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


_QUIET = _quiet()


#: Where RE2 in C++ and in Go word the same mistake differently.
_GO_WORDS = {"missing ]": "missing closing ]", "missing )": "missing closing )"}


def _why(error: Exception) -> str:
    """RE2's reason with the offending part quoted as Go quotes it."""
    text = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
    head, colon, part = text.partition(": ")
    head = _GO_WORDS.get(head, head)
    return f"{head}: `{part}`" if colon else head


def _list_type_errors(raw: Raw, path: str) -> list[FieldError]:
    kind = raw.get("x-kubernetes-list-type")
    keys = raw.get("x-kubernetes-list-map-keys") or []
    if kind is None:
        return []
    if raw.get("type") != "array":
        words = "must be array if x-kubernetes-list-type is specified"
        return [invalid_value(f"{path}.type", raw.get("type", ""), words)]
    at = f"{path}.x-kubernetes-list-type"
    if kind not in ("atomic", "set", "map"):
        return [not_supported(at, kind, ("atomic", "set", "map"))]
    items = raw.get("items") if isinstance(raw.get("items"), Mapping) else {}
    if kind == "set":
        return _set_errors(items, path)
    errors: list[FieldError] = []
    if kind == "map" and not keys:
        words = "must not be empty if x-kubernetes-list-type is map"
        errors.append(required(f"{path}.x-kubernetes-list-map-keys", words))
    if kind == "map" and items and items.get("type") != "object":
        words = "must be object if parent array's x-kubernetes-list-type is map"
        errors.append(invalid_value(f"{path}.items.type", items.get("type", ""), words))
    return errors + _key_errors(items or {}, keys, path)


def _set_errors(items: Any, path: str) -> list[FieldError]:
    """Items of a set must be compared as one value."""
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        words = "must be atomic as item of a list with x-kubernetes-list-type=set"
        at = f"{path}.items.x-kubernetes-map-type"
        return [invalid_value(at, items.get("x-kubernetes-map-type"), words)]
    if items.get("type") == "array" and items.get("x-kubernetes-list-type", "atomic") != "atomic":
        words = "must be atomic as item of a list with x-kubernetes-list-type=set"
        at = f"{path}.items.x-kubernetes-list-type"
        return [invalid_value(at, items["x-kubernetes-list-type"], words)]
    return []


def _key_errors(items: Raw, keys: list[str], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key in keys:
        field = (items.get("properties") or {}).get(key)
        at = f"{path}.items.properties[{key}]"
        if field is None:
            words = "entries must all be names of item properties"
            errors.append(invalid_value(f"{path}.x-kubernetes-list-map-keys", keys, words))
        elif "default" not in field and key not in (items.get("required") or ()):
            words = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be "
                "a required property"
            )
            errors.append(required(f"{at}.default", words))
    return errors


def _map_type_errors(raw: Raw, path: str) -> list[FieldError]:
    kind = raw.get("x-kubernetes-map-type")
    if kind is None:
        return []
    if raw.get("type") != "object":
        words = "must be object if x-kubernetes-map-type is specified"
        return [invalid_value(f"{path}.type", raw.get("type", ""), words)]
    if kind not in ("atomic", "granular"):
        return [not_supported(f"{path}.x-kubernetes-map-type", kind, ("atomic", "granular"))]
    return []


def _root_errors(raw: Raw, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not raw.get("type"):
        errors.append(required(f"{path}.type", "must not be empty at the root"))
    elif raw["type"] != "object":
        errors.append(invalid_value(f"{path}.type", raw["type"], "must be object at the root"))
    if raw.get("nullable"):
        errors.append(forbidden_field(f"{path}.nullable", "nullable cannot be true at the root"))
    if isinstance(raw.get("additionalProperties"), Mapping):
        words = "must not be used at the root"
        errors.append(forbidden_field(f"{path}.additionalProperties", words))
    return errors + _identity_errors(raw.get("properties") or {}, path)


def _identity_errors(properties: Raw, path: str) -> list[FieldError]:
    """`apiVersion`, `kind` and `metadata` are every object's own: little may be said of them."""
    errors: list[FieldError] = []
    for name in ("apiVersion", "kind"):
        kind = properties.get(name, {}).get("type", "string")
        if kind != "string":
            errors.append(invalid_value(f"{path}.properties[{name}].type", kind, "must be string"))
    metadata = properties.get("metadata", {})
    at = f"{path}.properties[metadata]"
    if metadata.get("type", "object") != "object":
        errors.append(invalid_value(f"{at}.type", metadata["type"], "must be object"))
    if set(metadata.get("properties") or ()) - {"name", "generateName"}:
        words = (
            "must not specify anything other than name and generateName, but metadata is "
            "implicitly specified"
        )
        errors.append(forbidden_field(at, words))
    return errors


def _structural_errors(raw: Raw, path: str, *, where: str = "") -> list[FieldError]:
    errors = _type_errors(raw, path, where) + _extension_errors(raw, path)
    for child, below in children(raw, path):
        place = "array items" if below.endswith(".items") else "object fields"
        errors += _structural_errors(child, below, where=place)
    for branch, below in branches(raw, path):
        errors += _logic_errors(branch, below, int_or_string=_is_int_or_string(raw))
    return errors


def _is_int_or_string(raw: Raw) -> bool:
    return bool(raw.get("x-kubernetes-int-or-string"))


def _type_errors(raw: Raw, path: str, where: str) -> list[FieldError]:
    kind = raw.get("type")
    if not kind:
        free = _is_int_or_string(raw) or raw.get("x-kubernetes-preserve-unknown-fields") is not None
        words = f"must not be empty for specified {where}"
        return [] if free or not where else [required(f"{path}.type", words)]
    if kind not in TYPES:
        return [not_supported(f"{path}.type", kind, TYPES)]
    if kind == "array" and not isinstance(raw.get("items"), Mapping):
        return [required(f"{path}.items", "must be specified")]
    return []


def _extension_errors(raw: Raw, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    keeps = raw.get("x-kubernetes-preserve-unknown-fields")
    if keeps is False:
        at = f"{path}.x-kubernetes-preserve-unknown-fields"
        errors.append(invalid_value(at, False, "must be true or undefined"))
    if raw.get("x-kubernetes-embedded-resource"):
        if not keeps and not raw.get("properties"):
            words = (
                "must not be empty if x-kubernetes-embedded-resource is true without "
                "x-kubernetes-preserve-unknown-fields"
            )
            errors.append(required(f"{path}.properties", words))
        if raw.get("type") != "object":
            words = "must be object if x-kubernetes-embedded-resource is true"
            errors.append(invalid_value(f"{path}.type", raw.get("type", ""), words))
    return errors


def _logic_errors(raw: Raw, path: str, *, int_or_string: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for keyword, words in sorted(_ONLY_OUTSIDE.items()):
        allowed = keyword == "type" and int_or_string and raw.get("type") in ("integer", "string")
        if raw.get(keyword) and not allowed:
            errors.append(forbidden_field(f"{path}.{keyword}", words))
    if raw.get("x-kubernetes-validations"):
        words = "must be empty to be structural"
        errors.append(forbidden_field(f"{path}.x-kubernetes-validations", words))
    for child, below in [*children(raw, path), *branches(raw, path)]:
        errors += _logic_errors(child, below, int_or_string=int_or_string)
    return errors


def _default_errors(raw: Raw, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if raw.get("default") is not None:
        errors += _one_default_errors(raw, f"{path}.default")
    for child, below in children(raw, path):
        errors += _default_errors(child, below)
    return errors


def _one_default_errors(raw: Raw, path: str) -> list[FieldError]:
    node, value = Node(raw), raw["default"]
    private = copy.deepcopy(value)
    if prune(node, private):
        return [invalid_value(path, value, "must not have unknown fields")]
    return [FieldError(e.type, path, e.text) for e in validate(node, value, "")]
