"""What is known of a schema, as data and as text: properties, rules, hints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, settings

from harness import strategies
from harness.errors import FormatError
from harness.explore.strategies.clues import Clues
from harness.explore.strategies.kind import kind_of
from harness.explore.strategies.rules import clues_of
from harness.strategies import Property, PropertyRule
from tests.support.schemas import AISERVICE, crd_with

SEARCHING = settings(max_examples=300, database=None, derandomize=True)
TEXT = {"type": "string", "maxLength": 99}
ENV = {
    "type": "array",
    "maxItems": 9,
    "items": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
}


def test_properties_are_listed_outer_first_with_what_there_is_to_try() -> None:
    crd = crd_with(
        {
            "mode": {"type": "string", "enum": ["Always", "Never"]},
            "env": ENV,
            "labels": {"type": "object", "additionalProperties": TEXT},
        },
        rules=("!has(self.mode) || self.mode != 'Always' || has(self.env)",),
    )
    rule = PropertyRule(
        "!has(self.mode) || self.mode != 'Always' || has(self.env)",
        False,
        ("spec.mode", "spec.env"),
    )
    assert strategies.properties(crd) == (
        Property("spec", "object", True, (), (rule,)),
        Property("spec.env", "array"),
        Property("spec.env[]", "object"),
        Property("spec.env[].name", "string", True),
        Property("spec.labels", "map"),
        Property("spec.labels.*", "string"),
        Property("spec.mode", "string", False, ("Always", "Never")),
    )


def test_a_rule_of_the_whole_object_is_listed_under_the_empty_path() -> None:
    first = strategies.properties(AISERVICE)[0]
    assert first.path == ""
    assert first.rules[0].places == ("metadata", "metadata.name")


@pytest.mark.parametrize(
    ("rule", "path", "clues"),
    [
        pytest.param("self.port != 8080", "spec.port", Clues(values=[8080]), id="number"),
        pytest.param("self.name == 'x'", "spec.name", Clues(values=["x"]), id="text"),
        pytest.param("self.name in ['x', 'y']", "spec.name", Clues(values=["x", "y"]), id="member"),
        pytest.param("size(self.name) <= 40", "spec.name", Clues(sizes=[40]), id="size"),
        pytest.param("self.name.size() <= 40", "spec.name", Clues(sizes=[40]), id="size-method"),
        pytest.param("self.name.matches('^a')", "spec.name", Clues(patterns=["^a"]), id="pattern"),
        pytest.param(
            "duration(self.name) < duration('1h')", "spec.name", Clues(values=["1h"]), id="duration"
        ),
        pytest.param(
            "self.env.all(e, size(e.name) < 7)", "spec.env[].name", Clues(sizes=[7]), id="items"
        ),
        pytest.param("size(self.env) < 3", "spec.env", Clues(sizes=[3]), id="size-of-a-list"),
    ],
)
def test_the_constants_of_a_rule_are_clues(rule: str, path: str, clues: Clues) -> None:
    crd = crd_with({"port": {"type": "integer"}, "name": TEXT, "env": ENV}, rules=(rule,))
    assert clues_of(kind_of(crd).strategy.schema.rules)[path] == clues


def test_what_names_suggest_can_be_read() -> None:
    assert strategies.describe_hints(AISERVICE).splitlines() == [
        "spec.backup.schedule: schedule (guessed from the name 'schedule')",
        "spec.image: image aiservice/model-server:0.1.0 (guessed from the name 'image')",
        "spec.port: port (guessed from the name 'port')",
        "spec.size: replicas at most 5 (guessed from the scale subresource's specReplicasPath)",
        "spec.storage.storageClassName: storageClass standard "
        "(guessed from the name 'storageClassName')",
    ]


def test_a_hint_says_what_is_drawn() -> None:
    hints = {"hints": {"spec.image": {"values": ["app:1", "app:2"]}}}
    images = strategies.from_crd(AISERVICE, hints=hints)
    found = find(images, lambda spec: "image" in spec, settings=SEARCHING)
    assert found == {"image": "app:1", "size": 0}


def test_the_crd_itself_may_carry_hints(tmp_path: Path) -> None:
    crd = crd_with({"workers": {"type": "integer", "minimum": 0}})
    crd["metadata"]["annotations"] = {
        "harness.dev/hints": "hints:\n  spec.workers: {means: replicas}\n"
    }
    assert strategies.describe_hints(crd) == (
        "spec.workers: replicas (annotation harness.dev/hints)"
    )
    file = tmp_path / "hints.yaml"
    file.write_text("hints:\n  spec.workers: {values: [2]}\n")
    assert strategies.describe_hints(crd, hints=file).startswith(
        "spec.workers: one of the values 2"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            "hints:\n  spec.imag: {means: image}\n",
            r"hints.yaml:2:3: AIService has no property 'spec.imag'; did you mean 'spec.image'\?",
            id="property",
        ),
        pytest.param(
            "hints:\n  spec.image: {meens: image}\n",
            r"hints.yaml:2:16: unknown key 'meens'; did you mean 'means'\?",
            id="key",
        ),
        pytest.param(
            "hints:\n  spec.image: {means: imge}\n",
            r"hints.yaml:2:23: means: no field means 'imge'; did you mean 'image'\?",
            id="meaning",
        ),
    ],
)
def test_a_wrong_hint_is_refused_with_its_place_and_the_nearest_word(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "hints.yaml"
    file.write_text(text)
    with pytest.raises(FormatError, match=words):
        strategies.from_crd(AISERVICE, hints=file)


def test_a_wrong_guess_gives_way_to_the_schema() -> None:
    crd = crd_with(
        {
            "type": "object",
            "required": ["image"],
            "properties": {"image": {"type": "string", "pattern": "^[0-9]{4}$"}},
        }
    )
    assert find(strategies.from_crd(crd), lambda spec: True, settings=SEARCHING) == {
        "image": "0000"
    }


def test_without_hypothesis_the_error_says_what_to_install() -> None:
    program = "import sys; sys.modules['hypothesis'] = None\nimport harness.strategies"
    done: Any = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "UsageError: drawing specs from a CRD needs Hypothesis" in done.stderr
    assert "pip install 'operator-harness[fuzz]'" in done.stderr
