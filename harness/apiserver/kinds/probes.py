"""Probes and lifecycle hooks: one handler each, and counts that make sense.

Source: Kubernetes "Configure Liveness, Readiness and Startup Probes", "Container Lifecycle Hooks".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..requests import Object
from ..status import FieldError, forbidden_field, invalid_value, required
from .checks import not_negative, one_of, port_reference

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def lifecycle_errors(lifecycle: Mapping[str, Any], path: str) -> list[FieldError]:
    """What is wrong with the hooks of a container."""
    errors: list[FieldError] = []
    for hook in ("postStart", "preStop"):
        if lifecycle.get(hook) is not None:
            handlers = ("exec", "httpGet", "tcpSocket", "sleep")
            errors += _handler_errors(lifecycle[hook], f"{path}.{hook}", handlers)
    return errors


def probe_errors(probe: Object | None, path: str, *, only_one: bool) -> list[FieldError]:
    """What is wrong with a probe; `only_one` when one success must be enough."""
    if probe is None:
        return []
    errors = _handler_errors(probe, path, _HANDLERS)
    errors += not_negative(
        probe,
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
        path=path,
    )
    if only_one and probe.get("successThreshold", 1) != 1:
        errors.append(
            invalid_value(f"{path}.successThreshold", probe["successThreshold"], "must be 1")
        )
    return errors


def _handler_errors(handler: Object, path: str, names: Iterable[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    given = [name for name in names if name in handler]
    for index, name in enumerate(given):
        if index:
            words = "may not specify more than 1 handler type"
            errors.append(forbidden_field(f"{path}.{name}", words))
        else:
            errors += _one_handler(name, handler[name], f"{path}.{name}")
    if not given:
        errors.append(required(path, "must specify a handler type"))
    return errors


def _one_handler(name: str, handler: Object, path: str) -> list[FieldError]:
    if name == "exec":
        return [] if handler.get("command") else [required(f"{path}.command")]
    errors = port_reference(handler.get("port", 0), f"{path}.port") if name != "sleep" else []
    if name == "httpGet":
        if not handler.get("path"):
            errors.insert(0, required(f"{path}.path"))
        errors += one_of(handler.get("scheme", "HTTP"), f"{path}.scheme", ("HTTP", "HTTPS"))
    return errors
