"""What a stack needs of the machine, for `harness doctor` and for tests that are skipped."""

from __future__ import annotations

from .engine import missing_engine
from .plugin import find_plugin, missing_plugin


def missing_for_stack(plugin: str = "") -> str:
    """What is missing to provision a stack, in one sentence; empty when nothing is.

    A plugin that is not installed counts as missing, though a run would try to download it.

    Args:
        plugin: A folder with the plugin to use.

    Raises:
        UsageError: That folder holds no plugin.
    """
    return missing_engine() or ("" if find_plugin(plugin) else missing_plugin())
