"""Certificates of the simulation: one authority for the whole process, made when first needed.

Clients that insist on TLS get real TLS with certificates of this authority. Making one costs
milliseconds and importing the library tenths of a second, so both happen once and only on demand.
"""

from __future__ import annotations

import functools
import ssl


class Authority:
    """A certificate authority that lives in memory."""

    def __init__(self) -> None:
        import trustme

        self._authority = trustme.CA(organization_name="operator-harness simulation")
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        text: str = self._authority.cert_pem.bytes().decode()
        return text

    def server_context(self, *names: str) -> ssl.SSLContext:
        """For a server that is called by these host names and addresses."""
        context = self._contexts.get(names)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(*names).configure_cert(context)
            self._contexts[names] = context
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts this authority and no other."""
        context = ssl.create_default_context(cadata=self.pem)
        return context


@functools.cache
def authority() -> Authority:
    """The authority of this process."""
    return Authority()
