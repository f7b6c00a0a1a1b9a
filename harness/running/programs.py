"""From a project's settings to pod programs: images that are Python functions.

    [tool.operator-harness.programs]
    "*/model-server:*" = "model_server.pod:serve"

The function is `async def serve(pod) -> int | None`, see `harness.controllers.programs`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from harness.controllers.programs import Program
from harness.errors import UsageError


def programs(bindings: Mapping[str, str]) -> list[Program]:
    """A program for each binding of an image glob to `module:function`."""
    return [_program(image, target) for image, target in bindings.items()]


def _program(image: str, target: str) -> Program:
    module, colon, function = target.partition(":")
    if not colon:
        raise UsageError(f"programs: {target!r} names no function; write 'module:function'")
    try:
        main = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"programs: {target!r} cannot be imported: {error}") from None
    # Such programs are servers whose health is their own to tell (`pod.probe_now`); asking them
    # each period would make a cluster at rest expensive and tell nothing new.
    return Program(name=target, images=(image,), main=main, steady_probes=True)
