"""Regular expressions in RE2 syntax, compiled once.

google-re2 is the engine of Go's `regexp` syntax, so what it refuses the server refuses too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from harness.apiserver.cel.errors import CelEvaluationError

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """The compiled expression, with `search` and `finditer` as in `re`.

    Raises:
        CelEvaluationError: Not an RE2 expression; worded as Go does.
    """
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        detail = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise CelEvaluationError(f"error parsing regexp: {_as_go(detail)}") from error


# What the C++ library says, and what Go's says; both then show the offending part.
_GO_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "trailing \\": "trailing backslash at end of expression",
}


def _as_go(detail: str) -> str:
    words, _, part = detail.partition(": ")
    return f"{_GO_WORDS.get(words, words)}: `{part}`"
