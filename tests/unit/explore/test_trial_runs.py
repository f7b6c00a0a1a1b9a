"""A trial as a whole: the same again, what it says of each operation, and how a target is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import FormatError, UsageError
from harness.explore.documents import operations_document, operations_of
from harness.explore.operations import (
    Advance,
    Crash,
    Create,
    Delete,
    DisturbChild,
    Inject,
    Operation,
    Scale,
    Update,
)
from harness.explore.spec_changes import SpecChange, changes
from harness.explore.subject_line import subject_of
from harness.explore.target import Target
from harness.explore.trial import run_trial
from harness.oracle.tracebacks import raised_in
from harness.scenario.settings import find_settings

ROOT = Path(__file__).parents[3]
CRD = ROOT / "tests" / "subjects" / "sites" / "crd.yaml"
SITES = Target.of(CRD, "tests.subjects.sites.handlers")
ALL_KINDS: list[Operation] = [
    Create("a", {"message": "hello"}),
    Inject("operatorCrash", {"restartAfter": "1s"}, delay=0.005),
    Update("a", {"message": "bye", "replicas": 2}),
    Scale("a", 1),
    DisturbChild("a", "kill"),
    Crash(),
    Create("b", {"replicas": "many"}, invalid="type"),
    Advance(10.0),
    Delete("a", recreate=True),
    Delete("a"),
]


def test_the_same_operations_and_seed_give_the_same_outcome() -> None:
    one, other = run_trial(SITES, ALL_KINDS, seed=5), run_trial(SITES, ALL_KINDS, seed=5)
    assert one == other
    assert one.findings == []


def test_another_seed_is_another_run() -> None:
    create = ALL_KINDS[:1]
    hashes = {run_trial(SITES, create, seed=seed).journal_hash for seed in (1, 2)}
    assert len(hashes) == 2


def test_an_operation_says_how_it_was_answered_and_what_became_of_it() -> None:
    facts = run_trial(SITES, ALL_KINDS, seed=5).facts
    assert [fact.answer for fact in facts] == [
        "accepted", "skipped", *["accepted"] * 4, "refused", *["accepted"] * 3,
    ]  # fmt: skip
    created, _, updated, scaled, *_ = facts
    assert created.changes == (SpecChange("spec", "set"), SpecChange("spec.message", "set"))
    assert updated.faults == ("operatorCrash",)
    assert scaled.changes == (SpecChange("spec.replicas", "changed"),)
    assert facts[6].status == 422
    assert created.state == "Ready=True:Available | ConfigMap Deployment Pod ReplicaSet"


def test_operations_on_what_does_not_exist_are_skipped() -> None:
    operations: list[Operation] = [Update("a", {}), Scale("a", 1), DisturbChild("a", "kill")]
    assert {fact.answer for fact in run_trial(SITES, operations).facts} == {"skipped"}


def test_only_chosen_oracles_judge() -> None:
    with pytest.raises(UsageError, match="no oracle is called 'quite'; did you mean 'quiet'"):
        run_trial(SITES, [], oracles=["quite"])


def test_the_operator_of_this_project_has_no_findings() -> None:
    target = Target.of_project(find_settings(ROOT))
    image = {"image": "aiservice/model-server:0.2.0"}
    operations: list[Operation] = [
        Create("a", {"size": 2}),
        Update("a", {"size": 2, **image, "env": [{"name": "A", "value": "1"}]}),
        Update("a", {"size": 1, **image}),
        Update("a", {"size": 1, "image": "x.invalid/gone:1"}),
        Update("a", {"size": 0, "model": {"name": "m", "version": "1"}}),
        Inject("apiError", {"verbs": ["patch"], "status": 500, "percent": 50}, duration=3.0),
        Update("a", {"size": 1}),
    ]
    assert run_trial(target, operations, seed=1).findings == []


def test_operations_survive_being_written_down() -> None:
    assert operations_of(operations_document(ALL_KINDS, seed=3)) == tuple(ALL_KINDS)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param({"creat": {}}, "did you mean 'create'", id="unknown"),
        pytest.param({"scale": {"name": "a"}}, "scale: .*replicas", id="incomplete"),
        pytest.param("create", "one key with its fields", id="no mapping"),
    ],
)
def test_a_wrong_document_says_what_is_wrong(entry: object, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        operations_of({"operations": [entry]})


def test_changes_are_told_by_path() -> None:
    before = {"a": 1, "list": [{"x": 1}, {"x": 2}], "gone": {"deep": 1}}
    after = {"a": 2, "list": [{"x": 1}], "new": True}
    assert set(changes(before, after)) == {
        ("spec.a", "changed"), ("spec.list[]", "removed"),
        ("spec.list[].x", "removed"), ("spec.gone", "removed"), ("spec.gone.deep", "removed"),
        ("spec.new", "set"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "module", "command"),
    [
        pytest.param("my.handlers", "my.handlers", (), id="module"),
        pytest.param("kopf run -m my.handlers --verbose", "my.handlers", (), id="kopf"),
        pytest.param("./manager --now", "", ("./manager", "--now"), id="command"),
    ],
)
def test_a_subject_is_told_in_one_line(line: str, module: str, command: tuple[str, ...]) -> None:
    spec = subject_of(line)
    assert (spec.module, tuple(spec.command)) == (module, command)


def test_options_of_kopf_run_are_kept() -> None:
    spec = subject_of("kopf run --module=a --namespace=x -n y --peering p --priority 7")
    assert (spec.namespaces, spec.peering, spec.priority) == (("x", "y"), "p", 7)


def test_an_exception_is_named_by_the_innermost_place_in_the_subject() -> None:
    message = """Handler 'x' failed
Traceback (most recent call last):
  File "<packages>/kopf/invocation.py", line 139, in invoke
  File "<here>/my_operator/handlers.py", line 12, in create
  File "<python>/json/decoder.py", line 355, in raw_decode
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"""
    raised = raised_in(message)
    assert raised is not None
    assert (raised.type, raised.place) == ("JSONDecodeError", "my_operator/handlers.py:create")


def test_answers_of_the_api_are_told_from_mistakes() -> None:
    trace = 'Traceback (most recent call last):\n  File "<here>/a/b.py", line 1, in c\n{}: no'
    names = ("kubernetes.client.exceptions.ApiException", "aiohttp.ClientError", "KeyError")
    found = [raised_in(trace.format(name)) for name in names]
    assert [raised.is_of_the_api for raised in found if raised] == [True, True, False]
