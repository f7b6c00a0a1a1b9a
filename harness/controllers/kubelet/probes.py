"""HTTP and TCP probes against a program: startup first, then readiness and liveness.

Each probe is asked at `initialDelaySeconds` after the start and then each `periodSeconds`; its
verdict changes after `successThreshold` or `failureThreshold` answers in a row. Failures are told
as Unhealthy Events. While the startup probe has not succeeded the others wait.

A program with steady probes is left alone once a probe's verdict has settled, until it says that
its answer has changed: a pod at rest then costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from harness.apiserver.requests import Object

Kind = Literal["Startup", "Readiness", "Liveness"]
Ask = Callable[[Object], Awaitable[str]]


class Prober:
    """One probe of one container.

    Args:
        probe: From the container's spec.
        ask: Asks once; the empty text is success, any other says what failed.
        judged: Called with the verdict each time it is settled anew.
        failed: Called with what failed, each time.
        steady: Rest once the verdict is settled.
    """

    def __init__(
        self,
        probe: Object,
        ask: Ask,
        judged: Callable[[bool], None],
        failed: Callable[[str], None],
        *,
        steady: bool,
    ) -> None:
        self._probe = probe
        self._ask = ask
        self._judged = judged
        self._failed = failed
        self._steady = steady
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Ask again, if resting."""
        self._wake.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        period = self._probe.get("periodSeconds", 10)
        verdict: bool | None = None
        successes = failures = 0
        await asyncio.sleep(self._probe.get("initialDelaySeconds", 0))
        while True:
            problem = await self._ask(self._probe)
            successes, failures = (0, failures + 1) if problem else (successes + 1, 0)
            if problem:
                self._failed(problem)
            settled = self._settled(successes, failures)
            if settled is not None and (settled != verdict or settled is False):
                verdict = settled
                self._judged(settled)
            if self._steady and settled is not None:
                self._wake.clear()
                await self._wake.wait()
            else:
                await asyncio.sleep(period)

    def _settled(self, successes: int, failures: int) -> bool | None:
        if successes >= self._probe.get("successThreshold", 1):
            return True
        if failures >= self._probe.get("failureThreshold", 3):
            return False
        return None


class Probes:
    """The probes of one container, and what they have found.

    Args:
        container: With `startupProbe`, `readinessProbe`, `livenessProbe`.
        ask: Asks a probe once.
        changed: Called when readiness has changed.
        unhealthy: Called with kind and text of each failed answer.
        restart: Called with the kind of the probe that wants a restart.
        steady: See `Program.steady_probes`.
    """

    def __init__(
        self,
        container: Object,
        ask: Ask,
        *,
        changed: Callable[[], None],
        unhealthy: Callable[[Kind, str], None],
        restart: Callable[[Kind], None],
        steady: bool,
    ) -> None:
        self._container = container
        self._ask = ask
        self._changed = changed
        self._unhealthy = unhealthy
        self._restart = restart
        self._steady = steady
        self._probers: list[Prober] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.ready = container.get("readinessProbe") is None and not self._has("startupProbe")

    def _has(self, field: str) -> bool:
        return self._container.get(field) is not None

    def start(self) -> None:
        """Begin to ask."""
        if self._has("startupProbe"):
            self._begin("Startup", "startupProbe", self._startup_judged)
        else:
            self._begin_regular()

    def stop(self) -> None:
        """Ask no more."""
        self.ready = False
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._probers.clear()

    def wake(self) -> None:
        """The program says that its answers have changed."""
        for prober in self._probers:
            prober.wake()

    def _begin(self, kind: Kind, field: str, judged: Callable[[bool], None]) -> None:
        prober = Prober(
            self._container[field],
            self._ask,
            judged,
            lambda text: self._unhealthy(kind, text),
            steady=self._steady,
        )
        self._probers.append(prober)
        self._tasks.append(asyncio.ensure_future(prober.run()))

    def _begin_regular(self) -> None:
        if self._has("readinessProbe"):
            self._begin("Readiness", "readinessProbe", self._readiness_judged)
        else:
            self._readiness_judged(True)
        if self._has("livenessProbe"):
            self._begin("Liveness", "livenessProbe", self._liveness_judged)

    def _startup_judged(self, success: bool) -> None:
        if not success:
            self._restart("Startup")
            return
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._probers.clear()
        self._begin_regular()

    def _readiness_judged(self, success: bool) -> None:
        if self.ready != success:
            self.ready = success
            self._changed()

    def _liveness_judged(self, success: bool) -> None:
        if not success:
            self._restart("Liveness")


async def ask_over_network(address: str, probe: Object, port_of: Callable[[int | str], int]) -> str:
    """Ask an httpGet or tcpSocket probe once; exec and gRPC probes count as successes.

    Returns:
        What failed, in the kubelet's words; empty for success.
    """
    timeout = probe.get("timeoutSeconds", 1)
    try:
        async with asyncio.timeout(timeout):
            if "httpGet" in probe:
                return await _http_get(address, probe["httpGet"], port_of)
            if "tcpSocket" in probe:
                port = port_of(probe["tcpSocket"]["port"])
                _, writer = await asyncio.open_connection(address, port)
                writer.close()
            return ""
    except TimeoutError:
        return "context deadline exceeded"
    except OSError as error:
        return f"dial tcp {address}: connect: {str(error.strerror or error).lower()}"


async def _http_get(address: str, action: Object, port_of: Callable[[int | str], int]) -> str:
    port, path = port_of(action["port"]), action.get("path", "/")
    reader, writer = await asyncio.open_connection(address, port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\n"
        headers = "User-Agent: kube-probe/1.37\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        writer.write((request + headers).encode())
        answer = (await reader.readline()).split(b" ", 2)
    finally:
        writer.close()
    if len(answer) < 2 or not answer[1].isdigit():
        return f"Get http://{address}:{port}{path}: malformed HTTP response"
    code = int(answer[1])
    return "" if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}"
