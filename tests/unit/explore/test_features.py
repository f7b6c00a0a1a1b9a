"""One fault has one name, whatever the objects and the things in their specs are called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.explore.features import stable_path, stable_role
from harness.explore.scene import Scene

SCHEMA: dict[str, Any] = {"properties": {"routes": {"items": {"properties": {"name": {}}}}}}


def scene(name: str, *texts: str) -> Scene:
    """A trial with one object, whose spec has routes of these names."""
    spec: dict[str, Any] = {"routes": [{"name": text} for text in texts]}
    hands = SimpleNamespace(names={name: None}, all_specs=[spec])
    return cast(Scene, SimpleNamespace(hands=hands, target=SimpleNamespace(schema=SCHEMA)))


@pytest.mark.parametrize(
    ("name", "route", "child"),
    [
        pytest.param("a", "b", "a-b", id="short"),
        pytest.param("a", "b-c", "a-b-c", id="of several words"),
        pytest.param("a", "B_c", "a-b-c", id="written otherwise"),
        pytest.param("x-1", "b", "x-1-b", id="another name of the object"),
        pytest.param("a", "b" * 63, f"a-{'b' * 52}-377bc1f0", id="cut and hashed"),
        pytest.param("a", "9", "a-9", id="a number"),
    ],
)
def test_a_child_that_is_named_after_a_spec_is_one_role(name: str, route: str, child: str) -> None:
    role = stable_role(scene(name, route), f"Page/{name} > Service/{child}")
    assert role == "Page/* > Service/*-*"


def test_what_the_operator_adds_to_a_name_stays() -> None:
    assert stable_role(scene("web", "b"), "Service/web-headless") == "Service/*-headless"


def test_a_kind_is_never_taken_for_a_text() -> None:
    assert stable_role(scene("a", "service"), "Service/a-service") == "Service/*-*"


def test_a_key_that_comes_from_a_spec_is_any_key() -> None:
    assert stable_path(scene("a", "team"), ("metadata", "labels", "team")) == ".metadata.labels.*"
    assert stable_path(scene("a"), ("spec", "ports", 3, "name")) == ".spec.ports[].name"
