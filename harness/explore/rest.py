"""When a cluster is at rest: nothing that counts has changed for a while, and no pod is on its way.

Two kinds of waiting follow from pods. One that starts or ends is waited for, as long as something
happens to it; one that cannot start is not, because its back-off goes on forever. So a spec whose
image does not exist comes to rest too: unhealthy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.simulation.clock import Clock

from .witness import Witness

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds of the cluster.

    Args:
        quiet: Without a change for so long it is at rest; longer than the operator's debounce.
        within: It must come to rest within this.
        requests: More of the operator's than this, and for each pod, and no rest will come.
        requests_per_pod: See there.
        stuck_pod: A pod to which nothing happened for so long is waited for no longer.
        watch: How long it is looked at, at the end, whether the operator is really quiet.
        settle: How long a rollout is waited for, at the end, beyond its progress deadline.
        poll: Between two looks.
        quiet_after_faults: As `quiet`, where faults have acted: a retry may be that long away.
    """

    quiet: float = 5.0
    within: float = 300.0
    requests: int = 500
    requests_per_pod: int = 20
    stuck_pod: float = 30.0
    watch: float = 60.0
    settle: float = 700.0
    poll: float = 0.5
    quiet_after_faults: float = 180.0

    def too_many(self, requests: int, witness: Witness) -> bool:
        """Whether the operator asks for more than there can be work."""
        return requests > self.requests_at_most(witness)

    def requests_at_most(self, witness: Witness) -> int:
        """What there can be work for."""
        return self.requests + self.requests_per_pod * len(witness.state.objects("Pod"))

    def after_faults(self) -> Patience:
        """The same, for an operator that has met errors."""
        return replace(self, quiet=self.quiet_after_faults, within=self.within * 3)


PATIENCE = Patience()


async def until_rest(
    clock: Clock,
    witness: Witness,
    patience: Patience = PATIENCE,
    *,
    busy: Callable[[], bool] = lambda: False,
) -> bool:
    """Wait until the cluster is at rest; False when it is not within the given time.

    Args:
        clock: The cluster's.
        witness: Of its records.
        patience: How long.
        busy: Something else to wait for, such as a fault that acts.
    """
    started = clock.elapsed_ns()
    deadline = started + round(patience.within * _SECOND)
    requests = witness.requests
    while True:
        now = clock.elapsed_ns()
        left = max(witness.moved.time_ns, started) + round(patience.quiet * _SECOND) - now
        waits = busy() or _pods_move(witness, now - round(patience.stuck_pod * _SECOND))
        if left <= 0 and not waits:
            return True
        if now >= deadline or patience.too_many(witness.requests - requests, witness):
            return False
        seconds = patience.poll if waits else left / _SECOND
        await clock.sleep(min(seconds, patience.poll))


def _pods_move(witness: Witness, since_ns: int) -> bool:
    return any(time_ns > since_ns for time_ns in witness.moving.values())
