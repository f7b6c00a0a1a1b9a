"""From one file to its cases: bindings and the matrix are put in, before anything is checked.

`$(name)` stands for a binding, as in container args. Alone in a scalar it keeps the binding's
type, so `size: $(size)` is a number; inside text it is written out. `$$(` is a literal `$(`.
The matrix multiplies a scenario: one case for each combination, in the order of the lists.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.vocabulary import did_you_mean

from .yaml_tree import Path, Tree

_REFERENCE = re.compile(r"\$(\$?)\(([^()]*)\)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Bindings = Mapping[str, Any]


def substitute(tree: Tree, value: Any, bindings: Bindings, path: Path = ()) -> Any:
    """`value` with every `$(name)` replaced; keys of mappings too.

    Raises:
        FormatError: A name that is not bound, at its place in the file.
    """
    if isinstance(value, str):
        return _substitute_text(tree, value, bindings, path)
    if isinstance(value, list):
        return [substitute(tree, item, bindings, (*path, i)) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            str(_substitute_text(tree, key, bindings, (*path, key))): substitute(
                tree, item, bindings, (*path, key)
            )
            for key, item in value.items()
        }
    return value


def _substitute_text(tree: Tree, text: str, bindings: Bindings, path: Path) -> Any:
    if "$(" not in text:
        return text
    alone = _REFERENCE.fullmatch(text)
    if alone and not alone[1]:
        return _lookup(tree, alone[2], bindings, path)

    def replacement(match: re.Match[str]) -> str:
        if match[1]:
            return f"$({match[2]})"
        return _as_text(_lookup(tree, match[2], bindings, path))

    return _REFERENCE.sub(replacement, text)


def _lookup(tree: Tree, name: str, bindings: Bindings, path: Path) -> Any:
    if name in bindings:
        return bindings[name]
    remedy = did_you_mean(name, bindings)
    message = f"$({name}) is not bound{remedy} (a literal $( is written $$( )"
    raise tree.error(message, path)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def combinations(tree: Tree) -> Iterator[dict[str, Any]]:
    """Each combination of the matrix, as names to values; one empty one without a matrix."""
    matrix = _section(tree, "matrix")
    for name, values in matrix.items():
        if not isinstance(values, list) or not values:
            message = f"matrix.{name} is {values!r}; write a list of values, such as [1, 3]"
            raise tree.error(message, ("spec", "matrix", name))
    for choice in itertools.product(*matrix.values()):
        yield dict(zip(matrix, choice, strict=True))


def bindings_of(tree: Tree, values: Bindings, built_in: Bindings) -> dict[str, Any]:
    """All bindings of one case: built-in ones, the matrix values, then `bindings` in their order.

    A binding may use those before it.
    """
    bound = {**built_in, **values}
    for name, value in _section(tree, "bindings").items():
        path = ("spec", "bindings", name)
        if name in values:
            raise tree.error(f"{name!r} is both a binding and in the matrix; rename one", path)
        bound[name] = substitute(tree, value, bound, path)
    return bound


def _section(tree: Tree, key: str) -> dict[str, Any]:
    spec = tree.value.get("spec") if isinstance(tree.value, dict) else None
    section = spec.get(key) if isinstance(spec, dict) else None
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise tree.error(f"spec.{key} is {section!r}; write a mapping", ("spec", key))
    for name in section:
        if not _NAME.fullmatch(name):
            message = f"{name!r} cannot be used as $(name); use letters, digits and _"
            raise tree.error(message, ("spec", key, name), at_key=True)
    return section
