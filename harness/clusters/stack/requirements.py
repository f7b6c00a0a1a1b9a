"""What a stack needs of the machine, each with how to get it."""

from __future__ import annotations

import shutil
from importlib import util

from .plugin import find_plugin, missing_plugin

ENGINE = "pulumi"
_PACKAGES = ("pulumi", "pulumi_kubernetes")


def missing_for_stack(plugin: str = "") -> str:
    """What is missing to provision a stack, in one sentence; empty when nothing is.

    A plugin that is not installed counts as missing, though a run would try to download it.

    Args:
        plugin: A folder with the plugin to use.

    Raises:
        UsageError: That folder holds no plugin.
    """
    return missing_engine() or ("" if find_plugin(plugin) else missing_plugin())


def missing_engine() -> str:
    """What is missing of the engine and the Python packages; empty when nothing is."""
    if shutil.which(ENGINE) is None:
        return (
            "Pulumi's engine, the program `pulumi`, is not on PATH: install it from "
            "https://www.pulumi.com/docs/install/"
        )
    if absent := [name for name in _PACKAGES if util.find_spec(name) is None]:
        return f"no Python package {absent[0]}: run `pip install 'operator-harness[kind]'`"
    return ""
