"""Imports that every run needs, done once before the first fork.

The subject's own modules are not among them: each start of a subject imports them anew.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from harness.scenario.plan import Plan


def warm(plans: Sequence[Plan]) -> None:
    """Import what the subjects of these plans stand on, as far as it is installed."""
    if any(plan.settings.subject.module for plan in plans):
        for name in ("kopf", "aiohttp", "kubernetes.aio.client"):
            try:
                importlib.import_module(name)
            except ImportError:
                continue
