"""Faults of the pool, drawn: what happens, when, and for how long.

Each name of the pool has its parameters here, simplest first, so that shrinking ends with the
plainest form of the fault. A fault without an entry is drawn with no parameters at all, which
its own model may refuse; then the pool is wrong and says so before the campaign begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import UsageError
from harness.faults.registry import fault_types
from harness.vocabulary import did_you_mean

from .injecting import fault_of
from .operations import Inject
from .strategies.required import DrawFn, SearchStrategy, st

#: Faults that any operator has to survive, and how often each is drawn, relative to the others.
DEFAULT_FAULTS: Mapping[str, int] = {
    "apiError": 3,
    "apiLatency": 2,
    "commitThenTimeout": 2,
    "watchDisconnect": 2,
    "watchExpired": 1,
    "operatorCrash": 2,
    "operatorPause": 1,
    "operatorRestart": 1,
    "podKill": 1,
}
#: Values to choose from, by fault and parameter.
_PARAMETERS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "apiError": {
        "status": (500, 409, 429, 503),
        "percent": (100, 50),
        "maxConsecutive": (1, 3),
    },
    "apiLatency": {"latency": ("1s", "100ms", "10s")},
    "commitThenTimeout": {"hang": ("0s", "1s")},
    "operatorCrash": {"restartAfter": ("1s", "30s")},
    "podKill": {"select": ({"kinds": ["Pod"]},)},
    "deleteObject": {"select": ({"kinds": ["Deployment", "Service", "ConfigMap"]},)},
    "stripOwnerReferences": {"select": ({"kinds": ["Deployment", "Service", "ConfigMap"]},)},
    "podFailure": {"select": ({"kinds": ["Pod"]},)},
}
#: Seconds that a fault lasts, for those that last.
_DURATIONS: Mapping[str, tuple[float, ...]] = {
    "apiError": (1.0, 5.0, 30.0),
    "apiLatency": (5.0, 30.0),
    "commitThenTimeout": (1.0, 5.0),
    "operatorPause": (5.0, 60.0),
    "podFailure": (30.0,),
    "nodeLoss": (120.0,),
    "nodeCordon": (60.0,),
    "nodeTaint": (60.0,),
}
#: Seconds from the operation to the fault.
_DELAYS = (0.0, 0.01, 0.1, 1.0, 5.0)


@st.composite
def injects(draw: DrawFn, type_: str) -> Inject:
    """One fault of a type."""
    parameters = {
        name: draw(st.sampled_from(values)) for name, values in _PARAMETERS.get(type_, {}).items()
    }
    delay = draw(st.sampled_from(_DELAYS))
    lengths = _DURATIONS.get(type_)
    return Inject(type_, parameters, delay, draw(st.sampled_from(lengths)) if lengths else None)


def check_pool(pool: Mapping[str, int]) -> None:
    """Raise UsageError unless every fault of a pool exists and can be drawn."""
    for name, weight in pool.items():
        if name not in fault_types():
            remedy = did_you_mean(name, fault_types())
            raise UsageError(f"no fault is called {name!r}{remedy}")
        if weight < 0:
            raise UsageError(f"the weight of {name} is {weight}; write 0 to switch it off")
        simplest = {key: values[0] for key, values in _PARAMETERS.get(name, {}).items()}
        fault_of(Inject(name, simplest))


def weighted(pool: Mapping[str, int], chosen: Iterable[str]) -> SearchStrategy[str]:
    """A name of the pool, as often as its weight says."""
    return st.sampled_from([name for name in chosen for _ in range(pool[name])])
