"""What counts as a write of the subject, and what is counted apart."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from harness.oracle.quiet import ActivityMeter, Quiet, RequestBounds, activity_of, count_request
from tests.support.history import History, thing

DEMO = thing("Deployment", "demo", spec={"replicas": 1})


def second_version(**fields: Any) -> str:
    history = History()
    history.write(DEMO)
    history.write({**DEMO, **fields})
    assert history.key is not None
    return activity_of(history.state, history.key)


@pytest.mark.parametrize(
    ("fields", "activity"),
    [
        pytest.param({"spec": {"replicas": 2}}, "writes", id="spec"),
        pytest.param({"status": {"ready": 1}}, "writes", id="status"),
        pytest.param({"status": {"kopf": {"progress": {}}}}, "housekeeping", id="status-of-kopf"),
        pytest.param(
            {"metadata": {**DEMO["metadata"], "annotations": {"kopf.zalando.org/x": "1"}}},
            "housekeeping",
            id="annotation-of-kopf",
        ),
        pytest.param(
            {"metadata": {**DEMO["metadata"], "annotations": {"mine": "1"}}},
            "writes",
            id="annotation",
        ),
        pytest.param(
            {"metadata": {**DEMO["metadata"], "finalizers": ["kopf"]}}, "writes", id="finalizer"
        ),
    ],
)
def test_a_change_is_a_write_or_housekeeping(fields: dict[str, Any], activity: str) -> None:
    assert second_version(**fields) == activity


@pytest.mark.parametrize(
    "kind", [pytest.param("Lease", id="lease"), pytest.param("Event", id="event")]
)
def test_leases_and_events_are_housekeeping(kind: str) -> None:
    history = History()
    history.write(thing(kind, "x"))
    assert history.key is not None
    assert activity_of(history.state, history.key) == "housekeeping"


def excesses(bounds: Quiet, *writes: tuple[dict[str, Any], str, tuple[int, ...]]) -> list[bool]:
    history, meter = History(), ActivityMeter(bounds)
    found = []
    for document, by, causes in writes:
        record = history.write(document, by=by, causes=causes)
        assert history.key is not None
        found.append(meter.take(record, history.state, history.key))
    return found


def test_writes_beyond_the_bound_are_too_many() -> None:
    more = {**DEMO, "spec": {"replicas": 5}}
    writes = [(DEMO, "subject:operator", (1,)), (more, "subject:operator", (2,))]
    assert excesses(Quiet(writes=1), *writes) == [False, True]


def test_only_the_subject_is_counted() -> None:
    assert excesses(Quiet(), (DEMO, "controller:deployment", (1,))) == [False]


def test_one_request_that_changes_several_objects_counts_once() -> None:
    other = thing("Deployment", "other")
    writes = [(DEMO, "subject", (7,)), (other, "subject", (7,))]
    assert excesses(Quiet(writes=1), *writes) == [False, False]


def test_housekeeping_has_a_bound_of_its_own() -> None:
    writes = [(thing("Lease", f"l{n}"), "subject", (n,)) for n in (1, 2)]
    assert excesses(Quiet(writes=0, housekeeping=1), *writes) == [False, True]


def test_a_new_window_counts_from_zero() -> None:
    history, meter = History(), ActivityMeter(Quiet(writes=1))
    for number in (1, 2):
        record = history.write({**DEMO, "spec": {"replicas": number}}, causes=(number,))
        assert history.key is not None
        assert not meter.take(record, history.state, history.key)
        meter.reset()


def requests(*verbs: str, actor: str = "subject:operator") -> Counter[str]:
    history, counts = History(), Counter[str]()
    for verb in verbs:
        count_request(history.record("request", {"verb": verb}, actor=actor), counts)
    return counts


def test_requests_are_bounded_by_kind_and_in_total() -> None:
    counts = requests("get", "list", "patch")
    assert RequestBounds(reads=2, writes=1, total=3).exceeded(counts) == ""
    assert RequestBounds(reads=1).exceeded(counts) == "2 requests (reads), at most 1 allowed"
    assert RequestBounds(total=2).exceeded(counts) == "3 requests (total), at most 2 allowed"


def test_requests_of_others_are_not_bounded() -> None:
    assert requests("get", actor="controller:deployment") == Counter()
