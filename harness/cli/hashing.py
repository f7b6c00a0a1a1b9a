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
        return
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    os.execve(sys.executable, [sys.executable, "-m", "harness", *sys.argv[1:]], environment)
