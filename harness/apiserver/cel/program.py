"""From text to a program, and running it.

    text -> tokens -> tree -> checked against the types of the variables -> closures

A program keeps nothing between evaluations, and can be evaluated any number of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.apiserver.cel.checker import Checker
from harness.apiserver.cel.costs import estimate_cost
from harness.apiserver.cel.errors import (
    CelCompileError,
    CelEvaluationError,
    CelInstantiationError,
    Issue,
)
from harness.apiserver.cel.evaluator import MISSING, Compiler
from harness.apiserver.cel.libraries import FUNCTIONS, TYPE_NAMES
from harness.apiserver.cel.parser import parse
from harness.apiserver.cel.schema_types import Variable, declare
from harness.apiserver.cel.static_types import DYN, Type
from harness.apiserver.cel.validators import validate_literals

STEPS_MAXIMUM = 10_000_000
"""Steps of loops before an evaluation is stopped."""


_TOO_DEEP = "expression recursion limit exceeded"


class Program:
    """A compiled expression.

    Args:
        text: The expression.
        variables: What each name in it is: a type, a schema, or None for anything.
        result: The type the expression must have, or None for any.

    Raises:
        CelCompileError: The text is wrong, or of another type.
    """

    def __init__(
        self, text: str, variables: Mapping[str, Variable], *, result: Type | None = None
    ) -> None:
        self.text = text
        declared = {name: declare(variable) for name, variable in variables.items()}
        try:
            slots = self._compile({name: one.type for name, one in declared.items()}, result)
        except RecursionError:
            # Upstream counts levels; here it is Python's own stack that ends.
            raise CelCompileError(text, [Issue(_TOO_DEEP, 1, 1)]) from None
        self._slots = [(name, slot, declared[name].convert) for name, slot in slots.items()]

    def _compile(self, types: Mapping[str, Type], result: Type | None) -> dict[str, int]:
        """Make the closures; gives the slots of the variables."""
        text = self.text
        self._types = types
        self.tree = parse(text)
        self.resolution = Checker(text, FUNCTIONS, types, TYPE_NAMES).run(self.tree)
        self.type = self.resolution.result
        validate_literals(text, self.tree, self.resolution)
        _require(text, self.type, result)
        compiler = Compiler(self.resolution, FUNCTIONS)
        try:
            self._run = compiler.compile(self.tree)
        except CelEvaluationError as error:
            raise CelInstantiationError(text, error) from error
        self._size = compiler.size
        return compiler.variables

    @property
    def cost(self) -> int:
        """The most that one evaluation can cost, in the server's units; see `costs`."""
        return estimate_cost(self.tree, self.resolution, self._types)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables the expression reads, in the order in which they first appear."""
        return tuple(name for name, _, _ in self._slots)

    def evaluate(self, bindings: Mapping[str, Any], *, steps: int = STEPS_MAXIMUM) -> Any:
        """The value for these variables, which are plain JSON values.

        Raises:
            CelMissingField: A variable, field, key or index that the value needs is absent.
            CelEvaluationError: The value cannot be computed.
        """
        frame: list[Any] = [MISSING] * self._size
        frame[0] = steps
        for name, slot, convert in self._slots:
            value = bindings.get(name, MISSING)
            frame[slot] = value if convert is None or value is MISSING else convert(value)
        try:
            return self._run(frame)
        except RecursionError:
            raise CelEvaluationError(_TOO_DEEP) from None


def _require(text: str, found: Type, wanted: Type | None) -> None:
    if wanted is None or found in (wanted, DYN):
        return
    message = f"expected type '{wanted}' but found '{found}'"
    raise CelCompileError(text, [Issue(message, 1, 1)])


def compile_expression(
    text: str, variables: Mapping[str, Variable], *, result: Type | None = None
) -> Program:
    """Compile an expression; see `Program`."""
    return Program(text, variables, result=result)
