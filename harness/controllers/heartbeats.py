"""When each node was last heard of.

A real kubelet renews its Lease every ten seconds. Three nodes over an hour are a thousand writes
that say nothing, so in the simulation heartbeats are lazy: this board knows which nodes are alive
and computes when the last renewal *would* have been, and the node lifecycle controller asks it.
Nothing is written while all is well, and the times at which a loss is noticed are the same.

With `interval_seconds` and `written` the Leases are really renewed: against a real control plane,
whose own node lifecycle controller reads them, or for a subject that watches Leases.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.simulation.clock import Clock

LEASE_SECONDS = 40
INTERVAL_SECONDS = 10.0


@dataclass
class Heartbeats:
    """The board.

    Attributes:
        clock: The cluster's.
        interval_seconds: Between two renewals.
        written: Whether Leases are really renewed.
    """

    clock: Clock
    interval_seconds: float = INTERVAL_SECONDS
    written: bool = False
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    _begun: dict[str, float] = field(default_factory=dict)
    _silent_since: dict[str, float] = field(default_factory=dict)

    def begin(self, node: str) -> None:
        """A node starts to renew."""
        self._begun[node] = self.clock.monotonic()
        self._tell(node)

    def stop(self, node: str) -> None:
        """A node falls silent."""
        self._silent_since.setdefault(node, self.clock.monotonic())
        self._tell(node)

    def resume(self, node: str) -> None:
        """A node is heard again; it renews at once."""
        if self._silent_since.pop(node, None) is not None:
            self._begun[node] = self.clock.monotonic()
        self._tell(node)

    def knows(self, node: str) -> bool:
        """Whether the node is one of ours."""
        return node in self._begun

    def last(self, node: str) -> float | None:
        """Monotonic seconds of the last renewal; None while the node goes on renewing."""
        silent = self._silent_since.get(node)
        if silent is None:
            return None
        begun = self._begun[node]
        beats = math.floor((silent - begun) / self.interval_seconds)
        return begun + max(0, beats) * self.interval_seconds

    def _tell(self, node: str) -> None:
        for listener in self.listeners:
            listener(node)
