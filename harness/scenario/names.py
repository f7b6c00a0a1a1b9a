"""Names that one part of a scenario uses must be given by another part; checked before any run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.clusters.selection import resolve
from harness.errors import UsageError
from harness.oracle.expressions import check_expression
from harness.vocabulary import did_you_mean, parse_reference

from .yaml_tree import Path

if TYPE_CHECKING:
    from .loader import Case

#: Keys whose text names an object: an entry of `objects:`, or `Kind/name`.
_REFERENCES = ("ownedBy", "object")


def check_names(case: Case) -> None:
    """Refuse names that mean nothing.

    Raises:
        FormatError: With the place of the name.
    """
    _check_objects(case)
    _check_faults(case)
    document = case.scenario.model_dump(by_alias=True, exclude_unset=True, mode="python")
    for key, text, path in _texts(document["spec"], ("spec",)):
        if key == "cel":
            _at(case, path, partial(check_expression, text, case.objects))
        elif key in _REFERENCES and not _is_kind_alone(path, text):
            _at(case, path, partial(resolve, text, case.objects))


def _at(case: Case, path: Path, check: Callable[[], object]) -> None:
    try:
        check()
    except (UsageError, ValueError) as error:
        raise case.tree.error(str(error), path) from None


def _is_kind_alone(path: Path, text: str) -> bool:
    """`when.object` may be a kind alone: any object of it."""
    return "when" in path and "/" not in text and text[:1].isupper()


def _texts(value: Any, path: Path) -> Iterator[tuple[str, str, Path]]:
    """Each text below a key, with the key and where it stands; `object:` patterns are no names."""
    if isinstance(value, dict):
        for key, item in value.items():
            where = (*path, key)
            if isinstance(item, str):
                yield key, item, where
            elif key not in _FREE:
                yield from _texts(item, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


#: Keys whose values are Kubernetes objects or free data, in which no name of ours is looked for.
_FREE = ("object", "merge", "json", "spec", "specs", "bindings", "matrix", "objects", "labels")


def _check_objects(case: Case) -> None:
    for name, text in case.scenario.spec.objects.items():
        try:
            parse_reference(text)
        except ValueError as error:
            raise case.tree.error(str(error), ("spec", "objects", name)) from None


def _check_faults(case: Case) -> None:
    names = [fault.name for step in case.scenario.spec.steps for fault in step.faults]
    for index, step in enumerate(case.scenario.spec.steps):
        for number, fault in enumerate(step.faults):
            path = ("spec", "steps", index, "faults", number)
            if names.count(fault.name) > 1:
                message = f"two faults are called {fault.name!r}; rename one"
                raise case.tree.error(message, (*path, "name"))
            other = fault.after.partition(".")[0] if fault.after else None
            if other is not None and other not in names:
                message = f"after names no fault of this scenario: {other!r}"
                raise case.tree.error(message + did_you_mean(other, names), (*path, "after"))
