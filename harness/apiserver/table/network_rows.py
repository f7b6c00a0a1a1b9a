"""Rows of Services, endpoints, ingresses and network policies.

Source: k8s.io/kubernetes `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..requests import Object
from .cells import (
    NONE,
    Now,
    age_of,
    labels_of,
    name_of,
    selector_text,
    spec_of,
    status_of,
)


def service(document: Object, now: Now) -> list[Any]:
    spec = spec_of(document)
    return [
        name_of(document),
        spec.get("type", ""),
        ",".join(spec.get("clusterIPs") or ()) or NONE,
        _external_address(document),
        ",".join(_service_port(port) for port in spec.get("ports") or ()) or NONE,
        age_of(document, now),
        labels_of(spec.get("selector")),
    ]


def _service_port(port: Object) -> str:
    number, protocol = port.get("port"), port.get("protocol", "TCP")
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{number}{node}/{protocol}"


def _external_address(document: Object) -> str:
    spec = spec_of(document)
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    given = list(spec.get("externalIPs") or ())
    if spec.get("type") == "LoadBalancer":
        rows = (status_of(document).get("loadBalancer") or {}).get("ingress") or ()
        given = [row.get("ip") or row.get("hostname", "") for row in rows] + given
        return ",".join(given) or "<pending>"
    return ",".join(given) or NONE


def _few(values: Iterable[str], limit: int = 3) -> str:
    texts = list(values)
    if not texts:
        return "<unset>"
    more = f" + {len(texts) - limit} more..." if len(texts) > limit else ""
    return ",".join(texts[:limit]) + more


def endpoint_slice(document: Object, now: Now) -> list[Any]:
    ports = (str(port.get("port", "*")) for port in document.get("ports") or ())
    endpoints = document.get("endpoints") or ()
    addresses = (address for each in endpoints for address in each.get("addresses") or ())
    kind = document.get("addressType", "")
    return [name_of(document), kind, _few(ports), _few(addresses), age_of(document, now)]


def endpoints(document: Object, now: Now) -> list[Any]:
    shown = [
        f"{address['ip']}:{port['port']}"
        for subset in document.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    return [name_of(document), _few(shown) if shown else NONE, age_of(document, now)]


def ingress(document: Object, now: Now) -> list[Any]:
    spec = spec_of(document)
    rows = (status_of(document).get("loadBalancer") or {}).get("ingress") or ()
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    return [
        name_of(document),
        spec.get("ingressClassName", NONE),
        ",".join(hosts[:3]) or "*",
        ",".join(row.get("ip") or row.get("hostname", "") for row in rows),
        "80, 443" if spec.get("tls") else "80",
        age_of(document, now),
    ]


def ingress_class(document: Object, now: Now) -> list[Any]:
    spec = spec_of(document)
    row = spec.get("parameters") or {}
    kind = ".".join(part for part in (row.get("kind"), row.get("apiGroup")) if part)
    shown = f"{kind}/{row.get('name', '')}" if row else NONE
    return [name_of(document), spec.get("controller", ""), shown, age_of(document, now)]


def network_policy(document: Object, now: Now) -> list[Any]:
    shown = selector_text(spec_of(document).get("podSelector"))
    return [name_of(document), shown, age_of(document, now)]
