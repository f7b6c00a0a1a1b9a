"""Operations as plain documents, to be saved and played again, without loss.

    {"seed": 7, "operations": [{"create": {"name": "a", "spec": {...}}}, {"crash": {"seconds": 1}}]}

Each operation is one key and its fields, those that have their default left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

from harness.errors import FormatError
from harness.vocabulary import did_you_mean

from .operations import (
    Advance,
    Crash,
    Create,
    Delete,
    DisturbChild,
    Inject,
    Operation,
    Scale,
    Update,
)

_TYPES: dict[str, type[Operation]] = {
    "create": Create,
    "update": Update,
    "scale": Scale,
    "delete": Delete,
    "disturbChild": DisturbChild,
    "crash": Crash,
    "advance": Advance,
    "inject": Inject,
}
_WORDS = {type_: word for word, type_ in _TYPES.items()}


def operations_document(operations: Sequence[Operation], *, seed: int = 0) -> dict[str, Any]:
    """Operations and their seed as plain JSON."""
    return {"seed": seed, "operations": [_document(operation) for operation in operations]}


def operations_of(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """The operations of such a document; other keys are somebody else's.

    Raises:
        FormatError: An operation is unknown, or has not the fields it needs.
    """
    return tuple(_operation(entry) for entry in document.get("operations") or ())


def _document(operation: Operation) -> dict[str, Any]:
    given = {}
    for each in fields(operation):
        value = getattr(operation, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if value != default:
            given[each.name] = value
    return {_WORDS[type(operation)]: given}


def _operation(entry: Any) -> Operation:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise FormatError(f"an operation is one key with its fields, got {entry!r}")
    ((word, given),) = entry.items()
    if word not in _TYPES:
        raise FormatError(f"no operation is called {word!r}{did_you_mean(word, _TYPES)}")
    try:
        return _TYPES[word](**(given or {}))
    except TypeError as error:
        raise FormatError(f"{word}: {error}") from None
