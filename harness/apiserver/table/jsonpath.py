"""The JSONPath of printer columns: fields, positions, `[*]`, and filters by one comparison.

    .spec.size    .spec.ports[0].port    .metadata.labels['a.b/c']
    .status.conditions[?(@.type=="Ready")].status

Source: Kubernetes "JSONPath Support"; what CRDs may use in `additionalPrinterColumns`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""
    \.\.?(?P<field>(?:\\.|[^.\[\]\\])+)
    | \[\s*'(?P<quoted>[^']*)'\s*\] | \[\s*"(?P<double>[^"]*)"\s*\]
    | \[\s*(?P<index>-?\d+)\s*\]
    | \[\s*(?P<all>\*)\s*\]
    | \[\s*\?\(\s*@(?P<path>[^=!<>]+?)\s*
        (?:(?P<compare>==|!=|<=|>=|<|>)\s*(?P<value>.+?))?\s*\)\s*\]
    """,
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def find(path: str, document: Any) -> list[Any]:
    """Everything that a path leads to; nothing for a path that is not understood."""
    values: list[Any] = [document]
    for step in _steps(path):
        values = [found for value in values for found in step(value)]
    return values


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps: list[Step] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return (lambda value: iter(()),)
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    groups = match.groupdict()
    if groups["index"] is not None:
        return _position(int(groups["index"]))
    if groups["all"]:
        return _each
    if groups["path"] is not None:
        return _filter(groups["path"], groups["compare"], groups["value"])
    name = groups["field"] or groups["quoted"] or groups["double"] or ""
    plain = re.sub(r"\\(.)", r"\1", name)
    return _each if plain == "*" else _field(plain)


def _field(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _position(index: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()


def _filter(path: str, compare: str | None, text: str | None) -> Step:
    wanted = _literal(text or "")

    def fits(item: Any) -> bool:
        found = find(path, item)
        if compare is None:
            return bool(found)
        return any(type(each) is type(wanted) and _COMPARE[compare](each, wanted) for each in found)

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from (item for item in value if fits(item))

    return step


def _literal(text: str) -> Any:
    if text[:1] in ("'", '"'):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text
