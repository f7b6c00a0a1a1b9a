"""Label and field selectors: from the text in a query to a predicate on objects.

A selector that can match one name or one namespace only says so (`Selection.scope`), so that a
watch of one object is woken by that object alone.
Source: k8s.io/apimachinery `pkg/labels/selector.go` and `pkg/fields/selector.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .requests import Object
from .resource import Resource
from .status import bad_request

Predicate = Callable[[Mapping[str, str]], bool]

_SET_TERM = re.compile(r"^(?P<key>\S+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_TERM = re.compile(r"^(?P<key>[^\s=!<>]+)\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[^\s=!<>]*)$")
_KEY = re.compile(r"^([A-Za-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$")


def _split_terms(text: str) -> list[str]:
    """Split at commas that are not inside parentheses."""
    return [term.strip() for term in re.split(r",(?![^(]*\))", text)]


def _bad_selector(text: str) -> Exception:
    return bad_request(
        f"unable to parse requirement: found '{text}', expected a label selector like "
        "'app=web', 'app in (a, b)' or '!app'"
    )


def _label_term(term: str) -> Predicate:
    matched = _SET_TERM.match(term)
    if matched:
        values = frozenset(value.strip() for value in matched["values"].split(","))
        return _membership(matched["key"], values, inside=matched["op"] == "in")
    matched = _TERM.match(term)
    if matched:
        return _comparison(matched["key"], matched["op"], matched["value"])
    if term.startswith("!"):
        key = term[1:].strip()
        if _KEY.match(key):
            return lambda labels: key not in labels
    if _KEY.match(term):
        return lambda labels: term in labels
    raise _bad_selector(term)


def _membership(key: str, values: frozenset[str], *, inside: bool) -> Predicate:
    if not _KEY.match(key):
        raise _bad_selector(key)
    if inside:
        return lambda labels: labels.get(key) in values
    return lambda labels: labels.get(key) not in values


def _comparison(key: str, op: str, value: str) -> Predicate:
    if not _KEY.match(key):
        raise _bad_selector(key)
    if op in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if op == "!=":
        return lambda labels: labels.get(key) != value
    if not value.lstrip("-").isdecimal():
        raise _bad_selector(f"{key}{op}{value}")
    limit = int(value)

    def compares(labels: Mapping[str, str]) -> bool:
        text = labels.get(key, "")
        if not text.lstrip("-").isdecimal():
            return False
        return int(text) > limit if op == ">" else int(text) < limit

    return compares


def parse_labels(text: str) -> Predicate | None:
    """A label selector as a predicate on labels; None when it selects everything."""
    if not text.strip():
        return None
    terms = [_label_term(term) for term in _split_terms(text)]
    if len(terms) == 1:
        return terms[0]
    return lambda labels: all(term(labels) for term in terms)


def label_selector(selector: Mapping[str, object] | None) -> Predicate:
    """A `metav1.LabelSelector` object as a predicate; None selects nothing, empty everything."""
    if selector is None:
        return lambda labels: False
    predicate = parse_labels(label_selector_text(selector))
    return predicate or (lambda labels: True)


def label_selector_text(selector: Mapping[str, object]) -> str:
    """A `metav1.LabelSelector` in the text form of queries and of `status.selector`."""
    labels = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    assert isinstance(labels, Mapping)
    assert isinstance(expressions, list)
    terms: list[tuple[str, str]] = [(key, f"{key}={labels[key]}") for key in sorted(labels)]
    for expression in expressions:
        key, op = expression["key"], expression["operator"]
        values = ",".join(sorted(expression.get("values") or []))
        texts = {"Exists": key, "DoesNotExist": f"!{key}"}
        terms.append((key, texts.get(op, f"{key} {op.lower()} ({values})")))
    return ",".join(text for _, text in sorted(terms, key=lambda term: term[0]))


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
