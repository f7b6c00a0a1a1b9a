"""YAML 1.2 with positions for scenarios; YAML as kubectl reads it for manifests."""

from __future__ import annotations

import pytest

from harness.errors import FormatError
from harness.scenario.yaml_tree import Position, read


def test_every_value_knows_its_place() -> None:
    (tree,) = read("a:\n  - b: 1\n", "f.yaml")
    assert tree.positions["a", 0, "b"] == Position(2, 8)


@pytest.mark.parametrize(
    "scalar", ["yes", "No", "on", "OFF", "y", "0644", "1:30", "1_000", "0b1"], ids=str
)
def test_a_scalar_that_readers_disagree_on_is_refused_with_its_place(scalar: str) -> None:
    with pytest.raises(FormatError, match=r"write .* in quotes") as caught:
        read(f"a: 1\nb: {scalar}\n", "f.yaml")
    assert (caught.value.file, caught.value.line, caught.value.column) == ("f.yaml", 2, 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("'yes'", "yes", id="quoted"),
        pytest.param("true", True, id="true"),
        pytest.param("2m", "2m", id="duration"),
        pytest.param("1e3", 1000.0, id="float"),
        pytest.param("0x10", 16, id="hexadecimal"),
        pytest.param("~", None, id="null"),
        pytest.param("2026-01-01", "2026-01-01", id="date"),
        pytest.param("1.2.3", "1.2.3", id="version"),
    ],
)
def test_scalars_are_read_as_yaml_1_2(text: str, value: object) -> None:
    (tree,) = read(f"a: {text}", "f.yaml")
    assert tree.value == {"a": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("yes", True, id="yes"),
        pytest.param("off", False, id="off"),
        pytest.param("0644", 420, id="octal"),
        pytest.param("1:30", "1:30", id="colon"),
    ],
)
def test_manifests_are_read_as_kubectl_does(text: str, value: object) -> None:
    (tree,) = read(f"a: {text}", "f.yaml", kubectl=True)
    assert tree.value == {"a": value}


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(FormatError, match="'a' stands here twice"):
        read("a: 1\na: 2\n", "f.yaml")


def test_broken_yaml_is_told_with_its_place() -> None:
    with pytest.raises(FormatError, match=r"^f.yaml:1:5: not YAML: "):
        read("a: b: c", "f.yaml")


def test_empty_documents_are_left_out() -> None:
    assert [tree.value for tree in read("---\n---\na: 1\n", "f.yaml")] == [{"a": 1}]
