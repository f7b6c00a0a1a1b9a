"""Runs happen under the plan's hash seed: the command starts itself again when it is not so.

The harness does not depend on the order of sets, but unmodified operators may (kopf keeps sets of
strings), and Python fixes the hash seed when a process starts.
"""

from __future__ import annotations

import os
import sys


def under_hash_seed(seed: int) -> None:
    """Return if this process hashes under `seed`; else replace it by one that does."""
    if os.environ.get("PYTHONHASHSEED") == str(seed):
        # As after a start by `python -m`: the operator's module may lie in the current folder.
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        return
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    os.execve(sys.executable, [sys.executable, "-m", "harness", *sys.argv[1:]], environment)
