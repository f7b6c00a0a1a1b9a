"""A kind that is misspelt is told before the first run.

Nothing of a kind that nobody serves can ever exist, so a claim about it would fail and look like a
finding about the operator. Known are the built-in kinds, and those that are defined by the
manifests or by what the scenario applies. Other kinds may still be defined by the operator itself;
so only a name that is nearly a known one is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.apiserver.bootstrap import builtin_resources
from harness.apiserver.requests import Object
from harness.errors import FormatError, UsageError
from harness.scenario.loader import Case
from harness.scenario.yaml_tree import Path

#: Names this alike are one name misspelt; `AIService` and `Service` are not.
_ALIKE = 0.9


def misspelt_kinds(case: Case, manifests: Iterable[Object]) -> Iterator[FormatError]:
    """An error for each kind that a case names and that is nearly, but not quite, a known one."""
    applied = [document for document in _applied(case) if isinstance(document, dict)]
    known = {resource.kind for resource in builtin_resources()}
    known |= set(_defined([*manifests, *applied]))
    for path, kind in _named(case):
        near = difflib.get_close_matches(kind, sorted(known), n=1, cutoff=_ALIKE)
        if kind not in known and near:
            message = f"no kind {kind!r} is served; did you mean {near[0]!r}?"
            yield case.tree.error(message, path)


def check_recorded(case: Case, left_out: Mapping[str, str]) -> None:
    """Check that all kinds that a case is about are recorded, or its claims would prove nothing.

    Raises:
        UsageError: One is not, and why.
    """
    kinds = [kind for _, kind in _named(case)]
    kinds += [str(document.get("kind")) for document in _applied(case)]
    for kind in dict.fromkeys(kinds):
        if kind in left_out:
            raise UsageError(
                f"{case.name} is about {kind}, which cannot be followed here: {left_out[kind]}; "
                "permit list and watch of it to the user of the kubeconfig"
            )


def _applied(case: Case) -> Iterator[Object]:
    for step in case.scenario.spec.steps:
        for action in step.do:
            if action.apply is not None and action.apply.object is not None:
                yield action.apply.object
            elif action.apply is not None and action.apply.file is not None:
                yield from case.manifests(action.apply.file)


def _defined(documents: Iterable[Object]) -> Iterator[str]:
    for document in documents:
        if document.get("kind") == "CustomResourceDefinition":
            yield document["spec"]["names"]["kind"]


def _named(case: Case) -> Iterator[tuple[Path, str]]:
    """Kinds in `objects:`, in `kinds:` of selections and in `kind:` of counts."""
    for name, reference in case.objects.items():
        yield ("spec", "objects", name), reference.kind
    document = case.scenario.model_dump(by_alias=True, exclude_unset=True, mode="python")
    yield from _below(document["spec"].get("steps", ()), ("spec", "steps"))
    yield from _below(document["spec"].get("invariants", ()), ("spec", "invariants"))


def _below(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _below(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            where = (*path, key)
            if key == "kinds":
                yield from (((*where, number), kind) for number, kind in enumerate(item))
            elif key == "count" and "kind" in item:
                yield (*where, "kind"), item["kind"]
            if key not in ("object", "merge", "json", "spec", "specs"):
                yield from _below(item, where)
