"""Globals that each simulated process has for itself: modules, and attributes of shared modules.

All simulated processes live in one interpreter. What a real process would have for itself is put
in place when its code is about to run, and taken away when another process's code runs: its own
copies of the modules it names, and its own values of some attributes elsewhere (a default registry,
a default client). Code of the harness may run while a process's globals are in place; it must not
use what is named here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a shared object, and what a new process finds there."""

    target: Any
    name: str
    initial: Any


class ProcessGlobals:
    """What one process has for itself.

    Args:
        modules: Modules to import afresh, each with all below it.
        attributes: Attributes of other objects.
    """

    def __init__(self, modules: Iterable[str] = (), attributes: Sequence[Attribute] = ()) -> None:
        self._exact = frozenset(modules)
        self._prefixes = tuple(f"{name}." for name in sorted(self._exact))
        self._attributes = attributes
        self._values = [attribute.initial for attribute in attributes]
        self._modules: dict[str, ModuleType] = {}
        self._outside_modules: dict[str, ModuleType] = {}
        self._outside_values: list[Any] = []
        self._table_size = 0

    def _is_mine(self, name: str) -> bool:
        return name in self._exact or name.startswith(self._prefixes)

    def enter(self) -> None:
        """Put them in place, and keep what was there."""
        self._outside_modules = self._take_modules()
        sys.modules.update(self._modules)
        self._table_size = len(sys.modules)
        self._outside_values = [vars(it.target)[it.name] for it in self._attributes]
        self._set(self._values)

    def leave(self) -> None:
        """Take them away, and put back what was there."""
        if len(sys.modules) == self._table_size:
            for name in self._modules:
                del sys.modules[name]
        else:
            self._modules = self._take_modules()
        sys.modules.update(self._outside_modules)
        self._values = [vars(it.target)[it.name] for it in self._attributes]
        self._set(self._outside_values)

    def _take_modules(self) -> dict[str, ModuleType]:
        names = [name for name in sys.modules if self._is_mine(name)]
        return {name: sys.modules.pop(name) for name in names}

    def _set(self, values: list[Any]) -> None:
        for attribute, value in zip(self._attributes, values, strict=True):
            setattr(attribute.target, attribute.name, value)


class GlobalsSwitch:
    """Whose globals are in place; one for each world."""

    def __init__(self) -> None:
        self._inside: ProcessGlobals | None = None

    def switch_to(self, wanted: ProcessGlobals | None) -> None:
        """Put the globals of a process in place; None for those of the harness."""
        if wanted is self._inside:
            return
        if self._inside is not None:
            self._inside.leave()
        self._inside = wanted
        if wanted is not None:
            wanted.enter()
