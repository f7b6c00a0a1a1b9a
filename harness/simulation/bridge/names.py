"""Names and addresses inside a run: `socket.getaddrinfo` and its kin answer from the network."""

from __future__ import annotations

import socket
from typing import Any

from .. import scope
from ..network_calls import AddressInfo, address_info

_real_getaddrinfo = socket.getaddrinfo
_real_gethostbyname = socket.gethostbyname
_real_gethostbyaddr = socket.gethostbyaddr
_real_gethostname = socket.gethostname
_real_getfqdn = socket.getfqdn


def _getaddrinfo(
    host: Any,
    port: Any,
    family: int = 0,
    type: int = 0,  # noqa: A002 -- the standard library's name
    proto: int = 0,
    flags: int = 0,
) -> Any:
    world = scope.inside()
    if world is None:
        return _real_getaddrinfo(host, port, family, type, proto, flags)
    found: list[AddressInfo] = address_info(world.network, host, port, type)
    return found


def _gethostbyname(hostname: str) -> str:
    world = scope.inside()
    if world is None:
        return _real_gethostbyname(hostname)
    return address_info(world.network, hostname, 0)[0][4][0]


def _gethostbyaddr(ip_address: str) -> tuple[str, list[str], list[str]]:
    world = scope.inside()
    if world is None:
        return _real_gethostbyaddr(ip_address)
    return ip_address, [], [_gethostbyname(ip_address)]


def _gethostname() -> str:
    world = scope.inside()
    return _real_gethostname() if world is None else world.network.own_host().name


def _getfqdn(name: str = "") -> str:
    world = scope.inside()
    if world is None:
        return _real_getfqdn(name)
    return name or world.network.own_host().name


def install(replacements: scope.Replacements) -> None:
    """Resolve names on the simulated network until `replacements` are restored."""
    replacements.attribute(socket, "getaddrinfo", _getaddrinfo)
    replacements.attribute(socket, "gethostbyname", _gethostbyname)
    replacements.attribute(socket, "gethostbyaddr", _gethostbyaddr)
    replacements.attribute(socket, "gethostname", _gethostname)
    replacements.attribute(socket, "getfqdn", _getfqdn)
