"""From the body of a write to a private document of the right kind, without unknown fields.

    bytes > JSON, YAML or protobuf > kind and version checked > types > unknown fields dropped

What was dropped or written twice is judged by `fieldValidation`: Strict refuses, Warn (the default)
answers with Warning headers, Ignore is silent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import orjson

from . import documents, yaml
from .protobuf import decode_protobuf
from .requests import Object, Request
from .resource import Resource
from .schema import pruning
from .schema.facts import names as builtin_names
from .status import ApiError, bad_request, invalid, invalid_value, unsupported_media_type

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
WRITE_TYPES = (JSON, YAML, PROTOBUF)
SHOWN_BYTES_MAX = 1024


@dataclass(slots=True)
class Decoded:
    """A document, and what was wrong with its fields, in upstream's words."""

    document: Object
    warnings: list[str] = field(default_factory=list)


def media_type(request: Request) -> str:
    """The content type without its parameters; JSON when none is given."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() or JSON


def parse_body(request: Request, accepted: tuple[str, ...] = WRITE_TYPES) -> tuple[Any, list[str]]:
    """The value of the body, private to the caller, and the paths of duplicate fields.

    Raises:
        ApiError: 415 for a content type that is none of `accepted`, 400 for a broken body.
    """
    if request.document is not None:
        return documents.copy(request.document), []
    kind = media_type(request)
    if kind not in accepted:
        raise unsupported_media_type(accepted)
    if kind == PROTOBUF:
        return decode_protobuf(request.body), []
    if kind == JSON:
        return parse_json(request.body)
    return yaml.load(request.body), []


def parse_json(body: bytes) -> tuple[Any, list[str]]:
    """A JSON text's value, and the paths of fields that it names twice."""
    value = orjson.loads(body)
    # Without repeated fields or unusual escapes both texts hold equally many quotes.
    if body.count(b'"') == orjson.dumps(value).count(b'"'):
        return value, []
    return value, _duplicates(body)


class _Pairs(list[tuple[str, Any]]):
    """An object of a JSON text as the pairs that were written, repeated ones too."""


def _duplicates(body: bytes) -> list[str]:
    found: list[str] = []
    _collect(json.loads(body, object_pairs_hook=_Pairs), "", found)
    return found


def _collect(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, child in value:
            below = f"{path}.{name}" if path else name
            if name in seen:
                found.append(below)
            seen.add(name)
            _collect(child, below, found)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _collect(child, f"{path}[{index}]", found)


def settled_sections(resource: Resource, document: Any, stored: Object | None) -> frozenset[str]:
    """Names of the sections of a document that are those of the stored object, the very same.

    They have their final form already. Controllers in this process send most of an object back
    as they have read it, and need not pay for that. The schema of a custom resource may have
    changed since it was stored, so there is no such section in it.
    """
    if stored is None or resource.custom or not isinstance(document, dict):
        return frozenset()
    return frozenset(
        name
        for name, value in document.items()
        if isinstance(value, dict | list) and value is stored.get(name)
    )


def decode_object(request: Request, resource: Resource, stored: Object | None = None) -> Decoded:
    """The object that a create or update sends; `stored` is what it is to be written over.

    Raises:
        ApiError: 400 or 415 as the real server words it; 422 for a custom object of another kind.
    """
    try:
        value, duplicates = parse_body(request)
    except ValueError as error:
        why = json_complaint(request.body, error)
        raise _unrecognized(resource, request.body, f"json parse error: {why}") from None
    if not isinstance(value, dict):
        raise _unrecognized(resource, request.body, _not_an_object(value))
    check_kind(request, resource, value)
    settled = settled_sections(resource, request.document, stored)
    return checked(request, resource, value, duplicates, settled=settled)


def checked(
    request: Request,
    resource: Resource,
    value: Object,
    duplicates: list[str] | None = None,
    *,
    judge: bool = True,
    settled: frozenset[str] = frozenset(),
) -> Decoded:
    """Drop unknown fields and nulls in place, and judge the former by `fieldValidation`.

    `judge` is false for the result of an apply, which was checked before and keeps its nulls.
    `settled` sections are not looked at.
    """
    if not isinstance(value.setdefault("metadata", {}), dict | None):
        raise bad_request(f"{resource.kind}: metadata must be an object")
    value["metadata"] = value["metadata"] or {}
    mode = request.parameter("fieldValidation") or "Warn"
    forgets_owners = value["metadata"].get("managedFields") in ([], [{}])
    fresh = {name: part for name, part in value.items() if name not in settled}
    resource.strategy.decode(fresh)
    unknown = pruning.prune(resource.node, fresh)
    if judge:
        resource.strategy.drop_nulls(fresh)
    value = _joined(value, fresh, settled)
    if forgets_owners:
        value["metadata"]["managedFields"] = []
    if not judge or mode == "Ignore" or not (unknown or duplicates):
        return Decoded(value)
    words = [f'unknown field "{path}"' for path in _metadata_first(unknown)]
    words += [f'duplicate field "{path}"' for path in duplicates or ()]
    if mode == "Strict":
        raise bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a '
            f"{resource.kind}: strict decoding error: {', '.join(words)}"
        )
    return Decoded(value, words)


