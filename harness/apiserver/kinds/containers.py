"""Containers: names, images, ports, environment, mounts.

Source: k8s.io/kubernetes `pkg/apis/core/validation`, the parts that operators meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..names import dns_subdomain
from ..requests import Object
from ..status import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    required,
    show,
)
from .amounts import resource_errors
from .checks import named, one_of, port_name, port_number
from .probes import lifecycle_errors, probe_errors

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
PROTOCOLS = ("SCTP", "TCP", "UDP")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)


def container_errors(
    containers: Iterable[Object], path: str, volumes: Iterable[str], *, init: bool = False
) -> list[FieldError]:
    """What is wrong with a list of containers.

    Args:
        path: Of the list.
        volumes: Names of the pod's volumes, which mounts refer to.
        init: Whether they are init containers.
    """
    errors: list[FieldError] = []
    names: list[str] = []
    known = list(volumes)
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        errors += _one_container(container, at, known)
        if init and container.get("restartPolicy") != "Always":
            errors += _init_errors(container, at)
        name = container.get("name", "")
        if name and name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.append(name)
    return errors


def _one_container(container: Object, at: str, volumes: list[str]) -> list[FieldError]:
    errors = named(container.get("name"), f"{at}.name")
    errors += _image_errors(container.get("image", ""), f"{at}.image")
    errors += lifecycle_errors(container.get("lifecycle") or {}, f"{at}.lifecycle")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        errors += probe_errors(container.get(probe), f"{at}.{probe}", only_one=probe[0] != "r")
    if "terminationMessagePolicy" in container:
        allowed = ("File", "FallbackToLogsOnError")
        value = container["terminationMessagePolicy"]
        errors += one_of(value, f"{at}.terminationMessagePolicy", allowed)
    errors += _port_errors(container.get("ports") or (), f"{at}.ports")
    errors += _environment_errors(container.get("env") or (), f"{at}.env")
    errors += _source_errors(container.get("envFrom") or (), f"{at}.envFrom")
    errors += _mount_errors(container.get("volumeMounts") or (), f"{at}.volumeMounts", volumes)
    if "imagePullPolicy" in container:
        errors += one_of(container["imagePullPolicy"], f"{at}.imagePullPolicy", PULL_POLICIES)
    return errors + resource_errors(container.get("resources") or {}, f"{at}.resources")


def _image_errors(image: str, path: str) -> list[FieldError]:
    if not image:
        return [required(path)]
    if image != image.strip():
        return [invalid_value(path, image, "must not have leading or trailing whitespace")]
    return []


def _init_errors(container: Object, at: str) -> list[FieldError]:
    words = "may not be set for init containers without restartPolicy=Always"
    fields = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
    return [forbidden_field(f"{at}.{name}", words) for name in fields if name in container]


def _port_errors(ports: Iterable[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names: list[str] = []
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        name = port.get("name", "")
        if name:
            complaints = port_name(name)
            errors += [invalid_value(f"{at}.name", name, complaint) for complaint in complaints]
            if not complaints and name in names:
                errors.append(duplicate(f"{at}.name", name))
            names.append(name)
        number = port.get("containerPort", 0)
        errors += (
            port_number(number, f"{at}.containerPort")
            if number
            else [required(f"{at}.containerPort")]
        )
        if port.get("hostPort"):
            errors += port_number(port["hostPort"], f"{at}.hostPort")
        errors += one_of(port.get("protocol", "TCP"), f"{at}.protocol", PROTOCOLS)
    return errors


def host_port_conflicts(containers: Iterable[Object], path: str) -> list[FieldError]:
    """Two containers of a pod cannot listen on one port of the node."""
    seen: list[str] = []
    errors: list[FieldError] = []
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if key in seen:
                errors.append(duplicate(f"{path}[{index}].ports[{number}].hostPort", key))
            seen.append(key)
    return errors


def _environment_errors(rows: Iterable[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        at, name = f"{path}[{index}]", row.get("name", "")
        if not name:
            errors.append(required(f"{at}.name"))
        elif not re.fullmatch(r"[ -<>-~]+", name):
            words = (
                "a valid environment variable name must consist only of printable ASCII characters "
                "other than '='"
            )
            errors.append(invalid_value(f"{at}.name", name, words))
        if row.get("valueFrom") is not None:
            errors += _value_from_errors(row, f"{at}.valueFrom")
    return errors


def _value_from_errors(row: Object, at: str) -> list[FieldError]:
    source = row["valueFrom"]
    given = [name for name in _SOURCES if name in source]
    errors: list[FieldError] = []
    for name in ("configMapKeyRef", "secretKeyRef"):
        if name in source:
            errors += (
                named(source[name].get("name"), f"{at}.{name}.name", dns_subdomain)
                if source[name].get("name")
                else [
                    invalid_value(f"{at}.{name}.name", "", complaint)
                    for complaint in dns_subdomain("")
                ]
            )
            if not source[name].get("key"):
                errors.append(required(f"{at}.{name}.key"))
    if "fieldRef" in source:
        errors += _field_errors(source["fieldRef"].get("fieldPath", ""), f"{at}.fieldRef.fieldPath")
    if not given:
        listed = ", ".join(f"`{name}`" for name in _SOURCES[:-1])
        words = f"must specify one of: {listed} or `{_SOURCES[-1]}`"
        errors.append(invalid_value(at, "", words))
    elif row.get("value"):
        errors.append(invalid_value(at, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        words = "may not have more than one field specified at a time"
        errors.append(invalid_value(at, "", words))
    return errors


def _field_errors(text: str, path: str) -> list[FieldError]:
    if not text:
        return [required(path)]
    if text.partition("['")[0] in _FIELDS:
        return []
    words = f"error converting fieldPath: field label not supported: {text}"
    return [invalid_value(path, text, words)]


def _source_errors(rows: Iterable[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for row in rows:
        given = [name for name in ("configMapRef", "secretRef") if name in row]
        if not given:
            words = "must specify one of: `configMapRef` or `secretRef`"
            errors.append(invalid_value(path, "", words))
        elif len(given) > 1:
            words = "may not have more than one field specified at a time"
            errors.append(invalid_value(path, "", words))
    return errors


def _mount_errors(mounts: Iterable[Object], path: str, volumes: list[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    places: list[str] = []
    for index, mount in enumerate(mounts):
        at, name, place = f"{path}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(required(f"{at}.name"))
        if name not in volumes:
            text = f"Not found: {show(name)}"
            errors.append(FieldError("FieldValueNotFound", f"{at}.name", text))
        if not place:
            errors.append(required(f"{at}.mountPath"))
        elif place in places:
            errors.append(invalid_value(f"{at}.mountPath", place, "must be unique"))
        places.append(place)
    return errors
