"""Scenario files on a control plane: unchanged, in real time, with the same verdicts as in `sim`.

Most tests here need the real programs. Two do without: `harness serve` without controllers stands
in for a kube-apiserver, and whoever comes through the proxy cannot tell.
"""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.clusters.control_plane import ControlPlaneSite
from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.control_plane_start import ControlPlane, control_plane
from harness.oracle.verdict import Verdict
from harness.report.comparing import compare_runs, end_state
from harness.report.journal import read_journal
from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import CONTROL_PLANE, Plan
from harness.scenario.result import CaseResult
from harness.scenario.settings import find_settings
from tests.support.command import ROOT, Project, scenario
from tests.support.ending import ends
from tests.support.serve import served

MISSING = missing_programs()


def real(test: Any) -> Any:
    """Mark a test that needs the real programs; where they are missing it is skipped, and why."""
    return pytest.mark.real(pytest.mark.skipif(bool(MISSING), reason=MISSING)(test))


SHORT = (
    "children/owner-references-stripped.yaml",
    "children/pods-killed.yaml",
    "process/crash-between-two-writes.yaml",
    "api/conflicts.yaml",
    "lifecycle/key-removed-from-spec.yaml",
)
LOSE_WORKLOAD = """
  - name: lose
    faults:
    - {name: lose, deleteObject: {select: {ownedBy: service, kinds: [Deployment]}}}
    - name: conflict
      after: lose.started
      apiError: {verbs: [patch], resources: [deployments], status: 409, maxConsecutive: 1}
    - name: crash
      when: {event: ADDED, object: workload, by: subject}
      operatorCrash: {restartAfter: 1s}
    - {name: unwatched, after: crash.ended, watchDisconnect: {resources: [aiservices]}}
    expect:
      within: 90s
      stableFor: 2s
      all:
      - cel: workload.status.readyReplicas == 1
"""


@contextlib.contextmanager
def stand_in(folder: Path) -> Iterator[ControlPlane]:
    """Our own API server, which has no controllers, as a kube-apiserver has none."""
    with served(folder, "--controllers", "none") as server:
        config = json.loads(server.kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        ca_pem = base64.b64decode(cluster["certificate-authority-data"]).decode()
        port = urlsplit(cluster["server"]).port or 0
        yield ControlPlane(port, ca_pem, user["token"], 0, folder)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[CaseResult, Path]:
    """The result of the scenario with four faults behind the proxy, and the run's folder."""
    folder = tmp_path_factory.mktemp("played")
    project = Project.make(folder, lose=scenario("lose", LOSE_WORKLOAD))
    with stand_in(folder) as plane:
        plan = first_plan(project.folder / "scenarios/lose.yaml")
        return on(plane, plan, folder / "run"), folder / "run"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A real one for all tests that need one."""
    with control_plane() as plane:
        yield plane


def first_plan(file: Path, seed: int = 1) -> Plan:
    """The plan of the first case of a file."""
    return Plan(load_file(file)[0], seed, find_settings(file))


def on(plane: ControlPlane, plan: Plan, folder: Path) -> CaseResult:
    """Run a plan on a control plane."""
    options = Options(site=ControlPlaneSite(plane))
    return run_plan(replace(plan, where=CONTROL_PLANE), folder, options)


def lines_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The lines of one kind in a journal."""
    return [line for line in read_journal(folder / "journal.ndjson") if line["kind"] == kind]


def descendants(pid: int) -> list[int]:
    """The processes below one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [int(child) for child in children]
    return found + [below for child in found for below in descendants(child)]


def test_faults_of_all_families_act_through_the_proxy(played: tuple[CaseResult, Path]) -> None:
    result, folder = played
    assert result.verdict is Verdict.PASSED, result.message
    faults = lines_of(folder, "fault")
    observed = {line["name"] for line in faults if line["phase"] == "observed"}
    assert observed == {"lose", "crash", "conflict", "unwatched"}


def test_a_crash_at_a_write_happens_before_the_subject_is_told(
    played: tuple[CaseResult, Path],
) -> None:
    _, folder = played
    faults = lines_of(folder, "fault")
    (crash,) = [line for line in faults if (line["name"], line["phase"]) == ("crash", "injected")]
    before = [line for line in lines_of(folder, "object") if line["seq"] < crash["seq"]]
    written = before[-1]
    assert (written["object_kind"], written["type"]) == ("Deployment", "ADDED")
    assert (written["actor"], written["certainty"]) == ("subject:operator", "exact")
    answers = lines_of(folder, "response")
    (answer,) = [line for line in answers if line["causes"] == written["causes"]]
    assert answer["seq"] > crash["seq"]  # sent to a process that was dead by then


@real
@pytest.mark.parametrize("file", SHORT, ids=lambda file: Path(file).stem)
def test_verdict_and_end_state_are_those_of_the_simulation(
    file: str, plane: ControlPlane, tmp_path: Path
) -> None:
    plan = first_plan(ROOT / "scenarios" / file)
    simulated = run_plan(plan, tmp_path / "sim", Options())
    really = on(plane, plan, tmp_path / "real")
    assert (really.verdict, really.message) == (simulated.verdict, simulated.message)
    assert end_state(tmp_path / "sim" / "journal.ndjson", plan.case.namespace)
    assert compare_runs(tmp_path / "sim", tmp_path / "real").differences == ()


@real
def test_our_controllers_run_where_the_control_plane_has_none(tmp_path: Path) -> None:
    project = Project.make(tmp_path, lose=scenario("lose", LOSE_WORKLOAD))
    plan = first_plan(project.folder / "scenarios/lose.yaml")
    with control_plane(controllers=False) as bare:
        assert bare.running == {"etcd", "kube-apiserver"}
        result = on(bare, plan, tmp_path / "run")
    assert result.verdict is Verdict.PASSED, result.message
    actors = {line["actor"] for line in lines_of(tmp_path / "run", "object")}
    assert {"controller:deployment", "controller:replicaset", "kubelet"} <= actors


@real
def test_the_command_line_runs_scenarios_on_it_and_cleans_up(tmp_path: Path) -> None:
    project = Project.make(tmp_path, make=scenario("make", sizes=(1, 2)))
    done = project.run("run", "--cluster", "control-plane", "--seed", "1", "--timeout-scale", "2")
    assert done.code == 0, done
    results = project.results()
    assert [result["verdict"] for result in results] == ["Passed", "Passed"]
    assert {result["cluster"] for result in results} == {"control-plane"}
    assert all("--cluster control-plane" in result["replay"] for result in results)


@real
def test_kill_9_of_a_run_leaves_no_process_behind(tmp_path: Path) -> None:
    project = Project.make(tmp_path, make=scenario("make", LOSE_WORKLOAD))
    command = project.command("run", "--cluster", "control-plane")
    run = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    journals = tmp_path / ".harness/last"
    while not list(journals.glob("*/journal.ndjson")):  # the control plane runs by then
        assert run.poll() is None
    below = descendants(run.pid)
    assert any("kube-apiserver" in Path(f"/proc/{pid}/cmdline").read_text() for pid in below)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert all(ends(pid) for pid in below)
