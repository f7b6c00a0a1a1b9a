"""Logs of pods, followed line by line into the journal, across restarts of their containers.

    pod changes > a container id not seen yet > GET .../log?follow > log records
    broken off while it still runs > again from the last line on

The kubelet serves logs, so a stream breaks when it does; the lines that were there already are told
from new ones by their timestamps.
Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (read log)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from harness.apiserver.requests import Object, Request
from harness.apiserver.status import ApiError
from harness.client.resources import PODS
from harness.simulation.clock import Clock

#: From a request to the lines of its answer, until it ends (`HttpTransport.lines`).
Lines = Callable[[Request], AsyncGenerator[bytes, None]]
Write = Callable[[str], None]

_RETRY_SECONDS = 0.5


class PodLogs:
    """Follows the log of every container that it is shown.

    Args:
        lines: Reads logs from the server.
        write: Gets each line, without its timestamp.
        still_runs: Whether a container of a pod (name, container id) still runs.
        clock: The cluster's.
    """

    def __init__(
        self,
        lines: Lines,
        write: Write,
        still_runs: Callable[[Object, str], bool],
        clock: Clock,
    ) -> None:
        self._lines = lines
        self._write = write
        self._still_runs = still_runs
        self._clock = clock
        self._following: dict[str, asyncio.Task[None]] = {}

    def see(self, pod: Object) -> None:
        """Follow the containers of a pod that are new."""
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            identity = status.get("containerID", "")
            state = status.get("state") or {}
            if identity and identity not in self._following and "waiting" not in state:
                work = self._follow(pod, status["name"], identity)
                self._following[identity] = asyncio.create_task(work, name=f"log of {identity}")

    async def ended(self, seconds: float) -> None:
        """Wait until the logs have ended, but not longer than `seconds`; then they are left."""
        tasks = list(self._following.values())
        if not tasks:
            return
        _, pending = await asyncio.wait(tasks, timeout=seconds)
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)

    async def _follow(self, pod: Object, container: str, identity: str) -> None:
        last = ""
        while True:
            with contextlib.suppress(ApiError, ConnectionError):
                async for stamp, text in self._read(pod, container, last):
                    last = stamp
                    self._write(text)
            if not self._still_runs(pod, identity):
                return
            await self._clock.sleep(_RETRY_SECONDS)

    async def _read(
        self, pod: Object, container: str, last: str
    ) -> AsyncGenerator[tuple[str, str], None]:
        """Lines later than the timestamp `last`, each with its own."""
        query = {"container": [container], "follow": ["true"], "timestamps": ["true"]}
        if last:
            query["sinceTime"] = [last]
        meta = pod["metadata"]
        path = PODS.path(meta["namespace"], meta["name"], "log")
        async with contextlib.aclosing(self._lines(Request("GET", path, query=query))) as lines:
            async for line in lines:
                stamp, _, text = line.decode(errors="replace").rstrip("\r\n").partition(" ")
                if not last or _order(stamp) > _order(last):
                    yield stamp, text


def _order(stamp: str) -> str:
    """A key that sorts RFC 3339 timestamps in UTC, whose fractions have any length."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<9}"
