"""The cache never goes backwards, whatever order news arrives in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiservice_operator.cache import Cache
from aiservice_operator.kinds import DEPLOYMENT, FIELD_MANAGER, OWNER_ANNOTATION, Object

Make = Callable[..., Object]


def deployment(version: int, uid: str = "d1", name: str = "demo", **metadata: Any) -> Object:
    owner = {"kind": "AIService", "name": "demo", "uid": "service-uid", "controller": True}
    return {
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": uid,
            "resourceVersion": str(version),
            "ownerReferences": [owner],
        }
        | metadata,
    }


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def cache(told: list[tuple[str, str]]) -> Cache:
    return Cache(told.append)


def versions(cache: Cache) -> list[str]:
    return [each["metadata"]["resourceVersion"] for each in cache.children_of("service-uid")]


def test_a_change_of_a_child_names_its_service(cache: Cache, told: list[tuple[str, str]]) -> None:
    cache.seen(deployment(5))
    assert told == [("default", "demo")]


def test_a_stripped_child_still_names_its_service(
    cache: Cache, told: list[tuple[str, str]]
) -> None:
    cache.seen(
        deployment(
            5,
            ownerReferences=[],
            annotations={OWNER_ANNOTATION: "demo/service-uid"},
            managedFields=[{"manager": FIELD_MANAGER}],
        )
    )
    assert told == [("default", "demo")]
    assert versions(cache) == ["5"]


def test_a_copy_of_a_child_is_no_child(cache: Cache) -> None:
    """A copied manifest has the annotation, but only the operator has our field manager."""
    note = {OWNER_ANNOTATION: "demo/service-uid"}
    cache.seen(deployment(5, name="copy", ownerReferences=[], annotations=note))
    assert versions(cache) == []


def test_an_older_version_never_replaces_a_newer_one(cache: Cache) -> None:
    cache.seen(deployment(10))
    cache.seen(deployment(9))
    assert versions(cache) == ["10"]


def test_an_answer_after_the_end_does_not_bring_the_object_back(cache: Cache) -> None:
    cache.seen(deployment(5))
    cache.ended(deployment(6))
    cache.answered(deployment(5))
    assert versions(cache) == []


def test_the_end_of_one_incarnation_does_not_remove_the_next(cache: Cache) -> None:
    cache.seen(deployment(9, uid="d2"))
    cache.ended(deployment(8, uid="d1"))
    assert versions(cache) == ["9"]


def test_a_child_that_came_back_into_the_selection_is_seen_again(cache: Cache) -> None:
    cache.seen(deployment(5))
    cache.ended(deployment(6))
    cache.seen(deployment(7))
    assert versions(cache) == ["7"]


def test_a_new_list_ends_what_vanished_unseen(cache: Cache, told: list[tuple[str, str]]) -> None:
    cache.seen(deployment(5))
    told.clear()
    cache.relisted(DEPLOYMENT, [], "20")
    assert versions(cache) == []
    assert told == [("default", "demo")]


def test_a_new_list_keeps_what_was_created_after_it(cache: Cache) -> None:
    cache.answered(deployment(21))
    cache.relisted(DEPLOYMENT, [], "20")
    assert versions(cache) == ["21"]


def test_children_come_in_the_order_in_which_they_are_applied(cache: Cache) -> None:
    cache.seen(deployment(5))
    cache.seen(deployment(6, uid="s", name="demo") | {"kind": "Service"})
    kinds = [each["kind"] for each in cache.children_of("service-uid")]
    assert kinds == ["Service", "Deployment"]
