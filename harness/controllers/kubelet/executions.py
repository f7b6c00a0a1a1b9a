"""What runs in a container: data that says what would happen, or a program that really runs."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.apiserver.requests import Object

from ..objects import is_kept_running
from .behaviours import PodBehaviour

#: 128 + SIGTERM: a process that did not expect to be stopped.
TERMINATED = 143


def stop_code(pod: Object) -> int:
    """What data containers of a pod end with after SIGTERM."""
    return 0 if is_kept_running(pod) else TERMINATED


class DataExecution:
    """Runs nothing; answers from a `PodBehaviour`, which may change while it runs.

    Args:
        behaviour: How the container behaves now.
        readiness_probe: Of the container; it delays readiness to the instants at which it probes.
        started: When it started, monotonic seconds.
        stop_code: What it ends with after SIGTERM: a service that runs for ever shuts down well,
            work that had to be finished did not get done.
    """

    def __init__(
        self,
        behaviour: Callable[[], PodBehaviour],
        readiness_probe: Object | None,
        started: float,
        stop_code: int = 0,
    ) -> None:
        self._behaviour = behaviour
        self._probe = readiness_probe
        self._started = started
        self._stop_code = stop_code
        self._stopped_at: float | None = None

    def ended(self, now: float) -> int | None:
        """The exit code once the end has come."""
        if self._stopped_at is not None and self._stopped_at <= now:
            return self._stop_code
        after = self._behaviour().exit_after_seconds
        if after is not None and self._started + after <= now:
            return self._behaviour().exit_code
        return None

    def ends_at(self) -> float | None:
        """The earlier of its own end and the end that SIGTERM brings."""
        after = self._behaviour().exit_after_seconds
        own = None if after is None else self._started + after
        known = [moment for moment in (own, self._stopped_at) if moment is not None]
        return min(known, default=None)

    def is_ready(self, now: float) -> bool:
        """Whether it has been running for long enough."""
        moment = self._ready_moment()
        return moment is not None and moment <= now

    def ready_at(self, now: float) -> float | None:
        """When it will be ready, if that is still to come."""
        moment = self._ready_moment()
        return moment if moment is not None and moment > now else None

    def terminate(self, now: float) -> None:
        """SIGTERM: end after `stop_seconds`."""
        takes = self._behaviour().stop_seconds
        if takes is not None:
            self._stopped_at = now + takes

    def kill(self) -> None:
        """Nothing runs, nothing to free."""

    def _ready_moment(self) -> float | None:
        after = self._behaviour().ready_after_seconds
        if after is None:
            return None
        if self._probe is None:
            return self._started + after
        delay = self._probe.get("initialDelaySeconds", 0)
        period = self._probe.get("periodSeconds", 10)
        missed = max(0, math.ceil((after - delay) / period))
        needed = self._probe.get("successThreshold", 1) - 1
        return float(self._started + delay + (missed + needed) * period)
