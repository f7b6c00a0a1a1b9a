"""Resource quantities as exact fractions, as far as scheduling needs them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

_SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}

Resources = dict[str, Fraction]


@functools.lru_cache(maxsize=4096)
def quantity(text: str | int | float) -> Fraction:
    """The value of a `resource.Quantity`, such as `500m`, `1Gi` or `2e3`."""
    text = str(text)
    for length in (2, 1):
        suffix = text[-length:]
        if suffix in _SUFFIXES and text[:-length]:
            return Fraction(text[:-length]) * _SUFFIXES[suffix]
    return Fraction(text)


def parsed(resources: Mapping[str, Any] | None) -> Resources:
    """A resource list with numbers."""
    return {name: quantity(value) for name, value in (resources or {}).items()}


def add(parts: Iterable[Mapping[str, Fraction]]) -> Resources:
    """The sum of resource lists."""
    total: Resources = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, Fraction(0)) + value
    return total


def largest(parts: Iterable[Mapping[str, Fraction]]) -> Resources:
    """The maximum of each resource."""
    result: Resources = {}
    for part in parts:
        for name, value in part.items():
            result[name] = max(value, result.get(name, Fraction(0)))
    return result


def pod_requests(pod: Mapping[str, Any]) -> Resources:
    """What a pod asks of a node: its containers together, or its largest init container.

    Init containers that restart always (sidecars) run beside everything that comes after them.
    """
    spec = pod["spec"]
    running: list[Resources] = [_requests(item) for item in spec.get("containers") or ()]
    sidecars: list[Resources] = []
    peaks: list[Resources] = []
    for item in spec.get("initContainers") or ():
        if item.get("restartPolicy") == "Always":
            sidecars.append(_requests(item))
            peaks.append(add(sidecars))
        else:
            peaks.append(add([*sidecars, _requests(item)]))
    total = largest([add([*running, *sidecars]), *peaks])
    return add([total, parsed(spec.get("overhead"))])


def _requests(container: Mapping[str, Any]) -> Resources:
    resources = container.get("resources") or {}
    return {**parsed(resources.get("limits")), **parsed(resources.get("requests"))}
