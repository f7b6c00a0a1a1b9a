"""From the engine's events to messages: progress for people, changes, and what went wrong.

    diagnostic ─▶ progress (warnings, information) | problem
    resource begins ─▶ progress          resource is done ─▶ progress, change

Events are the Automation API's; of a failure they hold the same text two or three times, with
traces of Pulumi's own Python between. What is told is each reason once, in one line.

See https://www.pulumi.com/docs/reference/pkg/python/pulumi/#module-pulumi.automation.events
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

SEPARATOR = "\x1e"
_DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
_DOING = {"create": "creating", "update": "updating", "delete": "deleting", "replace": "replacing"}
_PLUMBING = ("pulumi:pulumi:Stack", "pulumi:providers:")
#: The harness says itself which plugin it uses.
_KNOWN_WARNING = "using pulumi-resource-kubernetes from $PATH"
_LAST_LINES = 5


def tell(kind: str, content: Any) -> None:
    """Write one message, in one piece: events come from several threads."""
    sys.stdout.write(f"{SEPARATOR}{json.dumps({kind: content})}\n")
    sys.stdout.flush()


class Reporter:
    """What is told of one operation.

    Args:
        stack: The stack's name.
        changing: Whether the operation changes the cluster; others only compare.
    """

    def __init__(self, stack: str, *, changing: bool) -> None:
        self._stack = stack
        self._changing = changing
        self._problems: list[str] = []
        self._program_error = ""
        self._said: set[str] = set()

    def on_event(self, event: Any) -> None:
        """Take an event of the engine."""
        if event.diagnostic_event is not None:
            self._diagnose(event.diagnostic_event)
        elif event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            self._progress(_DOING, step)
        elif event.res_outputs_event is not None:
            step = event.res_outputs_event.metadata
            self._progress(_DONE, step)
            if _action(step) in _DONE and not _is_plumbing(step):
                tell("change", _change(step))

    def program_failed(self, error: Exception, folder: str) -> None:
        """Remember what the user's program raised, and where."""
        from pulumi import RunError

        if isinstance(error, RunError):  # Pulumi's own way to say something without a trace
            self._program_error = " ".join(str(error).split())
            return
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename.startswith(folder)]
        where = f"{own[-1].filename}:{own[-1].lineno}: " if own else ""
        self._program_error = f"{where}{type(error).__name__}: {error}"

    def reasons(self, words_of_the_engine: str) -> list[str]:
        """Why the operation failed; the engine's last words when nothing said so."""
        if self._program_error:
            return [self._program_error]
        telling = [each for each in self._problems if not each.endswith(" failed")]
        last_words = words_of_the_engine.strip().splitlines()[-_LAST_LINES:]
        return telling or self._problems or last_words

    def _progress(self, words: dict[str, str], step: Any) -> None:
        word = words.get(_action(step))
        if word and self._changing and not _is_plumbing(step):
            tell("progress", f"{word} {_kind(step)} {_object(step)}")

    def _diagnose(self, diagnostic: Any) -> None:
        text = _brief(diagnostic.message)
        if diagnostic.severity == "error":
            self._problem(text, (diagnostic.urn or "").rpartition("::")[2])
        elif diagnostic.severity in ("warning", "info") and text not in self._said:
            self._said.add(text)
            if not text.startswith(_KNOWN_WARNING):
                prefix = "warning: " if diagnostic.severity == "warning" else ""
                tell("progress", prefix + text)

    def _problem(self, text: str, resource: str) -> None:
        is_about_one = resource and not resource.endswith(f"-{self._stack}")
        text = f"{resource}: {text}" if is_about_one else text
        if text not in self._problems:
            self._problems.append(text)


def _change(step: Any) -> dict[str, Any]:
    action = _action(step)
    return {
        "action": action,
        "kind": _kind(step),
        "name": step.urn.rpartition("::")[2],
        "object": _object(step),
        "fields": [] if action in ("create", "delete") else sorted(step.detailed_diff or {}),
    }


def _brief(message: str) -> str:
    """A message without the trace that it may hold: its last line says what was raised."""
    text = message.strip()
    return text.splitlines()[-1] if "Traceback (most recent call last)" in text else text


def _is_plumbing(step: Any) -> bool:
    return bool(step.type.startswith(_PLUMBING))


def _action(step: Any) -> str:
    return str(getattr(step.op, "value", step.op))


def _kind(step: Any) -> str:
    return str(step.type).rpartition(":")[2]


def _object(step: Any) -> str:
    """`namespace/name` of the object, or Pulumi's name where it has none yet."""
    state = step.new or step.old
    metadata = ((state.inputs if state else None) or {}).get("metadata") or {}
    parts = [metadata.get("namespace"), metadata.get("name")]
    return "/".join(part for part in parts if part) or str(step.urn).rpartition("::")[2]
