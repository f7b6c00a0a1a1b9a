"""Where simulated time holds: on the thread of the run, while it runs.

The stand-ins for `time.sleep`, `os.urandom` and the like are plain functions that live for ever
(a module that imported one by name keeps it). Each asks here whether a run is going on *on its own
thread*; elsewhere it is the real function. So threads of pytest-timeout or xdist see real time.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError

if TYPE_CHECKING:
    from .world import World

_world: World | None = None
_thread = -1


def inside() -> World | None:
    """The world whose code is running, or None outside of a run."""
    return _world if _thread == get_ident() else None


@contextmanager
def entered(world: World) -> Iterator[None]:
    """Make `world` the running one on this thread."""
    global _world, _thread
    if _world is not None:
        raise UsageError(
            "A simulated run is going on already, and one process holds one run at a time. "
            "Run the second one afterwards, or in a process of its own."
        )
    _world, _thread = world, get_ident()
    try:
        yield
    finally:
        _world, _thread = None, -1


@contextmanager
def stepped_out() -> Iterator[None]:
    """Real chance, time and files for what a process makes once and keeps for all of its runs.

    Only the first run would draw for it, and a second one with the same seed be another run. Also
    for the harness's own talk with real processes in the middle of a run.
    """
    global _thread
    if inside() is None:
        yield
        return
    thread, _thread = _thread, -1
    try:
        yield
    finally:
        _thread = thread


class Replacements:
    """Attributes that are replaced while a run goes on, restored in reverse order."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def attribute(self, target: Any, name: str, value: Any) -> None:
        """Set `target.name`; an attribute that was absent will be absent again."""
        if name in vars(target):
            old = vars(target)[name]
            self._undo.append(lambda: setattr(target, name, old))
        else:
            self._undo.append(lambda: delattr(target, name))
        setattr(target, name, value)

    def afterwards(self, undo: Callable[[], object]) -> None:
        """Call `undo` when the run ends."""
        self._undo.append(undo)

    def restore(self) -> None:
        """Undo everything, also when one of the steps fails."""
        failure: BaseException | None = None
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:  # noqa: BLE001 -- the other steps must run; raised below
                failure = failure or error
        if failure is not None:
            raise failure
