"""Sorting and comparing of whole lists, for the list libraries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any

from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.values import compare, type_name


def sort_by_keys(pairs: Sequence[tuple[Any, Any]]) -> list[Any]:
    """The second parts, ordered by the first ones; equals keep their order.

    Raises:
        CelEvaluationError: Keys of different types, or without an order.
    """
    names = {type_name(key): None for key, _ in pairs}
    if len(names) > 1:
        raise CelEvaluationError("list elements must have the same type")
    by_key = cmp_to_key(compare)
    return [value for _, value in sorted(pairs, key=lambda pair: by_key(pair[0]))]
