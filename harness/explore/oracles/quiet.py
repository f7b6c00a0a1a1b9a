"""`quiet`: at rest the operator writes nothing, for a minute, its resync included.

Counted are writes that changed more than its framework's own notes, Leases and Events. Judged is
only a healthy cluster in which nobody else changes anything: whatever the operator writes then,
it writes because of itself. It is wrong for an operator that is meant to write periodically, such
as a time of the last check in its status; that is costly in a real cluster too.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.oracle.quiet import SUBJECT
from harness.simulation.records import Record

from ..demands import Demand
from ..outcome import Finding
from ..scene import Scene
from ..witness import Movement
from .oracle import Oracle

#: A scenario looks on a little longer, because its window begins at another moment.
_MORE_SECONDS = 15.0


class QuietAtRest(Oracle):
    """Nothing to do means that nothing is done."""

    name = "quiet"

    async def at_end(self, scene: Scene) -> Iterable[Finding]:
        """Look on for a minute."""
        if scene.why_unhealthy():
            return ()
        writes = scene.witness.subject_writes
        first = await self._first_movement(scene)
        last, count = scene.witness.subject_moved, scene.witness.subject_writes - writes
        if first is None or not first.by.startswith(SUBJECT) or last.key is None or not count:
            return ()
        headline = (
            f"the operator wrote {count} times in {scene.patience.watch:g}s at rest, last {last}"
        )
        demand = Demand({"stableFor": f"{scene.patience.watch + _MORE_SECONDS:g}s"})
        role = scene.role(last.key)
        return [scene.finding(self.name, headline, role, about=[last.key], demand=demand)]

    async def _first_movement(self, scene: Scene) -> Movement | None:
        """What changed first while nothing should; the rest may be its consequence."""
        witness = scene.witness
        before, found = witness.moved, list[Movement]()

        def look(record: Record) -> None:
            if not found and witness.moved is not before:
                found.append(witness.moved)

        stop_looking = witness.listen("object", look)
        await scene.cluster.clock.sleep(scene.patience.watch)
        stop_looking()
        return found[0] if found else None
