"""Where proxies listen, one after the other, when their address is written down once.

A Deployment is told its API server's address and whom to trust when it is created, but each case
of a run has a process, and so a proxy, of its own. The place is reserved for the whole run: a port
that nobody else gets, and an authority whose certificates every proxy of the run can show.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

import trustme

from harness.apiserver.serving import LOOPBACK
from harness.errors import InfrastructureError, UsageError

ORGANIZATION = "operator-harness"


@dataclass(frozen=True, slots=True)
class ProxyPlace:
    """An address, and the authority for its certificates.

    Args:
        host: An address of this machine.
        port: 0 takes a free one.
        ca_pem: The authority's certificate, for callers.
        ca_key_pem: Its key; keep it in memory.
        names: By which else callers know the address.
    """

    host: str
    port: int
    ca_pem: str
    ca_key_pem: str = field(repr=False)
    names: tuple[str, ...] = ()

    @classmethod
    def new(cls, host: str = LOOPBACK, port: int = 0) -> Self:
        """A place with an authority of its own."""
        authority = trustme.CA(organization_name=ORGANIZATION)
        return cls(
            host,
            port,
            authority.cert_pem.bytes().decode(),
            authority.private_key_pem.bytes().decode(),
        )

    def certificate(self) -> trustme.LeafCert:
        """A certificate for the host and all its names."""
        authority = trustme.CA.from_pem(self.ca_pem.encode(), self.ca_key_pem.encode())
        local = ("localhost",) if self.host == LOOPBACK else ()
        return authority.issue_cert(self.host, *local, *self.names)


@contextlib.contextmanager
def reserved_place(host: str) -> Iterator[ProxyPlace]:
    """A place whose port stays ours until the context ends, in this process and its children.

    The port is bound, not listened at, so that callers are refused while no proxy is there; the
    proxies bind it too, which SO_REUSEPORT permits to processes of one user.

    Raises:
        UsageError: The address is not one but all of them.
        InfrastructureError: This machine has no such address.
    """
    if ipaddress.ip_address(host).is_unspecified:
        raise UsageError(
            f"the proxy shall listen at {host}, which is every address of this machine; "
            f"name the one at which the subject reaches it"
        )
    with socket.socket(_family(host), socket.SOCK_STREAM) as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            reservation.bind((host, 0))
        except OSError as error:
            raise InfrastructureError(
                f"the proxy cannot listen at {host}: {error.strerror}. Where Docker runs in a "
                f"virtual machine (Docker Desktop), its networks are not this machine's; run the "
                f"harness where Docker runs"
            ) from None
        yield ProxyPlace.new(host, reservation.getsockname()[1])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
