"""Wheels for an image, fetched before it is built: the project's own and all that it needs.

    what Python is in the base image? > pip wheel the project > pip download the rest for it

They are for the image's Python and C library, which need not be those of this machine.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError

from .commands import Run, run

WHEELS = "wheels"
_PIP_SECONDS = 600.0
_PULL_SECONDS = 600.0
#: Older manylinux tags have years for names; the others say which glibc they need.
_LEGACY_TAGS = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_MUSL_TAGS = ("musllinux_1_2", "musllinux_1_1")
_QUESTION = """
import json, platform, sys
print(json.dumps([*sys.version_info[:2], platform.machine(), platform.libc_ver()[1]]))
"""


@dataclass(frozen=True, slots=True)
class Target:
    """For which Python wheels are: its version, machine, and glibc (empty for musl)."""

    version: str
    machine: str
    glibc: str

    def pip_options(self) -> list[str]:
        """So that pip chooses for it instead of for this machine."""
        options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.version}"]
        return options + [f"--platform={tag}_{self.machine}" for tag in self._platforms()]

    def _platforms(self) -> list[str]:
        if not self.glibc:
            return [*_MUSL_TAGS]
        newest = int(self.glibc.partition(".")[2].partition(".")[0])
        tags = []
        for minor in range(newest, 4, -1):
            tags.append(f"manylinux_2_{minor}")
            if minor in _LEGACY_TAGS:
                tags.append(_LEGACY_TAGS[minor])
        return tags


def put_wheels(project: Path, context: Path, base: str, *, run: Run = run) -> None:
    """Put a project's wheels into `context/wheels`; nothing for what is no Python project.

    Args:
        project: A folder with a `pyproject.toml`.
        context: What Docker will get.
        base: The image to fetch them for; empty where the Dockerfile has it fixed, and then
            nothing is fetched: the build asks the index itself.

    Raises:
        CommandFailed: pip failed; the text has its last words.
    """
    if not base or not (project / "pyproject.toml").is_file():
        return
    target = _target_of(base, run)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheels = context / WHEELS
    run(
        [*pip, "wheel", "--no-deps", f"--wheel-dir={wheels}", str(project)],
        timeout_seconds=_PIP_SECONDS,
    )
    own = sorted(map(str, wheels.glob("*.whl")))
    run(
        [*pip, "download", f"--dest={wheels}", *target.pip_options(), *own],
        timeout_seconds=_PIP_SECONDS,
    )


def _target_of(base: str, run: Run) -> Target:
    command = ["docker", "run", "--rm", "--network=none", "--entrypoint=python", base]
    answer = run([*command, "-c", _QUESTION], timeout_seconds=_PULL_SECONDS)
    try:
        major, minor, machine, glibc = json.loads(answer)
    except ValueError:
        raise InfrastructureError(
            f"base image {base}: its `python` answered {answer!r} when asked what it is; "
            f"use an image with Python in it"
        ) from None
    return Target(f"{major}.{minor}", machine, glibc)
