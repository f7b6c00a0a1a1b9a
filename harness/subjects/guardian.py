"""Ends a group of processes when the one that started it is gone, however it went.

A guardian is a small process that reads from a pipe. Its other end is held by the harness; when
the harness ends, even by SIGKILL, the pipe closes and the guardian kills the group and removes the
folder with the group's credentials.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

_PROGRAM = """
import os, shutil, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdin.buffer.read()
try:
    os.killpg(int(sys.argv[1]), signal.SIGKILL)
except ProcessLookupError:
    pass
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


class Guardian:
    """Watches over one process group; make it with `post`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def post(cls, group: int, folder: str) -> Guardian:
        """Let a guardian watch over a process group, and a folder that goes with it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-c", _PROGRAM, str(group), folder),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        return cls(process)

    async def dismiss(self) -> None:
        """The group is gone; its number may be somebody else's soon."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to all processes of a group, if any are left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass  # all have ended already
