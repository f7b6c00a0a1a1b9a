"""The reference: a fresh cluster in which only the final specs were created.

It is made once for each set of specs and kept in this process, for shrinking asks for the same
ones again and again. A reference knows whether it is healthy; only then does a path that leads
elsewhere prove anything: a spec that cannot work may end in many ways, such as in a rollback that
only exists where there was something before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from harness.apiserver.requests import Object

from .target import Target

if TYPE_CHECKING:
    from .footprint import Footprint

_KEPT = 256


@dataclass(frozen=True, slots=True)
class Reference:
    """How a fresh cluster ends.

    Args:
        footprint: What the operator has made.
        unhealthy: What is not well in it; empty when all is.
        refused: Whether a spec, or a child that follows from it, is refused by the server.
        rests: Whether it came to rest.
    """

    footprint: Footprint
    unhealthy: str
    refused: bool
    rests: bool

    @property
    def counts(self) -> bool:
        """Whether others can be held against it."""
        return self.rests and not self.refused and not self.unhealthy


Specs = Mapping[str, Object]
#: Makes a reference for (target, specs, variant).
Maker = Callable[[Target, Specs, int], Reference]


class References:
    """References of this process, the latest few hundred.

    Args:
        make: Runs the fresh cluster.
    """

    def __init__(self, make: Maker) -> None:
        self._make = make
        self._known: OrderedDict[tuple[str, bytes, int], Reference] = OrderedDict()

    def of(self, target: Target, specs: Specs, *, variant: int = 0) -> Reference:
        """The reference for some specs.

        Args:
            target: What is under test.
            specs: By the objects' names.
            variant: Another chance and another time of the day; what differs between variants is
                drawn or told by the clock, and no part of what a spec means.
        """
        key = (target.key, orjson.dumps(specs, option=orjson.OPT_SORT_KEYS), variant)
        if key not in self._known:
            self._known[key] = self._make(target, specs, variant)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]
