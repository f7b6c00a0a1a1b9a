"""What an oracle is, and which there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import ClassVar

from harness.errors import UsageError
from harness.vocabulary import did_you_mean

from ..outcome import Finding
from ..scene import Scene


class Oracle:
    """Judges one trial; made anew for each, so it may remember what it saw."""

    #: What it is called in findings and options.
    name: ClassVar[str]

    def begin(self, scene: Scene) -> None:
        """The operator is about to start; follow its records, if needed."""

    def at_rest(self, scene: Scene) -> Iterable[Finding]:
        """After each operation, when the cluster is at rest or the time for that is over."""
        return ()

    async def at_end(self, scene: Scene) -> Iterable[Finding]:
        """After the last one, when nothing is expected to happen any more; may act and wait."""
        return ()

    def afterwards(self, scene: Scene) -> Iterable[Finding]:
        """When the trial's cluster is gone; other clusters can be made now."""
        return ()


@cache
def oracle_types() -> dict[str, type[Oracle]]:
    """All oracles by name, in the order in which they judge."""
    from .children_gone import ChildrenGone
    from .converges import Converges
    from .honest_status import HonestStatus
    from .invalid_specs import InvalidSpecs
    from .no_crash import NoCrash
    from .path_independence import PathIndependence
    from .quiet import QuietAtRest
    from .rollback import RollbackRecovers

    # The rollback comes last: it acts, and what it does is not to be judged by the others.
    types: tuple[type[Oracle], ...] = (
        NoCrash,
        Converges,
        InvalidSpecs,
        HonestStatus,
        ChildrenGone,
        QuietAtRest,
        PathIndependence,
        RollbackRecovers,
    )
    return {oracle.name: oracle for oracle in types}


def chosen(names: Collection[str]) -> list[Oracle]:
    """New oracles of these names, in the order in which they judge.

    Raises:
        UsageError: One does not exist.
    """
    types = oracle_types()
    for name in names:
        if name not in types:
            raise UsageError(f"no oracle is called {name!r}{did_you_mean(name, types)}")
    return [make() for name, make in types.items() if name in names]
