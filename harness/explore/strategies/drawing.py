"""The few ways in which larger values are put together from smaller ones.

Everything shrinks by Hypothesis' own rules, so order matters: in each alternative the simplest
comes first, an optional part shrinks to nothing, and what belongs together is drawn together, so
that it can be deleted together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .required import DrawFn, SearchStrategy, st

#: Hypothesis takes what has fewer choices for simpler. A text of a thousand letters is one choice,
#: a short one that a pattern allows is several; with these it is simpler again.
_BALLAST = st.tuples(*[st.booleans()] * 6)
#: The value null, as an alternative that is never simpler than a value, for the same reason.
NULL = st.sampled_from((None, None))
#: In place of the value of an optional field that is left out.
ABSENT: Any = object()

#: From this many optional fields on, a few are chosen instead of asking for each.
_MANY = 16
_CHOSEN_MAX = 8


def boundaries_and_others(
    simple: Sequence[Any], general: SearchStrategy[Any], extreme: Sequence[Any] = ()
) -> SearchStrategy[Any]:
    """The values where programs break, as alternatives beside all others.

    Args:
        simple: A few small ones, simplest first; shrinking ends here.
        general: Everything that is allowed; what a small one does not show shrinks within it.
        extreme: The largest and longest, the strange, and what rules name.
    """
    options = [general]
    if simple:
        options.insert(0, st.sampled_from(simple))
    if extreme:
        options.append(st.tuples(st.sampled_from(extreme), _BALLAST).map(_first))
    return st.one_of(options)


@st.composite
def _perhaps(draw: DrawFn, coin: SearchStrategy[bool], value: SearchStrategy[Any]) -> Any:
    return draw(value) if draw(coin) else ABSENT


def perhaps(value: SearchStrategy[Any], share: float) -> SearchStrategy[Any]:
    """A value in that share of the draws, `ABSENT` otherwise; shrinks to `ABSENT`."""
    coin = st.sampled_from(
        [False] * max(1, round((1 - share) * 10)) + [True] * max(1, round(share * 10))
    )
    return _perhaps(coin, value)


def mapping(
    required: Mapping[str, SearchStrategy[Any]],
    optional: Mapping[str, SearchStrategy[Any]],
    order: Iterable[str],
    share: float,
) -> SearchStrategy[dict[str, Any]]:
    """An object with fixed fields, in the order of its schema.

    Args:
        share: How often each optional field is there.
    """
    if len(optional) > _MANY:
        return _few_of(required, optional, share)
    parts = {
        name: required[name] if name in required else perhaps(optional[name], share)
        for name in order
        if name in required or name in optional
    }
    return st.tuples(*parts.values()).map(_assembling(tuple(parts)))


def _assembling(names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], dict[str, Any]]:
    def assemble(values: tuple[Any, ...]) -> dict[str, Any]:
        pairs = zip(names, values, strict=True)
        return {name: value for name, value in pairs if value is not ABSENT}

    return assemble


def _few_of(
    required: Mapping[str, SearchStrategy[Any]],
    optional: Mapping[str, SearchStrategy[Any]],
    share: float,
) -> SearchStrategy[dict[str, Any]]:
    """The same with a list of entries as optional part: it costs what is drawn, not what is not."""
    entries = st.one_of([st.tuples(st.just(name), value) for name, value in optional.items()])
    most = max(1, min(_CHOSEN_MAX, round(2 * share * len(optional))))
    chosen = st.lists(entries, max_size=most, unique_by=_first)
    names = tuple(required)

    def assemble(parts: tuple[Any, ...]) -> dict[str, Any]:
        *fixed, free = parts
        return {**dict(zip(names, fixed, strict=True)), **dict(free)}

    return st.tuples(*required.values(), chosen).map(assemble)


def _first(entry: tuple[Any, Any]) -> Any:
    return entry[0]
