"""The claim that an object exists that matches a partial object, or that none does.

With a name it is about that object; without one, any object of the kind in the case's namespace
will do. Terminating objects do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.apiserver.requests import Object
from harness.clusters.state import Key, is_terminating
from harness.vocabulary import ObjectReference

from .partial import mismatch
from .view import HOLDS, Judgement, View

Pattern = Mapping[str, Any]


def check_pattern(pattern: Pattern) -> None:
    """Refuse a partial object that names no kind: it could not be looked for."""
    if not isinstance(pattern.get("kind"), str):
        raise ValueError("a partial object needs its kind, such as 'kind: Deployment'")
    if not isinstance(pattern.get("metadata") or {}, Mapping):
        raise ValueError("metadata of a partial object is a mapping")


def judge_pattern(pattern: Pattern, view: View) -> Judgement:
    """Some object matches."""
    misses = [(key, mismatch(pattern, document)) for key, document in _candidates(pattern, view)]
    if any(miss is None for _, miss in misses):
        return HOLDS
    if not misses:
        about = _gone(pattern, view)
        missed = () if about else (pattern["kind"],)
        return Judgement(False, f"{_wanted(pattern)} does not exist", about, missed)
    key, miss = max(misses, key=lambda item: len(item[1].path) if item[1] else 0)
    return Judgement(False, f"{key} {miss}", (key,))


def judge_absence(pattern: Pattern, view: View) -> Judgement:
    """No object matches."""
    for key, document in _candidates(pattern, view):
        if mismatch(pattern, document) is None:
            return Judgement(False, f"{key} must be absent, but exists", (key,))
    return HOLDS


def _metadata(pattern: Pattern) -> Mapping[str, Any]:
    return pattern.get("metadata") or {}


def _wanted(pattern: Pattern) -> str:
    name = _metadata(pattern).get("name")
    return f"{pattern['kind']}/{name}" if name else f"a matching {pattern['kind']}"


def _candidates(pattern: Pattern, view: View) -> list[tuple[Key, Object]]:
    metadata = _metadata(pattern)
    namespaces = (metadata.get("namespace", view.namespace), "")
    return [
        (key, document)
        for key, document in view.state.objects(pattern["kind"])
        if key.namespace in namespaces
        and metadata.get("name", key.name) == key.name
        and not is_terminating(document)
    ]


def _gone(pattern: Pattern, view: View) -> tuple[Key, ...]:
    """The object that is missed, if it ever existed: its history explains more."""
    name = _metadata(pattern).get("name")
    if not name:
        return ()
    reference = ObjectReference(pattern["kind"], name, pattern.get("apiVersion", ""))
    key = view.state.known_key(reference, view.namespace)
    return (key,) if key is not None else ()
