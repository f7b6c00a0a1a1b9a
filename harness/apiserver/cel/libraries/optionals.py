"""Optional values: `optional.of`, `hasValue`, `value`, `or`, and the first and last of a list.

`or` and `orValue` evaluate what follows only when needed; the evaluator compiles them itself.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.static_types import BOOL, A, list_of, optional_of
from harness.apiserver.cel.values import NONE, Optional

OPTIONALS = Declarations()
_OPTIONAL = optional_of(A)

OPTIONALS.function("optional.of", A, result=_OPTIONAL)(Optional)
OPTIONALS.function("optional.none", result=_OPTIONAL)(lambda: NONE)


@OPTIONALS.function("optional.ofNonZeroValue", A, result=_OPTIONAL)
def of_non_zero_value(value: Any) -> Optional:
    """Absent for null, false, 0, and what is empty."""
    span = getattr(value, "nanoseconds", None)
    return Optional(value) if (value if span is None else span) else NONE


@OPTIONALS.member("value", _OPTIONAL, result=A)
def value_of(optional: Optional) -> Any:
    """What is inside."""
    if not optional.present:
        raise CelEvaluationError("optional.none() dereference")
    return optional.value


@OPTIONALS.member("hasValue", _OPTIONAL, result=BOOL)
def has_value(optional: Optional) -> bool:
    """Whether something is inside."""
    return optional.present


@OPTIONALS.member("or", _OPTIONAL, _OPTIONAL, result=_OPTIONAL)
def or_(optional: Optional, other: Optional) -> Optional:
    """The first that is present."""
    return optional if optional.present else other


@OPTIONALS.member("orValue", _OPTIONAL, A, result=A)
def or_value(optional: Optional, default: Any) -> Any:
    """What is inside, or the default."""
    return optional.value if optional.present else default


@OPTIONALS.member("first", list_of(A), result=_OPTIONAL)
def first(items: list[Any]) -> Optional:
    """The first element, if there is one."""
    return Optional(items[0]) if items else NONE


@OPTIONALS.member("last", list_of(A), result=_OPTIONAL)
def last(items: list[Any]) -> Optional:
    """The last element, if there is one."""
    return Optional(items[-1]) if items else NONE
