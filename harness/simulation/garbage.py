"""Cyclic garbage is collected at points of the run, not whenever the allocator feels like it.

Collecting has effects that a program sees: weak references go, `__del__` runs, async generators
are closed by new tasks. When the interpreter decides the moment by counting allocations, two
processes that imported different things before decide differently. So during a run it is switched
off, and the loop collects after every so many callbacks instead.
"""

from __future__ import annotations

import gc

from . import scope

#: Callbacks between collections of the young generations, and of all.
YOUNG_EVERY = 5_000
ALL_EVERY = 100_000


def install(replacements: scope.Replacements) -> None:
    """Switch automatic collection off, and set aside what exists already."""
    was_enabled = gc.isenabled()
    was_frozen = gc.get_freeze_count() > 0
    gc.disable()
    if not was_frozen:
        gc.freeze()  # what lives now is not looked at again and again
        replacements.afterwards(gc.unfreeze)
    if was_enabled:
        replacements.afterwards(gc.enable)


def collect(callbacks_before: int, callbacks_now: int) -> None:
    """Collect when a multiple of the periods was passed between two counts of callbacks."""
    if callbacks_now // ALL_EVERY != callbacks_before // ALL_EVERY:
        gc.collect()
    elif callbacks_now // YOUNG_EVERY != callbacks_before // YOUNG_EVERY:
        gc.collect(1)
