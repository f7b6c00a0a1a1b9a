"""The spec of a pod, wherever it stands: in a pod and in the template of every workload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..metadata import validate_labels
from ..names import dns_label, dns_subdomain
from ..requests import Object
from ..status import FieldError, duplicate, invalid_value, not_supported, required
from .checks import NOT_AN_ADDRESS, is_address, one_of, optional_name
from .containers import container_errors, host_port_conflicts
from .volumes import volume_errors

_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_DEADLINE_MAX = 2**31 - 1


def complete_pod_spec(spec: Object) -> None:
    """Defaults that depend on other fields, in place."""
    for container in all_containers(spec):
        if not container.get("imagePullPolicy"):
            container["imagePullPolicy"] = pull_policy(container.get("image", ""))
    for volume in spec.get("volumes") or ():
        if set(volume) <= {"name"}:
            volume["emptyDir"] = {}
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:  # The second name is the first one's deprecated twin.
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def all_containers(spec: Object) -> Iterator[Object]:
    """Init containers, then the others."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def pull_policy(image: str) -> str:
    """`Always` for the tag `latest`, which may be left out; else `IfNotPresent`."""
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def pod_spec_errors(
    spec: Object, path: str, *, restart: tuple[str, ...] = ("Always", "OnFailure", "Never")
) -> list[FieldError]:
    """What is wrong with a completed pod spec.

    Args:
        restart: The restart policies that the owner of a template allows.
    """
    volumes = spec.get("volumes") or []
    names = [volume.get("name", "") for volume in volumes]
    errors = volume_errors(volumes, f"{path}.volumes")
    containers = spec.get("containers") or []
    if not containers:
        errors.append(required(f"{path}.containers"))
    errors += container_errors(containers, f"{path}.containers", names)
    errors += host_port_conflicts(containers, f"{path}.containers")
    errors += _init_errors(spec, f"{path}.initContainers", names)
    errors += one_of(spec.get("restartPolicy", "Always"), f"{path}.restartPolicy", restart)
    if spec.get("dnsPolicy", "ClusterFirst") not in _DNS:
        errors.append(not_supported(f"{path}.dnsPolicy", spec["dnsPolicy"], _DNS))
    errors += validate_labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    errors += _security_errors(spec.get("securityContext") or {}, f"{path}.securityContext")
    errors += optional_name(
        spec.get("serviceAccountName"), f"{path}.serviceAccountName", dns_subdomain
    )
    errors += optional_name(spec.get("nodeName"), f"{path}.nodeName", dns_subdomain)
    errors += _deadline_errors(spec.get("activeDeadlineSeconds"), f"{path}.activeDeadlineSeconds")
    errors += optional_name(spec.get("hostname"), f"{path}.hostname", dns_label)
    errors += optional_name(spec.get("subdomain"), f"{path}.subdomain", dns_label)
    errors += _alias_errors(spec.get("hostAliases") or (), f"{path}.hostAliases")
    errors += _toleration_errors(spec.get("tolerations") or (), f"{path}.tolerations")
    return errors + _spread_errors(
        spec.get("topologySpreadConstraints") or (), f"{path}.topologySpreadConstraints"
    )


def _init_errors(spec: Object, path: str, volumes: list[str]) -> list[FieldError]:
    containers = spec.get("initContainers") or []
    errors = container_errors(containers, path, volumes, init=True)
    taken = [container.get("name") for container in spec.get("containers") or ()]
    for index, container in enumerate(containers):
        if container.get("name") in taken:
            errors.append(duplicate(f"{path}[{index}].name", container["name"]))
    return errors


def _security_errors(context: Mapping[str, Any], path: str) -> list[FieldError]:
    words = "must be between 0 and 2147483647, inclusive"
    return [
        invalid_value(f"{path}.{field}", context[field], words)
        for field in ("runAsUser", "runAsGroup", "fsGroup")
        if not 0 <= context.get(field, 0) <= 2**31 - 1
    ]


def _deadline_errors(value: int | None, path: str) -> list[FieldError]:
    if value is None or 0 < value <= _DEADLINE_MAX:
        return []
    return [invalid_value(path, value, f"must be between 1 and {_DEADLINE_MAX}, inclusive")]


def _alias_errors(rows: Any, path: str) -> list[FieldError]:
    addresses = ((f"{path}[{index}].ip", row.get("ip", "")) for index, row in enumerate(rows))
    return [
        invalid_value(at, text, NOT_AN_ADDRESS) for at, text in addresses if not is_address(text)
    ]


def _toleration_errors(rows: Any, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        at, operator = f"{path}[{index}]", row.get("operator", "Equal")
        if operator not in ("Equal", "Exists"):
            errors.append(not_supported(f"{at}.operator", operator, ("Equal", "Exists")))
        elif operator == "Exists" and row.get("value"):
            words = "value must be empty when `operator` is 'Exists'"
            errors.append(invalid_value(f"{at}.operator", row["value"], words))
        elif operator == "Equal" and not row.get("key"):
            words = (
                "operator must be Exists when `key` is empty, which means "
                '"match all values and all keys"'
            )
            errors.append(invalid_value(f"{at}.operator", operator, words))
    return errors


def _spread_errors(rows: Any, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        at = f"{path}[{index}]"
        if row.get("maxSkew", 0) <= 0:
            words = "must be greater than zero"
            errors.append(invalid_value(f"{at}.maxSkew", row.get("maxSkew", 0), words))
        if not row.get("topologyKey"):
            errors.append(required(f"{at}.topologyKey", "can not be empty"))
        allowed = ("DoNotSchedule", "ScheduleAnyway")
        errors += one_of(row.get("whenUnsatisfiable", ""), f"{at}.whenUnsatisfiable", allowed)
    return errors


def template_errors(
    template: Object, path: str, *, restart: tuple[str, ...] = ("Always",)
) -> list[FieldError]:
    """What is wrong with a pod template."""
    metadata = template.get("metadata") or {}
    errors = validate_labels(metadata.get("labels") or {}, f"{path}.labels")
    return errors + pod_spec_errors(template.get("spec") or {}, f"{path}.spec", restart=restart)
