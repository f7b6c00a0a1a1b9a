"""Explanations: the nearest miss, when it was right, when it broke, who wrote it, what was logged.

Everything comes from records; causes that were inferred explain here and decide nowhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from harness.clusters.state import ClusterState, Key, Version
from harness.simulation.records import Record

from .quiet import SUBJECT
from .view import Judgement

_OBJECTS_SHOWN = 3
_LINES_KEPT = 5


def seconds(time_ns: int) -> str:
    """A time since the start of the run: `12.345s`."""
    return f"{time_ns / 1e9:.3f}s"


@dataclass(frozen=True, slots=True)
class Held:
    """A span during which all claims held; `until_ns` is None while they still do."""

    from_ns: int
    until_ns: int | None = None

    def __str__(self) -> str:
        end = f"until {seconds(self.until_ns)}" if self.until_ns is not None else "until now"
        return f"from {seconds(self.from_ns)} {end}"


class LogTail:
    """The last lines that subjects logged."""

    def __init__(self, lines: int = _LINES_KEPT) -> None:
        self._lines: deque[str] = deque(maxlen=lines)

    def take(self, record: Record) -> None:
        """Keep a line of a subject's log."""
        if record.kind == "log" and record.actor.startswith(SUBJECT):
            level, message = record.data.get("level", ""), str(record.data.get("message", ""))
            first = message.strip().splitlines()[0] if message.strip() else ""
            self._lines.append(f"{seconds(record.time_ns)} {level} {first}")

    def lines(self) -> list[str]:
        """The lines, oldest first."""
        return list(self._lines)


def explanation(
    headline: str,
    miss: Judgement,
    *,
    state: ClusterState,
    log: Sequence[str],
    held: str = "",
) -> str:
    """The text of a finding: the headline, and below it what explains it.

    Args:
        headline: What is wrong, in one line.
        miss: Who wrote the objects that it is about is told, and who deleted those it misses.
        state: With their history.
        log: The subject's last log lines.
        held: When it was right, where that is known.
    """
    lines = [headline, *([f"  held: {held}"] if held else [])]
    lines += [f"  {line}" for key in _objects(miss, state) for line in _writers(state, key)]
    lines += [f"  log: {line}" for line in log]
    return "\n".join(lines)


def _objects(miss: Judgement, state: ClusterState) -> list[Key]:
    deleted = (state.last_deleted(kind) for kind in miss.missed)
    keys = dict.fromkeys([*miss.about, *(key for key in deleted if key is not None)])
    return list(keys)[:_OBJECTS_SHOWN]


def _writers(state: ClusterState, key: Key) -> list[str]:
    """Who wrote an object last, and what the subject last did to it if that was another."""
    versions = state.history(key)
    if not versions:
        return []
    lines = [f"{key}: last {_written(versions[-1])}"]
    by_subject = [version for version in versions if version.by.startswith(SUBJECT)]
    if not by_subject:
        lines.append(f"{key}: never written by the subject")
    elif by_subject[-1] is not versions[-1]:
        lines.append(f"{key}: subject last {_written(by_subject[-1])}")
    return lines


def _written(version: Version) -> str:
    return f"{version.type} by {version.by} at {seconds(version.time_ns)} (rv {version.rv})"
