"""What the operator asks of kopf: events only, so that kopf leaves no trace on the objects."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator

import kopf
import pytest
from kopf._core.intents import registries

from aiservice_operator import handlers


@pytest.fixture
def registry() -> Iterator[kopf.OperatorRegistry]:
    """A registry with the operator's handlers and nobody else's: they register at import."""
    before = registries.get_default_registry()
    fresh = kopf.OperatorRegistry()
    registries.set_default_registry(fresh)
    importlib.reload(handlers)
    yield fresh
    registries.set_default_registry(before)


def test_kopf_has_nothing_to_store_on_an_object(registry: kopf.OperatorRegistry) -> None:
    """A handler of a change would bring annotations, a daemon or a deletion a finalizer."""
    assert list(registry._changing.get_all_handlers()) == []
    assert list(registry._spawning.get_all_handlers()) == []


def test_services_are_watched(registry: kopf.OperatorRegistry) -> None:
    assert [each.id for each in registry._watching.get_all_handlers()] == ["observe"]


def test_patience_has_no_end() -> None:
    patience = handlers.Patience()
    assert list(itertools.islice(patience, 8)) == [0.2, 0.5, 1, 2, 4, 8, 15, 15]
    assert list(itertools.islice(patience, 2)) == [0.2, 0.5]
