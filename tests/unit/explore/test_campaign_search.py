"""A campaign is a function of its plan: who does the jobs, and in which order, changes nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.explore.campaign import searching, shrinking
from harness.explore.campaign.campaign import Campaign, Report
from harness.explore.campaign.drawing import Example
from harness.explore.campaign.goals import goals_of
from harness.explore.campaign.inline import Inline
from harness.explore.campaign.jobs import Job, carry_out
from harness.explore.campaign.plan import CampaignPlan
from harness.explore.campaign.workers import Done, Message
from harness.explore.operations import Create, Inject, Update
from harness.explore.outcome import Finding, OperationFact, Outcome
from harness.explore.target import Target

CRD = Path(__file__).parents[2] / "subjects" / "pages" / "crd.yaml"
TARGET = Target.of(CRD, "nobody.runs_this")


def pretend(plan: CampaignPlan, example: Example) -> Outcome:
    """An operator that cannot stand a page of the tier `business`."""
    outcome = Outcome(example.operations, example.seed)
    for index, operation in enumerate(example.operations):
        fact = OperationFact()
        if isinstance(operation, Create | Update):
            fact.answer = "refused" if operation.invalid else "accepted"
            if not operation.invalid and operation.spec.get("tier") == "business":
                outcome.find(Finding("no-crash", "KeyError", index, "no-crash|KeyError"))
        outcome.facts.append(fact)
    return outcome


@pytest.fixture(autouse=True)
def _no_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "try_out", pretend)
    monkeypatch.setattr(shrinking, "try_out", pretend)


class Late:
    """Two at a time; the job that began last ends first."""

    count = 2

    def __init__(self, plan: CampaignPlan) -> None:
        self._plan = plan
        self._jobs: list[tuple[int, Job]] = []

    def begin(self, number: int, job: Job) -> None:
        self._jobs.append((number, job))

    def wait(self, seconds: float) -> list[Message]:
        number, job = self._jobs.pop()
        told: list[Message] = []
        return [*told, Done(number, carry_out(self._plan, job, told.append))]

    def close(self) -> None:
        pass


def plan(**more: int) -> CampaignPlan:
    return CampaignPlan(TARGET, **{"max_examples": 24, **more})  # type: ignore[arg-type]


def told(report: Report) -> tuple[int, int, Counter[object], list[Example]]:
    found = [shrunk.example for shrunk in report.findings.values()]
    return report.examples, report.operations, Counter(report.reached), found


def test_the_same_seed_and_budget_give_the_same_campaign_whoever_works() -> None:
    one = Campaign(plan(), Inline(plan())).run()
    other = Campaign(plan(), Late(plan())).run()
    assert told(one) == told(other)


def test_another_seed_is_another_campaign() -> None:
    one = Campaign(plan(), Inline(plan())).run()
    other = Campaign(plan(seed=1), Inline(plan(seed=1))).run()
    assert told(one) != told(other)


def test_a_finding_is_shrunk_to_what_matters() -> None:
    (found,) = Campaign(plan(), Inline(plan())).run().findings.values()
    (operation,) = found.example.operations
    assert isinstance(operation, Create)
    assert operation.spec["tier"] == "business"
    assert set(operation.spec) <= {"title", "tier"}
    assert found.example.seed == 0


def test_faults_and_schedules_are_drawn_with_the_specs() -> None:
    seen: list[Example] = []

    def look(plan: CampaignPlan, example: Example) -> Outcome:
        seen.append(example)
        return Outcome(example.operations, example.seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "try_out", look)
        Campaign(plan(max_examples=32), Inline(plan())).run()
    faults = {op.type for example in seen for op in example.operations if isinstance(op, Inject)}
    assert len(faults) > 3
    assert any(example.seed for example in seen)
    assert any(not any(isinstance(op, Inject) for op in example.operations) for example in seen)


def test_an_empty_pool_draws_no_faults() -> None:
    seen: list[Example] = []

    def look(plan: CampaignPlan, example: Example) -> Outcome:
        seen.append(example)
        return Outcome(example.operations, example.seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "try_out", look)
        calm = CampaignPlan(TARGET, faults={}, max_examples=32)
        Campaign(calm, Inline(calm)).run()
    assert seen
    assert not any(isinstance(op, Inject) for example in seen for op in example.operations)


def test_some_objects_have_names_at_the_edge_of_what_the_kind_allows() -> None:
    seen: list[Example] = []

    def look(plan: CampaignPlan, example: Example) -> Outcome:
        seen.append(example)
        return Outcome(example.operations, example.seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "try_out", look)
        Campaign(plan(max_examples=96), Inline(plan())).run()
    made = [one for each in seen for one in each.operations if isinstance(one, Create)]
    names = {one.name for one in made if not one.invalid}
    assert any(len(name) > 50 for name in names)  # the rule of the kind allows 63
    assert names.isdisjoint({"0", "a.b", "x" * 253})  # which the rule refuses
    assert {"a", "b"} <= names


def test_the_budget_in_examples_is_kept() -> None:
    report = Campaign(plan(max_examples=20), Inline(plan())).run()
    assert 18 <= report.examples <= 20  # the simplest example of a second batch is left out


def test_coverage_counts_what_was_tried() -> None:
    report = Campaign(plan(max_examples=96), Inline(plan())).run()
    assert report.goals == goals_of(TARGET)
    by_kind = Counter(goal.kind for goal in report.goals if goal in report.reached)
    assert by_kind["changed"] == sum(goal.kind == "changed" for goal in report.goals)
    assert by_kind["enum"] == 3
    assert by_kind["removed"] > 5
    assert by_kind["invalid"] > 5


def test_an_interruption_keeps_what_was_found() -> None:
    def interrupt(live: object, report: Report) -> None:
        if report.findings and not report.is_interrupted:
            raise KeyboardInterrupt

    class Stubborn(Inline):
        closed = False

        def close(self) -> None:
            self.closed = True

    workers = Stubborn(plan())
    campaign = Campaign(plan(max_examples=500), workers, watch=interrupt)
    report = campaign.run()
    assert report.is_interrupted
    assert list(report.findings) == ["no-crash|KeyError"]
    assert workers.closed
