"""The claim that there are so many objects of a selection; terminating ones do not count."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.clusters.selection import select
from harness.vocabulary import Select

from .view import HOLDS, Judge, Judgement, View


class Count(Select, Judge):
    """How many objects there must be."""

    kind: str | None = None
    """One kind; `kinds` for several."""
    exactly: int | None = Field(default=None, ge=0)
    """Just as many."""
    at_least: int | None = Field(default=None, ge=0)
    """Not fewer."""
    at_most: int | None = Field(default=None, ge=0)
    """Not more."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.exactly is None and self.at_least is None and self.at_most is None:
            raise ValueError("a count needs a bound; write exactly, atLeast or atMost")
        if self.kind is not None and self.kinds:
            raise ValueError("write either kind or kinds")
        return self

    def judge(self, view: View) -> Judgement:
        """Count what the selection means now."""
        selection = self.model_copy(update={"kinds": [self.kind]}) if self.kind else self
        keys = tuple(key for key, _ in select(view.state, selection, view.names, view.namespace))
        if self._allows(len(keys)):
            return HOLDS
        listed = f" ({', '.join(str(key) for key in keys)})" if keys else ""
        message = f"expected {self._bounds()} {self._what()}, found {len(keys)}{listed}"
        missed = tuple(selection.kinds) if self._is_too_few(len(keys)) else ()
        return Judgement(False, message, keys, missed)

    def _is_too_few(self, number: int) -> bool:
        return any(bound is not None and number < bound for bound in (self.exactly, self.at_least))

    def _allows(self, number: int) -> bool:
        return (
            self.exactly in (None, number)
            and (self.at_least is None or number >= self.at_least)
            and (self.at_most is None or number <= self.at_most)
        )

    def _bounds(self) -> str:
        bounds = {"exactly": self.exactly, "at least": self.at_least, "at most": self.at_most}
        return " and ".join(f"{word} {n}" for word, n in bounds.items() if n is not None)

    def _what(self) -> str:
        kinds = self.kind or " or ".join(self.kinds) or "object"
        owner = f" owned by {self.owned_by}" if self.owned_by else ""
        labels = ",".join(f"{key}={value}" for key, value in self.labels.items())
        return f"{kinds}{owner}{f' with {labels}' if labels else ''}"
