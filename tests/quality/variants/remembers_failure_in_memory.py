"""Bug: that a revision failed is known to the process alone, so after a restart it is tried again.

Found when the operator dies after a rollback.
"""

from __future__ import annotations

from dataclasses import replace

from aiservice_operator import desired, handlers, revisions
from aiservice_operator.kinds import Object
from aiservice_operator.revisions import FAILED, PROGRESSING, Revision

_annotations, _parse = revisions.annotations, revisions.parse
_failed: dict[str, Revision] = {}


def without_failure(revision: Revision) -> dict[str, str]:
    """Keep a failure to ourselves."""
    if revision.outcome != FAILED:
        _failed.pop(revision.name, None)
        return _annotations(revision)
    _failed[revision.name] = revision
    return _annotations(replace(revision, outcome=PROGRESSING, message=""))


def parse(obj: Object) -> Revision:
    """Add what we remember."""
    stored = _parse(obj)
    known = _failed.get(stored.name)
    if known is None:
        return stored
    return replace(stored, outcome=FAILED, message=known.message, number=known.number)


vars(desired).update(annotations=without_failure)
vars(revisions).update(parse=parse)
__all__ = ["handlers"]
