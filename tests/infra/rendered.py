"""The stack's objects without a cluster, for a given configuration; by `render_manifests.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
_PRINT = "import json, render_manifests as r; print(json.dumps(r._run_program()[0]))"

API_SERVER = {
    "apiServerHost": "10.1.2.3",
    "apiServerPort": "8443",
    "apiServerCa": "-- a CA --",
}


def objects(config: Mapping[str, str]) -> dict[str, Any]:
    """The objects by kind. In another process: Pulumi leaves event loops open.

    Raises:
        subprocess.CalledProcessError: The program refuses the configuration; why is in `stderr`.
    """
    # The project of Pulumi's mocks has this name.
    values = json.dumps({f"project:{name}": value for name, value in config.items()})
    printed = subprocess.run(
        [sys.executable, "-c", _PRINT],
        cwd=_SCRIPTS,
        env={**os.environ, "PULUMI_CONFIG": values},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[str, Any] = json.loads(printed)
    return found
