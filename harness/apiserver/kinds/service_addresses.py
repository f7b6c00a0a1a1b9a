"""Cluster addresses and node ports of Services.

Each is the first free one after a place that follows from namespace and name, so the same Services
get the same addresses whatever happens around them.
Source: Kubernetes "Service ClusterIP allocation".
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Any

from ..requests import Object
from ..status import FieldError, invalid_value

SERVICE_RANGE = ipaddress.ip_network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
#: The apiserver's own Service always has the first address.
_RESERVED = {("default", "kubernetes"): "10.96.0.1"}
_OUTSIDE = ("NodePort", "LoadBalancer")


def allocate_address(document: Object, others: list[Object]) -> list[FieldError]:
    """Give the cluster address, the first free one; one that is taken is refused."""
    spec, metadata = document["spec"], document["metadata"]
    if spec["type"] == "ExternalName":
        return []
    asked = spec.get("clusterIP")
    # Without address and selector nothing limits the families.
    both = asked == "None" and not spec.get("selector")
    spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if both else ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if both else "SingleStack")
    taken = {other["spec"].get("clusterIP") for other in others}
    if asked and asked != "None":
        problem = _refused_address(asked, taken)
        if problem:
            words = f"failed to allocate IP {asked}: {problem}"
            return [invalid_value("spec.clusterIPs", [asked], words)]
    name = (metadata.get("namespace", ""), metadata["name"])
    spec["clusterIP"] = asked or _RESERVED.get(name) or _free_address(name, taken)
    spec["clusterIPs"] = [spec["clusterIP"]]
    return []


def _refused_address(asked: str, taken: set[Any]) -> str:
    if ipaddress.ip_address(asked) not in SERVICE_RANGE:
        return (
            f"the provided IP ({asked}) is not in the valid range. The range of valid IPs is "
            f"{SERVICE_RANGE}"
        )
    return "provided IP is already allocated" if asked in taken else ""


def _place(name: tuple[str, str], salt: str, size: int) -> int:
    digest = hashlib.sha256("/".join((salt, *name)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % size


def _free_address(name: tuple[str, str], taken: set[Any]) -> str:
    """The first free address from the name's place on; the lowest few are for the cluster."""
    size = SERVICE_RANGE.num_addresses - 258
    start = _place(name, "address", size)
    for step in range(size):
        address = str(SERVICE_RANGE[256 + (start + step) % size])
        if address not in taken:
            return address
    raise AssertionError("more than 65,000 Services have addresses")


def allocate_ports(document: Object, others: list[Object]) -> list[FieldError]:
    """Give the node ports of a Service that is seen from outside."""
    spec = document["spec"]
    if spec["type"] not in _OUTSIDE or spec.get("allocateLoadBalancerNodePorts") is False:
        return []
    taken = {port.get("nodePort") for other in others for port in other["spec"].get("ports") or ()}
    for index, port in enumerate(spec.get("ports") or ()):
        asked, path = port.get("nodePort"), f"spec.ports[{index}].nodePort"
        if asked and asked not in NODE_PORTS:
            words = (
                "provided port is not in the valid range. The range of valid ports is 30000-32767"
            )
            return [invalid_value(path, asked, words)]
        if asked and asked in taken:
            return [invalid_value(path, asked, "provided port is already allocated")]
        port["nodePort"] = asked or _free_port(document, index, taken)
        taken.add(port["nodePort"])
    return []


def _free_port(document: Object, index: int, taken: set[Any]) -> int:
    metadata = document["metadata"]
    name = (metadata.get("namespace", ""), metadata["name"])
    start = _place(name, f"port {index}", len(NODE_PORTS))
    candidates = (NODE_PORTS[(start + step) % len(NODE_PORTS)] for step in range(len(NODE_PORTS)))
    return next(port for port in candidates if port not in taken)


def keep_node_ports(new: Object, old: Object) -> None:
    """Keep the node ports that a writer leaves out; new ports get new ones."""
    had = {
        (p.get("protocol"), p.get("port")): p.get("nodePort")
        for p in old["spec"].get("ports") or ()
    }
    for port in new["spec"].get("ports") or ():
        kept = had.get((port.get("protocol"), port.get("port")))
        if not port.get("nodePort") and kept:
            port["nodePort"] = kept
    taken = {port.get("nodePort") for port in new["spec"].get("ports") or ()}
    for index, port in enumerate(new["spec"].get("ports") or ()):
        if (
            not port.get("nodePort")
            and new["spec"].get("allocateLoadBalancerNodePorts") is not False
        ):
            port["nodePort"] = _free_port(new, index, taken)
            taken.add(port["nodePort"])


def drop_outside(spec: Object) -> None:
    """What only makes sense for a Service that is seen from outside goes with its type."""
    for field in ("externalTrafficPolicy", "allocateLoadBalancerNodePorts", "healthCheckNodePort"):
        spec.pop(field, None)
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)
