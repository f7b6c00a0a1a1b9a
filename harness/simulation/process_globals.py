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
    """One attribute of a shared module, and what a new process finds there.

    Args:
        module: Name of the module; while nobody has imported it, there is nothing to do.
        path: Attribute of the module, or of a class in it: `Configuration._default`.
        initial: What a new process finds.
    """

    module: str
    path: str
    initial: Any

    def get(self) -> Any:
        """The value in place; `initial` while the module is not imported."""
        owner, name = self._owner()
        return self.initial if owner is None else getattr(owner, name)

    def set(self, value: Any) -> None:
        """Put a value in place."""
        owner, name = self._owner()
        if owner is not None:
            setattr(owner, name, value)

    def _owner(self) -> tuple[Any, str]:
        *owners, name = self.path.split(".")
        owner: Any = sys.modules.get(self.module)
        for part in owners:
            owner = getattr(owner, part, None)
        return owner, name


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
        # Sizes of the table of modules by which imports since then are noticed.
        self._size_inside = self._size_outside = 0

    def _is_mine(self, name: str) -> bool:
        return name in self._exact or name.startswith(self._prefixes)

    def enter(self) -> None:
        """Put them in place, and keep what was there."""
        unchanged = len(sys.modules) == self._size_outside
        self._outside_modules = self._take_modules(
            list(self._outside_modules) if unchanged else None
        )
        self._put_modules(self._modules)
        self._size_inside = len(sys.modules)
        self._outside_values = [attribute.get() for attribute in self._attributes]
        self._set(self._values)

    def leave(self) -> None:
        """Take them away, and put back what was there."""
        unchanged = len(sys.modules) == self._size_inside
        self._modules = self._take_modules(list(self._modules) if unchanged else None)
        self._put_modules(self._outside_modules)
        self._size_outside = len(sys.modules)
        self._values = [attribute.get() for attribute in self._attributes]
        self._set(self._outside_values)

    def _put_modules(self, modules: dict[str, ModuleType]) -> None:
        sys.modules.update(modules)
        for name, module in modules.items():
            parent, child = self._strange_parent(name)
            if parent is not None:
                setattr(parent, child, module)

    def _strange_parent(self, name: str) -> tuple[ModuleType | None, str]:
        """The package of a module where that is not taken along itself; and the last name."""
        parent, _, child = name.rpartition(".")
        return (None if self._is_mine(parent) else sys.modules.get(parent)), child

    def _take_modules(self, names: list[str] | None = None) -> dict[str, ModuleType]:
        if names is None:
            names = [name for name in sys.modules if self._is_mine(name)]
        for name in names:
            parent, child = self._strange_parent(name)
            if parent is not None:
                vars(parent).pop(child, None)  # `from parent import child` looks here first
        return {name: sys.modules.pop(name) for name in names if name in sys.modules}

    def _set(self, values: list[Any]) -> None:
        for attribute, value in zip(self._attributes, values, strict=True):
            attribute.set(value)


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
