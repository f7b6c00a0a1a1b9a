"""Whether Pulumi's engine and Python packages are there, and how to get them."""

from __future__ import annotations

import shutil
from importlib import util

ENGINE = "pulumi"
_PACKAGES = ("pulumi", "pulumi_kubernetes")


def missing_engine() -> str:
    """What is missing, in one sentence; empty when nothing is."""
    if shutil.which(ENGINE) is None:
        return (
            "Pulumi's engine, the program `pulumi`, is not on PATH: install it from "
            "https://www.pulumi.com/docs/install/"
        )
    if absent := [name for name in _PACKAGES if util.find_spec(name) is None]:
        return f"no Python package {absent[0]}: run `pip install 'operator-harness[kind]'`"
    return ""
