"""Records: what happened, one fact each, in order. The journal is made of them.

Everybody who sees something happen calls `Recorder.record`; it numbers and stamps the fact and
hands it to whoever follows (the oracles live, the journal on disk). A record is never changed
afterwards. Oracles and reports read records and nothing else.

Kinds, and what their `data` holds (all values plain JSON):

    request   verb method path group version resource subresource namespace name user agent dry_run
    response  status reason changed; causes = [seq of the request]; rv = version it committed
    object    type (ADDED MODIFIED DELETED) apiVersion kind namespace name uid object by;
              causes = [seq of the request]; one for each committed version
    watch     type kind namespace name uid; one for each delivery to the subject
    fault     name type phase (armed injected observed ended undone failed) target detail
    log       level logger message; a line of the subject's log
    process   event (started crashed exited paused resumed stopped) name incarnation detail
    step      name phase (do expect converged stable ended)
    verdict   verdict message
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .clock import Clock

Certainty = Literal["exact", "inferred"]
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One fact. `time_ns` counts from the start of the run on the cluster's clock."""

    seq: int
    time_ns: int
    kind: str
    actor: str
    connection: str = ""
    rv: int | None = None
    causes: tuple[int, ...] = ()
    certainty: Certainty = "exact"
    data: dict[str, Any] = field(default_factory=dict)


Follower = Callable[[Record], None]


class Recorder:
    """Numbers, stamps and keeps records, and hands each to the followers at once."""

    def __init__(self, clock: Clock, *, keep: bool = True) -> None:
        self._clock = clock
        self._keep = keep
        self._followers: list[Follower] = []
        self._next_seq = 1
        self.records: list[Record] = []

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Call `follower` with each record from now on; returns the function that ends it."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    def record(
        self,
        kind: str,
        /,
        *,
        actor: str,
        connection: str = "",
        rv: int | None = None,
        causes: Sequence[int] = (),
        certainty: Certainty = "exact",
        **data: Any,
    ) -> int:
        """Write one fact down and return its sequence number."""
        seq = self._next_seq
        self._next_seq += 1
        entry = Record(
            seq,
            self._clock.elapsed_ns(),
            kind,
            actor,
            connection,
            rv,
            tuple(causes),
            certainty,
            data,
        )
        if self._keep:
            self.records.append(entry)
        for follower in tuple(self._followers):
            follower(entry)
        return seq
