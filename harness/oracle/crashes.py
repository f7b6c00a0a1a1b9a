"""Crashes: the subject ended by itself, or left an exception that nobody handled.

What a fault does to the process is no finding: a crash, a stop or an end that follows a process
fault with the same target is ours. Everything else is the subject's own.
"""

from __future__ import annotations

from harness.simulation.records import Record

from .quiet import SUBJECT

_ENDS = ("crashed", "exited")
_PROCESS_FAULTS = frozenset({"operatorCrash", "operatorRestart", "operatorUpgrade"})
#: asyncio reports here what no task or callback handled.
_UNHANDLED_LOGGERS = ("asyncio",)


class CrashWatch:
    """Fed with all records; tells what the subject did by itself."""

    def __init__(self) -> None:
        self._ours: set[str] = set()

    def take(self, record: Record) -> str:
        """What is wrong, for people; empty for everything else."""
        if record.kind == "fault":
            self._expect(record)
        elif record.kind == "process":
            return self._process(record)
        elif record.kind == "log" and _is_unhandled(record):
            return f"{record.actor} left an exception unhandled: {_told(record.data['message'])}"
        return ""

    def _expect(self, record: Record) -> None:
        phase, type_ = record.data["phase"], record.data["type"]
        if type_ in _PROCESS_FAULTS and phase == "injected":
            self._ours.add(record.data["target"])

    def _process(self, record: Record) -> str:
        name, event = record.data["name"], record.data["event"]
        if event == "started":
            self._ours.discard(name)
        if event not in _ENDS or name in self._ours:
            return ""
        detail = str(record.data.get("detail") or "")
        return f"{name} {event} by itself{f': {detail}' if detail else ''}"


def _told(message: str) -> str:
    """What was raised comes first, because the first line stands alone; then where."""
    lines = message.rstrip().splitlines()
    is_trace = bool(lines) and lines[0].startswith("Traceback")
    return "\n".join([lines[-1], *lines]) if is_trace else message


def _is_unhandled(record: Record) -> bool:
    if not record.actor.startswith(SUBJECT):
        return False
    level, logger = record.data.get("level"), record.data.get("logger")
    return level == "CRITICAL" or (level == "ERROR" and logger in _UNHANDLED_LOGGERS)
