"""Claims in Python, the same that scenario files write as `cel`, `count` and `object`."""

from __future__ import annotations

from typing import Any

from harness.oracle.claims import Claim
from harness.oracle.expressions import Expression, check_expression, judge_expression
from harness.oracle.view import Judge, Judgement, View
from harness.vocabulary import Reference


class Cel(Judge):
    """An expression with the names it uses."""

    text: Expression
    objects: dict[str, Reference]

    def judge(self, view: View) -> Judgement:
        """Whether it is true now."""
        return judge_expression(self.text, View(view.state, self.objects, view.namespace))


def cel(expression: str, **objects: str) -> Cel:
    """An expression over objects: `cel("demo.status.replicas == 2", demo="AIService/demo")`.

    Raises:
        ValueError: The expression cannot be compiled; the message points at the place.
    """
    check_expression(expression, objects)
    return Cel.model_validate({"text": expression, "objects": objects})


def count(**selection: Any) -> Claim:
    """How many objects there must be: `count(kind="Pod", labels={"app": "demo"}, exactly=2)`."""
    return Claim.model_validate({"count": selection})


def matches(partial: dict[str, Any], *, absent: bool = False) -> Claim:
    """A partial object that must (or, with `absent`, must not) exist."""
    return Claim.model_validate({"object": partial, "absent": absent})
