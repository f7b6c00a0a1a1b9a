"""Temporary folders that say whose they are: `operator-harness-PURPOSE-PID-RANDOM`.

They are removed by whoever made them, or by a guardian. What is left when both were killed,
`harness clean` finds by the name.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"operator-harness-[a-z-]+-(\d+)-[a-z0-9_]{8}")


def scratch_prefix(purpose: str) -> str:
    """The prefix of a temporary folder of this process, for `tempfile`.

    Args:
        purpose: What is in it, in lower-case letters and dashes.
    """
    return f"operator-harness-{purpose}-{os.getpid()}-"


def scratch_folders() -> Iterator[tuple[Path, int]]:
    """The temporary folders on this machine, and the process that made each, sorted by name."""
    for folder in sorted(Path(tempfile.gettempdir()).iterdir()):
        match = _NAME.fullmatch(folder.name)
        if match is not None and folder.is_dir() and not folder.is_symlink():
            yield folder, int(match[1])
