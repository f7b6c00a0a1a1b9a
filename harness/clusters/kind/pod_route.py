"""The way from pods to the proxy: an address in the cluster that clients in pods find.

    pod > kubernetes.default.svc, port 443 (its /etc/hosts) > Service > proxy on this machine

Most clients ask the variables KUBERNETES_SERVICE_HOST and _PORT, but some (kopf) always go to
`kubernetes.default.svc` at port 443, which a proxy may not listen at without being root. A Service
without a selector, whose one endpoint is the proxy, serves both. It lives as long as the run.
Source: https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..proxy import ProxyPlace
from .cluster import KindHandle
from .commands import Run, run

API_NAMES = (
    "kubernetes.default.svc",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc.cluster.local",
)
NAME, NAMESPACE = "operator-harness-proxy", "default"
_PORT = 443


@dataclass(frozen=True, slots=True)
class PodRoute:
    """Where pods find the proxy.

    Args:
        host: An address in the cluster, for KUBERNETES_SERVICE_HOST and for `API_NAMES`.
        port: For KUBERNETES_SERVICE_PORT.
        place: Where the proxy has to listen, with certificates for the names that pods use.
    """

    host: str
    port: int
    place: ProxyPlace

    @property
    def ca_pem(self) -> str:
        """Whom pods have to trust."""
        return self.place.ca_pem


@contextlib.contextmanager
def pod_route(handle: KindHandle, place: ProxyPlace, *, run: Run = run) -> Iterator[PodRoute]:
    """A route from pods to the proxy, until the context ends.

    Raises:
        CommandFailed: The cluster refuses it.
    """
    kubectl = [
        str(handle.kubectl_bin),
        f"--kubeconfig={handle.kubeconfig}",
        f"--namespace={NAMESPACE}",
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(_objects(place), file)
        file.flush()
        run([*kubectl, "apply", "--server-side", "--force-conflicts", "-f", file.name])
    try:
        host = run([*kubectl, "get", "service", NAME, "-o", "jsonpath={.spec.clusterIP}"]).strip()
        named = dataclasses.replace(place, names=(*API_NAMES, host))
        yield PodRoute(host, _PORT, named)
    finally:
        if not handle.created:  # else it goes with the cluster
            run([*kubectl, "delete", "--ignore-not-found", "service,endpointslice", NAME])


def _objects(place: ProxyPlace) -> dict[str, Any]:
    metadata = {"name": NAME, "namespace": NAMESPACE}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"name": "https", "port": _PORT, "targetPort": place.port}]},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": NAME}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [place.host], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": place.port, "protocol": "TCP"}],
    }
    return {"apiVersion": "v1", "kind": "List", "items": [service, endpoints]}
