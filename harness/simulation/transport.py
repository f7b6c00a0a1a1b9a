"""One end of an in-memory connection, as asyncio transports are.

What one end writes arrives at the other after a small delay, in order. Writes of one instant
travel together, as they would in one packet. Each end runs its protocol in its own context, that
of the process that opened or accepted the connection, so pausing or killing a process also pauses
or kills what it would have received.

    write -> peer's inbox (with time of arrival) -> timer -> protocol.data_received

A `close` lets what was written arrive and then ends the stream; an `abort` drops it and resets.
"""

from __future__ import annotations

import asyncio
from asyncio import protocols
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

Delay = Callable[[], float]

_HIGH_WATER_BYTES = 64 * 1024
_LOW_WATER_BYTES = 16 * 1024

#: In an inbox, besides bytes: the stream ended, or the connection was reset.
_END = object()
_RESET = object()


class MemoryTransport(asyncio.Transport):
    """A stream transport whose other end is `peer`.

    Args:
        loop: The loop that both ends live on.
        delay: Draws the seconds that the next packet to this end takes.
        context: The context in which this end's protocol is called.
        owner: The simulated process this end belongs to, or None.
        extra: What `get_extra_info` knows.
    """

    _start_tls_compatible = True  # asks asyncio to allow loop.start_tls

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        delay: Delay,
        context: Context,
        owner: Any,
        extra: dict[str, Any],
    ) -> None:
        super().__init__(extra)
        self.peer: MemoryTransport
        self.on_lost: Callable[[MemoryTransport], None] | None = None
        self.held = False  # the network is cut in two: packets wait until it heals
        self.context = context
        self.owner = owner
        self._loop = loop
        self._delay = delay
        self._protocol: asyncio.BaseProtocol | None = None
        self._inbox: deque[list[Any]] = deque()  # [sent at, bytearray or _END or _RESET]
        self._arrived: deque[Any] = deque()
        self._last_arrival = 0.0
        self._unread_bytes = 0
        self._closing = False
        self._ended = False  # our side of the stream has ended
        self._lost = False
        self._reading = True
        self._writing_paused = False
        self._high, self._low = _HIGH_WATER_BYTES, _LOW_WATER_BYTES

    # Towards this end

    def _send(self, packet: Any) -> None:
        """The peer sends `packet`; it arrives here later."""
        if self._lost:
            return
        now = self._loop.time()
        if isinstance(packet, bytes):
            self._unread_bytes += len(packet)
            last = self._inbox[-1] if self._inbox else None
            if last is not None and last[0] == now and isinstance(last[1], bytearray):
                last[1] += packet
                return
            packet = bytearray(packet)
        self._inbox.append([now, packet])
        arrival = self._last_arrival = max(now + self._delay(), self._last_arrival)
        self._loop.call_at(arrival, self._arrive, context=self.context)

    def _arrive(self) -> None:
        if self._inbox:
            self._arrived.append(self._inbox.popleft()[1])
        self._deliver()

    def _deliver(self) -> None:
        while self._arrived and self._reading and not self.held and not self._lost:
            packet = self._arrived.popleft()
            if packet is _RESET:
                self._lose(ConnectionResetError(104, "Connection reset by peer"))
            elif packet is _END:
                self._end_of_stream()
            else:
                self._unread_bytes -= len(packet)
                self.hand_over(bytes(packet))
                self.peer._reconsider_writing()

    def hand_over(self, data: bytes) -> None:
        """Give bytes to the protocol, whichever kind it is."""
        protocol: Any = self._protocol
        if self._closing or protocol is None:
            return
        if isinstance(protocol, protocols.BufferedProtocol):
            protocols._feed_data_to_buffered_proto(protocol, data)  # type: ignore[attr-defined]
        else:
            protocol.data_received(data)

    def _end_of_stream(self) -> None:
        protocol: Any = self._protocol
        if self._closing or protocol is None:
            self._lose(None)
        elif not protocol.eof_received() or self._ended:
            self.close()

    # From this end

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; they are dropped when the connection is closing."""
        if self._closing or self._ended or not data:
            return
        self.peer._send(bytes(data))
        if not self._writing_paused and self.peer._unread_bytes > self._high:
            self._writing_paused = True
            self._protocol.pause_writing()  # type: ignore[union-attr]

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces at once."""
        self.write(b"".join(list_of_data))

    def _reconsider_writing(self) -> None:
        if self._writing_paused and self.peer._unread_bytes <= self._low:
            self._writing_paused = False
            self._loop.call_soon(self._resume_writing, context=self.context)

    def _resume_writing(self) -> None:
        if self._protocol is not None:
            self._protocol.resume_writing()

    def can_write_eof(self) -> bool:
        """Streams in memory can be half closed."""
        return True

    def write_eof(self) -> None:
        """End our side of the stream; the other side may go on."""
        if not self._ended and not self._closing:
            self._ended = True
            self.peer._send(_END)

    def close(self) -> None:
        """Let what was written arrive, then end the stream."""
        if self._closing:
            return
        self.write_eof()
        self._closing = True
        self._loop.call_soon(self._lose, None, context=self.context)

    def abort(self) -> None:
        """Drop what is on its way and reset the connection."""
        if not self._lost:
            self._closing = True
            self.peer.reset()
            self._loop.call_soon(self._lose, None, context=self.context)

    def reset(self) -> None:
        """What is on its way to this end is dropped; it sees a connection reset instead."""
        self._inbox.clear()
        self._arrived.clear()
        self._unread_bytes = 0
        self._send(_RESET)

    def sever(self, *, graceful: bool) -> None:
        """The process of this end is gone: nothing of it is called or sent again.

        What is on its way to the other end still arrives when `graceful`.
        """
        if self._lost:
            return
        if graceful:
            self.write_eof()
        else:
            self.peer.reset()
        self._lost = self._closing = True
        self._forget()

    def bury(self) -> None:
        """Let go of the protocol and the context of a process that is long dead."""
        self._protocol = None
        self.context = Context()

    def hold(self, held: bool) -> None:
        """Keep packets to this end waiting (True), or let them go on (False)."""
        self.held = held
        if not held:
            self._loop.call_soon(self._deliver, context=self.context)

    def _lose(self, error: BaseException | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        protocol = self._protocol
        self._forget()
        self.peer._reconsider_writing()
        if protocol is not None:
            protocol.connection_lost(error)  # type: ignore[arg-type]

    def _forget(self) -> None:
        self._inbox.clear()
        self._arrived.clear()
        self._unread_bytes = 0
        if self.on_lost is not None:
            self.on_lost(self)

    # What protocols ask of a transport

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Who is called with what arrives."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who is called with what arrives."""
        assert self._protocol is not None
        return self._protocol

    def is_closing(self) -> bool:
        """Whether the connection is closing or closed."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether this end takes what arrives."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Let what arrives wait."""
        self._reading = False

    def resume_reading(self) -> None:
        """Take what arrives again."""
        if not self._reading:
            self._reading = True
            self._loop.call_soon(self._deliver, context=self.context)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Bytes under way above which the protocol is paused, and below which it goes on."""
        if high is None:
            high = _HIGH_WATER_BYTES if low is None else 4 * low
        self._high = high
        self._low = low if low is not None else self._high // 4

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The limits as (low, high)."""
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        """Bytes that were written and not yet taken by the other end."""
        return 0 if self._lost else self.peer._unread_bytes


def joined_pair(
    loop: asyncio.AbstractEventLoop, context: Callable[[], Context]
) -> tuple[MemoryTransport, MemoryTransport]:
    """Two ends joined without delay, as pipes within one process are."""
    first = MemoryTransport(loop, lambda: 0.0, context(), None, {})
    second = MemoryTransport(loop, lambda: 0.0, context(), None, {})
    first.peer, second.peer = second, first
    return first, second
