"""Whether a request costs the same with more objects, and after more requests; and the memory.

The server is asked directly, as the network skin asks it: authentication, authorization, verb,
record. Its journal is streamed to a file, as in a run.
"""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from collections.abc import Callable
from typing import IO

from harness.apiserver.requests import Request
from harness.apiserver.server import ApiServer, ServerOptions
from harness.apiserver.serving import ADMIN
from harness.report.journal import JournalWriter
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder

from .measuring import Row, resident_bytes, shown

SIZES = (1_000, 10_000, 100_000)
_SAMPLE = 2_000
_TOKEN = "bench"
_HEADERS = {"authorization": f"Bearer {_TOKEN}", "content-type": "application/json"}
_PATH = "/api/v1/namespaces/default/configmaps"


def rows(*, full: bool) -> list[Row]:
    """Growth by objects, by requests, and what is kept.

    Args:
        full: A million requests instead of 200,000.
    """
    with tempfile.TemporaryFile() as file:
        by_objects = asyncio.run(_by_objects(file))
    with tempfile.TemporaryFile() as file:
        by_requests = asyncio.run(_by_requests(file, 1_000_000 if full else 200_000))
    return [*by_objects, *by_requests]


class _Server:
    """A server, and requests to it."""

    def __init__(self, file: IO[bytes]) -> None:
        clock = real_clock()
        self.recorder = Recorder(clock, keep=False)
        self.journal = JournalWriter(file)
        self.recorder.follow(self.journal)
        options = ServerOptions(tokens={_TOKEN: ADMIN})
        self._server = ApiServer(clock, Entropy("bench"), self.recorder, options=options)

    def create(self, number: int) -> None:
        """A ConfigMap."""
        self._ask("POST", _PATH, json.dumps(_config_map(number, 0)).encode())

    def get(self, number: int) -> None:
        """The same."""
        self._ask("GET", f"{_PATH}/config-{number}", b"")

    def update(self, number: int, value: int) -> None:
        """Change its value."""
        body = json.dumps(_config_map(number, value)).encode()
        self._ask("PUT", f"{_PATH}/config-{number}", body)

    def _ask(self, method: str, path: str, body: bytes) -> None:
        request = Request(method, path, {}, dict(_HEADERS), body, actor="bench", connection="1")
        response = self._server.answer_at_once(request)
        if response is None or response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response}")


def _config_map(number: int, value: int) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"config-{number}", "namespace": "default"},
        "data": {"key": "a value of a usual length, as there are many", "value": str(value)},
    }


async def _by_objects(file: IO[bytes]) -> list[Row]:
    server = _Server(file)
    gc.collect()
    before, existing, found = resident_bytes(), 0, []
    for size in SIZES:
        for number in range(existing, size):
            server.create(number)
        existing = size
        creates = _each(lambda n, size=size: server.create(size + n))
        existing += _SAMPLE
        gets = _each(lambda n, size=size: server.get(n * 7919 % size))
        found.append((size, creates, gets))
    gc.collect()
    per_object = (resident_bytes() - before) / existing
    _, first_creates, first_gets = found[0]
    rows = [
        Row(
            f"a request with {size:,} objects",
            f"create {shown(creates)}, get {shown(gets)}"
            f" ({creates / first_creates:.2f}, {gets / first_gets:.2f} of the first row)",
            "flat",
            "CPU time of the server alone, without network, journal included",
        )
        for size, creates, gets in found
    ]
    object_bytes = len(json.dumps(_config_map(1, 0)))
    memory = Row(
        "memory for each object",
        f"{(per_object - object_bytes) / 1000:.1f} kB + object",
        "< 10 kB + object",
        f"resident memory at {existing:,} ConfigMaps of {object_bytes} bytes",
    )
    return [*rows, memory]


async def _by_requests(file: IO[bytes], total: int) -> list[Row]:
    server = _Server(file)
    for number in range(1_000):
        server.create(number)
    first = _each(lambda n: server.update(n % 1_000, n))
    for number in range(total):
        if number % 2:
            server.get(number % 1_000)
        else:
            server.update(number % 1_000, number)
    last = _each(lambda n: server.update(n % 1_000, -n))
    size = file.tell()
    return [
        Row(
            f"an update after {total:,} requests",
            f"{shown(last)}, {last / first:.2f} of what it was at first",
            "flat",
            f"journal: {server.journal.lines:,} lines, {size / server.journal.lines:.0f} bytes "
            "each, streamed to disk",
        )
    ]


def _each(action: Callable[[int], None]) -> float:
    """Seconds of one action, the median of twenty batches; of CPU time, for it only computes."""
    batch = _SAMPLE // 20
    times = []
    for start in range(0, _SAMPLE, batch):
        began = time.process_time()
        for number in range(start, start + batch):
            action(number)
        times.append((time.process_time() - began) / batch)
    return sorted(times)[len(times) // 2]
