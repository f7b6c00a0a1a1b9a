"""Label and field selectors of one request, together, as a predicate on objects.

A selector that can match one name or one namespace only says so (`Selection.scope`), so that a
watch of one object is woken by that object alone.
Source: k8s.io/apimachinery `pkg/fields/selector.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .label_selectors import Predicate, parse_labels
from .requests import Object
from .resource import Resource
from .status import bad_request


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One comparison of a field selector."""

    key: str
    value: str
    equal: bool


def parse_fields(text: str) -> list[FieldTerm]:
    """The terms of a field selector, all of which must hold."""
    terms = []
    for part in text.split(","):
        if not part:
            continue
        key, op, value = re.split(r"(==|!=|=)", part, maxsplit=1) if "=" in part else (part, "", "")
        if not op:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        terms.append(FieldTerm(key, value, op != "!="))
    return terms


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list or watch selects; `matches` is None when everything in the scope matches."""

    namespace: str
    name: str
    matches: Callable[[Object], bool] | None


def selection(resource: Resource, namespace: str, labels: str, fields: str) -> Selection:
    """Combine the namespace of the path with both selectors.

    Raises:
        ApiError: 400 for a selector that cannot be parsed or a field that cannot be selected.
    """
    by_label = parse_labels(labels)
    terms = parse_fields(fields)
    name = ""
    rest: list[FieldTerm] = []
    for term in terms:
        if term.key == "metadata.name" and term.equal and not name and term.value:
            name = term.value
        elif term.key == "metadata.namespace" and term.equal and not namespace and term.value:
            namespace = term.value
        else:
            rest.append(term)
    _check_selectable(resource, rest)
    return Selection(namespace, name, _combine(resource, by_label, rest))


def _check_selectable(resource: Resource, terms: list[FieldTerm]) -> None:
    more = selectable_names(resource)
    for term in terms:
        if term.key in ("metadata.name", "metadata.namespace") or term.key in more:
            continue
        if more or resource.custom:
            raise bad_request(f"field label not supported: {term.key}")
        raise bad_request(
            f'"{term.key}" is not a known field selector: only "metadata.name", '
            '"metadata.namespace"'
        )


def selectable_names(resource: Resource) -> frozenset[str]:
    """Which fields beyond the metadata can be selected."""
    example = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}}
    return frozenset(resource.strategy.selectable_fields(example))


def _field_values(resource: Resource, document: Object) -> dict[str, str]:
    meta = document["metadata"]
    named = {"metadata.name": meta["name"], "metadata.namespace": meta.get("namespace", "")}
    return {**resource.strategy.selectable_fields(document), **named}


def _combine(
    resource: Resource, by_label: Predicate | None, terms: list[FieldTerm]
) -> Callable[[Object], bool] | None:
    if by_label is None and not terms:
        return None

    def matches(document: Object) -> bool:
        if by_label is not None and not by_label(document["metadata"].get("labels") or {}):
            return False
        if not terms:
            return True
        values = _field_values(resource, document)
        return all((values.get(term.key, "") == term.value) is term.equal for term in terms)

    return matches
