"""What the driver says, and what is made of it: changes, progress, one line for each reason."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace as Namespace
from typing import Any

import pytest

from harness.clusters.stack.changes import Change, change
from harness.clusters.stack.conversation import Outcome, _take, _whole_lines
from harness.clusters.stack.pending import adopt_pending
from harness.clusters.stack.reporting import SEPARATOR, Reporter

URN = "urn:pulumi:harness::project::kubernetes:apps/v1:Deployment::operator"


def step(op: str = "update", kind: str = "kubernetes:apps/v1:Deployment", **fields: Any) -> Any:
    inputs = {"metadata": {"namespace": "ai-system", "name": "ai-operator"}}
    state = Namespace(inputs=inputs)
    found = {"op": op, "type": kind, "urn": URN, "new": state, "old": None}
    return Namespace(**{**found, "detailed_diff": None, **fields})


def event(**fields: Any) -> Any:
    kinds = ("diagnostic_event", "resource_pre_event", "res_outputs_event")
    return Namespace(**{kind: fields.get(kind) for kind in kinds})


def diagnostic(severity: str, message: str, urn: str = "") -> Any:
    return event(diagnostic_event=Namespace(severity=severity, message=message, urn=urn))


def told(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The messages written so far."""
    return [json.loads(text) for text in capsys.readouterr().out.split(SEPARATOR)[1:]]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        pytest.param(
            Change("create", "Namespace", "namespace", "ai-system"),
            "+ Namespace ai-system",
            id="create",
        ),
        pytest.param(
            Change("update", "Deployment", "operator", "ai-system/ai-operator", ("spec.replicas",)),
            "~ Deployment ai-system/ai-operator: spec.replicas",
            id="update",
        ),
        pytest.param(
            Change("delete", "ConfigMap", "settings", "default/settings"),
            "- ConfigMap default/settings",
            id="delete",
        ),
    ],
)
def test_a_change_reads_as_a_line_of_a_diff(found: Change, text: str) -> None:
    assert str(found) == text


def test_a_resource_that_is_done_is_progress_and_a_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = {"spec.replicas": None, "metadata.labels": None}
    done = event(res_outputs_event=Namespace(metadata=step(detailed_diff=paths)))
    Reporter("harness", changing=True).on_event(done)
    progress, message = told(capsys)
    assert progress == {"progress": "updated Deployment ai-system/ai-operator"}
    assert change(message["change"]) == Change(
        "update",
        "Deployment",
        "operator",
        "ai-system/ai-operator",
        ("metadata.labels", "spec.replicas"),
    )


@pytest.mark.parametrize(
    "unchanged",
    [
        pytest.param(step("same"), id="same"),
        pytest.param(step("create", "pulumi:pulumi:Stack"), id="the stack itself"),
        pytest.param(step("create", "pulumi:providers:kubernetes"), id="a provider"),
    ],
)
def test_what_is_no_change_of_the_cluster_is_not_told(
    unchanged: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Reporter("harness", changing=True).on_event(
        event(res_outputs_event=Namespace(metadata=unchanged))
    )
    assert told(capsys) == []


def test_a_comparison_does_not_claim_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter("harness", changing=False)
    reporter.on_event(event(resource_pre_event=Namespace(metadata=step("create"))))
    reporter.on_event(event(res_outputs_event=Namespace(metadata=step("create"))))
    assert [next(iter(message)) for message in told(capsys)] == ["change"]


def test_a_reason_is_given_once_without_a_trace() -> None:
    reporter = Reporter("harness", changing=True)
    trace = (
        "python inline source runtime error: x\nTraceback (most recent call last):\n  File\nE: x"
    )
    reporter.on_event(diagnostic("error", trace))
    reporter.on_event(diagnostic("error", f"an unhandled error occurred: {trace}\n"))
    reporter.on_event(diagnostic("error", "update failed"))
    assert reporter.reasons("code: 255") == ["E: x"]


def test_a_reason_names_the_resource_it_is_about() -> None:
    reporter = Reporter("harness", changing=True)
    reporter.on_event(diagnostic("error", "conflict", URN))
    assert reporter.reasons("") == ["operator: conflict"]


def test_an_error_of_the_program_stands_for_all_that_follow() -> None:
    reporter = Reporter("harness", changing=True)
    reporter.on_event(diagnostic("error", "something else"))
    reporter.program_failed(ValueError("no size"), "/infra")
    assert reporter.reasons("") == ["ValueError: no size"]


def test_without_a_reason_the_last_words_of_the_engine_are_given() -> None:
    words = "\n".join(f"line {number}" for number in range(9))
    reasons = Reporter("harness", changing=True).reasons(words)
    assert reasons == [f"line {number}" for number in range(4, 9)]


def test_a_warning_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter("harness", changing=True)
    for _ in range(2):
        reporter.on_event(diagnostic("warning", "the cluster is old\n"))
    assert told(capsys) == [{"progress": "warning: the cluster is old"}]


def test_what_the_program_prints_is_progress() -> None:
    lines: list[str] = []
    outcome = Outcome()
    _take("hello\n", outcome, lines.append)
    _take(f'{SEPARATOR}{{"result": {{"a": 1}}}}\n', outcome, lines.append)
    assert lines == ["hello"]
    assert outcome.result == {"a": 1}


def test_a_line_is_read_when_it_is_whole() -> None:
    log = io.StringIO("one\ntw")
    assert list(_whole_lines(log)) == ["one\n"]
    place = log.tell()
    log.seek(0, io.SEEK_END)
    log.write("o\n")
    log.seek(place)
    assert list(_whole_lines(log)) == ["two\n"]


class FakeStack:
    """A stack's state, and what is written back."""

    def __init__(self, **deployment: Any) -> None:
        self.state = Namespace(deployment=deployment)
        self.written: Any = None

    def export_stack(self) -> Any:
        return self.state

    def import_stack(self, state: Any) -> None:
        self.written = state.deployment


def test_what_was_being_created_gets_into_the_state_under_its_identifier() -> None:
    resource = {"urn": URN, "inputs": {"metadata": {"namespace": "default", "name": "one"}}}
    begun = {"type": "creating", "resource": resource}
    deleted = {"type": "deleting", "resource": {"urn": "other"}}
    stack = FakeStack(resources=[], pending_operations=[begun, deleted])
    assert adopt_pending(stack) == ["default/one"]
    assert stack.written == {
        "resources": [resource | {"id": "default/one"}],
        "pending_operations": [],
    }


def test_a_state_with_nothing_pending_is_left_alone() -> None:
    stack = FakeStack(resources=[])
    assert adopt_pending(stack) == []
    assert stack.written is None
