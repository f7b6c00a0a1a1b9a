"""`select` and `poll` inside a run: wait until one of several simulated sockets is ready.

urllib3 asks whether an idle connection was closed; `socketserver` and `selectors` wait for many;
an event loop that a subject runs in a thread of its own waits here as well. Real descriptors are
never ready in a run: nothing real happens in it.
"""

from __future__ import annotations

import select
import selectors
from collections.abc import Callable, Iterable
from typing import Any

from .. import scope
from .blocking import running_loop, wait_for

_real_select = select.select
_real_poll: Any = select.poll
_real_epoll: Any = getattr(select, "epoll", None)

IN, OUT, ERROR, HANGUP = select.POLLIN, select.POLLOUT, select.POLLERR, select.POLLHUP


def _number(file: Any) -> int:
    return file if isinstance(file, int) else int(file.fileno())


class SimulatedPoll:
    """What `select.poll()` makes; its time limit is in milliseconds."""

    def __init__(self) -> None:
        self._loop = running_loop()
        self._masks: dict[int, int] = {}

    def register(self, file: Any, mask: int = IN | OUT) -> None:
        """Watch a file, or change what is watched."""
        self._masks[_number(file)] = mask

    def modify(self, file: Any, mask: int) -> None:
        """Change what is watched."""
        if _number(file) not in self._masks:
            raise FileNotFoundError(2, "No such file or directory")
        self._masks[_number(file)] = mask

    def unregister(self, file: Any) -> None:
        """Watch a file no longer."""
        del self._masks[_number(file)]

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """Wait for events: pairs of file number and mask."""
        limit = None if timeout is None or timeout < 0 else timeout / 1000
        return self._wait(limit)

    def _wait(self, limit: float | None) -> list[tuple[int, int]]:
        _wait_until(self._loop, self._masks, lambda: bool(self._ready()), limit)
        return self._ready()

    def _ready(self) -> list[tuple[int, int]]:
        found = []
        for number, mask in self._masks.items():
            file = self._loop.files.get(number)
            events = 0 if file is None else _events(file) & (mask | ERROR | HANGUP)
            if events:
                found.append((number, events))
        return found


class SimulatedEpoll(SimulatedPoll):
    """What `select.epoll()` makes; its time limit is in seconds."""

    closed = False

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> list[tuple[int, int]]:
        """Wait for events: pairs of file number and mask."""
        return self._wait(None if timeout is None or timeout < 0 else timeout)

    def fileno(self) -> int:
        """No real file."""
        return -1

    def close(self) -> None:
        """Watch nothing any more."""
        self.closed = True
        self._masks.clear()


def _events(file: Any) -> int:
    return (IN if file.readable else 0) | (OUT if file.writable else 0)


def _wait_until(
    loop: Any, numbers: Iterable[int], ready: Callable[[], bool], limit: float | None
) -> None:
    if ready():
        return
    changed = loop.create_future()

    def check() -> None:
        if not changed.done() and ready():
            changed.set_result(None)

    watched = [loop.files[number].events for number in numbers if number in loop.files]
    for events in watched:
        events.on_change.append(check)
    try:
        wait_for(changed, limit)
    finally:
        for events in watched:
            events.on_change.remove(check)


def _select(
    readers: Iterable[Any],
    writers: Iterable[Any],
    failed: Iterable[Any],
    timeout: float | None = None,
) -> tuple[list[Any], list[Any], list[Any]]:
    """`select.select`."""
    if scope.inside() is None:
        return _real_select(readers, writers, failed, timeout)
    loop = running_loop()
    reading, writing = list(readers), list(writers)

    def ready() -> tuple[list[Any], list[Any]]:
        files = loop.files
        return (
            [file for file in reading if (found := files.get(_number(file))) and found.readable],
            [file for file in writing if (found := files.get(_number(file))) and found.writable],
        )

    numbers = [_number(file) for file in [*reading, *writing]]
    _wait_until(loop, numbers, lambda: any(ready()), timeout)
    return (*ready(), [])


def _poll() -> Any:
    """`select.poll()`."""
    return _real_poll() if scope.inside() is None else SimulatedPoll()


def _epoll(*arguments: Any) -> Any:
    """`select.epoll()`."""
    return _real_epoll(*arguments) if scope.inside() is None else SimulatedEpoll()


def install(replacements: scope.Replacements) -> None:
    """Let code inside a run wait for simulated sockets until `replacements` are restored."""
    replacements.attribute(select, "select", _select)
    replacements.attribute(select, "poll", _poll)
    replacements.attribute(selectors.SelectSelector, "_select", staticmethod(_select))
    replacements.attribute(selectors.PollSelector, "_selector_cls", staticmethod(_poll))
    if _real_epoll is not None:
        replacements.attribute(select, "epoll", _epoll)
        replacements.attribute(selectors.EpollSelector, "_selector_cls", staticmethod(_epoll))


#: For modules that imported them by name.
STAND_INS = {_real_select: _select, _real_poll: _poll}
