"""Talking to the driver: start it, pass its messages on, end it in good order.

    request ─▶ a private file ─▶ driver ─▶ its log ─▶ read here line by line ─▶ changes, outcome

The driver is one of the `Children`, so it and the engine are gone whatever happens to this
process. On Ctrl-C the engine is asked to end what it has begun: only then does its state say what
is in the cluster. A second Ctrl-C does not wait for that.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError

from ..processes import Child, Children
from .changes import Change, change
from .reporting import SEPARATOR

_DRIVER = f"{__package__}.driver"
_LOOK_SECONDS = 0.05
_LAST_SECONDS = 60.0

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What came of an operation: the changes in their order, and the result of its kind."""

    changes: list[Change] = field(default_factory=list)
    result: Any = None
    errors: list[str] = field(default_factory=list)


def converse(request: Mapping[str, Any], logs: Path, *, seconds: float, tell: Tell) -> Outcome:
    """Have an operation carried out.

    Args:
        request: For `driver.py`.
        logs: Where everything that the driver writes is kept, by operation.
        seconds: How long it may take at most.
        tell: Called with each line of progress.

    Raises:
        InfrastructureError: It failed, or took too long; the text has the reasons.
    """
    operation = str(request["operation"])
    home = Path(tempfile.mkdtemp(prefix="operator-harness-stack-"))  # for this user alone
    with Children(home, logs) as children:
        file = home / "request.json"
        file.write_text(json.dumps(request))
        command = [sys.executable, "-m", _DRIVER, str(file)]
        child = children.start(f"pulumi-{operation}", command)
        outcome = Outcome()
        try:
            _follow(child, outcome, seconds, tell)
        except BaseException:
            _interrupt(child, outcome, tell)
            raise
    if child.process.returncode == 0 and not outcome.errors:
        return outcome
    reasons = outcome.errors or [_last_line(child.log)]
    raise InfrastructureError(f"pulumi {operation} failed: " + "\n".join(reasons))


def _follow(child: Child, outcome: Outcome, seconds: float, tell: Tell) -> None:
    """Pass messages on until the driver has ended."""
    with child.log.open(encoding="utf-8", errors="replace") as log:
        for _ in range(int(seconds / _LOOK_SECONDS)):
            ended = child.ended_within(_LOOK_SECONDS)
            for line in _whole_lines(log):
                _take(line, outcome, tell)
            if ended:
                return
    raise InfrastructureError(
        f"{child.name} has not ended after {seconds:g} s; its log is {child.log}"
    )


def _interrupt(child: Child, outcome: Outcome, tell: Tell) -> None:
    """Let the engine end what it has begun."""
    if child.process.poll() is not None:
        return
    tell("interrupted: pulumi ends what it has begun")
    os.killpg(child.process.pid, signal.SIGINT)
    child.ended_within(_LAST_SECONDS)


def _take(line: str, outcome: Outcome, tell: Tell) -> None:
    if not line.startswith(SEPARATOR):
        tell(line.rstrip())  # printed by the program
        return
    ((kind, content),) = json.loads(line[1:]).items()
    if kind == "progress":
        tell(content)
    elif kind == "change":
        outcome.changes.append(change(content))
    elif kind == "result":
        outcome.result = content
    else:
        outcome.errors += content


def _whole_lines(log: Any) -> Iterator[str]:
    """The lines that have come; the beginning of one is left for later."""
    while True:
        place = log.tell()
        line = log.readline()
        if not line.endswith("\n"):
            log.seek(place)
            return
        yield line


def _last_line(log: Path) -> str:
    """The last thing that is no message: what Python says when the driver could not go on."""
    lines = log.read_text(errors="replace").split("\n")
    words = [line for line in lines if line.strip() and not line.startswith(SEPARATOR)]
    return words[-1] if words else f"it said nothing; its log is {log}"
