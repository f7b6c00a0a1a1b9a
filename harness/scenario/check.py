"""From a model's complaints to errors that teach: where, what, and what to write instead.

Pydantic says which path of the document is wrong and why. Here each complaint gets the file, line
and column of that path, an unknown key gets the nearest known one, and all of them are reported at
once, in the order of the file.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import FormatError
from harness.vocabulary import camel, did_you_mean

from .yaml_tree import Path, Tree

Model = TypeVar("Model", bound=BaseModel)


class FormatErrors(FormatError):
    """Everything that is wrong with one file; the first one gives line and column."""

    def __init__(self, errors: Sequence[FormatError]) -> None:
        self.errors = sorted(errors, key=lambda error: (error.file, error.line, error.column))
        first = self.errors[0]
        super().__init__(first.message, file=first.file, line=first.line, column=first.column)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def checked(model: type[Model], tree: Tree, value: Any, path: Path = ()) -> Model:
    """`value` as a `model`.

    Args:
        model: What it must be.
        tree: The document it came from, for positions.
        value: The value, bindings already put in.
        path: Where in the document it stands.

    Raises:
        FormatErrors: All complaints, each with its place.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise FormatErrors([_format(model, tree, path, detail) for detail in details]) from None


def _format(model: type[BaseModel], tree: Tree, path: Path, detail: ErrorDetails) -> FormatError:
    where = (*path, *detail["loc"])
    if detail["type"] == "extra_forbidden":
        word = str(detail["loc"][-1])
        known = known_keys(model, detail["loc"][:-1])
        message = f"unknown key {word!r}{did_you_mean(word, known)}"
        return tree.error(message, where, at_key=True)
    return tree.error(f"{_dotted(detail['loc'])}{_reason(detail)}", where)


def _dotted(location: Sequence[str | int]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return f"{text.lstrip('.')}: " if text else ""


def _reason(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "is required"
    if detail["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return f"expected a mapping, not {detail['input']!r}"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
    shown = repr(detail["input"])
    if detail["type"] == "value_error" or len(shown) > 80 or shown in message:
        return message
    return f"{message}, not {shown}"


def known_keys(model: Any, location: Sequence[str | int]) -> list[str]:
    """The keys that a file may write at `location` below `model`."""
    for part in location:
        if isinstance(part, str):  # an index leads to an item, whose model the list already named
            model = _below(model, part)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or camel(name) for name, field in model.model_fields.items()]
    return []


def _below(model: Any, part: str) -> Any:
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, field in model.model_fields.items():
            if part in (field.alias, camel(name), name):
                return _model_in(field.annotation)
        return None
    return model


def _model_in(annotation: Any) -> Any:
    """The model inside `X | None`, `list[X]`, `dict[str, X]` and `Annotated[X, ...]`."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    for argument in typing.get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
