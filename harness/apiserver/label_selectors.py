"""Label selectors: from `app=web,tier in (a, b),!old` to a predicate on labels.

    text > words > requirements > one predicate; complaints in the words of the real server

Source: k8s.io/apimachinery `pkg/labels/selector.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import names
from .status import bad_request, invalid_value

Predicate = Callable[[Mapping[str, str]], bool]

_WORD = re.compile(r"\s*(==|!=|[()=!<>,]|[^\s()=!<>,]+)")
_SYMBOLS = frozenset({"==", "!=", "(", ")", "=", "!", "<", ">", ","})
_END = ""
_START = "!, identifier, or 'end of string'"
_AFTER = "',' or 'end of string'"


class _Malformed(ValueError):
    """The text is no selector; the words are those of upstream's parser."""


class _Parser:
    """Reads requirements off a list of words."""

    def __init__(self, text: str) -> None:
        self._words = [found[1] for found in _WORD.finditer(text)]
        self._at = 0

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else _END

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def parse(self) -> list[Predicate]:
        """All requirements; none in an empty text."""
        found: list[Predicate] = []
        while self._peek() != _END:
            if self._peek() in _SYMBOLS - {"!"}:
                raise _Malformed(f"found '{self._peek()}', expected: {_START}")
            found.append(self._requirement())
            after = self._next()
            if after == _END:
                break
            if after != ",":
                raise _Malformed(f"found '{after}', expected: {_AFTER}")
            if self._peek() == _END or self._peek() in _SYMBOLS - {"!"}:
                raise _Malformed(f"found '{self._peek()}', expected: identifier after ','")
        return found

    def _requirement(self) -> Predicate:
        if self._peek() == "!":
            self._next()
            key = self._key()
            return lambda labels: key not in labels
        key = self._key()
        word = self._peek()
        if word in (_END, ","):
            return lambda labels: key in labels
        self._next()
        if word in ("in", "notin"):
            return _membership(key, self._values(), inside=word == "in")
        if word in ("=", "==", "!="):
            return _equality(key, self._value(key), equal=word != "!=")
        if word in ("<", ">"):
            return _order(key, word, self._value(key))
        raise _Malformed(
            f"unable to parse requirement: found '{word}', expected: in, notin, =, ==, !=, gt, lt"
        )

    def _key(self) -> str:
        key = self._next()
        if key == _END or key in _SYMBOLS:
            raise _Malformed(f"unable to parse requirement: found '{key}', expected: identifier")
        _check("<nil>", key, names.qualified_name(key))
        return key

    def _value(self, key: str) -> str:
        if self._peek() in (_END, ","):
            return ""
        value = self._next()
        _check(f"values[0][{key}]", value, names.label_value(value))
        return value

    def _values(self) -> frozenset[str]:
        if self._peek() != "(":
            raise _Malformed(f"unable to parse requirement: found '{self._peek()}' expected: '('")
        self._next()
        found: set[str] = set()
        while True:
            word = self._next()
            if word == ")":
                return frozenset(found or {""})
            if word == _END:
                raise _Malformed("unable to parse requirement: found '', expected: ',' or ')'")
            if word != ",":
                found.add(word)


def _check(path: str, value: str, complaints: list[str]) -> None:
    if complaints:
        error = invalid_value(path, value, complaints[0])
        raise _Malformed(f"unable to parse requirement: {error}")


def _membership(key: str, values: frozenset[str], *, inside: bool) -> Predicate:
    if inside:
        return lambda labels: labels.get(key) in values
    return lambda labels: labels.get(key) not in values


def _equality(key: str, value: str, *, equal: bool) -> Predicate:
    if equal:
        return lambda labels: labels.get(key) == value
    return lambda labels: labels.get(key) != value


def _order(key: str, word: str, value: str) -> Predicate:
    limit = _integer(value)
    if limit is None:
        why = "for 'Gt', 'Lt' operators, the value must be an integer"
        raise _Malformed(f"unable to parse requirement: {invalid_value('values[0]', value, why)}")

    def compares(labels: Mapping[str, str]) -> bool:
        number = _integer(labels.get(key, ""))
        return number is not None and (number > limit if word == ">" else number < limit)

    return compares


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else None


def parse_labels(text: str) -> Predicate | None:
    """A label selector as a predicate on labels; None when it selects everything.

    Raises:
        ApiError: 400 for a text that is no selector.
    """
    try:
        terms = _Parser(text).parse()
    except _Malformed as error:
        raise bad_request(str(error)) from None
    if len(terms) <= 1:
        return terms[0] if terms else None
    return lambda labels: all(term(labels) for term in terms)


def label_selector(selector: Mapping[str, Any] | None) -> Predicate:
    """A `metav1.LabelSelector` object as a predicate; None selects nothing, empty everything."""
    if selector is None:
        return lambda labels: False
    predicate = parse_labels(label_selector_text(selector))
    return predicate or (lambda labels: True)


def label_selector_text(selector: Mapping[str, Any]) -> str:
    """A `metav1.LabelSelector` in the text form of queries and of `status.selector`."""
    labels = selector.get("matchLabels") or {}
    terms: list[tuple[str, str]] = [(key, f"{key}={labels[key]}") for key in sorted(labels)]
    for expression in selector.get("matchExpressions") or []:
        key, op = expression["key"], expression["operator"]
        values = ",".join(sorted(expression.get("values") or []))
        texts = {"Exists": key, "DoesNotExist": f"!{key}"}
        terms.append((key, texts.get(op, f"{key} {op.lower()} ({values})")))
    return ",".join(text for _, text in sorted(terms, key=lambda term: term[0]))
