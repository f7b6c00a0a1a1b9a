"""Expressions in claims: CEL over the objects that a scenario names.

Each name of `objects:` is a variable that holds the object as it is now. A name whose object does
not exist, and a field that is not there (yet), make the expression false, not wrong; any other
error of evaluation is told as the reason why it does not hold. The explanation gives the values
of the paths that the expression reads, because "false" alone helps nobody.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from harness.apiserver.cel import (
    CelCompileError,
    CelEvaluationError,
    CelMissingField,
    Program,
    compile_expression,
)
from harness.apiserver.documents import lookup

from .view import HOLDS, Judgement, View

_PATH = re.compile(r"(?<![\w.'\"])([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)+)(\()?")
_ABSENT = object()


def _stripped(text: str) -> str:
    if not text.strip():
        raise ValueError("an expression is empty; write one such as 'service.status.ready'")
    return text.strip()


Expression = Annotated[str, AfterValidator(_stripped)]
"""A CEL expression that is true or false."""


@functools.lru_cache(maxsize=1024)
def program(text: str, names: tuple[str, ...]) -> Program:
    """An expression compiled for variables that may hold anything, kept for the next time."""
    return compile_expression(text, dict.fromkeys(names))


def check_expression(text: str, names: Iterable[str]) -> None:
    """Refuse an expression that cannot be compiled with these variables.

    Raises:
        ValueError: Its text is wrong; the message points at the place.
    """
    try:
        program(text, tuple(names))
    except CelCompileError as error:
        raise ValueError(str(error)) from None


def judge_expression(text: str, view: View) -> Judgement:
    """Whether an expression is true now."""
    compiled = program(text, tuple(view.names))
    present = {name: view.named(name) for name in compiled.names}
    variables = {name: document for name, document in present.items() if document is not None}
    reason = _reason_against(compiled, variables)
    if not reason:
        return HOLDS
    gone = [name for name in compiled.names if name not in variables]
    if gone:
        reason = ", ".join(f"{name} ({view.names[name]}) does not exist" for name in gone)
    about = tuple(key for name in compiled.names if (key := view.key_of_named(name)) is not None)
    return Judgement(False, f"{text}: {reason}", about)


def _reason_against(compiled: Program, variables: Mapping[str, Any]) -> str:
    """Why an expression does not hold; empty when it does."""
    try:
        value = compiled.evaluate(variables)
    except CelMissingField as error:
        return f"not yet: {error}"
    except CelEvaluationError as error:
        return str(error)
    if value is True:
        return ""
    return f"is {_show(value)}{_values(compiled.text, variables)}"


def _values(text: str, variables: Mapping[str, Any]) -> str:
    """`; where a.b is 1, c.d is missing` for the paths that an expression reads."""
    shown: dict[str, str] = {}
    for name, tail, call in _PATH.findall(text):
        fields = tail.split(".")[1:]
        if call:
            fields = fields[:-1]
        if name in variables and fields:
            value = lookup(variables[name], fields, _ABSENT)
            shown[".".join([name, *fields])] = "missing" if value is _ABSENT else _show(value)
    listed = ", ".join(f"{path} is {value}" for path, value in shown.items())
    return f"; where {listed}" if listed else ""


def _show(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 200 else text[:197] + "..."
