"""How the simulated API server reaches admission webhooks: over the network of the world.

A Service's name leads to its ready pods, as for everybody. Two ways are those of an operator that
runs in this process: `127.0.0.1` is the host of the subject that listens on the port (kopf's
webhook server names itself so), and a Service without a pod leads to the subject, which stands in
for the Deployment that the Service selects.

Certificates are judged without their dates: OpenSSL only knows the machine's clock.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable

from harness.apiserver.store import Store
from harness.simulation.hosts import LOOPBACK
from harness.simulation.network import Network

SERVICES = ("", "services")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class SimulatedDialer:
    """A `Dialer` in a world.

    Args:
        network: The world's.
        subjects: Hosts of the operators under test; those that come later are seen too.
    """

    checks_time = False

    def __init__(self, network: Network, subjects: Iterable[str]) -> None:
        self._network = network
        self._subjects = subjects
        #: Where Services are looked up, once there is a server.
        self.store: Store | None = None

    async def __call__(self, host: str, port: int, tls: ssl.SSLContext) -> Streams:
        """Connect, the certificate verified for `host`."""
        if host in LOOPBACK:
            return await self._connect(self._listening(port) or host, port, tls, host)
        try:
            return await self._connect(host, port, tls, host)
        except ConnectionRefusedError:
            for candidate in self._target_ports(host, port):
                subject = self._listening(candidate)
                if subject:
                    return await self._connect(subject, candidate, tls, host)
            raise

    @staticmethod
    async def _connect(where: str, port: int, tls: ssl.SSLContext, name: str) -> Streams:
        return await asyncio.open_connection(where, port, ssl=tls, server_hostname=name)

    def _listening(self, port: int) -> str:
        """The host of the first subject that listens on a port; empty for none."""
        for name in self._subjects:
            if port in self._network.host(name).listeners:
                return name
        return ""

    def _target_ports(self, host: str, port: int) -> list[int]:
        """Where the port of a Service leads, as far as it is a number."""
        name, _, rest = host.partition(".")
        if self.store is None or not rest.endswith(".svc"):
            return []
        service = self.store.collection(SERVICES).get((rest.removesuffix(".svc"), name))
        rows = service.document["spec"].get("ports") or () if service is not None else ()
        targets = [row.get("targetPort") for row in rows if row.get("port") == port]
        return [target for target in targets if isinstance(target, int)]
