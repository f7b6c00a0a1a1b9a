"""Hosts of the simulated network: their names, addresses and open ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .identity import current_process
from .listener import Listener

if TYPE_CHECKING:
    from .process import Process

#: Where code runs that belongs to no simulated process.
HARNESS_HOST = "harness"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""})

_FIRST_EPHEMERAL_PORT = 32768


class UnknownHost(ConnectionRefusedError):
    """The subject wants to reach a host that is not part of the simulation."""


@dataclass(slots=True, eq=False)
class Host:
    """One machine on the network."""

    name: str
    address: str
    listeners: dict[int, Listener] = field(default_factory=dict)
    next_port: int = _FIRST_EPHEMERAL_PORT
    unreachable: bool = False

    def ephemeral_port(self) -> int:
        """The next port that nobody asked for by number."""
        self.next_port += 1
        return self.next_port


class Hosts:
    """All hosts of one run, and how names lead to them.

    Args:
        report: Called with a sentence for each name that nobody declared.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._hosts: dict[str, Host] = {}
        self._names: dict[str, Host] = {}
        #: From a name that is no host's to an address, or None; asked in order.
        self.resolvers: list[Callable[[str], str | None]] = []
        self.host(HARNESS_HOST)

    def host(self, name: str, *aliases: str, address: str = "") -> Host:
        """The host of that name, created when new; `aliases` are further DNS names for it."""
        found = self._hosts.get(name)
        if found is None:
            number = len(self._hosts) + 1
            found = Host(name, address or f"10.0.{number // 250}.{number % 250 + 1}")
            self._hosts[name] = found
        for alias in (name, found.address, *aliases):
            self._names.setdefault(alias.lower(), found)
        return found

    def own_host(self, process: Process | None = None) -> Host:
        """The host of a process; by default of the one whose code is running."""
        process = process or current_process()
        return self.host(process.host if process is not None else HARNESS_HOST)

    def resolve(self, name: str) -> str:
        """The virtual address of a name.

        Raises:
            UnknownHost: Nobody declared it.
        """
        name = name.rstrip(".").lower()
        if name in LOOPBACK:
            return "127.0.0.1"
        if name in self._names:
            return self._names[name].address
        for resolver in self.resolvers:
            address = resolver(name)
            if address is not None:
                return address
        if name.replace(".", "").isdigit():
            return name  # an address already; a redirect may know where it leads
        raise self.unknown(name)

    def unknown(self, name: str) -> UnknownHost:
        """The error for a name that nobody declared, which is reported as well."""
        text = (
            f"Host {name!r} is not part of the simulation, where a subject reaches simulated "
            f"Services and declared hosts only. If the subject needs it, declare it under "
            f"`externals`."
        )
        self._report(text)
        return UnknownHost(111, text)
