"""Trials in copies of one started cluster: what all of them begin with is done once.

    worker  ─ Asked ─▶  template: cluster, operator, at rest  ─ fork ─▶  the trial, to its end
            ◀─ Outcome ─                                      ─ fork ─▶  a reference, to its end

A simulated cluster lives on one thread without real sockets, so a forked process has a whole copy
of it, with the operator in the middle of its waiting. A copy plays one trial or one reference, says
what came of it, and ends without clearing up. Nothing is shared and nothing is left over, so the
outcome is that of a cluster of its own, to the last byte of the journal's hash.

Where anything goes wrong (no fork, a copy that dies, one that takes too long), the trial is played
in the asking process instead, under its watchdog: slower, and with the same outcome.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from harness.errors import SimulationError
from harness.simulation import scope

from .outcome import Outcome
from .references import Reference, References, Specs
from .rest import PATIENCE
from .scene import Scene
from .stage import Stage
from .target import Target
from .trial import RESTLESS, Asked, Trial, play_reference, run_trial

#: Real seconds that a start, or whatever a copy does between two messages, may take.
_SECONDS_MAX = 60.0
# Inside of a run `os` speaks of simulated processes.
_exit = os._exit
_kill = os.kill


@dataclass(frozen=True, slots=True)
class _ReferenceAsked:
    """A reference of the target."""

    specs: Specs
    variant: int


_Order = Asked | _ReferenceAsked


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of an order."""

    value: Outcome | Reference


class _Broken(Exception):
    """Somebody in the chain died or was too slow."""


class _IsCopy(BaseException):
    """Raised in a copy that was just made, to leave what its original was doing."""

    def __init__(self, order: _Order) -> None:
        self.order = order


class Forks:
    """Plays trials of one target in copies of one template, begun with the first that can use it.

    Args:
        target: What is under test.
        inherited: Connections of this process that the template must not hold open.
    """

    def __init__(self, target: Target, inherited: Sequence[Connection] = ()) -> None:
        self._target = target
        self._inherited = inherited
        self._is_possible = hasattr(os, "fork") and not target.in_real_time
        self._has_played = False
        self._template: Connection | None = None
        #: Its number; 0 when there is none.
        self.template_process = 0
        #: Trials that were played in copies.
        self.copies = 0

    def run(self, asked: Asked) -> Outcome:
        """The outcome, as `run_trial` gives it."""
        if not self._is_possible or not self._has_played:
            # The first one is played here: it warms what all copies then have from the beginning.
            self._has_played = True
            return self._run_here(asked)
        try:
            if self._template is None:
                self._template = self._begun()
            self._template.send(asked)
            outcome = _received(self._template)
        except (_Broken, OSError):
            self._is_possible = self._template is not None
            self.close()
            return self._run_here(asked)
        if not isinstance(outcome, Outcome):
            return self._run_here(asked)
        self.copies += 1
        return outcome

    def close(self) -> None:
        """End the template; a copy that plays something ends when it wants to tell what."""
        if self._template is not None:
            self._template.close()
            self._template = None
        if self.template_process:
            _ended(self.template_process)
            self.template_process = 0

    def _run_here(self, asked: Asked) -> Outcome:
        return run_trial(self._target, asked.operations, seed=asked.seed, oracles=asked.oracles)

    def _begun(self) -> Connection:
        ours, theirs = Pipe()
        self.template_process = os.fork()
        if self.template_process == 0:
            for connection in (ours, *self._inherited):
                connection.close()
            _Template(self._target, theirs).serve()
        theirs.close()
        _received(ours)  # it has started
        return ours


def _received(connection: Connection) -> Outcome | Reference | None:
    """The answer; None for one that only says that somebody is there or could not do it.

    Raises:
        _Broken: There will be no answer.
    """
    if not connection.poll(_SECONDS_MAX * 3):
        raise _Broken
    try:
        message = connection.recv()
    except (EOFError, ConnectionResetError):
        raise _Broken from None
    return message.value if isinstance(message, _Done) else None


