"""Chance as code inside a run sees it: `random`, `uuid`, `secrets` and `os.urandom`, seeded.

Each simulated process draws from a substream of its own, so what one process draws shifts nothing
in another. Outside of a run, and on other threads, the real functions answer.
"""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable
from typing import Any

from . import scope
from .identity import CURRENT

_real_urandom = os.urandom
_real_seed = random.Random.seed
_real_getnode = uuid.getnode

#: The module's functions are methods of one hidden generator; these are all that it exports.
_METHODS = [
    name
    for name in random.__all__
    if isinstance(getattr(getattr(random, name), "__self__", None), random.Random)
]


def _stream() -> random.Random | None:
    world = scope.inside()
    if world is None:
        return None
    process = CURRENT.get()
    entropy = process.entropy if process is not None else world.process_entropy
    return entropy.stream


def _method(name: str) -> Callable[..., Any]:
    real = getattr(random, name)

    def method(*args: Any, **options: Any) -> Any:
        stream = _stream()
        chosen = real if stream is None else getattr(stream, name)
        return chosen(*args, **options)

    method.__name__ = method.__qualname__ = name
    return method


_methods = {name: _method(name) for name in _METHODS}


def urandom(size: int) -> bytes:
    """`os.urandom`."""
    stream = _stream()
    return _real_urandom(size) if stream is None else stream.randbytes(size)


def _getrandom(size: int, flags: int = 0) -> bytes:
    return urandom(size)


def _seed(self: random.Random, a: Any = None, version: int = 2) -> None:
    """A generator made without a seed is seeded from the process's substream."""
    if a is None and scope.inside() is not None:
        a = int.from_bytes(urandom(32), "big")
    _real_seed(self, a, version)


def _getnode() -> int:
    """`uuid.getnode`: the hardware address, a function of seed and process."""
    world = scope.inside()
    if world is None:
        return _real_getnode()
    process = CURRENT.get()
    entropy = process.entropy if process is not None else world.process_entropy
    return int.from_bytes(entropy.digest("hardware address")[:6], "big") | 1 << 40


def install(replacements: scope.Replacements) -> None:
    """Let code inside a run draw from the seed until `replacements` are restored."""
    for name, method in _methods.items():
        replacements.attribute(random, name, method)
    replacements.attribute(random.Random, "seed", _seed)
    replacements.attribute(random, "_urandom", urandom)  # SystemRandom, and so `secrets`
    replacements.attribute(os, "urandom", urandom)  # uuid.uuid4 asks it
    if hasattr(os, "getrandom"):
        replacements.attribute(os, "getrandom", _getrandom)
    replacements.attribute(uuid, "getnode", _getnode)
