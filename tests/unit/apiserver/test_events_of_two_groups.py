"""Events are one storage under two API groups: what one writes the other shows."""

from __future__ import annotations

from harness.apiserver.kinds.events import to_core, to_new
from harness.apiserver.requests import Object

TOLD: Object = {
    "kind": "Event",
    "apiVersion": "events.k8s.io/v1",
    "metadata": {"name": "a", "namespace": "b"},
    "regarding": {"kind": "Pod", "name": "p"},
    "note": "it began",
    "reportingController": "example.com/c",
    "eventTime": "2020-01-01T00:00:00.000000Z",
    "deprecatedSource": {},
    "deprecatedFirstTimestamp": None,
    "deprecatedLastTimestamp": None,
}


def test_the_core_form_has_the_old_names_and_no_field_twice() -> None:
    core = to_core(TOLD)

    assert core["apiVersion"] == "v1"
    assert core["involvedObject"] == TOLD["regarding"]
    assert (core["message"], core["reportingComponent"]) == ("it began", "example.com/c")
    assert not [name for name in core if name in ("regarding", "note") or "deprecated" in name]


def test_there_and_back_nothing_changes() -> None:
    assert to_new(to_core(TOLD)) == TOLD


def test_what_has_the_wanted_form_is_left_as_it_is() -> None:
    assert to_new(TOLD) is TOLD
    core = to_core(TOLD)
    assert to_core(core) is core


def test_a_reporter_that_is_not_named_is_empty_text_in_core_and_absent_in_the_new_form() -> None:
    silent = {name: value for name, value in TOLD.items() if name != "reportingController"}

    core = to_core(silent)

    assert core["reportingComponent"] == ""
    assert "reportingController" not in to_new(core)
