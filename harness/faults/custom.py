"""A fault written in Python: `module:function`, only with `--allow-custom`.

The function is `async def fault(context, **arguments)`. It acts and returns; what it returns, if
callable, is its undo (an async function without arguments). Returning means that it took effect;
to say that it could not act it raises `CannotInject`.

A function in memory is gone when this process is killed. What it breaks in the cluster it therefore
also says as data, before it acts: `await context.will_break(patch_of(document, {...}))`, with what
`harness.faults.repairs` offers. Without a returned function these repairs are the undo.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from pydantic import Field

from harness.errors import UsageError

from .context import FaultContext
from .fault import Family, Fault, Injection
from .repairs import Repair


class Custom(Fault):
    """Call a Python function."""

    type: ClassVar[str] = "custom"
    example: ClassVar[str] = """\
- name: mine
  custom: {function: my_faults:fill_the_disk, arguments: {percent: 90}}
"""
    family: ClassVar[Family] = "custom"
    points: ClassVar[frozenset[str]] = frozenset({"objects"})

    function: str = Field(pattern=r"^[\w.]+:\w+$")
    """Where it is: `package.module:function`."""
    arguments: dict[str, Any] = {}
    """Given to it by name."""

    @property
    def runs_own_code(self) -> bool:
        """A function."""
        return True

    def prepare(self, context: FaultContext) -> Injection:
        """One call."""
        return Call(self, context)


class Call(Injection):
    """One call of the user's function."""

    def __init__(self, fault: Custom, context: FaultContext) -> None:
        super().__init__(context)
        if not context.allow_custom:
            raise UsageError(
                f"fault {context.name} calls {fault.function}; --allow-custom permits that"
            )
        self._fault = fault
        self._function = load_function(fault.function)
        self._put_back: Callable[[], Awaitable[None]] | None = None

    def choose(self) -> str:
        """What is called."""
        return self._fault.function

    async def act(self) -> None:
        """Call it."""
        result = await self._function(self.context, **self._fault.arguments)
        self._put_back = result if callable(result) else None
        self.observe(f"{self._fault.function} returned")

    def undo_description(self) -> str:
        """Whatever the function says."""
        return f"undo {self._fault.function}"

    def repairs(self) -> list[Repair]:
        """What the function said by now."""
        return list(self._undo.repairs) if self._undo is not None else []

    async def undo(self) -> None:
        """Call what the function returned; if nothing, do what it said it would break."""
        if self._put_back is not None:
            await self._put_back()
        else:
            await super().undo()


def load_function(path: str) -> Callable[..., Awaitable[Any]]:
    """The function that `module:function` names.

    Raises:
        UsageError: There is no such module or function.
    """
    module_name, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"custom fault {path!r} cannot be loaded: {error}") from None
    if not callable(found):
        raise UsageError(f"custom fault {path!r} is no function")
    function: Callable[..., Awaitable[Any]] = found
    return function
