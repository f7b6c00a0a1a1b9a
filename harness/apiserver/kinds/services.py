"""Service and EndpointSlice.

A Service gets its addresses when it is created, from a range, the same for the same names: the
first free one after a place that follows from namespace and name.
Source: Kubernetes "Service ClusterIP allocation"; k8s.io/kubernetes `pkg/registry/core/service`.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ..metadata import validate_labels
from ..names import dns_label, dns_subdomain
from ..requests import Object
from ..status import FieldError, duplicate, forbidden_field, invalid_value, required
from .checks import (
    NOT_AN_ADDRESS,
    is_address,
    named,
    one_of,
    optional_name,
    port_number,
    port_reference,
)
from .common import BuiltinStrategy

SERVICE_RANGE = ipaddress.ip_network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
#: The apiserver's own Service always has the first address.
_RESERVED = {("default", "kubernetes"): "10.96.0.1"}

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OUTSIDE = ("NodePort", "LoadBalancer")
_PROTOCOLS = ("SCTP", "TCP", "UDP")


class ServiceStrategy(BuiltinStrategy):
    """Hooks of Service."""

    allocates = True

    def complete(self, document: Object) -> None:
        """Defaults that follow from the type."""
        spec = document.setdefault("spec", {})
        kind = spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        if spec["sessionAffinity"] == "ClientIP":
            config = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
            config.setdefault("timeoutSeconds", 10800)
        for port in spec.get("ports") or ():
            port.setdefault("protocol", "TCP")
            if port.get("targetPort", 0) in (0, ""):
                port["targetPort"] = port.get("port", 0)
        if kind in _OUTSIDE:
            spec.setdefault("externalTrafficPolicy", "Cluster")
        if kind == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)
        if kind != "ExternalName":
            spec.setdefault("internalTrafficPolicy", "Cluster")

    def allocate(self, document: Object, existing: Iterable[Object]) -> list[FieldError]:
        """Give cluster address and node ports; an address that is taken is refused."""
        others = list(existing)
        return _allocate_address(document, others) or _allocate_ports(document, others)

    def prepare_update(self, new: Object, old: Object) -> None:
        """Addresses and node ports that a writer leaves out are kept."""
        super().prepare_update(new, old)
        spec, before = new["spec"], old["spec"]
        if spec["type"] == "ExternalName":
            if before.get("type") != "ExternalName":
                for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                    if spec.get(field) == before.get(field):
                        spec.pop(field, None)
            return
        for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if not spec.get(field) and field in before:
                spec[field] = before[field]
        if spec.get("clusterIP") != before.get("clusterIP") and spec.get(
            "clusterIPs"
        ) == before.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        if spec["type"] in _OUTSIDE:
            _keep_node_ports(new, old)
        elif before.get("type") in _OUTSIDE:
            _drop_outside(spec)

    def check(self, document: Object) -> list[FieldError]:
        """Ports, type, addresses."""
        spec = document["spec"]
        kind = spec["type"]
        errors: list[FieldError] = []
        ports = spec.get("ports") or []
        if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
            errors.append(required("spec.ports"))
        errors += _external_name_errors(spec)
        errors += _port_errors(ports, kind)
        errors += validate_labels(spec.get("selector") or {}, "spec.selector")
        affinity = spec["sessionAffinity"]
        errors += one_of(affinity, "spec.sessionAffinity", ("ClientIP", "None"))
        errors += _address_errors(spec)
        errors += one_of(kind, "spec.type", _TYPES)
        return errors + _policy_errors(spec)

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """A cluster address stays what it is."""
        spec, before = new["spec"], old["spec"]
        given, had = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
        if (
            "ExternalName" in (spec.get("type"), before.get("type"))
            or not had
            or given[:1] == had[:1]
        ):
            return []
        if spec.get("clusterIP") == before.get("clusterIP"):
            return []  # Already refused: the lists disagree.
        return [invalid_value("spec.clusterIPs[0]", given, "may not change once set")]

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """Type and cluster address."""
        spec = document.get("spec") or {}
        return {"spec.clusterIP": spec.get("clusterIP", ""), "spec.type": spec.get("type", "")}


def _external_name_errors(spec: Object) -> list[FieldError]:
    if spec["type"] != "ExternalName":
        return []
    name = str(spec.get("externalName", "")).removesuffix(".")
    return named(name, "spec.externalName", dns_subdomain)


def _port_errors(ports: list[Object], kind: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names: list[str] = []
    for index, port in enumerate(ports):
        at, name = f"spec.ports[{index}]", port.get("name", "")
        if len(ports) > 1 and not name:
            errors.append(required(f"{at}.name"))
        elif name:
            errors += optional_name(name, f"{at}.name", dns_label)
            if name in names:
                errors.append(duplicate(f"{at}.name", name))
            names.append(name)
        errors += port_number(port.get("port", 0), f"{at}.port")
        errors += one_of(port.get("protocol", "TCP"), f"{at}.protocol", _PROTOCOLS)
        errors += port_reference(port.get("targetPort", 0), f"{at}.targetPort")
        if kind not in _OUTSIDE and port.get("nodePort"):
            words = f"may not be used when `type` is '{kind}'"
            errors.append(forbidden_field(f"{at}.nodePort", words))
    return errors + _repeated_ports(ports)


def _repeated_ports(ports: list[Object]) -> list[FieldError]:
    seen: list[tuple[Any, Any]] = []
    errors: list[FieldError] = []
    for index, port in enumerate(ports):
        key = (port.get("protocol", "TCP"), port.get("port"))
        if key in seen:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            errors.append(duplicate(f"spec.ports[{index}]", shown))
        seen.append(key)
    return errors


def _address_errors(spec: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    single, several = spec.get("clusterIP"), spec.get("clusterIPs") or []
    if several and single != several[0]:
        words = "first value must match `clusterIP`"
        errors.append(invalid_value("spec.clusterIPs", several, words))
    elif single and single != "None" and not is_address(single):
        errors.append(invalid_value("spec.clusterIPs[0]", single, NOT_AN_ADDRESS))
    for index, address in enumerate(spec.get("externalIPs") or ()):
        if not is_address(address):
            errors.append(invalid_value(f"spec.externalIPs[{index}]", address, NOT_AN_ADDRESS))
    return errors


def _policy_errors(spec: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    outside = spec.get("externalTrafficPolicy")
    if outside and spec["type"] not in _OUTSIDE:
        words = "may only be set for externally-accessible services"
        errors.append(invalid_value("spec.externalTrafficPolicy", outside, words))
    inside = spec.get("internalTrafficPolicy", "Cluster")
    errors += one_of(inside, "spec.internalTrafficPolicy", ("Cluster", "Local"))
    families = ("PreferDualStack", "RequireDualStack", "SingleStack")
    errors += one_of(spec.get("ipFamilyPolicy", "SingleStack"), "spec.ipFamilyPolicy", families)
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        errors += one_of(family, f"spec.ipFamilies[{index}]", ("IPv4", "IPv6"))
    return errors


def _allocate_address(document: Object, others: list[Object]) -> list[FieldError]:
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


def _allocate_ports(document: Object, others: list[Object]) -> list[FieldError]:
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


def _keep_node_ports(new: Object, old: Object) -> None:
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


def _drop_outside(spec: Object) -> None:
    """What only makes sense for a Service that is seen from outside goes with its type."""
    for field in ("externalTrafficPolicy", "allocateLoadBalancerNodePorts", "healthCheckNodePort"):
        spec.pop(field, None)
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)


class EndpointSliceStrategy(BuiltinStrategy):
    """Hooks of EndpointSlice."""

    def complete(self, document: Object) -> None:
        """Ports have a name and a protocol."""
        for port in document.get("ports") or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")

    def check(self, document: Object) -> list[FieldError]:
        """Addresses of one type, ports with different names."""
        kind = document.get("addressType", "")
        kinds = ("FQDN", "IPv4", "IPv6")
        errors = [required("addressType")] if not kind else one_of(kind, "addressType", kinds)
        for index, endpoint in enumerate(document.get("endpoints") or ()):
            at = f"endpoints[{index}].addresses"
            if not endpoint.get("addresses"):
                errors.append(required(at))
            for number, address in enumerate(endpoint.get("addresses") or ()):
                if kind != "FQDN" and not is_address(address):
                    errors.append(invalid_value(f"{at}[{number}]", address, NOT_AN_ADDRESS))
        return errors + _slice_port_errors(document.get("ports") or [])

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """The type of addresses stays."""
        if new.get("addressType") == old.get("addressType"):
            return []
        return [invalid_value("addressType", None, "field is immutable")]


def _slice_port_errors(ports: list[Object]) -> list[FieldError]:
    errors: list[FieldError] = []
    names: list[str] = []
    for index, port in enumerate(ports):
        at, name = f"ports[{index}]", port.get("name", "")
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.append(name)
        errors += optional_name(name, f"{at}.name", dns_label)
        errors += one_of(port.get("protocol", "TCP"), f"{at}.protocol", _PROTOCOLS)
    return errors
