"""Two runs of one case, compared by what they left on disk.

Two seeds of the simulation stand in for two clusters: another interleaving, the same end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.report.comparing import Comparison, compare_reports, compare_runs, end_state
from harness.report.journal import line_of
from harness.running.folders import case_folder
from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan, read_plan
from harness.scenario.settings import find_settings
from harness.simulation.records import Record
from tests.support.command import Project, scenario

NAMESPACE = "revised"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of two runs of one case."""
    folder = tmp_path_factory.mktemp("played")
    file = Project.make(folder, make=scenario("make")).folder / "scenarios/make.yaml"
    (case,) = load_file(file)
    plans = [Plan(case, seed, find_settings(file)) for seed in (1, 2)]
    folders = [case_folder(folder / "report", plan) for plan in plans]
    for plan, place in zip(plans, folders, strict=True):
        assert run_plan(plan, place, Options()).passed
    return folders[0], folders[1]


@pytest.fixture
def runs(played: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copies that a test may change."""
    ours, theirs = tmp_path / "ours/make-seed1", tmp_path / "theirs/make-seed1"
    shutil.copytree(played[0], ours)
    shutil.copytree(played[1], theirs)
    return ours, theirs


def change_result(folder: Path, **values: Any) -> None:
    """Change what `run.json` says."""
    file = folder / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def change_objects(folder: Path, kind: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every version of the objects of a kind in the journal."""
    file = folder / "journal.ndjson"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        if line["kind"] == "object" and line["object_kind"] == kind and "spec" in line["object"]:
            change(line["object"])
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_another_interleaving_has_the_same_verdict_and_the_same_end(
    runs: tuple[Path, Path],
) -> None:
    compared = compare_runs(*runs)
    assert (compared.same_verdict, compared.differences, compared.skipped) == (True, (), "")


def test_the_end_is_that_of_the_case_s_namespace(runs: tuple[Path, Path]) -> None:
    plan, _ = read_plan(runs[0] / "plan.yaml")
    roles = end_state(runs[0] / "journal.ndjson", plan.case.namespace)
    assert "AIService/demo > Deployment/demo > ReplicaSet/demo > Pod/demo-*" in roles
    assert "ConfigMap/kube-root-ca.crt" not in roles
    assert not any("ai-operator" in role for role in roles)


def test_a_difference_says_where_it_is_and_what_each_cluster_has(runs: tuple[Path, Path]) -> None:
    change_result(runs[1], cluster="kind")
    change_objects(runs[1], "Deployment", lambda found: found["spec"].update(paused=True))
    (difference,) = compare_runs(*runs).differences
    assert difference == "AIService/demo > Deployment/demo.spec.paused: null on sim, true on kind"


def test_what_a_kubelet_reads_from_its_machine_makes_no_difference(
    runs: tuple[Path, Path],
) -> None:
    def as_elsewhere(pod: dict[str, Any]) -> None:
        status = pod.get("status") or {}
        status["resources"] = {"limits": {"memory": "9007199254740988Ki"}}
        for container in status.get("containerStatuses", ()):
            container["image"] = "docker.io/aiservice/model-server:a-second-name"

    change_objects(runs[1], "Pod", as_elsewhere)
    assert compare_runs(*runs).differences == ()


def revision(name: str, number: int) -> bytes:
    """A line of a journal that is the creation of a revision."""
    metadata = {"name": name, "namespace": NAMESPACE, "uid": name, "resourceVersion": "9000"}
    written = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": number}
    record = Record(
        seq=9000 + number,
        time_ns=0,
        kind="object",
        actor="subject:operator",
        rv=9000 + number,
        data={
            "type": "ADDED",
            "group": "apps",
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "namespace": NAMESPACE,
            "name": name,
            "uid": name,
            "object": {**written, "metadata": metadata},
        },
    )
    return line_of(record)


def test_which_revisions_came_in_between_makes_no_difference(tmp_path: Path) -> None:
    journals = {"saw-all.ndjson": (1, 2, 3), "saw-the-last.ndjson": (3,)}
    ends = []
    for name, numbers in journals.items():
        (tmp_path / name).write_bytes(b"".join(revision(f"r{one}", one) for one in numbers))
        ends.append(list(end_state(tmp_path / name, NAMESPACE)))
    assert ends == [["ControllerRevision/r3"]] * 2


def test_a_verdict_that_differs_is_no_equal_verdict(runs: tuple[Path, Path]) -> None:
    change_result(runs[1], verdict="Unstable")
    compared = compare_runs(*runs)
    assert (compared.same_verdict, compared.same_end) == (False, True)


def test_a_case_that_one_skipped_has_no_end_to_compare(runs: tuple[Path, Path]) -> None:
    change_result(runs[1], verdict="Skipped", message="no volumes there")
    (runs[1] / "journal.ndjson").unlink()
    compared = compare_runs(*runs)
    assert (compared.skipped, compared.differences) == ("no volumes there", ())


def test_reports_are_compared_case_by_case(runs: tuple[Path, Path]) -> None:
    shutil.copytree(runs[0], runs[0].parent / "only-here-seed1")
    found: list[Comparison] = list(compare_reports(runs[0].parent, runs[1].parent))
    assert [compared.name for compared in found] == ["make-seed1"]
