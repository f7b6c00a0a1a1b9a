"""Run a recording script against a fresh real API server, and end the server afterwards.

    python scripts/with_api_server.py scripts/derive_facts.py [ARGUMENTS...]

The script is called with `--server URL --token T` before its own arguments. The programs come from
KUBEBUILDER_ASSETS or PATH.
"""

from __future__ import annotations

import subprocess
import sys

from harness.clusters.control_plane_start import control_plane
from harness.errors import HarnessError


def main() -> int:
    """Start, run, end; the exit code is the script's."""
    script, *arguments = sys.argv[1:]
    try:
        with control_plane() as plane:
            command = [sys.executable, script, "--server", plane.url, "--token", plane.token]
            return subprocess.run([*command, *arguments], check=False).returncode
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
