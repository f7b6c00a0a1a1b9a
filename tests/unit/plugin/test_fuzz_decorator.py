"""`@harness.fuzz` is an ordinary Hypothesis test; profiles come with the plugin."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

import harness
from harness.errors import UsageError
from harness.explore.campaign import shrinking, testing
from harness.explore.campaign.drawing import Example
from harness.explore.campaign.plan import CampaignPlan
from harness.explore.machine import OperatorFailed
from harness.explore.operations import Create, Update
from harness.explore.outcome import Finding, Outcome
from harness.pytest_profiles import NAMES, register_profiles

CRD = Path(__file__).parents[2] / "subjects" / "pages" / "crd.yaml"


def fails_for_business(plan: CampaignPlan, example: Example) -> Outcome:
    outcome = Outcome(example.operations, example.seed)
    for index, operation in enumerate(example.operations):
        is_spec = isinstance(operation, Create | Update) and not operation.invalid
        if is_spec and operation.spec.get("tier") == "business":  # type: ignore[union-attr]
            outcome.find(Finding("no-crash", "KeyError", index, "no-crash|KeyError"))
    return outcome


def test_a_finding_fails_the_test_with_the_smallest_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(testing, "try_out", fails_for_business)
    monkeypatch.setattr(shrinking, "try_out", fails_for_business)

    @harness.fuzz(crd=CRD, subject="nobody.runs_this", max_examples=20)
    def test_of_pages() -> None: ...

    with pytest.raises(OperatorFailed) as caught:
        test_of_pages()
    caught.match(r"Finding \(no-crash\): KeyError")
    caught.match(r"operations \(1,")
    assert list((tmp_path / ".harness" / "fuzz").glob("*.yaml"))


def test_the_body_sees_each_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "try_out", lambda plan, example: Outcome(example.operations, 0))
    seen: list[Outcome] = []

    @harness.fuzz(crd=CRD, subject="nobody.runs_this", max_examples=5)
    def test_of_pages(outcome: Outcome) -> None:
        seen.append(outcome)

    test_of_pages()
    assert len(seen) == 5


def test_a_crd_without_a_subject_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="both crd and subject"):
        harness.fuzz(crd=CRD)


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch) -> dict[str, settings]:
    """A registry of profiles of its own."""
    known: dict[str, settings] = dict(settings._profiles)
    for name in ("dev", "nightly"):
        known.pop(name, None)
    monkeypatch.setattr(settings, "_profiles", known)
    return known


def test_profiles_have_no_deadline(
    profiles: dict[str, settings], pytestconfig: pytest.Config
) -> None:
    register_profiles(pytestconfig)
    assert [profiles[name].deadline for name in NAMES] == [None] * 3
    assert profiles["dev"].max_examples < profiles["ci"].max_examples
    assert profiles["nightly"].max_examples > profiles["ci"].max_examples


def test_a_profile_of_the_user_stays(
    profiles: dict[str, settings], pytestconfig: pytest.Config
) -> None:
    settings.register_profile("dev", max_examples=7)
    register_profiles(pytestconfig)
    assert settings.get_profile("dev").max_examples == 7
