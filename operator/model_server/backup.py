"""`python -m model_server.backup`: save all replicas as one archive (`jobs`)."""

import asyncio
import os
import sys
from pathlib import Path

from model_server import jobs


def main() -> int:
    """Run by the variables of this process; returns the exit code."""
    folder = Path(os.environ["BACKUPS_PATH"])
    return asyncio.run(jobs.backup(os.environ, folder, _say))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
