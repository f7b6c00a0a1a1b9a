"""Models as Markdown: one table for each, a row for each key, in the words of its docstrings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from harness.vocabulary import format_duration

_DURATION = "^([0-9]+(\\.[0-9]+)?(h|ms|m|s))+$"
_PLAIN = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "null": "nothing",
}


def first_paragraph(model: type) -> str:
    """What a class is, as its docstring begins."""
    return " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())


def whole_docstring(model: type) -> str:
    """All that a class's docstring says, as paragraphs."""
    paragraphs = (model.__doc__ or "").strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def table(model: type[BaseModel], *, without: Iterable[str] = ()) -> list[str]:
    """Lines of a table of the keys that a file may write; empty when there are none."""
    schema = model.model_json_schema(by_alias=True)
    if "$ref" in schema:  # a model that contains itself
        schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    left_out = set(without)
    rows = [
        f"| `{key}` | {type_of(value)} | {_default(key, value, required)} | {_meaning(value)} |"
        for key, value in schema.get("properties", {}).items()
        if key not in left_out
    ]
    return ["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


def type_of(schema: Mapping[str, Any]) -> str:
    """A JSON Schema as words, such as `list of text`."""
    if "anyOf" in schema:
        kinds = [type_of(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema.get("enum", [schema.get("const")]))
    return _plain_type(schema)


def _plain_type(schema: Mapping[str, Any]) -> str:
    if schema.get("pattern") == _DURATION:
        return "duration"
    if "0s..5s" in schema.get("examples", ()):
        return "range of durations"
    if "Deployment/demo" in schema.get("examples", ()):
        return "`Kind/name`"
    if schema.get("type") == "array":
        items = type_of(schema.get("items", {}))
        return f"list of {'mappings' if items == 'mapping' else items}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"mapping of names to {type_of(schema['additionalProperties'])}"
    return _PLAIN.get(schema.get("type", ""), "anything") + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" {low}..{high}"
    return f" >= {low}" if low is not None else ""


def _default(key: str, schema: Mapping[str, Any], required: Iterable[str]) -> str:
    if key in required:
        return "required"
    value = schema.get("default")
    if value in (None, "", [], {}) or isinstance(value, dict):
        return ""
    if type_of(schema) == "duration":
        value = format_duration(float(value))
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"


def _meaning(schema: Mapping[str, Any]) -> str:
    return " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")
