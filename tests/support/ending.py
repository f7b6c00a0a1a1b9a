"""Waiting for the end of processes that are not our children."""

from __future__ import annotations

import os
import select

WAIT_MILLISECONDS = 60_000


def ends(pid: int) -> bool:
    """Wait for the end of a process that need not be our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        return bool(poll.poll(WAIT_MILLISECONDS))
    finally:
        os.close(descriptor)