def _joined(document: Object, fresh: Object, settled: frozenset[str]) -> Object:
    """The fresh sections and the settled ones of `document`, in its order."""
    kept = {name: document[name] for name in settled}
    present = {**fresh, **kept}
    return {name: present[name] for name in {**document, **fresh} if name in present}


def _metadata_first(paths: list[str]) -> list[str]:
    return sorted(paths, key=lambda path: not path.startswith("metadata."))


def json_complaint(body: bytes, error: ValueError) -> str:
    """What Go's decoder would say about a broken JSON text."""
    position = getattr(error, "pos", None)
    text = body.decode("utf-8", "replace")
    if position is None or position >= len(text):
        return str(error) if text.strip() and position is None else "unexpected end of JSON input"
    return f"invalid character '{text[position]}' looking for beginning of value"


def summarized(body: bytes) -> str:
    """A body as errors show it: JSON objects as text, everything else in hexadecimal."""
    if not body:
        return "<empty>"
    cut = body[:SHOWN_BYTES_MAX]
    shown = cut.decode("utf-8", "replace") if body.startswith(b"{") else cut.hex()
    return shown if len(body) <= SHOWN_BYTES_MAX else f"{shown} ..."


def _unrecognized(resource: Resource, body: bytes, why: str) -> ApiError:
    shown = summarized(body)
    return bad_request(
        f"the object provided is unrecognized (must be of type {resource.kind}): "
        f"couldn't get version/kind; {why} ({shown})"
    )


def go_type(value: Any) -> str:
    """How Go's decoder names the type of a JSON value."""
    names = {bool: "bool", str: "string", int: "number", float: "number", list: "array"}
    return "null" if value is None else names.get(type(value), "object")


def _not_an_object(value: Any) -> str:
    return (
        f"json parse error: json: cannot unmarshal {go_type(value)} into Go value of type "
        r'struct { APIVersion string "json:\"apiVersion,omitempty\""; '
        r'Kind string "json:\"kind,omitempty\"" }'
    )


def check_kind(request: Request, resource: Resource, document: Object) -> None:
    kind, api_version = document.get("kind") or "", document.get("apiVersion") or ""
    if resource.custom:
        _check_custom_kind(request, resource, document)
    elif (kind or resource.kind) != resource.kind:
        version = api_version or resource.api_version
        why = not_registered(kind, version)
        if (version, kind) in builtin_names():
            into = f"{_internal(resource)}.{resource.kind}"
            why = f"converting (v1.{kind}) to ({into}): unknown conversion"
        raise bad_request(
            f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a '
            f"{resource.kind}: {why}"
        )
    elif (api_version or resource.api_version) != resource.api_version:
        version = api_version.rpartition("/")[2]
        raise bad_request(
            f'{resource.kind} in version "{version}" cannot be handled as a {resource.kind}: '
            + not_registered(resource.kind, api_version)
        )
    document["kind"], document["apiVersion"] = resource.kind, resource.api_version


def not_registered(kind: str, version: str) -> str:
    """How upstream says that it knows no such kind."""
    return (
        f'no kind "{kind}" is registered for version "{version}" in scheme '
        '"pkg/runtime/scheme.go:111"'
    )


def _internal(resource: Resource) -> str:
    return resource.group.partition(".")[0] or "core"


def _check_custom_kind(request: Request, resource: Resource, document: Object) -> None:
    for name, field_name in (("Kind", "kind"), ("apiVersion", "apiVersion")):
        if not document.get(field_name):
            shown = request.body.decode("utf-8", "replace") or orjson.dumps(document).decode()
            raise bad_request(
                f"the object provided is unrecognized (must be of type {resource.kind}): "
                f"Object '{name}' is missing in '{shown}' ({shown})"
            )
    kind, api_version = document["kind"], document["apiVersion"]
    if api_version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({api_version}) does not match the expected API "
            f"version ({resource.api_version})"
        )
    if kind != resource.kind:
        name = (document.get("metadata") or {}).get("name", "")
        wrong = invalid_value("kind", kind, f"must be {resource.kind}")
        raise invalid(kind, name, [wrong], resource.group)
