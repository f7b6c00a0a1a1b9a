"""Hypothesis, which is not among the harness's own dependencies: it comes with the extra `fuzz`.

Every module of this package takes it from here, so that an installation without it says what to
install instead of `ModuleNotFoundError`.
"""

from __future__ import annotations

from harness.errors import UsageError

try:
    from hypothesis import assume
    from hypothesis import strategies as st
    from hypothesis.errors import InvalidArgument
    from hypothesis.strategies import DrawFn, SearchStrategy
except ModuleNotFoundError as error:
    raise UsageError(
        "drawing specs from a CRD needs Hypothesis, which is not installed; "
        "install it with: pip install 'operator-harness[fuzz]'"
    ) from error

__all__ = ["DrawFn", "InvalidArgument", "SearchStrategy", "assume", "st"]
