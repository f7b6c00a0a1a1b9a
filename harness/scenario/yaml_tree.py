"""YAML as values with positions, in the two dialects that matter here.

Scenario files are YAML 1.2. A plain scalar that YAML 1.1 would read otherwise (`yes`, `0644`,
`1:30`) is refused, because half of the readers will read it the other way. Manifest files are read
as kubectl reads them: YAML 1.1 booleans and octal numbers, timestamps left as text.

Every value keeps where it stands: `Tree.positions` maps a path (keys and list indexes) to line and
column, so that any later error can point at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.errors import FormatError

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Position:
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass
class Tree:
    """One YAML document: plain values, and where each of them stands."""

    file: str
    value: Any = None
    positions: dict[Path, Position] = field(default_factory=dict)
    #: Positions of the keys themselves, for errors about a key.
    keys: dict[Path, Position] = field(default_factory=dict)

    def error(self, message: str, path: Path, *, at_key: bool = False) -> FormatError:
        """A `FormatError` at `path`, or at the nearest place above it that the file has."""
        for length in range(len(path), -1, -1):
            place = (self.keys if at_key else self.positions).get(path[:length])
            place = place or self.positions.get(path[:length])
            if place is not None:
                return FormatError(message, file=self.file, line=place.line, column=place.column)
        return FormatError(message, file=self.file)


_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE_11 = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE_11 = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL_12 = re.compile(r"0o[0-7]+")
_OCTAL_11 = re.compile(r"[-+]?0[0-7]+")
_READ_OTHERWISE = re.compile(
    r"[-+]?0[0-9_]+"  # 0644: octal in 1.1, 644 in 1.2
    r"|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"  # 1:30: ninety in 1.1
    r"|[-+]?[0-9]+_[0-9_]*(\.[0-9_]*)?"  # 1_000: a number in 1.1
    r"|[-+]?0b[01_]+"
)


def _number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _OCTAL_12.fullmatch(text):
        return int(text, 8)
    if text not in (".", "+", "-") and _FLOAT.fullmatch(text):
        return float(text)
    return None


def _plain_scalar(text: str, *, kubectl: bool) -> Any:
    """The value of an unquoted scalar; `LookupError` when the two dialects disagree."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if kubectl:
        if text in _TRUE_11 or text in _FALSE_11:
            return text in _TRUE_11
        if _OCTAL_11.fullmatch(text):
            return int(text, 8)
    elif text in _TRUE_11 or text in _FALSE_11 or _READ_OTHERWISE.fullmatch(text):
        raise LookupError(text)
    number = _number(text)
    return text if number is None else number


class _Builder:
    """Turns one composed document into a `Tree`."""

    def __init__(self, file: str, *, kubectl: bool) -> None:
        self.tree = Tree(file)
        self._kubectl = kubectl

    def build(self, node: Node, path: Path) -> Any:
        self.tree.positions[path] = _position(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        assert isinstance(node, MappingNode)
        return self._mapping(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.build(key_node, path)
            if not isinstance(key, str):
                # JSON has text keys only; `1: x` becomes "1", as kubectl does.
                key = str(key_node.value)
            where = (*path, key)
            if key in result:
                message = f"the key {key!r} stands here twice; remove one of them"
                place = _position(key_node)
                raise FormatError(
                    message, file=self.tree.file, line=place.line, column=place.column
                )
            self.tree.keys[where] = _position(key_node)
            result[key] = self.build(value_node, where)
        self.tree.positions[path] = _position(node)
        return result

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        if node.style is not None:  # quoted and block scalars are text
            return str(node.value)
        try:
            return _plain_scalar(node.value, kubectl=self._kubectl)
        except LookupError:
            message = (
                f"{node.value!r} means different things to different YAML readers; "
                f"write '{node.value}' in quotes for text, or true, false or a plain number"
            )
            raise self.tree.error(message, path) from None


def _position(node: Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def read(text: str, file: str, *, kubectl: bool = False) -> list[Tree]:
    """All documents of a YAML (or JSON) text; empty ones are left out.

    Args:
        text: The file's content.
        file: Its path as the user gave it, for errors.
        kubectl: Read as kubectl reads manifests, instead of as strict YAML 1.2.

    Raises:
        FormatError: The text is no YAML, or says something ambiguous; with line and column.
    """
    return list(_documents(text, file, kubectl=kubectl))


def _documents(text: str, file: str, *, kubectl: bool) -> Iterator[Tree]:
    try:
        nodes = _composed(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = error.problem or error.context or "it cannot be read"
        raise FormatError(f"not YAML: {problem}", file=file, line=line, column=column) from None
    for node in nodes:
        builder = _Builder(file, kubectl=kubectl)
        builder.tree.value = builder.build(node, ())
        if builder.tree.value is not None:
            yield builder.tree


@lru_cache(maxsize=64)
def _composed(text: str) -> tuple[Node, ...]:
    """The documents of a text before either dialect gives them values; nobody changes them.

    Composing is the slow part, and the same manifests are read for each run of a process.
    """
    yaml = YAML(typ="safe", pure=True)  # unlike "rt" it does not gather comments
    return tuple(node for node in yaml.compose_all(text) if node is not None)
