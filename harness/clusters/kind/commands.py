"""Programs of the machine, run to their end: arguments as a list, the output as text.

A `Run` is a function, so that tests answer in the programs' stead.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Protocol

from harness.errors import InfrastructureError

_LAST_CHARACTERS = 2000


class CommandFailed(InfrastructureError):
    """A program could not be started, took too long, or ended with an error."""


class Run(Protocol):
    """Runs one command and returns what it prints."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> str:
        """Its standard output.

        Args:
            command: Program and arguments; no shell reads them.
            environment: Variables over our own.
            timeout_seconds: After that it is killed.

        Raises:
            CommandFailed: With the program's last words.
        """


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float = 60.0,
) -> str:
    """Run a program of this machine (see `Run`)."""
    try:
        ended = subprocess.run(
            list(command),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed(
            f"`{_shown(command)}` was killed after {timeout_seconds:g} s without an end"
        ) from None
    except OSError as error:
        raise CommandFailed(f"`{_shown(command)}` cannot be started: {error}") from None
    if ended.returncode != 0:
        words = (ended.stderr + ended.stdout).decode(errors="replace").strip()
        raise CommandFailed(
            f"`{_shown(command)}` ended with {ended.returncode}: {words[-_LAST_CHARACTERS:]}"
        )
    return ended.stdout.decode(errors="replace")


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)
