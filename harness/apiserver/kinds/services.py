"""Service: a name and an address for pods, and what follows from its type.

Source: Kubernetes "Service"; k8s.io/kubernetes `pkg/registry/core/service`.
"""

from __future__ import annotations

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
from .containers import PROTOCOLS
from .service_addresses import allocate_address, allocate_ports, drop_outside, keep_node_ports

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OUTSIDE = ("NodePort", "LoadBalancer")


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
        return allocate_address(document, others) or allocate_ports(document, others)

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
            keep_node_ports(new, old)
        elif before.get("type") in _OUTSIDE:
            drop_outside(spec)

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
        errors += one_of(port.get("protocol", "TCP"), f"{at}.protocol", PROTOCOLS)
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
