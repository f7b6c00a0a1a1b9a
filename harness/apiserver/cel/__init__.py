"""The Common Expression Language of Kubernetes 1.37: rules of CRDs, expressions of scenarios.

    text -> lexer, parser -> syntax_tree -> checker (types) -> evaluator (closures) -> values

`compile_expression` is for any expression over plain JSON documents; `compile_rule` adds what an
entry of `x-kubernetes-validations` needs. Functions live in `libraries/`, one file a library, each
with its signatures. What belongs here is the language; when rules run is decided by the caller.
"""

from harness.apiserver.cel.errors import (
    CelBudgetExceeded,
    CelCompileError,
    CelError,
    CelEvaluationError,
    CelInstantiationError,
    CelMissingField,
    Issue,
)
from harness.apiserver.cel.program import Program, compile_expression
from harness.apiserver.cel.static_types import BOOL, DYN, INT, STRING, Type

__all__ = [
    "BOOL",
    "DYN",
    "INT",
    "STRING",
    "CelBudgetExceeded",
    "CelCompileError",
    "CelError",
    "CelEvaluationError",
    "CelInstantiationError",
    "CelMissingField",
    "Issue",
    "Program",
    "Type",
    "compile_expression",
]
