"""TLS over a simulated socket, for blocking clients such as urllib3 and http.client.

OpenSSL works on buffers in memory: what it wants to send is written to the socket, what it wants
to read is read from it. `ssl.SSLContext.wrap_socket` makes one of these when it is given a
simulated socket.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from .. import scope
from .sockets import SimulatedSocket

T = TypeVar("T")

_real_wrap_socket = ssl.SSLContext.wrap_socket
_RECORD_BYTES = 16 * 1024


class SimulatedTLSSocket(SimulatedSocket):
    """As much of `ssl.SSLSocket` as clients and servers use."""

    def __init__(
        self,
        context: ssl.SSLContext,
        plain: SimulatedSocket,
        *,
        server_side: bool,
        server_hostname: str | None,
    ) -> None:
        super().__init__()
        self.context = context
        self.server_side = server_side
        self.server_hostname = server_hostname
        self.settimeout(plain.gettimeout())
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side, server_hostname=server_hostname
        )
        self.attach_transport(plain.detach_transport())

    # The conversation between OpenSSL and the network

    def _converse(self, step: Callable[[], T]) -> T:
        """Repeat `step` until OpenSSL needs nothing more from the network."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            super().send(data)

    def _fill(self) -> None:
        data = super().recv(_RECORD_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def do_handshake(self, block: bool = False) -> None:
        """Agree on keys and verify certificates."""
        self._converse(self._tls.do_handshake)

    # Reading and writing

    def recv(self, size: int = 1024, flags: int = 0, /) -> bytes:
        """Decrypted bytes; empty at the end of the stream."""
        try:
            return self._converse(lambda: self._tls.read(size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def read(self, size: int = 1024, buffer: Any = None) -> Any:
        """As `ssl.SSLSocket.read`."""
        return self.recv(size) if buffer is None else self.recv_into(buffer, size)

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Encrypt and send all of `data`."""
        view = memoryview(data).cast("B")
        sent = 0
        while sent < len(view):
            rest = view[sent:]
            sent += self._converse(lambda rest=rest: self._tls.write(rest))  # type: ignore[misc]
        return len(view)

    def write(self, data: Any) -> int:
        """As `ssl.SSLSocket.write`."""
        return self.send(data)

    def pending(self) -> int:
        """Decrypted bytes that wait to be read."""
        return self._tls.pending()

    @property
    def readable(self) -> bool:
        """Whether a read would not block, as far as can be known."""
        return bool(self._tls.pending() or self._incoming.pending) or super().readable

    def unwrap(self) -> SimulatedSocket:
        """End TLS; the plain socket goes on."""
        self._converse(self._tls.unwrap)
        plain = SimulatedSocket()
        plain.attach_transport(self.detach_transport())
        return plain

    # What was agreed

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The other side's certificate."""
        return self._tls.getpeercert(binary_form)

    def version(self) -> str | None:
        """The protocol version."""
        return self._tls.version()

    def cipher(self) -> tuple[str, str, int] | None:
        """The cipher."""
        return self._tls.cipher()

    def selected_alpn_protocol(self) -> str | None:
        """The application protocol."""
        return self._tls.selected_alpn_protocol()

    def compression(self) -> str | None:
        """The compression."""
        return self._tls.compression()

    @property
    def session(self) -> Any:
        """The session, for resumption."""
        return self._tls.session


def _wrap_socket(
    self: ssl.SSLContext,
    sock: Any,
    server_side: bool = False,
    do_handshake_on_connect: bool = True,
    suppress_ragged_eofs: bool = True,
    server_hostname: str | None = None,
    session: Any = None,
) -> Any:
    """`ssl.SSLContext.wrap_socket`."""
    if not isinstance(sock, SimulatedSocket):
        return _real_wrap_socket(
            self,
            sock,
            server_side,
            do_handshake_on_connect,
            suppress_ragged_eofs,
            server_hostname,
            session,
        )
    wrapped = SimulatedTLSSocket(
        self, sock, server_side=server_side, server_hostname=server_hostname
    )
    if do_handshake_on_connect:
        wrapped.do_handshake()
    return wrapped


def install(replacements: scope.Replacements) -> None:
    """Let code inside a run speak TLS over simulated sockets until restored."""
    replacements.attribute(ssl.SSLContext, "wrap_socket", _wrap_socket)
