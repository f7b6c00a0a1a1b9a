"""What a simulated socket holds: bytes that arrived, connections that wait, and who is to be told.

These protocols are the kernel's part of a socket, so they run outside of any process: a paused
process still receives into its buffers, and a killed one is cut off by its owner, not by context.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable

from ..transport import MemoryTransport


def kernel_context() -> contextvars.Context:
    """A context that belongs to no process."""
    return contextvars.Context()


class Watched:
    """Something whose state changes; `on_change` callbacks are told once each time."""

    def __init__(self) -> None:
        self.on_change: list[Callable[[], object]] = []

    def changed(self) -> None:
        """Tell all that watch."""
        for callback in tuple(self.on_change):
            callback()


class SocketStream(asyncio.Protocol):
    """The receiving side of a connected socket; `events` tells of its changes."""

    def __init__(self, transport: MemoryTransport, events: Watched) -> None:
        self.events = events
        self.transport = transport
        self.buffer = bytearray()
        self.ended = False
        self.error: BaseException | None = None
        self.may_write = True
        transport.set_protocol(self)

    @property
    def readable(self) -> bool:
        """Whether a read would not block."""
        return bool(self.buffer) or self.ended or self.error is not None

    @property
    def writable(self) -> bool:
        """Whether a write would not block."""
        return self.may_write or self.error is not None

    def take(self, size: int, *, peek: bool = False) -> bytes:
        """Up to `size` bytes that arrived; empty at the end of the stream."""
        if not self.buffer and self.error is not None:
            raise self.error
        data = bytes(self.buffer[:size])
        if not peek:
            del self.buffer[:size]
        return data

    def data_received(self, data: bytes) -> None:
        """Keep what arrives."""
        self.buffer += data
        self.events.changed()

    def eof_received(self) -> bool:
        """The other side ended its stream; ours stays open until it is closed."""
        self.ended = True
        self.events.changed()
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Reads and writes fail from now on, or see the end."""
        self.ended = True
        self.error = exc
        self.events.changed()

    def pause_writing(self) -> None:
        """Too much is under way."""
        self.may_write = False

    def resume_writing(self) -> None:
        """The other side took enough."""
        self.may_write = True
        self.events.changed()


class Backlog:
    """Connections to a listening socket that were not accepted yet."""

    def __init__(self, events: Watched) -> None:
        self.events = events
        self.waiting: deque[SocketStream] = deque()

    @property
    def readable(self) -> bool:
        """Whether `accept` would not block."""
        return bool(self.waiting)

    def make_protocol(self) -> asyncio.Protocol:
        """The protocol factory of the listener."""
        return _Accepted(self)


class _Accepted(asyncio.Protocol):
    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self._backlog.waiting.append(SocketStream(transport, Watched()))
        self._backlog.events.changed()
