"""Oracles of installed packages, which scenarios use like the built-in claims.

A package adds one by the entry point group `operator_harness.oracles`: a `Judge` subclass, whose
fields are its parameters. The entry point's name becomes a key of claims.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from pydantic import Field, create_model

from harness.errors import UsageError
from harness.vocabulary import field_descriptions

from .view import Judge

ENTRY_POINTS = "operator_harness.oracles"

Model = TypeVar("Model", bound=Judge)


@cache
def oracle_types() -> Mapping[str, type[Judge]]:
    """Every oracle that a package brings, by its key in claims.

    Raises:
        UsageError: An installed package brings something that is no oracle.
    """
    found: dict[str, type[Judge]] = {}
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        loaded = entry.load()
        if not (isinstance(loaded, type) and issubclass(loaded, Judge)):
            raise UsageError(f"{entry.value} (oracle {entry.name!r}) is no subclass of Judge")
        found[entry.name] = loaded
    return found


def with_oracles(claim: type[Model], oracles: Mapping[str, type[Judge]]) -> type[Model]:
    """The model of claims with one more key for each oracle, at every depth of nesting."""
    if not oracles:
        return claim
    fields: dict[str, Any] = {
        _snake(name): (oracle | None, Field(default=None, description=oracle.__doc__))
        for name, oracle in oracles.items()
    }
    taken = sorted(set(fields) & set(claim.model_fields))
    if taken:
        raise UsageError(f"an installed oracle is called {taken[0]!r}, which is taken; rename it")
    descriptions = field_descriptions(claim)
    for name in ("all", "any", "none"):
        described = descriptions[name]
        fields[name] = (list["Claim"] | None, Field(default=None, description=described))  # type: ignore[name-defined] # noqa: F821
    extended = create_model("Claim", __base__=claim, **fields)
    extended.model_rebuild(force=True, _types_namespace={"Claim": extended})
    return extended


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)
