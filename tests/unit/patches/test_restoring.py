"""What Go's converter says of strategically patched documents that do not fit their kind."""

from __future__ import annotations

from typing import Any

import pytest

from harness.apiserver.patches.restoring import Unrestorable, restored
from harness.apiserver.schema.facts import node

DEPLOYMENT = node("apps/v1", "Deployment")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param({"metadata": 5}, "cannot restore struct from: int64", id="struct"),
        pytest.param({"metadata": {"labels": 5}}, "cannot restore map from int64", id="map"),
        pytest.param({"metadata": {"labels": []}}, "cannot restore map from slice", id="map-slice"),
        pytest.param(
            {"metadata": {"labels": {"x": True}}}, "unrecognized type: string", id="map-value"
        ),
        pytest.param(
            {"metadata": {"finalizers": "x"}}, "cannot restore slice from string", id="slice"
        ),
        pytest.param(
            {"metadata": {"finalizers": [3]}}, "cannot convert int64 to string", id="item"
        ),
        pytest.param({"spec": {"replicas": "x"}}, "unrecognized type: int32", id="integer"),
        pytest.param(
            {"spec": {"minReadySeconds": 1.5}}, "cannot convert float64 to int32", id="fraction"
        ),
        pytest.param({"spec": {"paused": "yes"}}, "unrecognized type: bool", id="boolean"),
        pytest.param(
            {"spec": {"strategy": {"rollingUpdate": {"maxSurge": True}}}},
            "json: cannot unmarshal bool into Go value of type int32",
            id="int-or-string",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_named_as_go_does(document: Any, message: str) -> None:
    with pytest.raises(Unrestorable) as caught:
        restored(document, DEPLOYMENT)
    assert str(caught.value) == message


def test_whole_numbers_become_integers() -> None:
    document = restored({"spec": {"minReadySeconds": 5.0}}, DEPLOYMENT)
    assert repr(document) == "{'spec': {'minReadySeconds': 5}}"


def test_what_fits_or_is_unknown_stays() -> None:
    document = {
        "metadata": {"labels": {"a": "b"}, "creationTimestamp": None},
        "spec": {"replicas": 1, "paused": True, "template": {"spec": {"containers": []}}},
        "unknown": 5,
    }
    assert restored(document, DEPLOYMENT) == document
