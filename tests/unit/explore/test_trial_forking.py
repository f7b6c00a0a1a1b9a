"""Copies of a started cluster: what is played in one is what a cluster of its own would give."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.explore.forking import Forks
from harness.explore.operations import (
    Advance,
    Crash,
    Create,
    Delete,
    DisturbChild,
    Inject,
    Operation,
    Update,
)
from harness.explore.target import Target
from harness.explore.trial import Asked, run_trial
from tests.support.planted import PLANTED

CRD = Path(__file__).parents[3] / "tests" / "subjects" / "sites" / "crd.yaml"
SITES = Target.of(CRD, "tests.subjects.sites.handlers")
LEFTOVERS = next(each.target for each in PLANTED if each.name == "removed_label_stays")
CREATED: tuple[Operation, ...] = (Create("a", {"message": "hello"}),)
LONG: tuple[Operation, ...] = (
    *CREATED,
    Inject("operatorCrash", {"restartAfter": "1s"}, delay=0.005),
    Update("a", {"message": "bye", "replicas": 2}),
    DisturbChild("a", "kill"),
    Crash(),
    Create("b", {"replicas": "many"}, invalid="type"),
    Advance(60.0),
    Delete("a", recreate=True),
)


@pytest.fixture
def forks() -> Iterator[Forks]:
    with closing(Forks(SITES)) as forks:
        forks.run(Asked(CREATED, oracles=()))  # the first is played here
        yield forks


@pytest.mark.parametrize("seed", [pytest.param(0, id="usual"), pytest.param(5, id="of its own")])
def test_a_copy_gives_the_outcome_of_a_cluster_of_its_own(forks: Forks, seed: int) -> None:
    here = run_trial(SITES, LONG, seed=seed)
    assert here.journal_hash
    assert forks.run(Asked(LONG, seed)) == here
    assert forks.copies == 1


def test_a_copy_finds_what_fresh_clusters_prove() -> None:
    page = {"title": "A", "labels": {"team": "x"}}
    operations = (Create("a", page), Update("a", {**page, "labels": {}}))
    with closing(Forks(LEFTOVERS)) as forks:
        here, copied = forks.run(Asked(operations)), forks.run(Asked(operations))
        assert forks.copies == 1
    assert [finding.oracle for finding in here.findings] == ["removed-values"]
    assert copied == here


def test_nothing_of_one_copy_is_in_the_next(forks: Forks) -> None:
    operations = (*CREATED, Update("a", {"message": "bye"}), Delete("a"))
    first = forks.run(Asked(operations))
    assert forks.run(Asked(operations)) == first
    assert forks.copies == 2


def test_without_a_template_trials_are_played_in_this_process(forks: Forks) -> None:
    here = forks.run(Asked(CREATED))
    assert forks.copies == 1
    os.kill(forks.template_process, signal.SIGKILL)
    assert forks.run(Asked(CREATED)) == here
    assert forks.copies == 1
