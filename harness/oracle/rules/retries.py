"""`retryRate`: what was refused is not asked for again and again without a pause.

Controllers retry with a growing back-off (client-go: 5 ms, doubled up to 1000 s; kopf: a minute).
One that does not is a storm as soon as something cannot be had. Judged are requests of one verb for
one path that are answered with one and the same error: a hundred of them within ten seconds of the
cluster's time. The usual back-off makes eleven of them in that time.

Connections that break are not answered and not counted, and neither are watches, which the API
server ends by itself. That something is not there (404) is what whoever reads wanted to know: each
child that goes with its owner may lead to one look at the owner.
"""

from __future__ import annotations

from collections import deque

from harness.clusters.state import ClusterState, Key
from harness.simulation.records import Record

from ..quiet import is_subjects

_COUNT = 100
_SPAN_NS = 10_000_000_000

_Asked = tuple[str, str, str]  # actor, verb, path


class RetryRate:
    """Counts failures of the same request in the last ten seconds."""

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}  # by the request's number, until it is answered
        self._failures: dict[tuple[_Asked, int], deque[int]] = {}

    def take(self, record: Record, key: Key | None, state: ClusterState) -> str:
        """One failure too many."""
        if not is_subjects(record):
            return ""
        if record.kind == "request" and record.data["verb"] != "watch":
            self._asked[record.seq] = (record.actor, record.data["verb"], record.data["path"])
        elif record.kind == "response" and record.causes:
            asked = self._asked.pop(record.causes[0], None)
            if asked is not None and _is_refusal(asked, record.data["status"]):
                return self._count(asked, record.data["status"], record.time_ns)
        return ""

    def _count(self, asked: _Asked, status: int, now: int) -> str:
        failures = self._failures.setdefault((asked, status), deque())
        failures.append(now)
        while now - failures[0] > _SPAN_NS:
            failures.popleft()
        if len(failures) < _COUNT:
            return ""
        _, verb, path = asked
        seconds = (now - failures[0]) / 1e9
        return f"{verb} {path} was answered {status} {len(failures)} times in {seconds:.1f} s"


def _is_refusal(asked: _Asked, status: int) -> bool:
    _, verb, _ = asked
    return status >= 400 and not (status == 404 and verb in ("get", "list"))
