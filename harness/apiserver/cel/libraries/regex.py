"""Kubernetes' `find` and `findAll` with RE2 expressions."""

from __future__ import annotations

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.patterns import compile_pattern
from harness.apiserver.cel.static_types import INT, STRING, list_of

REGEX = Declarations()


@REGEX.member("find", STRING, STRING, result=STRING)
def find(text: str, pattern: str) -> str:
    """The first match, or empty."""
    return next(iter(find_some(text, pattern, 1)), "")


@REGEX.member("findAll", STRING, STRING, result=list_of(STRING))
def find_all(text: str, pattern: str) -> list[str]:
    """All matches."""
    return find_some(text, pattern, -1)


@REGEX.member("findAll", STRING, STRING, INT, result=list_of(STRING))
def find_some(text: str, pattern: str, count: int) -> list[str]:
    """The first `count` matches; all when negative."""
    try:
        matches = [match.group() for match in compile_pattern(pattern).finditer(text)]
    except CelEvaluationError as error:
        raise CelEvaluationError(f"Illegal regex: {error}") from error
    return matches if count < 0 else matches[:count]
