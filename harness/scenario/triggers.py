"""Triggers: `when` of a fault, fed with every record, fires at the one that is meant.

It fires inside the record, before anybody else learns of it: a crash at `when: {event: ADDED}` of
a Deployment happens when the Deployment is committed and before the operator sees the answer.
Requests are the subject's unless `by` says otherwise; changes are anybody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.clusters.state import Key
from harness.oracle.expressions import judge_expression
from harness.oracle.view import View
from harness.simulation.records import Record
from harness.vocabulary import parse_reference

from .timing import RequestMatch, When


class Trigger:
    """One armed `when`.

    Args:
        when: What is waited for.
        view: How the scenario names objects; its state has each record already taken in.
        fire: Called once, inside the record that fires it.
    """

    def __init__(self, when: When, view: View, fire: Callable[[], None]) -> None:
        self._when = when
        self._view = view
        self._fire = fire
        self._left = when.occurrence
        self._was_true = False
        self.fired = asyncio.Event()
        if when.cel is not None:
            self._count(self._became_true(when.cel))

    def take(self, record: Record, key: Key | None) -> None:
        """Look at one record; `key` is what changed, when it is an `object` record."""
        if not self.fired.is_set() and _is_by(record, self._by()):
            self._count(self._matches(record, key))

    def _count(self, matches: bool) -> None:
        if matches:
            self._left -= 1
            if self._left == 0:
                self.fired.set()
                self._fire()

    def _by(self) -> str:
        return self._when.by or ("subject" if self._when.request is not None else "")

    def _matches(self, record: Record, key: Key | None) -> bool:
        when = self._when
        if when.request is not None:
            return record.kind == "request" and _is_request(record, when.request)
        if key is None:
            return False
        if when.cel is not None:
            return self._became_true(when.cel)
        assert when.object is not None, "the format demands an object beside event"
        return record.data["type"] == when.event and _is_object(key, when.object, self._view)

    def _became_true(self, text: str) -> bool:
        before, self._was_true = self._was_true, judge_expression(text, self._view).holds
        return self._was_true and not before


def _is_by(record: Record, wanted: str) -> bool:
    actor = record.actor
    return not wanted or actor == wanted or actor.startswith(wanted + ":")


def _is_request(record: Record, match: RequestMatch) -> bool:
    data = record.data
    return (
        match.verb in ("", data["verb"])
        and match.resource in ("", data["resource"])
        and match.subresource in (None, data["subresource"])
        and match.name in ("", data["name"])
    )


def _is_object(key: Key, wanted: str, view: View) -> bool:
    """Whether a changed object is the one that is named, or of the kind that is."""
    if key.namespace not in (view.namespace, ""):
        return False
    if wanted in view.names:
        reference = view.names[wanted]
    elif "/" in wanted:
        reference = parse_reference(wanted)
    else:
        return key.kind == wanted
    return key.kind == reference.kind and key.name == reference.name
