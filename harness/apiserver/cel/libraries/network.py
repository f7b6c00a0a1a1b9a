"""IP addresses and networks: `ip('10.0.0.1')`, `cidr('10.0.0.0/8')`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.static_types import BOOL, INT, STRING, Type
from harness.apiserver.cel.values import no_such_overload

NETWORK = Declarations()
IP = Type("net.IP")
CIDR = Type("net.CIDR")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_ALL_ONES = ipaddress.IPv4Address("255.255.255.255")


@dataclass(frozen=True, slots=True)
class Ip:
    """One address."""

    address: _Address
    cel_type: ClassVar[str] = IP.name


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address and how many of its bits name the network; the others need not be zero."""

    address: _Address
    bits: int
    cel_type: ClassVar[str] = CIDR.name

    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """All addresses of the network."""
        return ipaddress.ip_network((self.address, self.bits), strict=False)

    def __str__(self) -> str:
        return f"{self.address}/{self.bits}"


def parse_ip(text: str) -> Ip:
    """An address.

    Raises:
        CelEvaluationError: Not an address, one with a zone, or an IPv4 address within IPv6.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        why = f'ParseAddr("{text}"): {_why(text)}'
        message = f'IP Address "{text}" parse error during conversion from string: {why}'
        raise CelEvaluationError(message) from error
    if "%" in text:
        raise CelEvaluationError(f'IP address "{text}" with zone value is not allowed')
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise CelEvaluationError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return Ip(address)


def _why(text: str) -> str:
    """What Go's `netip` finds wrong with an address; only the frequent cases."""
    dot, colon = text.find("."), text.find(":")
    if dot < 0 and colon < 0:
        return "unable to parse IP"
    if dot >= 0 and (colon < 0 or dot < colon):
        parts = text.split(".")
        if len(parts) < 4:
            return "IPv4 address too short"
        if len(parts) > 4:
            return "IPv4 address too long"
        if any(len(part) > 1 and part.startswith("0") for part in parts):
            return "IPv4 field has octet with leading zero"
        return "IPv4 field has value >255"
    return "unable to parse IP"


def parse_cidr(text: str) -> Cidr:
    """An address with a slash and the length of its prefix.

    Raises:
        CelEvaluationError: Not such a thing.
    """
    start = "network address parse error during conversion from string: "
    address, slash, length = text.rpartition("/")
    if not slash:
        raise CelEvaluationError(f"{start}{start}netip.ParsePrefix(\"{text}\"): no '/'")
    if not length.isdigit() or (len(length) > 1 and length.startswith("0")):
        raise CelEvaluationError(
            f'{start}{start}netip.ParsePrefix("{text}"): bad bits after slash: "{length}"'
        )
    try:
        found = ipaddress.ip_address(address)
    except ValueError as error:
        why = f'netip.ParsePrefix("{text}"): ParseAddr("{address}"): {_why(address)}'
        raise CelEvaluationError(f"{start}{start}{why}") from error
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        raise CelEvaluationError(f'{start}IPv4-mapped IPv6 address "{text}" is not allowed')
    if int(length) > found.max_prefixlen:
        raise CelEvaluationError(
            f'{start}{start}netip.ParsePrefix("{text}"): prefix length out of range'
        )
    return Cidr(found, int(length))


def _accepts(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            parse(text)
        except CelEvaluationError:
            return False
        return True

    return accepts


def _is_global_unicast(value: Ip) -> bool:
    address = value.address
    special = address.is_unspecified or address.is_loopback or address.is_multicast
    return not special and not address.is_link_local and address != _ALL_ONES


def _is_link_local_multicast(value: Ip) -> bool:
    network = "224.0.0.0/24" if value.address.version == 4 else "ff02::/16"
    return value.address in ipaddress.ip_network(network)


def _contains_ip(cidr: Cidr, value: Ip) -> bool:
    return value.address in cidr.network()


def _contains_ip_text(cidr: Cidr, text: str) -> bool:
    try:
        return _contains_ip(cidr, parse_ip(text))
    except CelEvaluationError:
        # Upstream passes the error on as an argument, which no overload takes.
        raise no_such_overload() from None


def _contains_cidr(cidr: Cidr, other: Cidr) -> bool:
    return other.address in cidr.network() and cidr.bits <= other.bits


def _contains_cidr_text(cidr: Cidr, text: str) -> bool:
    try:
        return _contains_cidr(cidr, parse_cidr(text))
    except CelEvaluationError:
        raise no_such_overload() from None


def _masked(cidr: Cidr) -> Cidr:
    return Cidr(cidr.network().network_address, cidr.bits)


function, member = NETWORK.function, NETWORK.member
function("ip", STRING, result=IP)(parse_ip)
function("isIP", STRING, result=BOOL)(_accepts(parse_ip))
function("ip.isCanonical", STRING, result=BOOL)(lambda text: str(parse_ip(text).address) == text)
function("string", IP, result=STRING)(lambda value: str(value.address))
member("family", IP, result=INT)(lambda value: value.address.version)
member("isUnspecified", IP, result=BOOL)(lambda value: value.address.is_unspecified)
member("isLoopback", IP, result=BOOL)(lambda value: value.address.is_loopback)
member("isLinkLocalMulticast", IP, result=BOOL)(_is_link_local_multicast)
member("isLinkLocalUnicast", IP, result=BOOL)(lambda value: value.address.is_link_local)
member("isGlobalUnicast", IP, result=BOOL)(_is_global_unicast)
function("cidr", STRING, result=CIDR)(parse_cidr)
function("isCIDR", STRING, result=BOOL)(_accepts(parse_cidr))
function("string", CIDR, result=STRING)(str)
member("containsIP", CIDR, STRING, result=BOOL)(_contains_ip_text)
member("containsIP", CIDR, IP, result=BOOL)(_contains_ip)
member("containsCIDR", CIDR, STRING, result=BOOL)(_contains_cidr_text)
member("containsCIDR", CIDR, CIDR, result=BOOL)(_contains_cidr)
member("ip", CIDR, result=IP)(lambda cidr: Ip(cidr.address))
member("prefixLength", CIDR, result=INT)(lambda cidr: cidr.bits)
member("masked", CIDR, result=CIDR)(_masked)
