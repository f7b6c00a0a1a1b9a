"""What can go wrong with an expression, before it runs and while it runs.

    CelCompileError           the text is wrong: syntax, an unknown name, a type that does not fit
    +-- CelInstantiationError a constant part of it can never be evaluated
    CelEvaluationError        the text is right, but not for these values
    +-- CelMissingField       a field, key or index that is not there (a scenario reads "not yet")
    +-- CelBudgetExceeded     the evaluation costs more than the caller allows

Sources of the wording: the CEL specification and what kube-apiserver 1.37 answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """One mistake in the text of an expression; `line` starts at 1, `column` at 1."""

    message: str
    line: int
    column: int

    def render(self, text: str) -> str:
        """The mistake with the line it is on and a caret below the place."""
        lines = text.split("\n")
        source = lines[self.line - 1] if 0 < self.line <= len(lines) else ""
        head = f"ERROR: <input>:{self.line}:{self.column}: {self.message}"
        return f"{head}\n | {source}\n | {_dots(source, self.column)}^"


def _dots(source: str, column: int) -> str:
    # A wide character takes two columns on a terminal, so its dot is a wide one.
    before = source[: column - 1].ljust(column - 1)
    return "".join("．" if len(character.encode()) > 1 else "." for character in before)


class CelError(Exception):
    """Base of all errors of expressions."""


class CelCompileError(CelError):
    """The text of an expression is wrong.

    Args:
        text: The expression.
        issues: Every mistake found, in the order of the text.
    """

    def __init__(self, text: str, issues: Sequence[Issue]) -> None:
        self.text = text
        self.issues = tuple(issues)
        super().__init__("\n".join(issue.render(text) for issue in self.issues))

    @property
    def detail(self) -> str:
        """The text with the words that the server puts before it."""
        return f"compilation failed: {self}"


class CelInstantiationError(CelCompileError):
    """The text is right, but a part of it that is constant cannot be evaluated."""

    def __init__(self, text: str, cause: CelEvaluationError) -> None:
        super().__init__(text, ())
        self.cause = cause

    def __str__(self) -> str:
        return f"program instantiation failed: {self.cause}"

    @property
    def detail(self) -> str:
        """As the server says it."""
        return str(self)


class CelEvaluationError(CelError):
    """The expression cannot be evaluated with these values; the text is that of the server."""


class CelMissingField(CelEvaluationError):
    """A field, a map key or a list index that does not exist (yet).

    Args:
        message: As the server prints it.
        name: The field, key or index that was looked for.
    """

    def __init__(self, message: str, name: object = "") -> None:
        super().__init__(message)
        self.name = name


class CelBudgetExceeded(CelEvaluationError):
    """The evaluation was stopped: it costs more than allowed."""
