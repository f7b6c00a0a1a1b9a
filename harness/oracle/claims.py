"""Claims about one state of the cluster: does it hold now, and if not, how near is it?

A file writes a claim as a mapping with one key (`object` may have `absent` beside it):

    object   a partial object that must exist (`pattern.py`, `partial.py`)
    count    how many objects a selection means (`count.py`)
    cel      an expression over the objects that the scenario names (`expressions.py`)
    all, any, none   of several claims, nested at will

Terminating objects do not count. A field or object that an expression misses is "not yet".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from harness.vocabulary import camel

from .count import Count
from .expressions import Expression, judge_expression
from .pattern import check_pattern, judge_absence, judge_pattern
from .registry import oracle_types, with_oracles
from .view import HOLDS, Judge, Judgement, View, together


class Claim(Judge):
    """One claim; exactly one key, but `absent` may stand beside `object`."""

    object: dict[str, Any] | None = None
    """A partial object: what is written must match, what is not written is free."""
    absent: bool = False
    """With `object`: nothing that matches may exist."""
    count: Count | None = None
    """How many objects there must be."""
    cel: Expression | None = None
    """An expression over the objects named in `objects:`."""
    all: list[Claim] | None = None
    """Each of these must hold."""
    any: list[Claim] | None = None
    """One of these must hold."""
    none: list[Claim] | None = None
    """None of these may hold."""

    @model_validator(mode="after")
    def _one_claim(self) -> Self:
        given = [name for name in self._words() if getattr(self, name) is not None]
        if len(given) != 1:
            what = f"has {' and '.join(map(camel, given))}" if given else "is empty"
            known = ", ".join(map(camel, self._words()))
            raise ValueError(f"a claim {what}; write exactly one of {known}")
        if self.object is not None:
            check_pattern(self.object)
        elif self.absent:
            raise ValueError("absent stands beside object: write there what must not exist")
        return self

    @classmethod
    def _words(cls) -> list[str]:
        return [name for name in cls.model_fields if name != "absent"]

    def judge(self, view: View) -> Judgement:
        """Judge the one claim that is written."""
        if self.cel is not None:
            return judge_expression(self.cel, view)
        if self.object is not None:
            return (judge_absence if self.absent else judge_pattern)(self.object, view)
        if self.all is not None:
            return judge_all(self.all, view)
        if self.any is not None:
            return judge_any(self.any, view)
        if self.none is not None:
            return judge_none(self.none, view)
        written = (getattr(self, name) for name in self._words())
        judge: Judge = next(value for value in written if value is not None)
        return judge.judge(view)


def judge_all(claims: Sequence[Judge], view: View) -> Judgement:
    """Each must hold; the misses are told together."""
    missed = [judgement for claim in claims if not (judgement := claim.judge(view)).holds]
    return together(missed, "; ") if missed else HOLDS


def judge_any(claims: Sequence[Judge], view: View) -> Judgement:
    """One must hold; none of none does."""
    judgements = [claim.judge(view) for claim in claims]
    if any(judgement.holds for judgement in judgements):
        return HOLDS
    return together(judgements, ", nor ") if judgements else Judgement(False, "any of nothing")


def judge_none(claims: Sequence[Judge], view: View) -> Judgement:
    """None may hold."""
    for claim in claims:
        if claim.judge(view).holds:
            return Judgement(False, f"must not hold, but does: {describe(claim)}")
    return HOLDS


def describe(claim: Judge) -> str:
    """A claim as it is written, in one line."""
    return str(claim.model_dump(by_alias=True, exclude_unset=True, exclude_none=True))


if not TYPE_CHECKING:  # oracles of installed packages become further keys
    Claim = with_oracles(Claim, oracle_types())
