"""The clock that all harness code asks.

Time flows from the running event loop: on a virtual loop it is virtual, on a plain loop it is
real, and no caller can tell the difference. A clock only adds the calendar: an instant `epoch_ns`
that loop time zero (or the moment of creation) stands for.

Inside the simulation the epoch is fixed, so the same plan writes the same timestamps.
"""

from __future__ import annotations

import asyncio
import datetime

#: 2026-01-01T00:00:00Z. Far from daylight-saving changes and month ends, and easy to read in logs.
SIMULATION_EPOCH_NS = 1_767_225_600 * 1_000_000_000


class Clock:
    """Wall and monotonic time of one cluster.

    Args:
        loop: The event loop whose `time()` drives the clock.
        epoch_ns: Wall time in nanoseconds since 1970 at loop time `origin`.
        origin: Loop time in seconds at which the wall clock shows `epoch_ns`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, epoch_ns: int, origin: float = 0.0
    ) -> None:
        self._loop = loop
        self._epoch_ns = epoch_ns
        self._origin = origin
        self._stamped: tuple[int, str] = (-1, "")

    def monotonic(self) -> float:
        """Seconds since the clock began, never going back."""
        return self._loop.time() - self._origin

    def elapsed_ns(self) -> int:
        """Nanoseconds since the clock began: the `time_ns` of journal records."""
        return round(self.monotonic() * 1e9)

    def now_ns(self) -> int:
        """Wall time in nanoseconds since 1970."""
        return self._epoch_ns + self.elapsed_ns()

    def now(self) -> datetime.datetime:
        """Wall time, UTC, with microseconds."""
        return datetime.datetime.fromtimestamp(self.now_ns() / 1e9, datetime.UTC)

    def timestamp(self) -> str:
        """Wall time as `metav1.Time` writes it: whole seconds, `2026-01-01T00:00:00Z`."""
        second = self.now_ns() // 1_000_000_000
        if second != self._stamped[0]:  # a server asks for the same second many times
            moment = datetime.datetime.fromtimestamp(second, datetime.UTC)
            self._stamped = (second, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return self._stamped[1]

    def timestamp_micro(self) -> str:
        """Wall time as `metav1.MicroTime` writes it: `2026-01-01T00:00:00.000000Z`."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass on this clock."""
        await asyncio.sleep(seconds)


def real_clock() -> Clock:
    """A clock that shows the machine's time; call it inside a running loop."""
    import time

    loop = asyncio.get_running_loop()
    return Clock(loop, epoch_ns=time.time_ns(), origin=loop.time())
