"""Dask does the same jobs as processes do; skipped where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.explore.campaign import searching, shrinking
from harness.explore.campaign.campaign import Campaign
from harness.explore.campaign.dask import DaskWorkers
from harness.explore.campaign.drawing import Example
from harness.explore.campaign.inline import Inline
from harness.explore.campaign.plan import CampaignPlan
from harness.explore.outcome import Finding, OperationFact, Outcome
from harness.explore.target import Target

CRD = Path(__file__).parents[2] / "subjects" / "pages" / "crd.yaml"


def pretend(plan: CampaignPlan, example: Example) -> Outcome:
    outcome = Outcome(example.operations, example.seed)
    outcome.facts = [OperationFact() for _ in example.operations]
    if len(example.operations) > 2:
        outcome.find(Finding("quiet", "three are a crowd", 2, "quiet|crowd"))
    return outcome


@pytest.fixture
def client() -> Iterator[Any]:
    """A client of a Dask cluster in this process."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_campaign_on_dask_is_the_same_campaign(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "try_out", pretend)
    monkeypatch.setattr(shrinking, "try_out", pretend)
    plan = CampaignPlan(Target.of(CRD, "nobody.runs_this"), max_examples=16, shrink_trials=20)
    here = Campaign(plan, Inline(plan)).run()
    there = Campaign(plan, DaskWorkers(plan, client)).run()
    assert there.reached == here.reached
    assert [found.example for found in there.findings.values()] == [
        found.example for found in here.findings.values()
    ]


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(UsageError, match=r"operator-harness\[dask\]"):
        DaskWorkers(CampaignPlan(Target.of(CRD, "nobody.runs_this")), "tcp://nowhere:1")
