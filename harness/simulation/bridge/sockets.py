"""`socket.socket` inside a run: a TCP socket on the in-memory network.

`socket.socket.__new__` is replaced, so that code which imported the class by name is reached too.
Calls that must wait block as blocking.py says, or raise `BlockingIOError` on a non-blocking
socket. The file number is invented: it means something to simulated `select` only.
"""

from __future__ import annotations

import _socket
import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from .. import scope
from ..hosts import LOOPBACK
from ..identity import current_process
from ..transport import MemoryTransport, joined_pair
from .blocking import result_of, running_loop, wait_for
from .socket_stream import Backlog, SocketStream, Watched, kernel_context

Address = tuple[str, int]


_real_socketpair = socket.socketpair


class SimulatedSocket(socket.socket):
    """A TCP socket of the code that is running; other kinds are refused."""

    def __init__(
        self,
        family: int = socket.AF_INET,
        type: int = socket.SOCK_STREAM,  # noqa: A002 -- the standard library's name
        proto: int = 0,
        fileno: int | None = None,
    ) -> None:
        # Not super().__init__(): that would open a real socket.
        if type & ~(socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) != socket.SOCK_STREAM:
            raise OSError(errno.EPROTONOSUPPORT, "The simulated network carries TCP only.")
        self._loop = running_loop()
        self._timeout = socket.getdefaulttimeout()
        self._stream: SocketStream | None = None
        self._backlog: Backlog | None = None
        self._listener: Any = None
        self._bound: Address = ("0.0.0.0", 0)
        self._options: dict[tuple[int, int], Any] = {}
        self._shut_reading = False
        self._connecting: asyncio.Task[MemoryTransport] | None = None
        self._failure: OSError | None = None  # of a connect that went on by itself
        self.events = Watched()
        self._number = self._loop.new_file_number(self)
        self._released = self._closed = False
        self._io_refs = 0

    # What kind of socket it is

    @property
    def family(self) -> socket.AddressFamily:
        """Always IPv4."""
        return socket.AF_INET

    @property
    def type(self) -> socket.SocketKind:
        """Always a stream."""
        return socket.SOCK_STREAM

    @property
    def proto(self) -> int:
        """Always TCP."""
        return socket.IPPROTO_TCP

    @property
    def timeout(self) -> float | None:
        """Seconds, None to wait for ever."""
        return self._timeout

    def settimeout(self, value: float | None, /) -> None:
        """Seconds that a blocking call may take."""
        self._timeout = value

    def gettimeout(self) -> float | None:
        """Seconds that a blocking call may take."""
        return self._timeout

    def setblocking(self, flag: bool, /) -> None:
        """Wait for ever, or not at all."""
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        """Whether calls may wait."""
        return self._timeout != 0

    def setsockopt(self, *arguments: Any) -> None:
        """Remembered, without effect."""
        self._options[arguments[0], arguments[1]] = arguments[2]

    def getsockopt(self, level: int, option: int, *_: Any) -> Any:
        """What was set, the kind of socket, or how a connect went; 0 for the rest."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_TYPE):
            return socket.SOCK_STREAM
        if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR):
            failure, self._failure = self._failure, None
            return (failure.errno or errno.ECONNREFUSED) if failure is not None else 0
        return self._options.get((level, option), 0)

    def fileno(self) -> int:
        """A number for simulated `select`; -1 when closed."""
        return -1 if self._released else self._number

    # Connecting and listening

    def connect(self, address: Any, /) -> None:
        """Connect to a host of the simulation; a non-blocking socket goes on by itself."""
        connecting = self._loop.create_task(
            self._loop.network.connect(
                address[0], address[1], process=current_process(), context=kernel_context()
            ),
            context=kernel_context(),
        )
        if self._timeout == 0:
            self._connecting = connecting
            connecting.add_done_callback(self._connected_later, context=kernel_context())
            raise BlockingIOError(errno.EINPROGRESS, "Operation now in progress")
        self.attach_transport(result_of(connecting, self._timeout))

    def connect_ex(self, address: Any, /) -> int:
        """As `connect`, answering an error number."""
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or errno.ECONNREFUSED
        return 0

    def _connected_later(self, connecting: asyncio.Task[MemoryTransport]) -> None:
        self._connecting = None
        error = connecting.exception()
        if isinstance(error, OSError):
            self._failure = error
        else:
            self.attach_transport(connecting.result())
        self.events.changed()

    def attach_transport(self, transport: MemoryTransport) -> None:
        """Become the near end of a connection."""
        self._stream = SocketStream(transport, self.events)

    def detach_transport(self) -> MemoryTransport:
        """Give the connection away, as `detach` does with a file number."""
        transport = self._connected().transport
        self._stream = None
        self._release()
        return transport

    def bind(self, address: Any, /) -> None:
        """Choose the address to listen on."""
        self._bound = (address[0], address[1])

    def listen(self, backlog: int = 128, /) -> None:
        """Accept connections on the bound address."""
        network = self._loop.network
        own = network.own_host()
        host, port = self._bound
        where = own.name if host in LOOPBACK or host == own.address else host
        self._backlog = Backlog(self.events)
        self._listener = network.listen(
            where, port, self._backlog.make_protocol, context=kernel_context()
        )
        self._bound = (host, self._listener.port)

    def accept(self) -> tuple[socket.socket, Address]:
        """The next connection, and where it comes from."""
        backlog = self._backlog
        if backlog is None:
            raise OSError(errno.EINVAL, "Invalid argument: the socket does not listen")
        self._wait(lambda: backlog.readable)
        accepted = SimulatedSocket()
        accepted._stream = backlog.waiting.popleft()
        accepted.events = accepted._stream.events
        return accepted, accepted.getpeername()

    def getsockname(self) -> Any:
        """The near address."""
        if self._stream is not None:
            return self._stream.transport.get_extra_info("sockname")
        return self._bound

    def getpeername(self) -> Any:
        """The far address."""
        return self._connected().transport.get_extra_info("peername")

    # Reading and writing

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Bytes that arrived; empty at the end of the stream."""
        stream = self._connected()
        if self._shut_reading:
            return b""
        if flags & socket.MSG_DONTWAIT and not stream.readable:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        self._wait(lambda: stream.readable)
        return stream.take(size, peek=bool(flags & socket.MSG_PEEK))

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """As `recv`, into a buffer."""
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send all of `data`; the network takes any amount."""
        stream = self._connected()
        self._wait(lambda: stream.writable)
        if stream.error is not None or stream.transport.is_closing():
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        view = memoryview(data).cast("B")
        stream.transport.write(view)
        return len(view)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of `data`."""
        self.send(data, flags)

    def _wait(self, ready: Callable[[], bool]) -> None:
        if ready():
            return
        if self._timeout == 0:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        changed = self._loop.create_future()

        def check() -> None:
            if ready() and not changed.done():
                changed.set_result(None)

        self.events.on_change.append(check)
        try:
            if not wait_for(changed, self._timeout):
                raise TimeoutError("timed out")
        finally:
            self.events.on_change.remove(check)

    def _connected(self) -> SocketStream:
        if self._stream is None:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return self._stream

    # Readiness, for simulated select

    @property
    def readable(self) -> bool:
        """Whether a read or accept would not block."""
        held = self._stream or self._backlog
        return held.readable if held is not None else False

    @property
    def writable(self) -> bool:
        """Whether a write would not block; also once a connect failed."""
        if self._failure is not None:
            return True
        return self._stream is not None and self._stream.writable

    # Closing

    def shutdown(self, how: int, /) -> None:
        """End reading, writing, or both."""
        stream = self._connected()
        if how in (socket.SHUT_RD, socket.SHUT_RDWR):
            self._shut_reading = True
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            stream.transport.write_eof()

    def _real_close(self, _ss: Any = None) -> None:
        self._release()

    def detach(self) -> int:
        """Not possible for what is no file: the socket is closed instead."""
        self._closed = True
        self._release()
        return -1

    def _release(self) -> None:
        if self._released:
            return
        self._released = True
        self._loop.forget_file_number(self._number)
        if self._listener is not None:
            self._listener.close()
        if self._stream is not None:
            self._stream.transport.close()

    def __repr__(self) -> str:
        return f"<SimulatedSocket {self._number} {self.getsockname()}>"


def _new(cls: Any, *arguments: Any, **options: Any) -> Any:
    """`socket.socket.__new__`: simulated inside a run, real elsewhere and for real descriptors."""
    fileno = options.get("fileno", arguments[3] if len(arguments) > 3 else None)
    if cls is socket.socket and fileno is None and scope.inside() is not None:
        return _socket.socket.__new__(SimulatedSocket)
    return _socket.socket.__new__(cls)


def _socketpair(*_: Any) -> tuple[socket.socket, socket.socket]:
    """`socket.socketpair`: two ends joined without a network between them."""
    if scope.inside() is None:
        return _real_socketpair()
    ends = SimulatedSocket(), SimulatedSocket()
    for end, transport in zip(ends, joined_pair(ends[0]._loop, kernel_context), strict=True):
        end.attach_transport(transport)
    return ends


def install(replacements: scope.Replacements) -> None:
    """Let code inside a run open simulated sockets until `replacements` are restored."""
    replacements.attribute(socket.socket, "__new__", _new)
    replacements.attribute(socket, "socketpair", _socketpair)
