"""What kube-proxy and the cluster's DNS do: Service names and addresses lead to ready pods.

A name (`web`, `web.NAMESPACE`, `web.NAMESPACE.svc`, `web.NAMESPACE.svc.cluster.local`) resolves to
the Service's cluster address, that of a headless Service to one of its ready pods, and
`HOSTNAME.web.NAMESPACE...` to the one pod of that hostname, as StatefulSets name theirs. A
connection to a cluster address and port goes to one of the ready endpoints, drawn for each
connection. Without a ready endpoint the connection is refused, as with kube-proxy's reject rule.

It reads Services and EndpointSlices from the shared caches and writes nothing; it stands behind the
network's `resolvers` and `redirects` while it runs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from harness.apiserver.requests import Object
from harness.client.caching import Informers
from harness.client.resources import ENDPOINT_SLICES, SERVICES
from harness.simulation.entropy import Entropy
from harness.simulation.identity import current_process
from harness.simulation.network import Network

from .endpoints import service_of

CLUSTER_DOMAIN = "cluster.local"
#: An address that nobody has: a connection there is refused.
NOWHERE_PORT = 1


@dataclass(frozen=True)
class Backend:
    """A pod's address and port."""

    address: str
    port: int


class ServiceNetwork:
    """Routes connections to Services.

    Args:
        network: The simulated network.
        informers: The shared caches.
        entropy: For choosing endpoints.
    """

    def __init__(self, network: Network, informers: Informers, entropy: Entropy) -> None:
        self._network = network
        self._chance = entropy.substream("schedule", "service-network")
        self._services = informers[SERVICES]
        self._slices = informers[ENDPOINT_SLICES]
        self._slices.index("service", service_of)
        self._services.index("address", _cluster_address)

    async def run(self) -> None:
        """Route until cancelled."""
        self._network.resolvers.append(self.resolve)
        self._network.redirects.append(self.redirect)
        try:
            await asyncio.Event().wait()
        finally:
            self._network.resolvers.remove(self.resolve)
            self._network.redirects.remove(self.redirect)

    def resolve(self, name: str) -> str | None:
        """The address of a Service's name, None for other names."""
        hostname, service = self._named(_labels_of(name))
        if service is None or not service["spec"].get("selector"):
            return None
        address: str = service["spec"].get("clusterIP", "")
        if address and address != "None":
            return None if hostname else address
        ready = self._ready(service, None, hostname)
        return self._chance.choice(ready).address if ready else None

    def redirect(self, address: str, port: int) -> tuple[str, int] | None:
        """Where a connection to a cluster address leads, None for other addresses."""
        found = self._services.by_index("address", address)
        if not found or not found[0]["spec"].get("selector"):
            return None  # not ours: `kubernetes` leads to the API server, which has its own host
        wanted = next((p for p in found[0]["spec"].get("ports") or () if p["port"] == port), None)
        ready = [] if wanted is None else self._ready(found[0], wanted.get("name", ""))
        if not ready:
            return "127.0.0.1", NOWHERE_PORT
        backend = self._chance.choice(ready)
        return backend.address, backend.port

    def _named(self, labels: list[str]) -> tuple[str, Object | None]:
        """The hostname in a name, if any, and the Service; a pod looks in its own namespace first,
        as its search path says.
        """
        if len(labels) == 2:
            service = self._services.get(labels[1], self._own_namespace())
            if service is not None and service["spec"].get("clusterIP") == "None":
                return labels[0], service
        if len(labels) == 3:
            return labels[0], self._find(labels[1:])
        return "", self._find(labels)

    def _find(self, parts: list[str]) -> Object | None:
        if len(parts) == 1:
            return self._services.get(parts[0], self._own_namespace())
        if len(parts) == 2:
            return self._services.get(parts[0], parts[1])
        return None

    @staticmethod
    def _own_namespace() -> str:
        """The namespace of the pod whose program asks, from its host's name."""
        process = current_process()
        parts = process.host.split(".") if process is not None else []
        return parts[1] if len(parts) == 4 and parts[3] == "pod" else ""

    def _ready(self, service: Object, port_name: str | None, hostname: str = "") -> list[Backend]:
        meta = service["metadata"]
        backends = []
        for found in self._slices.by_index("service", f"{meta['namespace']}/{meta['name']}"):
            ports = [
                item["port"]
                for item in found.get("ports") or ()
                if port_name is None or item.get("name", "") == port_name
            ]
            for endpoint in found.get("endpoints") or ():
                if hostname not in ("", endpoint.get("hostname")):
                    continue
                if ports and (endpoint.get("conditions") or {}).get("ready", True):
                    backends.append(Backend(endpoint["addresses"][0], ports[0]))
        return sorted(backends, key=lambda item: (item.address, item.port))


def _labels_of(name: str) -> list[str]:
    return name.removesuffix(f".{CLUSTER_DOMAIN}").removesuffix(".svc").split(".")


def _cluster_address(service: Object) -> tuple[str, ...]:
    address = service["spec"].get("clusterIP", "")
    return (address,) if address and address != "None" else ()