class _Template:
    """The process that holds the started cluster; and, once forked from it, a copy.

    Args:
        target: What is under test.
        asker: Who gives orders and hears what came of them.
    """

    def __init__(self, target: Target, asker: Connection) -> None:
        self._target = target
        self._asker = asker
        self._is_copy = False
        self._order: _Order = Asked()
        self._trial = Trial(target, Asked())
        self._references = References(self._make_reference)

    def serve(self) -> NoReturn:
        """Start the cluster, make copies for as long as there are orders, and end the process."""
        code = 1
        try:
            self._tell(self._play())
            code = 0
        except (EOFError, BrokenPipeError, ConnectionResetError):
            code = 0  # nobody asks any more
        finally:
            # Whatever it was, the asker hears of it by the end of the connection.
            _exit(code)

    def _play(self) -> Outcome | Reference:
        # Nobody looks at a thread of the template: a copy has no such thread, but an asker.
        stage = Stage(self._target, 0, PATIENCE, self._references, watchdog_seconds=0)
        try:
            return stage.play(self._body, self._trial.prepare)
        except SimulationError as error:
            if not self._is_copy or isinstance(self._order, _ReferenceAsked):
                return RESTLESS
            self._trial.cannot_go_on(error)
            return self._trial.judged()

    async def _body(self, scene: Scene) -> Outcome | Reference:
        """In the template without end; in a copy what was ordered, and then its end."""
        loop = asyncio.get_running_loop()
        with scope.stepped_out():
            self._order = order = self._next_order()
        asyncio._set_running_loop(loop)  # which asyncio forgets in a forked process
        if isinstance(order, Asked):
            self._trial.ask(order)
            await self._trial.body(scene)
        else:
            reference = await play_reference(scene, order.specs, order.variant)
        with scope.stepped_out():
            self._tell(self._trial.judged() if isinstance(order, Asked) else reference)
            _exit(0)

    def _tell(self, value: Outcome | Reference) -> None:
        self._asker.send(_Done(value))

    # -- the template ---------------------------------------------------------------------------

    def _next_order(self) -> _Order:
        """Serve; returns only in copies."""
        self._asker.send("started")
        try:
            while True:
                order = self._asker.recv()
                try:
                    answer: object = _Done(self._carried_out(order))
                except _Broken:
                    answer = "broken"
                self._asker.send(answer)
        except (EOFError, OSError):  # nobody asks any more
            _exit(0)
        except _IsCopy as copy:
            return copy.order

    def _carried_out(self, order: _Order) -> Any:
        """Let a copy do it, and make the references that it asks for meanwhile."""
        process, copy = self._copied(order)
        try:
            while True:
                if not copy.poll(_SECONDS_MAX):
                    raise _Broken
                message = copy.recv()
                if isinstance(message, _Done):
                    return message.value
                copy.send(self._references.of(self._target, message.specs, variant=message.variant))
        except (EOFError, OSError):
            raise _Broken from None
        finally:
            if not self._is_copy:
                copy.close()
                _ended(process)

    def _copied(self, order: _Order) -> tuple[int, Connection]:
        ours, theirs = Pipe()
        process = os.fork()
        if process == 0:
            ours.close()
            self._asker.close()
            self._asker, self._is_copy = theirs, True
            raise _IsCopy(order)
        theirs.close()
        return process, ours

    def _make_reference(self, target: Target, specs: Specs, variant: int) -> Reference:
        asked = _ReferenceAsked(dict(specs), variant)
        if not self._is_copy:
            reference: Reference = self._carried_out(asked)
            return reference
        with scope.stepped_out():
            self._asker.send(asked)
            found: Reference = self._asker.recv()
        return found


def _ended(process: int) -> None:
    """Wait for a copy; one that has not said all it had to say is ended."""
    if os.waitpid(process, os.WNOHANG) == (0, 0):
        _kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
