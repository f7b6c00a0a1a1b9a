"""Modules that imported a function by name, long before the run replaced it where it lives.

`from time import monotonic` copies a reference; replacing `time.monotonic` does not reach it. So
each module is searched once for references to what is replaced, and those are replaced as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from . import scope

#: Programs that work beside the run, and must see what is real.
_KEEP_REAL = (
    "_pytest",
    "pytest",
    "hypothesis",
    "_hypothesis",
    "xdist",
    "execnet",
    "coverage",
    "harness.",
    "debugpy",
    "pydevd",
    "_pydev",
)
#: Where the originals live; the stand-ins are put there by name.
_HOMES = frozenset({"time", "_thread", "select", "_queue", "os", "posix"})

_searched: set[str] = set()
_found: list[tuple[str, str, Any]] = []


def install(replacements: scope.Replacements, stand_ins: Mapping[Any, Callable[..., Any]]) -> None:
    """Replace references by name to the keys of `stand_ins` until restored.

    The keys must be the same at each call, because modules are searched once.
    """
    by_identity = {id(original): original for original in stand_ins}
    for name in [name for name in sys.modules if name not in _searched]:
        _search(name, by_identity)
    for name, attribute, original in _found:
        module = sys.modules.get(name)
        if module is not None and getattr(module, attribute, None) is original:
            replacements.attribute(module, attribute, stand_ins[original])


def _search(name: str, by_identity: Mapping[int, Any]) -> None:
    _searched.add(name)
    if name in _HOMES or name.startswith(_KEEP_REAL):
        return
    for attribute, value in list(getattr(sys.modules[name], "__dict__", {}).items()):
        original = by_identity.get(id(value))
        if original is not None:
            _found.append((name, attribute, original))
